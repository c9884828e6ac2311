"""How much of each electrode's response the film can explain, where the data can tell."""

from fusion.controls.ceiling import ceiling, read_others
from fusion.controls.inputs import by_electrode, groups
from fusion.controls.spec import CeilingSpec
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = CeilingSpec.read(snakemake.params.spec)

others = read_others(snakemake.input.others, spec)
table = by_electrode(
    groups(snakemake.input.responses, spec.fitting),
    lambda group: ceiling(group, others, spec),
    subject=spec.subject,
    alignment=spec.alignment,
)
write_parquet(table, snakemake.output.table)
