"""A film in two runs and a film seen twice, from files to fits: planted responses are found at the
right words, and a ceiling only where the same stretch was seen twice.
"""

import json

import av
import bids_dataset
import numpy as np
import pandas as pd
import pytest
import running
from helpers.scripts import design_for, run_rule

from fusion.io import labelled
from fusion.io.tables import read_parquet, read_tsv

FILM_S, PARTS_AT_S, SFREQ = 240.0, 120.0, 256
NAMES = ["A1", "A2", "A3", "A4"]
PLANTED, ZERO_S = "A2", {"1": 7.25, "2": 5.0}
LAG_S, WIDTH_S, DIMS = 0.3, 0.1, 4
RNG = np.random.default_rng(5)
ONSETS = np.arange(1.0, FILM_S - 1, 0.5) + RNG.uniform(-0.1, 0.1, int(2 * FILM_S) - 4)
WORDS = [f"word{k}" + ("." if k % 9 == 8 else "") for k in range(len(ONSETS))]
LATENT = RNG.standard_normal((len(ONSETS), DIMS))
WEIGHTS = np.array([1.0, -0.8, 0.6, 0.5])


def write_film(path):
    """Write two pictures a second that change."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=2, options={"preset": "ultrafast"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for k in range(int(2 * FILM_S)):
            image = np.full((64, 64, 3), 40 + k % 200, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())


def signals(film_from_s, zero_s, length_s, seed):
    """Return noise (channel, time), and at the planted contact what follows the words that this run
    shows: film second ``film_from_s`` is its second ``zero_s``.
    """
    data = np.random.default_rng(seed).normal(0, 10, (len(NAMES), int(length_s * SFREQ)))
    time = np.arange(data.shape[1]) / SFREQ
    for onset, size in zip(ONSETS, LATENT @ WEIGHTS, strict=True):
        at = onset - film_from_s + zero_s + LAG_S
        near = np.abs(time - at) < 4 * WIDTH_S
        if zero_s <= at - LAG_S < length_s:
            data[NAMES.index(PLANTED), near] += (
                20 * size * np.exp(-(((time[near] - at) / WIDTH_S) ** 2) / 2)
            )
    return data


def dataset(root, starts):
    """Write a film, its words and two runs; run -> the film's second that it begins with."""
    for run, start in starts.items():
        shown = FILM_S - start if start or len(set(starts.values())) == 1 else PARTS_AT_S
        length = ZERO_S[run] + shown + 2
        stem, folder = f"sub-01_ses-a_task-film_run-{run}", bids_dataset.FOLDER
        data = signals(start, ZERO_S[run], length, seed=int(run))
        bids_dataset.write(root, stem=stem, folder=folder, names=NAMES, sfreq=SFREQ, data=data)
        rows = f"onset\tduration\ttrial_type\n1.0\t0\tstart task\n{ZERO_S[run]}\t1\tmovie onset\n"
        (root / folder / f"{stem}_events.tsv").write_text(rows)
    (root / "stimuli").mkdir()
    write_film(root / "stimuli/film.mp4")
    table = pd.DataFrame({"word": WORDS, "onset_s": ONSETS, "offset_s": ONSETS + 0.3})
    table.to_csv(root / "stimuli/words.tsv", sep="\t", index=False)
    return root


def config(root, starts):
    return {
        "dataset": "x",
        "source": "bids",
        "root": str(root),
        "stimuli": {
            "film": {
                "video": "stimuli/film.mp4",
                "transcript": {"file": "stimuli/words.tsv"},
                "recordings": {"task": "film"},
                "film_zero": {
                    "rule": "first_event",
                    "value": "movie onset",
                    "film_s": {run: start for run, start in starts.items()},
                },
            }
        },
        "ieeg": {"reference": "none", "ecog_reference": "none", "line_freq_hz": 50},
        "events": {"alignments": ["language"]},
        "responses": {"window_ms": [-200, 800], "step_ms": 200},
        "encoding": {"folds": 4, "gap_s": 3, "block_s": 10, "alphas": [1, 100, 10000]},
        "models": ["demo_text"],
        "random_inits": 0,
        "statistics": {"windows": {"after": [0, 800]}},
        "contrasts": {"any_vs_nothing": {"a": "demo_text", "b": "nothing", "role": "signal"}},
    }


