"""Reading, ceilings, the passive control and the tables, against what was planted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from statsmodels.stats.multitest import multipletests

from fusion.controls.ceiling import from_others, not_estimable, repeat
from fusion.controls.inputs import (
    at_events,
    by_electrode,
    components,
    groups,
    networks,
    prepared,
    read_lowlevel,
)
from fusion.controls.joint import read_pairings, read_towers
from fusion.controls.passive import lagged, predicted
from fusion.controls.problem import Problem
from fusion.controls.spec import Activated, FittingSpec
from fusion.controls.tables import columns_of, corrected
from fusion.demo.planted import by_planted
from fusion.encoding.folds import make_folds
from fusion.encoding.trials import bins_apart
from fusion.ids import FitId
from fusion.io import labelled
from fusion.io.dictionary import data_dictionary
from fusion.io.errors import InputError

SPEC = FittingSpec(
    folds=3,
    split="film_time",
    validation="nested",
    gap_s=2,
    window_ms=(0, 600),
    bin_width_ms=200,
    block_s=10,
    alphas=(1.0, 100.0),
    drift_cosines_s=False,
    clip_mad=False,
)
BINS = np.arange(-400, 801, 100)


def write_responses(path, electrodes, stimulus="film", seed=0, events=120, recording="sub-1_run-1"):
    rng = np.random.default_rng(seed)
    names = [f"w{k:05d}" for k in range(events)]
    values = rng.standard_normal((events, len(electrodes), len(BINS))).astype("float32")
    attrs = {"subject": "1", "stimulus": stimulus, "alignment": "language", "recording": recording}
    with labelled.create(
        path, {"event": names, "electrode": electrodes, "bin_ms": BINS}, attrs
    ) as file:
        labelled.add(file, "onset_s", ("event",), np.arange(events) * 0.5)
        labelled.add(file, "response", ("event", "electrode", "bin_ms"), values)
    return values


def write_activations(path, layers, events=120, order=None):
    names = np.array([f"w{k:05d}" for k in range(events)])
    order = np.arange(events) if order is None else order
    with labelled.create(path, {"event": names[order]}) as file:
        for i, (layer, x) in enumerate(layers.items()):
            labelled.add_dimension(file, f"feature_{i:02d}", x.shape[1])
            labelled.add(
                file,
                f"layer_{i:02d}",
                ("event", f"feature_{i:02d}"),
                x[order].astype("float32"),
                attrs={"layer": layer},
            )


def test_bins_of_a_window_do_not_overlap():
    bins = np.arange(-2000, 2001, 25.0)
    assert list(bins[bins_apart(bins, [0, 1000], 200)]) == [0, 200, 400, 600, 800, 1000]
    assert list(bins[bins_apart(bins, [10, 90], 200)]) == [25]
    with pytest.raises(InputError, match="window"):
        bins_apart(bins, [3000, 4000], 200)


def test_groups_read_what_was_written(tmp_path):
    values = write_responses(tmp_path / "a.nc", ["A1", "A2"])
    (group,) = groups([tmp_path / "a.nc"], SPEC)
    assert list(group.electrodes) == ["A1", "A2"] and list(group.bins_ms) == [0, 200, 400, 600]
    expected = values[:, 1, [4, 6, 8, 10]].astype(float)
    np.testing.assert_allclose(
        group.problem.y[:, 1], (expected - expected.mean(0)) / expected.std(0), atol=1e-5
    )
    assert len(group.blocks) == 6 and group.blocks[0] == "film:0"


def test_electrodes_of_several_recordings_are_grouped(tmp_path):
    write_responses(tmp_path / "a.nc", ["A1", "A2"])
    write_responses(
        tmp_path / "b.nc", ["A2", "B1"], stimulus="other", seed=1, recording="sub-1_run-2"
    )
    made = list(groups([tmp_path / "a.nc", tmp_path / "b.nc"], SPEC))
    assert [(list(g.electrodes), len(g.problem.y)) for g in made] == [
        (["A1"], 120),
        (["A2"], 240),
        (["B1"], 120),
    ]
    table = by_electrode(
        made,
        lambda g: pd.DataFrame({"electrode": np.arange(len(g.electrodes)), "n": len(g.trials)}),
        subject="1",
    )
    assert table.to_dict("list") == {
        "subject": ["1"] * 3,
        "electrode": ["A1", "A2", "B1"],
        "n": [120, 240, 120],
    }


def test_too_short_a_film_is_an_input_error(tmp_path):
    write_responses(tmp_path / "a.nc", ["A1"], events=20)
    with pytest.raises(InputError, match="20 events"):
        list(groups([tmp_path / "a.nc"], replace(SPEC, gap_s=60)))


def test_prepared_equals_regression():
    rng = np.random.default_rng(2)
    y, x = rng.standard_normal((80, 4)) + 100, np.column_stack([np.ones(80), np.arange(80)])
    y[:, 2], y[3, 3] = 7.0, np.nan
    found = prepared(y, x)
    left = y[:, :2] - x @ np.linalg.lstsq(x, y[:, :2], rcond=None)[0]
    np.testing.assert_allclose(found[:, :2], left / left.std(0), atol=1e-8)
    np.testing.assert_array_equal(found[:, 2:], 0)


def test_features_follow_event_ids(tmp_path):
    rng = np.random.default_rng(3)
    write_responses(tmp_path / "a.nc", ["A1"])
    (group,) = groups([tmp_path / "a.nc"], SPEC)
    x, fit = rng.standard_normal((120, 5)), FitId("m")
    write_activations(tmp_path / "x.nc", {"one": x, "two": x[:, :3]})
    write_activations(tmp_path / "y.nc", {"one": x, "two": x[:, :3]}, order=rng.permutation(120))
    straight, turned = (
        networks([Activated(fit, "film")], [tmp_path / name])[fit] for name in ("x.nc", "y.nc")
    )
    np.testing.assert_allclose(
        components([straight], group.recordings, 4),
        components([turned], group.recordings, 4),
        atol=1e-5,
    )
    with labelled.create(
        tmp_path / "low.nc",
        {"event": [f"w{k:05d}" for k in range(120)][::-1], "feature": ["luma", "never", "gap"]},
    ) as file:
        labelled.add(
            file,
            "features",
            ("event", "feature"),
            np.column_stack(
                [x[::-1, 0], np.full(120, np.nan), np.where(np.arange(120) == 5, np.nan, 1.0)]
            ),
        )
    films, names = read_lowlevel({"film": tmp_path / "low.nc"})
    assert names == ["luma", "gap"]
    np.testing.assert_allclose(at_events(films, group.recordings)[:, 0], x[:, 0])
    films["film"] = films["film"].iloc[1:]
    with pytest.raises(InputError, match="w00119"):
        at_events(films, group.recordings)


def test_pairings_and_towers_are_read_by_event(tmp_path):
    rng = np.random.default_rng(4)
    n = 120
    vision, language = rng.standard_normal((n, 3)), rng.standard_normal((n, 3))
    names = [f"w{k:05d}" for k in range(n)]
    events = pd.DataFrame({"event": names, "onset_s": np.arange(n) * 2.0})
    paths = {("true", "film"): tmp_path / "true.nc"}
    write_activations(paths["true", "film"], {"fused": vision * language})
    for k, shift in enumerate((31, 52)):
        source = (np.arange(n) + shift) % n
        events[f"event_shuffled{k}"] = np.array(names)[source]
        paths[f"shuffled{k}", "film"] = tmp_path / f"shuffled{k}.nc"
        write_activations(
            paths[f"shuffled{k}", "film"],
            {"fused": vision * language[source]},
            order=rng.permutation(n),
        )
    film = read_pairings(paths, ["film"], ["shuffled0", "shuffled1"], {"film": events}, rng)["film"]
    np.testing.assert_allclose(
        film.shuffled[1], vision * language[(np.arange(n) + 52) % n], atol=1e-6
    )
    np.testing.assert_array_equal(film.sources[0], (np.arange(n) + 31) % n)
    write_activations(tmp_path / "towers.nc", {"image": vision, "text": language})
    towers = read_towers(
        {"film": tmp_path / "towers.nc"},
        ["image", "text"],
        {"film": events},
        n_pairings=3,
        min_shift_s=60.0,
        rng=rng,
    )["film"]
    assert len(towers.shuffled) == 3 and towers.joint.shape == (n, 9)
    with pytest.raises(InputError, match="fused"):
        read_towers(
            {"film": paths["true", "film"]},
            ["image", "text"],
            {"film": events},
            n_pairings=3,
            min_shift_s=60.0,
            rng=rng,
        )


def test_ceiling_of_two_viewings_is_the_root_of_what_comes_back():
    rng = np.random.default_rng(5)
    signal = rng.standard_normal((4000, 2, 1)) * np.array([1.0, 0.0])[None, :, None]
    first, second = (signal + rng.standard_normal((4000, 2, 3)) for _ in range(2))
    table = repeat(first, second, np.arange(4000) // 100)
    # A model that is the signal itself correlates with one viewing by sqrt(1 / 2).
    reached = np.corrcoef(signal[:, 0, 0], first[:, 0, 0])[0, 1]
    assert abs(table["r"][0] - reached) < 0.03 and table["r"][1] < 0.2
    assert table["ci_low"][0] < table["r"][0] < table["ci_high"][0]


def test_ceiling_from_others_and_none():
    rng = np.random.default_rng(6)
    onset_s = np.arange(600) * 0.5
    shared = rng.standard_normal((600, 1, 1))
    y = np.concatenate([shared, 0 * shared], 1) + rng.standard_normal((600, 2, 2))
    problem = Problem(
        (y - y.mean(0)) / y.std(0),
        make_folds(onset_s, np.zeros(600), gap_s=2),
        (onset_s // 10).astype(int),
    )
    table = from_others(problem, [shared + rng.standard_normal((600, 3, 2)) for _ in range(2)], 8)
    assert table["r"][0] > 0.5 and abs(table["r"][1]) < 0.15
    assert not_estimable(3)["r"].isna().all() and set(not_estimable(3)["method"]) == {
        "not estimable"
    }


def test_passive_features_show_what_a_redundant_film_predicts_before_the_onset():
    rng = np.random.default_rng(7)
    t = np.arange(0, 600, 0.25)
    slow = np.convolve(rng.standard_normal(len(t) + 40), np.ones(41) / 6, "valid")
    fast = rng.standard_normal(len(t))
    onset_s, bins = t[20:-20:2], np.array([-1000.0, 0.0])
    y, inside = lagged(onset_s, t, np.column_stack([slow, fast]), bins)
    assert inside.all()
    np.testing.assert_allclose(np.corrcoef(y[:, 0, 0], slow[16:-24:2])[0, 1], 1)
    folds = make_folds(onset_s, np.zeros(len(onset_s)), gap_s=5)
    seen = np.column_stack([slow, fast])[20:-20:2]
    table = predicted(
        Problem(y, folds, (onset_s // 20).astype(int)), {"network": seen}, bins, ["slow", "fast"]
    ).set_index(["feature", "latency_ms"])
    assert table["r"]["slow", -1000] > 0.7 and table["p"]["slow", -1000] < 1e-6
    assert abs(table["r"]["fast", -1000]) < 0.15 and table["r"]["fast", 0] > 0.95


def test_tables_are_corrected_family_by_family_and_described():
    rng = np.random.default_rng(8)
    same = {
        "subject": "1",
        "electrode": "A1",
        "alignment": "language",
        "a": "x",
        "b": "y",
        "r_a": 0.1,
        "r_b": 0.1,
        "effect": 0.0,
        "se": 1.0,
    }
    same |= {"ci_low": -1.0, "ci_high": 1.0, "t": 0.0, "df": 9, "n_blocks": 10}
    table = pd.DataFrame(
        {
            **same,
            "floor": np.repeat(["two layers", "two random inits"], 20),
            "p": rng.uniform(size=40) ** 3,
        }
    )
    made = corrected(table, "floors", "bh")
    np.testing.assert_allclose(made["q"][20:], multipletests(table["p"][20:], method="fdr_bh")[1])
    assert made["family"].nunique() == 2
    with open(Path(__file__).parents[3] / "workflow" / "schemas" / "controls.schema.yaml") as file:
        schema = yaml.safe_load(file)
    described = data_dictionary(made, columns_of("floors", schema, made))
    assert json.dumps(described) and set(described) == set(made.columns)


def test_planted_kinds_are_summed_up_by_hand():
    truth = pd.DataFrame(
        {"subject": "1", "electrode": ["A", "B", "C"], "planted": ["vision", "vision", "none"]}
    )
    tests = pd.DataFrame(
        {
            "subject": "1",
            "electrode": ["A", "B", "C"],
            "alignment": "language",
            "network": "slip",
            "test": "integration",
            "p": [0.01, 0.2, 0.5],
        }
    )
    contrasts = pd.DataFrame(
        {
            "subject": "1",
            "electrode": ["A", "B", "C"],
            "alignment": "vision",
            "contrast": "a_vs_b",
            "p": [0.01, 0.02, 0.9],
        }
    )
    table = by_planted({"interaction": tests}, contrasts, truth, 0.05).set_index("quantity")
    assert table.loc["electrodes planted", ["vision", "none"]].tolist() == [2, 1]
    assert table.loc["slip: integration", ["vision", "none"]].tolist() == [0.5, 0]
    assert table.loc["a_vs_b", "alignment"] == "vision" and table.loc["a_vs_b", "vision"] == 1
