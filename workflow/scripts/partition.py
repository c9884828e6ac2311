"""Variance partition of one subject and alignment over bands of features."""

from fusion.controls import partition
from fusion.controls.inputs import by_electrode, groups, networks, read_lowlevel
from fusion.controls.spec import PartitionSpec
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = PartitionSpec.read(snakemake.params.spec)

found = networks(spec.activations, snakemake.input.activations)
lowlevel, names = read_lowlevel(dict(zip(spec.films, snakemake.input.lowlevel, strict=True)))
log.info("low-level features: %s", ", ".join(names))

table = by_electrode(
    groups(snakemake.input.responses, spec.fitting),
    lambda group: partition.of_group(group, found, lowlevel, spec),
    subject=spec.subject,
    alignment=spec.alignment,
)
write_parquet(table, snakemake.output.table)
