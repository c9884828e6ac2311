"""Event-locked responses of one recording: means over bins around the events of each alignment."""

from fusion.ieeg import artefacts, binning
from fusion.ieeg.brainvision import Vectorized
from fusion.ieeg.spec import ResponsesSpec
from fusion.io.job import begin
from fusion.io.tables import read_tsv

log = begin(snakemake)
spec = ResponsesSpec.read(snakemake.params.spec)

channels = read_tsv(snakemake.input.channels, dtype={"name": str}, literal=True)
names, sfreq = list(channels["name"]), float(channels["sampling_frequency"].iloc[0])
signals = Vectorized(snakemake.input.eeg, len(names))
clock = read_tsv(snakemake.input.clock, ("film_s", "segment", "sample", "piece"))
pieces = read_tsv(snakemake.input.segments, ("onset_s", "sample", "samples", "kept"))
marks = read_tsv(snakemake.input.artefacts, artefacts.COLUMNS, {"channel": str})
grid = binning.bins(spec.window_ms, spec.bin_width_ms, spec.step_ms, sfreq)

locked = []
for alignment, path in zip(spec.alignments, snakemake.input.events, strict=True):
    events = read_tsv(path, columns=("event", "onset_s"), dtype={"event": str})
    kept, dropped = binning.place(events, clock, pieces, grid)
    for reason, count in dropped.items():
        log.warning("%s: %d of %d events dropped: %s", alignment, count, len(events), reason)
    binning.check_some(kept, dropped, path, spec.recording)
    if warning := binning.check_share(kept, dropped, events, clock, spec):
        log.warning("%s: %s", alignment, warning)
    window = (int(grid.start.min()), int(grid.stop.max()))
    marked = artefacts.at_events(marks, names, kept["sample"].to_numpy(), window, sfreq)
    kept, marked, dropped = binning.rejected(kept, marked, dropped, spec.reject)
    binning.check_some(kept, dropped, path, spec.recording)
    locked.append(binning.Locked(alignment, kept, dropped, marked))
binning.write(snakemake.output.responses, locked, signals, names, grid, sfreq, pieces, spec)
