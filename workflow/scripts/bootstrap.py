"""The paper's bootstrap of one fit: intervals of r over refits on resampled events."""

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.contrasts import bootstrap
from fusion.encoding.folds import contiguous_blocks, film_blocks, make_folds
from fusion.encoding.inputs import Activations, electrode_groups, read_recordings, read_responses
from fusion.encoding.prepare import scale_targets
from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.io.logs import log_to
from fusion.seeds import rng_for

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
encoding = spec["encoding"]
if encoding["validation"] != "halves":
    raise InputError(
        "config",
        "key encoding.validation",
        encoding["validation"],
        "halves, which the paper's procedure is defined for",
    )
recordings = read_recordings(snakemake.input.responses)
files = [
    (*labels, path)
    for labels, path in zip(spec["activations"], snakemake.input.activations, strict=True)
]
activations = Activations(files, spec["parts"])
with labelled.open_labelled(snakemake.input.influence) as dataset:
    layer_of = dict(
        zip(
            dataset["electrode"].values.astype(str),
            dataset["layer"].values.astype(str),
            strict=True,
        )
    )
bins, groups = recordings[0].bin_ms, electrode_groups(recordings)

names, found = [], []
with (
    threadpool_limits(snakemake.threads),
    tqdm(total=spec["resamples"] * len(groups) * len(set(layer_of.values())), mininterval=5) as bar,
):
    for electrodes, positions in groups:
        own = [recordings[k] for k in positions]
        onset = np.concatenate([r.onset_s for r in own])
        film = np.concatenate([np.full(len(r.onset_s), r.stimulus) for r in own])
        cut = (
            contiguous_blocks(onset, film, encoding["folds"])
            if encoding["split"] == "film_time"
            else film_blocks(film)
        )
        folds = make_folds(onset, film, validation="halves", gap_s=encoding["gap_s"], fold=cut)
        # The seed names no model: all networks of a subject are resampled alike.
        rng = rng_for(
            spec["seed"], "bootstrap", spec["subject"], spec["alignment"], *(r.name for r in own)
        )
        counts = bootstrap.resample_counts(rng, len(onset), spec["resamples"])
        for layer in sorted({layer_of[name] for name in electrodes}):
            members = np.array([name for name in electrodes if layer_of[name] == layer])
            responses = scale_targets(read_responses(own, members).reshape(len(onset), -1))
            features = activations.read(layer, own).astype(float)
            alphas = np.array(encoding["alphas"], float)
            result = bootstrap.intervals(
                features, responses.astype(float), folds, alphas, counts, bar.update
            )
            names += list(members)
            found.append(
                {key: values.reshape(len(members), len(bins)) for key, values in result.items()}
            )

attrs = {key: spec[key] for key in ("subject", "alignment", "fit", "resamples")}
with labelled.create(
    snakemake.output.intervals, {"electrode": names, "bin_ms": bins}, attrs
) as file:
    for key in found[0] if found else ():
        labelled.add(
            file,
            key,
            ("electrode", "bin_ms"),
            np.concatenate([part[key] for part in found]).astype(np.float32),
        )
