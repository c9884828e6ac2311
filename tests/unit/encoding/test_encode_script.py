"""The encode script on files: joins by event id, several recordings, joined models, bad input in
one line.
"""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers.scripts import run_script

from fusion.encoding.inputs import Activations
from fusion.encoding.job import fit_subject
from fusion.encoding.spec import EncodeSpec, FitSpec, Settings
from fusion.encoding.trials import Trials
from fusion.ids import FitId
from fusion.io import labelled
from fusion.io.errors import InputError

ENCODING = {"folds": 4, "gap_s": 2, "block_s": 10, "alphas": [1, 100, 10000], "clip_mad": False}
BINS = np.array([-100.0, 0.0, 100.0])


def write_activations(path, events, layers):
    coords = {"event": events}
    with labelled.create(path, coords, {"card": json.dumps({"name": path.stem})}) as file:
        for k, (name, values) in enumerate(layers.items()):
            labelled.add_dimension(file, f"feature_{k:02d}", values.shape[1])
            labelled.add(
                file,
                f"layer_{k:02d}",
                ("event", f"feature_{k:02d}"),
                values.astype(np.float32),
                attrs={"layer": name},
            )


def write_responses(path, recording, stimulus, events, onset_s, electrodes, values, bins=BINS):
    attrs = {"recording": recording, "stimulus": stimulus, "subject": "01", "alignment": "language"}
    with labelled.create(
        path, {"event": events, "electrode": electrodes, "bin_ms": bins}, attrs
    ) as file:
        labelled.add(file, "response", ("event", "electrode", "bin_ms"), values.astype(np.float32))
        labelled.add(file, "onset_s", ("event",), onset_s)


def encode(folder, responses, activations, encoding=ENCODING, parts=None, check=True):
    spec = EncodeSpec(
        subject="01",
        alignment="language",
        fits=(FitId("m"),),
        features=tuple((stimulus, model) for stimulus, model, _ in activations),
        parts=parts,
        settings=FitSpec(**encoding),
    )
    inputs = {"responses": responses, "activations": [path for _, _, path in activations]}
    outputs = {"scores": ["s.parquet"], "influence": ["i.nc"], "predictions": ["p.nc"]}
    return run_script(
        "encode",
        inputs,
        {name: [folder / file for file in files] for name, files in outputs.items()},
        spec,
        resources={"gpu": 0},
        check=check,
    )


@pytest.fixture
def film(tmp_path):
    """160 events of a film, their activations in two layers, the responses of two electrodes to
    most of them.
    """
    rng = np.random.default_rng(0)
    events = np.array([f"w{k:05d}" for k in range(160)])
    layers = {"blocks.0": rng.standard_normal((160, 8)), "blocks.1": rng.standard_normal((160, 12))}
    signal = np.stack(
        [
            layers["blocks.0"][:, :3] @ rng.standard_normal((3, 3)),
            layers["blocks.1"][:, :3] @ rng.standard_normal((3, 3)),
        ],
        axis=1,
    )
    values = 2 * signal + rng.standard_normal((160, 2, 3))
    onset = np.arange(160) * 0.75
    write_activations(tmp_path / "a.nc", events, layers)
    return tmp_path, rng, events, layers, onset, values


def test_events_are_joined_by_id_not_by_place(film):
    folder, rng, events, _, onset, values = film
    kept = np.sort(rng.permutation(160)[:140])
    write_responses(
        folder / "r.nc",
        "sub-01_task-film",
        "film",
        events[kept],
        onset[kept],
        ["A1", "B2"],
        values[kept],
    )
    encode(folder, [folder / "r.nc"], [("film", "m", folder / "a.nc")])
    scores = pd.read_parquet(folder / "s.parquet")
    assert list(scores)[:5] == ["electrode", "bin_ms", "layer", "r_val", "r_test"]
    assert len(scores) == 2 * 3 * 2
    chosen = scores[scores["chosen"]]
    assert chosen.groupby("electrode")["layer"].unique().str[0].to_dict() == {
        "A1": "blocks.0",
        "B2": "blocks.1",
    }
    assert (chosen["r_test"] > 0.5).all()
    folds = [name for name in scores if name.startswith("r_test_fold")]
    assert len(folds) == 4
    assert np.allclose(scores[folds].mean(axis=1), scores["r_test"], atol=1e-6)
    with xr.open_dataset(folder / "i.nc", engine="h5netcdf") as file:
        assert file["influence"].dims == ("part", "block", "electrode", "bin_ms")
        assert file["influence_fold"].dims == ("fold", "part", "block", "electrode", "bin_ms")
        assert np.allclose(file["influence_fold"].sum("fold"), file["influence"], atol=1e-6)
        assert list(file["block"].values) == [f"film:{k}" for k in range(12)]
        assert list(file["layer"].values) == ["blocks.0", "blocks.1"]
        assert np.allclose(file["z"], file["z_fold"].mean("fold"), atol=1e-6)
        assert file.attrs["n_events"] == 140
        assert file.attrs["block_s"] == 10
        assert file["r"].sel(electrode="A1").values == pytest.approx(
            chosen[chosen["electrode"] == "A1"]["r_test"].to_numpy(), abs=1e-5
        )
    with xr.open_dataset(folder / "p.nc", engine="h5netcdf") as file:
        assert list(file["event"].values) == list(events[kept])
        for f in range(4):
            rows = file["fold"].values == f
            r = np.corrcoef(file["prediction"].values[rows, 0, 1], values[kept][rows, 0, 1])[0, 1]
            assert r == pytest.approx(
                scores.query("electrode == 'A1' and bin_ms == 0 and chosen")[
                    f"r_test_fold{f}"
                ].item(),
                abs=1e-3,
            )


