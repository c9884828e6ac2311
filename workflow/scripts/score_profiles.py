"""Reduce the scores of all fits to one row per electrode, fit and layer."""

import pandas as pd

from fusion.encoding import profiles
from fusion.figures.spec import ScoreProfilesSpec
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = ScoreProfilesSpec.read(snakemake.params.spec)

ids = ("subject", "alignment", "model", "init")
parts = [
    profiles.reduced(path, spec.window).assign(**dict(zip(ids, of, strict=True)))
    for path, of in zip(snakemake.input.scores, spec.fits, strict=True)
]
table = pd.concat(parts, ignore_index=True)
write_parquet(table, snakemake.output.table)
log.info("%d rows of %d fits", len(table), len(parts))
