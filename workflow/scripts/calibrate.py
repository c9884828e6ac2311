"""Error rates and power of every contrast in the simulated worlds."""

import json
from pathlib import Path

import pandas as pd
import yaml

from fusion.io import dictionary
from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.io.tables import write_tsv
from fusion.simulation import rates

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
results = pd.concat(map(pd.read_parquet, snakemake.input.worlds), ignore_index=True)

table = rates.rates(
    results, spec["level"], spec["correction"], ["alignment", "world", "effect", "minutes"]
)

worst = table[(table["nulls"] > 0) & (table["procedure"] == "calibrated")]["fpr_05"].max()
log.info("largest false-positive rate of the calibrated procedure at 0.05: %.3f", worst)
write_tsv(table, snakemake.output.table)
described = dictionary.data_dictionary(
    table, yaml.safe_load(Path(snakemake.input.schema).read_text())
)
with whole(snakemake.output.dictionary) as part:
    part.write_text(json.dumps(described, indent=2) + "\n")
