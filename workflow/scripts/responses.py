"""Event-locked responses of one recording: means over bins around the events of one alignment."""

import json

import numpy as np
from tqdm import tqdm

from fusion.ieeg import binning
from fusion.ieeg.brainvision import Vectorized
from fusion.io import labelled
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
channels = read_tsv(snakemake.input.channels, dtype={"name": str})
names, sfreq = list(channels["name"]), float(channels["sampling_frequency"].iloc[0])
signals = Vectorized(snakemake.input.eeg, len(names))
clock = read_tsv(snakemake.input.clock, columns=("film_s", "recording_s", "segment"))
events = read_tsv(snakemake.input.events, columns=("event", "onset_s"), dtype={"event": str})

grid = binning.bins(spec["window_ms"], spec["bin_width_ms"], spec["step_ms"], sfreq)
kept, dropped = binning.place(events, clock, grid, sfreq, signals.samples)
for reason, count in dropped.items():
    log.warning("%d of %d events dropped: %s", count, len(events), reason)
binning.check_some(kept, dropped, snakemake.input.events, spec["recording"])

attrs = {key: spec[key] for key in ("subject", "stimulus", "alignment", "recording")}
attrs |= {
    "sfreq_hz": sfreq,
    "bin_width_ms": spec["bin_width_ms"],
    "unit": "z" if spec["zscore"] else "µV",
    "dropped": json.dumps(dropped, sort_keys=True),
}
coords = {"event": list(kept["event"]), "electrode": names, "bin_ms": grid.centre_ms}
sample = kept["sample"].to_numpy()
with labelled.create(snakemake.output.responses, coords, attrs) as file:
    labelled.add(
        file,
        "onset_s",
        ("event",),
        kept["onset_s"].to_numpy(float),
        attrs={"units": "s", "long_name": "film time of the event"},
    )
    response = labelled.add(
        file, "response", ("event", "electrode", "bin_ms"), attrs={"units": attrs["unit"]}
    )
    progress = tqdm(total=len(names), desc="electrodes", mininterval=5)
    for batch in binning.batches(len(names), len(sample) * len(grid.centre_ms) * 4):
        part = np.empty((len(sample), len(batch), len(grid.centre_ms)), np.float32)
        for k, electrode in enumerate(batch):
            part[:, k] = binning.bin_means(signals.read(electrode), sample, grid)
            progress.update()
        response[:, batch[0] : batch[-1] + 1] = part
log.info(
    "%d events, %d electrodes, %d bins of %g ms",
    len(sample),
    len(names),
    len(grid.centre_ms),
    spec["bin_width_ms"],
)
