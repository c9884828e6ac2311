"""All scores against circular shifts, corrected over electrodes within each fit and alignment."""

import pandas as pd

from fusion.contrasts import correct
from fusion.contrasts.spec import ShiftNullsSpec
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described

log = begin(snakemake)
spec = ShiftNullsSpec.read(snakemake.params.spec)

table = pd.concat(map(read_parquet, snakemake.input.tables), ignore_index=True)
table = correct.with_q(table, ["fit", "alignment"], spec.correction)
log.info(
    "electrodes with q < 0.05: %s",
    table[table["q"] < 0.05].groupby(["fit", "alignment"]).size().to_dict(),
)
write_described(
    table,
    snakemake.output.table,
    snakemake.output.dictionary,
    read_schema(snakemake.input.schema),
)
