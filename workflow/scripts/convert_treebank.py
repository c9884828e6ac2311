"""One trial of the Brain Treebank release as a BIDS recording, one electrode at a time."""

import h5py
import numpy as np
from tqdm import tqdm

from fusion.ieeg import brainvision
from fusion.ieeg.spec import ConvertTreebankSpec
from fusion.ieeg.treebank import bids, clock, release, words
from fusion.io.errors import InputError
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.io.text import read_json, write_json

log = begin(snakemake)

spec, given = ConvertTreebankSpec.read(snakemake.params.spec), snakemake.input
labels = release.read_labels(given.labels)
corrupted = given.get("corrupted")
corrupted = release.read_corrupted(corrupted, spec.subject) if corrupted else set()
triggers, incomplete = clock.read_triggers(given.timings)
spoken, left_out = words.read_words(given.features)
cuts = words.read_cuts(given.scenes) if given.get("scenes") else np.zeros(0)

sfreq, measured = clock.measured_rate(triggers)
knots, notes = clock.film_clock(triggers, sfreq)
log.info(
    "sampling rate %g Hz (triggers say %.6g); clock: %s; %d triggers without a time or index",
    sfreq,
    measured,
    notes,
    incomplete,
)
if unknown := sorted(corrupted - set(labels)):
    log.warning("%d corrupted labels belong to no electrode: %s", len(unknown), ", ".join(unknown))
for why, count in left_out.items():
    log.warning("transcript: %d %s left out", count, why)
events, dropped = bids.events(
    knots,
    spoken,
    cuts,
    sfreq,
    clock.nearest_trigger_sample(triggers, spoken["onset_s"].to_numpy(), sfreq),
)
for kind, count in dropped.items():
    if count:
        log.warning(
            "%d %s dropped: before the first trigger, after the last, or in a pause", count, kind
        )

with h5py.File(given.h5, "r") as h5:
    sources = release.electrode_datasets(h5, given.h5)
    if len(sources) < len(labels):
        raise InputError(
            given.h5,
            "group data",
            f"{len(sources)} electrodes for {len(labels)} labels",
            "an electrode for every label",
        )
    if extra := len(sources) - len(labels):
        log.warning(
            "%d datasets after the last label are ignored: %s ..", extra, sources[len(labels)]
        )
    samples = h5[sources[0]].shape[0]
    if knots["index"].max() > samples:
        raise InputError(
            given.timings,
            "column 'index'",
            f"{clock['index'].max():.0f}",
            f"samples within the recording of {samples}",
        )
    signals = (
        h5[name][:].astype(np.float32)
        for name in tqdm(sources[: len(labels)], desc="electrodes", mininterval=5)
    )
    brainvision.write(snakemake.output.vhdr, labels, signals, samples, sfreq)

table = bids.channels(labels, corrupted, sfreq)
log.info(
    "%d channels, %d of them corrupted, %.6g s",
    len(table),
    (table["status"] == "bad").sum(),
    samples / sfreq,
)
write_tsv(table, snakemake.output.channels, literal=True)
own = bids.ieeg(spec.film, sfreq, samples, table)
write_json(read_json(given.facts) | own, snakemake.output.sidecar)
write_tsv(events, snakemake.output.events, float_format="%.10g", literal=True)
