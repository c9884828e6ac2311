"""Reduce the scores of all fits to one row per electrode, fit and layer, and those of trained
networks to r over time at the chosen layer.
"""

import pandas as pd

from fusion.encoding import profiles
from fusion.figures.spec import ScoreProfilesSpec
from fusion.ids import TRAINED
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import write_described

log = begin(snakemake)
spec = ScoreProfilesSpec.read(snakemake.params.spec)

ids = ("subject", "alignment", "model", "init")
parts = [
    profiles.reduced(path, spec.window).assign(**dict(zip(ids, of, strict=True)))
    for path, of in zip(snakemake.input.scores, spec.fits, strict=True)
]
table = pd.concat(parts, ignore_index=True)
schemas = read_schema(snakemake.input.schema)["tables"]
out = snakemake.output
write_described(table, out.table, out.dictionary, schemas["score_profiles"])
courses = [
    profiles.courses(path).assign(subject=subject, alignment=alignment, model=model)
    for path, (subject, alignment, model, init) in zip(
        snakemake.input.scores, spec.fits, strict=True
    )
    if init == TRAINED
]
courses = pd.concat(courses, ignore_index=True)
write_described(courses, out.courses, out.courses_dictionary, schemas["courses"])
log.info("%d rows of %d fits", len(table), len(parts))
