"""The table of one control: all subjects and alignments, corrected, with its data dictionary."""

import pandas as pd

from fusion.controls.battery import SHOWS
from fusion.controls.report import columns_of, corrected
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import write_described

log = begin(snakemake)

control = snakemake.params.spec["control"]
table = pd.concat([pd.read_parquet(path) for path in snakemake.input.parts], ignore_index=True)
if control == "interaction":
    table.insert(table.columns.get_loc("test") + 1, "shows", table["test"].map(SHOWS))
table = corrected(table, control, snakemake.params.spec["correction"])
log.info("%s: %d rows", control, len(table))

schema = columns_of(control, read_schema(snakemake.input.schema), table)
write_described(table, snakemake.output.table, snakemake.output.dictionary, schema)
