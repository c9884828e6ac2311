"""The table of one control: all subjects and alignments, corrected, with its data dictionary."""

import json

import pandas as pd
import yaml

from fusion.controls.battery import SHOWS
from fusion.controls.report import columns_of, corrected
from fusion.io.atomic import whole
from fusion.io.dictionary import data_dictionary
from fusion.io.logs import log_to
from fusion.io.tables import write_tsv

log = log_to(snakemake.log[0])

control = snakemake.params.spec["control"]
table = pd.concat([pd.read_parquet(path) for path in snakemake.input.parts], ignore_index=True)
if control == "interaction":
    table.insert(table.columns.get_loc("test") + 1, "shows", table["test"].map(SHOWS))
table = corrected(table, control, snakemake.params.spec["correction"])
log.info("%s: %d rows", control, len(table))

with open(snakemake.input.schema) as file:
    described = data_dictionary(table, columns_of(control, yaml.safe_load(file), table))
write_tsv(table, snakemake.output.table)
with whole(snakemake.output.dictionary) as part:
    part.write_text(json.dumps(described, indent=2) + "\n")
