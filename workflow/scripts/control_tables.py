"""Tables of all controls: all subjects and alignments, corrected, with their data dictionaries."""

from fusion.controls.spec import ControlTablesSpec
from fusion.controls.tables import columns_of, control_table
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import write_described

log = begin(snakemake)
spec = ControlTablesSpec.read(snakemake.params.spec)

schema = read_schema(snakemake.input.schema)
for control, path, dictionary in zip(
    spec.controls, snakemake.output.tables, snakemake.output.dictionaries, strict=True
):
    table = control_table(snakemake.input[control], control, spec.correction)
    log.info("%s: %d rows", control, len(table))
    write_described(table, path, dictionary, columns_of(control, schema, table))
