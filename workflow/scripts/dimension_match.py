"""Contrasts of one subject and alignment, every network at the same number of dimensions."""

from fusion.controls.dimension import dimension_match
from fusion.controls.inputs import by_electrode, groups, networks
from fusion.controls.spec import DimensionMatchSpec
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = DimensionMatchSpec.read(snakemake.params.spec)

found = networks(spec.activations, snakemake.input.activations)
table = by_electrode(
    groups(snakemake.input.responses, spec.fitting),
    lambda group: dimension_match(group, found, spec),
    subject=spec.subject,
    alignment=spec.alignment,
)
write_parquet(table, snakemake.output.table)
