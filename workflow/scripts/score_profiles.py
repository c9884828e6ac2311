"""Reduce the scores of all fits to one row per electrode, fit and layer."""

import pandas as pd
from tqdm import tqdm

from fusion.encoding import profiles
from fusion.io.logs import log_to
from fusion.io.tables import write_parquet

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
parts = []
for path, ids in tqdm(list(zip(snakemake.input.scores, spec["fits"], strict=True)), desc="fits"):
    parts.append(profiles.reduced(path, spec["window"]).assign(**ids))
table = pd.concat(parts, ignore_index=True)
write_parquet(table, snakemake.output.table)
log.info("%d rows of %d fits", len(table), len(parts))
