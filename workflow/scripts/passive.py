"""Low-level features of one film in the place of electrodes: what networks predict of them, before
and after the event.
"""

import numpy as np

from fusion.controls.bands import principal
from fusion.controls.battery import Design
from fusion.controls.inputs import networks, read_lowlevel
from fusion.controls.passive import lagged, predicted
from fusion.encoding.folds import film_time_blocks, make_folds
from fusion.encoding.inputs import Recording
from fusion.io.errors import InputError
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_parquet

log = begin(snakemake)

spec = snakemake.params.spec
film = spec["stimulus"]
events = read_tsv(snakemake.input.events, ("event", "onset_s"), {"event": str})
lowlevel, names = read_lowlevel({film: snakemake.input.lowlevel[0]})
onset_s = events["onset_s"].to_numpy(float)
bins_ms = np.arange(spec["window_ms"][0], spec["window_ms"][1] + 1e-6, spec["bin_width_ms"])
y, inside = lagged(onset_s, onset_s, lowlevel[film].loc[events["event"]].to_numpy(), bins_ms)
onset_s, y = onset_s[inside], y[inside]
stimulus = np.full(len(onset_s), film)
try:
    folds = make_folds(
        onset_s, stimulus, k=spec["folds"], validation=spec["validation"], gap_s=spec["gap_s"]
    )
except ValueError as error:
    raise InputError(
        snakemake.input.events,
        f"{len(onset_s)} events",
        str(error),
        "more events, fewer folds or a shorter gap",
    ) from error
_, block = film_time_blocks(onset_s, stimulus, spec["block_s"])
log.info("%d events, %d latencies, features: %s", len(onset_s), len(bins_ms), ", ".join(names))

viewing = Recording(
    snakemake.input.events,
    film,
    film,
    events["event"].to_numpy()[inside],
    onset_s,
    np.array([]),
    bins_ms,
)
found = networks(spec["pairs"], snakemake.input.activations)
features = {
    band: principal(
        [found[fit].read(layer, [viewing]) for fit in fits for layer in found[fit].layers],
        spec["dimensions"],
    )
    for band, fits in spec["bands"].items()
    if fits
}
table = predicted(Design(y, folds, block, tuple(spec["alphas"])), features, bins_ms, names)
table.insert(0, "stimulus", film)
table.insert(1, "alignment", spec["alignment"])
before = table[table["latency_ms"] < 0].groupby("network")["r"].max()
log.info("largest r before the onset: %s", before.round(3).to_dict())
write_parquet(table, snakemake.output.table)
