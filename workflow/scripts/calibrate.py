"""Error rates and power of every contrast, in simulated worlds and in those of the recordings."""

import pandas as pd

from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, write_described
from fusion.simulation import detectable, rates
from fusion.simulation.spec import CalibrateSpec

log = begin(snakemake)
spec = CalibrateSpec.read(snakemake.params.spec)

results = pd.concat(map(read_parquet, snakemake.input.worlds), ignore_index=True)
table = rates.rates(results, spec.simulated, ["alignment", "world", "effect", "minutes"])
tables = [table]
worst = table[(table["nulls"] > 0) & (table["procedure"] == "calibrated")]["fpr_05"].max()
log.info("largest false-positive rate of the calibrated procedure at 0.05: %.3f", worst)

if recorded := snakemake.input.get("recorded"):
    worlds = pd.concat(map(read_parquet, recorded), ignore_index=True)
    run = read_parquet(snakemake.input.contrasts)
    found = detectable.recorded_rates(worlds, run, spec.recorded)
    tables += [found, detectable.planning(worlds, found, spec.recorded)]
    for row in found[found["level"] == "too high"].to_dict("records"):
        log.warning(
            "%s, %s: %.3f of %d null electrodes of these recordings have p < 0.05",
            row["contrast"],
            row["alignment"],
            row["fpr_05"],
            row["nulls"],
        )

outputs = zip(
    tables,
    snakemake.output.tables,
    snakemake.output.dictionaries,
    snakemake.input.schemas,
    strict=True,
)
for table, path, dictionary, schema in outputs:
    write_described(table, path, dictionary, read_schema(schema))
