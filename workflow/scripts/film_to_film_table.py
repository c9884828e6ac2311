"""Contrasts from film to film: all subjects and alignments, corrected, with a data dictionary."""

import pandas as pd

from fusion.contrasts.correct import between_films
from fusion.contrasts.spec import SitesSpec
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described

log = begin(snakemake)
spec = SitesSpec.read(snakemake.params.spec)

tables = pd.concat(map(read_parquet, snakemake.input.tables), ignore_index=True)
table = between_films(tables, spec)
log.info("%d rows; films: %s", len(table), table.groupby("tested_on").size().to_dict())
columns = {
    **read_schema(snakemake.input.schema)["columns"],
    **read_schema(snakemake.input.contrasts_schema)["columns"],
}
write_described(table, snakemake.output.table, snakemake.output.dictionary, {"columns": columns})