def test_two_films_and_an_electrode_that_only_one_recording_has(film):
    folder, rng, events, layers, onset, values = film
    first, second = slice(0, 90), slice(90, 160)
    write_activations(folder / "b.nc", events[:70], {name: v[second] for name, v in layers.items()})
    write_responses(
        folder / "r1.nc",
        "sub-01_run-1",
        "film",
        events[first],
        onset[first],
        ["A1", "B2"],
        values[first] + 40,
    )
    more = np.concatenate([values[second], rng.standard_normal((70, 1, 3))], axis=1)[:, [2, 0, 1]]
    write_responses(
        folder / "r2.nc",
        "sub-01_run-2",
        "other",
        events[:70],
        onset[:70],
        ["C3", "A1", "B2"],
        more - 7,
    )
    files = [("film", "m", folder / "a.nc"), ("other", "m", folder / "b.nc")]
    encode(folder, [folder / "r1.nc", folder / "r2.nc"], files)
    scores = pd.read_parquet(folder / "s.parquet")
    assert sorted(scores["electrode"].unique()) == ["A1", "B2", "C3"]
    r = scores[scores["chosen"]].groupby("electrode")["r_test"].mean()
    assert r["A1"] > 0.6
    assert r["B2"] > 0.6
    assert abs(r["C3"]) < 0.4
    with xr.open_dataset(folder / "p.nc", engine="h5netcdf") as file:
        assert len(file["event"]) == 160
        own = np.isfinite(file["prediction"].sel(electrode="C3").values).all(axis=1)
        assert (own == (file["stimulus"].values == "other")).all()
        assert np.isfinite(file["prediction"].sel(electrode="A1").values).all()
        assert (file["fold"].values >= 0).all()
    with xr.open_dataset(folder / "i.nc", engine="h5netcdf") as file:
        assert {label.split(":")[0] for label in file["block"].values} == {"film", "other"}
        assert (file["influence"].sel(electrode="C3", block="film:0") == 0).all()


def test_joined_models_are_one_layer_of_their_parts(film):
    folder, rng, events, layers, onset, values = film
    order = rng.permutation(160)
    write_activations(folder / "b.nc", events[order], {"top": layers["blocks.1"][order]})
    write_responses(folder / "r.nc", "sub-01", "film", events, onset, ["A1", "B2"], values)
    files = [("film", "m", folder / "a.nc"), ("film", "k", folder / "b.nc")]
    encode(folder, [folder / "r.nc"], files, parts={"m": "blocks.0", "k": "top"})
    scores = pd.read_parquet(folder / "s.parquet")
    assert scores["layer"].unique().tolist() == ["m:blocks.0+k:top"]
    assert (scores["r_test"] > 0.5).all(), "both electrodes are predicted: each by its part"


def test_bad_input_is_one_line_before_any_work(film):
    folder, _, events, layers, onset, values = film
    good, files = folder / "r.nc", [("film", "m", folder / "a.nc")]
    write_responses(good, "sub-01", "film", events, onset, ["A1", "B2"], values)
    write_activations(folder / "less.nc", events[:-3], {name: v[:-3] for name, v in layers.items()})
    twice = events.copy()
    twice[4] = twice[3]
    write_responses(folder / "twice.nc", "sub-01", "film", twice, onset, ["A1", "B2"], values)
    write_responses(
        folder / "bins.nc", "sub-01", "film", events, onset, ["A1", "B2"], values, bins=BINS + 25
    )
    broken = {name: v.copy() for name, v in layers.items()}
    broken["blocks.1"][7, 2] = np.nan
    write_activations(folder / "broken.nc", events, broken)
    cases = [
        ([good], [("film", "m", folder / "less.nc")], {}, None, "3 events of"),
        ([folder / "twice.nc"], files, {}, None, "'w00003' twice"),
        ([good, folder / "bins.nc"], files, {}, None, "bins of .*r.nc"),
        ([good], [("film", "m", folder / "broken.nc")], {}, None, "1 values that are not finite"),
        ([good], files, {"gap_s": 900}, None, "left to train on"),
        ([good], files, {}, {"m": "blocks.9"}, "'blocks.9', which the zoo's row asks for"),
    ]
    for responses, activations, changed, parts, words in cases:
        with pytest.raises(InputError, match=words):
            fit_subject(
                Trials.read(responses),
                Activations(activations, parts),
                Settings(**{**ENCODING, **changed}),
            )
    with pytest.raises(InputError, match="3 events of"):
        encode(folder, [good], [("film", "m", folder / "less.nc")])
    assert not (folder / "s.parquet").exists()
