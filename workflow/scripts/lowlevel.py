"""Describe events by what is low-level about them: light, motion, sound, cuts, words."""

import numpy as np

from fusion.io import labelled
from fusion.io.job import begin
from fusion.io.tables import read_tsv
from fusion.io.text import read_json
from fusion.stimuli import lowlevel, sound, waveform
from fusion.stimuli.spec import LowlevelSpec

log = begin(snakemake)
spec = LowlevelSpec.read(snakemake.params.spec)

words = read_tsv(snakemake.input.words, ("onset_s",))
given = snakemake.input
cuts = read_tsv(given.cuts, ("cut_s",)) if given.get("cuts") else None
end_s = read_json(given.facts)["end_s"]
spectrum = None
if given.get("sound"):
    with labelled.open_labelled(given.sound) as store:
        spectrum = sound.spectrum(waveform.blocks(store["waveform"]), spec.mel_bands)
if spectrum is None:
    log.info("the film has no sound: no envelope, no mel spectrum")

for alignment, events_path, path in zip(
    spec.alignments, snakemake.input.events, snakemake.output.lowlevel, strict=True
):
    events = read_tsv(events_path, ("event", "onset_s", "frame"), {"word": str})
    visual = None
    if given.get("frames"):
        with labelled.open_labelled(given.frames) as store:
            visual = lowlevel.visual(store, events["frame"].to_numpy())
    features = lowlevel.describe(events, visual, words, cuts, spectrum, end_s, spec)
    coords = {"event": events["event"], "feature": features.columns}
    with labelled.create(path, coords) as file:
        labelled.add(file, "features", ("event", "feature"), features.to_numpy(np.float32))
    log.info("%s: %d events, %d features", alignment, *features.shape)
    log.info("features: %s", ", ".join(features.columns))
