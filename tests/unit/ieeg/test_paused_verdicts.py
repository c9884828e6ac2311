"""Verdicts do not depend on the format that a paused recording comes in: from the data file through
cleaning, responses, fits and contrasts to the sites.
"""

import json

import bids_dataset
import numpy as np
import pandas as pd
import paused
import pytest
import running
from helpers.scripts import design_for, run_rule

from fusion.io import labelled
from fusion.io.tables import read_tsv

SFREQ, SECONDS, ZERO = 128, 420, 2.0
PAUSES = ((120.25, 131.5), (250.0, 268.75))
STEM = "sub-01_task-film"
PLANTED = {"A1": "vision", "A2": "none", "A3": "language", "A4": "none", "A5": "joint"}
WORDS = np.round(np.arange(4.0, 412.0, 0.8), 3)
# what each network knows of a word
KNOWS = {
    "demo_slip": ("vision", "joint"),
    "demo_slip_simclr": ("vision",),
    "demo_text": ("language",),
}
CONFIG = {
    "dataset": "paused",
    "stimuli": {
        "film": {
            "video": "film.mp4",
            "transcript": {"file": "words.tsv", "format": "words"},
            "film_zero": {"rule": "first_event", "value": "film"},
        }
    },
    "ieeg": {"reference": "none"},
    "events": {"alignments": ["language"]},
    "models": list(KNOWS),
    "random_inits": 0,
    "responses": {"window_ms": [-500, 1000], "step_ms": 100},
    "encoding": {"gap_s": 3, "block_s": 5, "alphas": [1, 100, 10000]},
    "statistics": {"windows": {"after": [0, 1000]}, "calibrated": {"multipliers": 100}},
    "contrasts": {
        "any_vs_nothing": {"a": list(KNOWS), "b": "nothing", "role": "signal"},
        "vision_vs_nothing": {"a": "demo_slip_simclr", "b": "nothing", "role": "vision"},
        "language_vs_nothing": {"a": "demo_text", "b": "nothing", "role": "language"},
        "slip_vs_simclr": {"a": "demo_slip", "b": "demo_slip_simclr", "role": "matched"},
    },
    "controls": dict.fromkeys(
        ("partition", "dimension_match", "leak", "floors", "passive", "ceiling", "interaction"),
        False,
    ),
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """(n_channels, n_samples) µV, and the activations file of each network."""
    rng = np.random.default_rng(8)
    features = {kind: rng.standard_normal((len(WORDS), 6)) for kind in set(PLANTED.values())}
    n = SECONDS * SFREQ
    spectrum = rng.normal(size=(5, n // 2 + 1)) + 1j * rng.normal(size=(5, n // 2 + 1))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(n, 1 / SFREQ), 0.1))
    data = np.fft.irfft(spectrum, n)
    data *= 20 / data.std(axis=1, keepdims=True)
    bump = 40 * np.hanning(round(0.5 * SFREQ))
    for row, kind in enumerate(PLANTED.values()):
        if kind == "none":
            continue
        for onset, strength in zip(WORDS, features[kind] @ rng.standard_normal(6), strict=True):
            at = round((ZERO + onset + 0.1) * SFREQ)
            data[row, at : at + len(bump)] += strength * bump
    folder, files = tmp_path_factory.mktemp("networks"), {}
    for model, kinds in KNOWS.items():
        files[model] = folder / f"{model}.nc"
        known = np.hstack([features[kind] for kind in kinds])
        attrs = {"card": json.dumps({"name": model}), "stimulus": "film", "init": "trained"}
        attrs |= {"pairing": "true", "model": model}
        events = {"event": [f"w{k:05d}" for k in range(len(WORDS))]}
        with labelled.create(files[model], events, attrs) as file:
            labelled.add_dimension(file, "feature_00", known.shape[1])
            dims, said = ("event", "feature_00"), {"layer": "last"}
            labelled.add(file, "layer_00", dims, known.astype(np.float32), attrs=said)
    return data, files


def verdicts(root, kind, pieces, activations):
    """Return electrode -> verdict of a recording written as ``kind``."""
    place = root / "bids/sub-01/ieeg"
    paused.describe(place, STEM, list(PLANTED), SFREQ)
    paused.write(place / f"{STEM}_ieeg", kind, pieces, list(PLANTED), SFREQ)
    for name in ("film.mp4", "words.tsv"):
        (root / "bids" / name).touch()
    made = design_for(CONFIG, root / "bids")
    cleaned = running.preprocess(made, root)
    words = bids_dataset.words(root / "words.tsv", tuple(WORDS))
    given = {"responses": [running.responses(made, cleaned, words, root)]}
    of_subject, influence = {"subject": "01", "alignment": "language"}, {}
    for model, path in activations.items():
        out = {"scores": [root / f"{model}.parquet"], "predictions": [root / f"{model}-p.nc"]}
        out["influence"] = influence[model] = [root / f"{model}-i.nc"]
        asked = {**of_subject, "model": model}
        inputs = {**given, "activations": [path]}
        run_rule(made, "encode", out, inputs=inputs, wildcards=asked, resources={"gpu": 0})
    inputs = {"influence": [influence[f.model][0] for f in made.contrasts.fits("language")]}
    inputs["electrodes"] = [cleaned.electrodes]
    out = {"table": root / "contrasts.parquet", "regions": root / "by_region.parquet"}
    run_rule(made, "contrasts", out, inputs=inputs, wildcards=of_subject)
    names = ("sites", "regions", "evidence", "overlap", "subjects")
    names += ("region_subjects", "region_effects", "contrasts")
    tables = {"sites": root / "sites.tsv", "regions": root / "regions.tsv"}
    tables |= {name: root / f"{name}.tsv" for name in names[2:7]}
    tables |= {"contrasts": root / "all.parquet", "contrasts_text": root / "all.tsv"}
    tables |= {f"{name}_dictionary": root / f"{name}.json" for name in names}
    inputs = {
        "contrasts": [out["table"]],
        "by_region": [out["regions"]],
        "electrodes": [cleaned.electrodes],
    }
    run_rule(made, "sites", tables, inputs=inputs)
    found = read_tsv(root / "sites.tsv", dtype={"electrode": str}).set_index("electrode")
    return found["verdict"], pd.read_parquet(root / "all.parquet")


@pytest.fixture(scope="module")
def unbroken(simulated, tmp_path_factory):
    data, activations = simulated
    return verdicts(tmp_path_factory.mktemp("whole"), "vhdr", [(0.0, data)], activations)


def test_what_is_planted_is_found(unbroken):
    found, _ = unbroken
    assert found["A1"] == "vision"
    assert found["A3"] == "language"
    assert found[["A2", "A4"]].tolist() == ["none", "none"]


@pytest.mark.parametrize("kind", ["edf", "vhdr", "set", "nwb", "mefd"])
def test_verdicts_of_a_paused_recording_agree_in_every_format(simulated, unbroken, kind, tmp_path):
    data, activations = simulated
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    found, rows = verdicts(tmp_path, kind, pieces, activations)
    expected, whole = unbroken
    assert found.to_dict() == expected.to_dict()
    keys = ["contrast", "electrode", "window"]
    both = rows.merge(whole, on=keys, suffixes=("", "_whole"))
    assert (both["n_events"] < both["n_events_whole"]).all()
    assert both["r_a"].to_numpy() == pytest.approx(both["r_a_whole"], abs=0.06)
