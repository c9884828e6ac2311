"""Error rates and power of every contrast in the simulated worlds."""

import pandas as pd

from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described
from fusion.simulation import rates
from fusion.simulation.spec import RatesSpec

log = begin(snakemake)
spec = RatesSpec.read(snakemake.params.spec)

results = pd.concat(map(read_parquet, snakemake.input.worlds), ignore_index=True)
table = rates.rates(results, spec, ["alignment", "world", "effect", "minutes"])

worst = table[(table["nulls"] > 0) & (table["procedure"] == "calibrated")]["fpr_05"].max()
log.info("largest false-positive rate of the calibrated procedure at 0.05: %.3f", worst)
write_described(
    table,
    snakemake.output.table,
    snakemake.output.dictionary,
    read_schema(snakemake.input.schema),
)
