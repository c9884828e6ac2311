"""One contrast of one subject and alignment, at every electrode and window."""

from contextlib import ExitStack

from fusion.contrasts import block_bootstrap, fits, paper_table, table
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to
from fusion.io.tables import write_parquet
from fusion.seeds import rng_for

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
rng = rng_for(spec["seed"], "multipliers", spec["subject"], spec["alignment"], spec["contrast"])
with ExitStack() as stack:
    loaded = [
        fits.fit_from(stack.enter_context(open_labelled(path)), path)
        for path in snakemake.input.influence
    ]
    for fit in loaded:
        log.info(
            "%s: %d electrodes, %d blocks, %d events",
            fit.name,
            len(fit.electrodes),
            len(fit.blocks),
            fit.n_events,
        )
    if spec["procedure"] == "paper":
        intervals = [stack.enter_context(open_labelled(path)) for path in snakemake.input.bootstrap]
        lows = {str(own.attrs["fit"]): own["r_val_low"].to_pandas() for own in intervals}
        result = paper_table.paper_table(loaded, lows, spec)
    elif spec["procedure"] == "block_bootstrap":
        log.warning(
            "the block bootstrap leaves the uncertainty of training out: its p-values are"
            " optimistic"
        )
        names = [fit.name for fit in loaded]
        electrodes = fits.align(loaded)[0].electrodes
        predictions = dict(zip(names, snakemake.input.predictions, strict=True))
        held_out = block_bootstrap.read_held_out(
            predictions, snakemake.input.responses, electrodes, spec["block_s"]
        )
        result = block_bootstrap.bootstrap_table(loaded, held_out, spec, rng)
    else:
        result = table.contrast_table(loaded, spec, rng)

for (window, reason), rows in result[~result["tested"]].groupby(["window", "reason"]):
    log.warning("window %s: %d electrodes not tested: %s", window, len(rows), reason)
write_parquet(result, snakemake.output.table)