def write_features(path, events):
    """Write the words' own numbers as a network's only layer, found by the word that is said."""
    rows = [WORDS.index(word) for word in events["word"]]
    with labelled.create(path, {"event": events["event"]}, {"card": json.dumps({})}) as file:
        labelled.add_dimension(file, "feature_00", DIMS)
        values = LATENT[rows].astype(np.float32)
        labelled.add(file, "layer_00", ("event", "feature_00"), values, attrs={"layer": "layers.0"})
    return path


@pytest.fixture(scope="module", params=["parts", "viewings"])
def made(request, tmp_path_factory):
    """What the rules made: events, responses by run, scores, ceiling, coverage."""
    starts = {"1": 0.0, "2": PARTS_AT_S if request.param == "parts" else 0.0}
    folder = tmp_path_factory.mktemp(request.param)
    root = dataset(folder / "bids", starts)
    design, film = design_for(config(root, starts)), {"stimulus": "film"}
    words = run_rule(
        design,
        "transcript",
        {"words": folder / "words.tsv", "notes": folder / "notes.json"},
        wildcards=film,
    ).output.words
    events = run_rule(
        design,
        "events",
        {
            "events": [folder / "language.tsv"],
            "counts": [folder / "counts.tsv"],
            "film": folder / "film.json",
        },
        inputs={"words": words},
        wildcards=film,
    ).output["events"][0]
    responses = {}
    for name in design.study.recordings:
        cleaned = running.preprocess(design, folder / name, name)
        responses[name[-1]] = running.responses(design, cleaned, events, folder / name, name)
    features = write_features(folder / "a.nc", read_tsv(events, dtype={"word": str}))
    of_subject = {"subject": "01", "alignment": "language"}
    fit = run_rule(
        design,
        "encode",
        {
            "scores": [folder / "s.parquet"],
            "influence": [folder / "i.nc"],
            "predictions": [folder / "p.nc"],
        },
        inputs={"responses": list(responses.values()), "activations": [features]},
        wildcards={**of_subject, "model": "demo_text"},
        resources={"gpu": 0},
    ).output
    ceiling = run_rule(
        design,
        "ceiling",
        {"table": folder / "c.parquet"},
        inputs={"responses": list(responses.values()), "others": []},
        wildcards=of_subject,
    ).output.table
    return request.param, read_tsv(events), responses, fit, read_parquet(ceiling)


def of_run(path):
    with labelled.open_labelled(path) as data:
        return data["event"].to_numpy().tolist(), data["onset_s"].to_numpy()


def test_every_run_has_the_events_that_it_showed(made):
    kind, events, responses, _, _ = made
    (first, first_s), (second, second_s) = (of_run(responses[run]) for run in "12")
    assert len(events) == len(ONSETS)
    if kind == "parts":
        assert not set(first) & set(second)
        assert first_s.max() < PARTS_AT_S < second_s.min() + 0.3
        assert len(first) + len(second) > 0.98 * len(events)
    else:
        assert len(set(first) & set(second)) > 0.98 * len(events)
    for names, onset_s in ((first, first_s), (second, second_s)):
        of_event = dict(zip(events["event"], events["onset_s"], strict=True))
        np.testing.assert_allclose(onset_s, [of_event[name] for name in names], atol=1e-6)


def test_the_fits_find_what_was_planted_at_the_words(made):
    _, _, _, fit, _ = made
    scores = read_parquet(fit["scores"][0])
    peak = scores[scores["chosen"] & scores["bin_ms"].isin([200, 400])]
    r = peak.groupby("electrode")["r_test"].max()
    assert r[PLANTED] > 0.7
    assert r.drop(PLANTED).abs().max() < 0.25


def test_a_ceiling_is_there_only_where_a_stretch_was_seen_twice(made):
    kind, _, _, _, ceiling = made
    table = ceiling.set_index("electrode")
    if kind == "parts":
        assert set(table["method"]) == {"not estimable"}
        assert table["r"].isna().all()
    else:
        assert set(table["method"]) == {"repeat"}
        assert table.loc[PLANTED, "r"] > 0.6
        assert table["r"].drop(PLANTED).max() < 0.5
