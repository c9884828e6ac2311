"""All scores against circular shifts, corrected over electrodes within each fit and alignment."""

import json
from pathlib import Path

import pandas as pd
import yaml

from fusion.contrasts import correct
from fusion.io import dictionary
from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.io.tables import write_tsv

log = log_to(snakemake.log[0])

correction = snakemake.params.spec["correction"]
table = pd.concat(map(pd.read_parquet, snakemake.input.tables), ignore_index=True)

table["q"] = table.groupby(["fit", "alignment"])["p"].transform(
    lambda p: correct.q_values(p, correction)
)

log.info(
    "electrodes with q < 0.05: %s",
    table[table["q"] < 0.05].groupby(["fit", "alignment"]).size().to_dict(),
)
write_tsv(table, snakemake.output.table)
described = dictionary.data_dictionary(
    table, yaml.safe_load(Path(snakemake.input.schema).read_text())
)
with whole(snakemake.output.dictionary) as part:
    part.write_text(json.dumps(described, indent=2) + "\n")
