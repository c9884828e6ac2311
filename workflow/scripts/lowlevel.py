"""Describe events by what is low-level about them: light, motion, sound, cuts, words."""

import numpy as np
import pandas as pd

from fusion.io import labelled
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv
from fusion.stimuli import film, lowlevel, sound

log = log_to(snakemake.log[0])
spec = snakemake.params.spec

events = read_tsv(
    snakemake.input.events, columns=("event", "onset_s", "frame"), dtype={"word": str}
)
words = read_tsv(snakemake.input.words, columns=("onset_s",))
cuts = read_tsv(snakemake.input.cuts, columns=("cut_s",))
clock = film.read_clock(snakemake.input.film)
onset = events["onset_s"].to_numpy()

with labelled.open_labelled(snakemake.input.frames) as store:
    described = lowlevel.visual(store, events["frame"].to_numpy())
parts = [
    described,
    lowlevel.temporal(
        onset,
        cuts["cut_s"].to_numpy(),
        words["onset_s"].to_numpy(),
        clock.end_s,
        spec["rate_window_s"],
    ),
]
if spec["alignment"] == "language":
    parts.append(pd.DataFrame({"word_length": lowlevel.letters(events["word"])}))
spectrum = sound.spectrum(snakemake.input.film, clock, spec["mel_bands"])
if spectrum is None:
    log.info("the film has no sound: no envelope, no mel spectrum")
else:
    parts.append(lowlevel.acoustic(spectrum, onset, spec["audio_window_s"]))
features = pd.concat(parts, axis=1)

with labelled.create(
    snakemake.output.lowlevel, {"event": events["event"], "feature": features.columns}
) as file:
    labelled.add(file, "features", ("event", "feature"), features.to_numpy(np.float32))
log.info("%d events, %d features: %s", *features.shape, ", ".join(features.columns))
