"""One contrast of one subject and alignment, at every electrode and window."""

from fusion.contrasts import fits, table
from fusion.labelled import open_labelled
from fusion.logs import log_to
from fusion.seeds import rng_for
from fusion.tables import write_parquet

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
loaded = []
for path in snakemake.input.influence:
    with open_labelled(path) as dataset:
        loaded.append(fits.fit_from(dataset, path))
log.info(
    "%s: %s", spec["contrast"], ", ".join(f"{fit.name} ({len(fit.electrodes)} electrodes, {len(fit.blocks)} blocks)" for fit in loaded)
)

rng = rng_for(spec["seed"], "multipliers", spec["subject"], spec["alignment"], spec["contrast"])
result = table.contrast_table(loaded, spec, rng)

for (window, reason), rows in result[~result["tested"]].groupby(["window", "reason"]):
    log.warning("window %s: %d electrodes not tested: %s", window, len(rows), reason)
write_parquet(result, snakemake.output.table)
