"""Figures: every one at two sizes, no label cut or on top of another, and what is drawn is what the
tables say.
"""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.runs import REPOSITORY
from made_up_results import contrasts_at, regions, sites
from report_harness import CONTROLS, PROFILES, draw, outputs, troubles

from fusion.contrasts import over_time
from fusion.contrasts.influence import max_over_bins, multipliers
from fusion.contrasts.over_time import Summed
from fusion.contrasts.spec import RUNG_VERDICTS
from fusion.encoding import examples, held_out, profiles
from fusion.figures import (
    alignments,
    brain,
    claims,
    effects,
    names,
    read,
    registry,
    space,
    style,
)
from fusion.figures import regions as regions_figure
from fusion.figures.spec import FIGURES, FiguresSpec
from fusion.io.tables import read_tsv

SPEC = FiguresSpec(
    figures=(),
    level=0.05,
    window_name="after",
    window=(0, 1000),
    step_ms=25,
    gap_s=10,
    models=(),
    labels={},
    operands={},
    effect=None,
    mapped={"matched": "slip_vs_simclr"},
    modality={},
    signal=None,
    scatter="slip_vs_simclr",
    three_way=(),
    across_alignments=("slip_vs_simclr",),
    example_fit="slip-trained-true",
    example_alignment="language",
)


def test_no_label_is_cut_or_covered_with_three_subjects(small):
    found = json.loads((small / "troubles.json").read_text())
    assert list(found) == list(FIGURES), "a figure was not drawn"
    assert {name: what for name, what in found.items() if any(what)} == {}


def test_no_label_is_cut_or_covered_with_1090_electrodes(large):
    found = json.loads((large / "troubles.json").read_text())
    assert list(found) == list(FIGURES)
    assert {name: what for name, what in found.items() if any(what)} == {}


def test_the_test_for_covered_labels_can_fail():
    figure = style.new_figure()
    axes = figure.subplots()
    axes.text(0.5, 0.5, "one")
    axes.text(0.5, 0.5, "other")
    axes.text(3.0, 0.5, "far out").set_in_layout(False)
    cut, on_top = troubles(figure)
    assert cut == ["far out"] and ("one", "other") in on_top


def test_figures_are_the_same_every_time(small):
    chosen = ["effects", "time", "brain_verdict", "tests"]
    before = {
        name: [(small / f"figures/{name}.{kind}").read_bytes() for kind in ("svg", "png", "tsv")]
        for name in chosen
    }
    draw(small, chosen)
    assert before == {
        name: [(small / f"figures/{name}.{kind}").read_bytes() for kind in ("svg", "png", "tsv")]
        for name in chosen
    }


def test_svg_asks_for_nothing_from_outside(small):
    for path in (small / "figures").glob("*.svg"):
        text = path.read_text()
        assert 'href="http' not in text and "url(http" not in text, path.name


def test_brain_counts_are_the_tables(small):
    table = read.sites(small / "sites.tsv")
    drawn = read_tsv(small / "figures/brain_verdict.tsv")
    expected = table["verdict"].replace({"none": "no signal"}).value_counts()
    pd.testing.assert_series_equal(
        drawn["verdict"].value_counts().sort_index(), expected.sort_index(), check_names=False
    )


def test_empty_verdicts_are_drawn_empty():
    table, *_ = sites(7, 1090)
    looks = brain.looks_of(table.assign(layer=brain.layers(table, "verdict")), "verdict")
    assert looks["undecided"]["face"] == "none"
    assert looks["not tested"]["marker"] == "x"
    filled = [look["face"] for name, look in looks.items() if name in RUNG_VERDICTS.values()]
    assert (
        len(set(filled)) == 3
        and len({look["marker"] for name, look in looks.items() if name in RUNG_VERDICTS.values()})
        == 3
    )


@pytest.mark.parametrize(
    ("name", "mni"),
    [
        ("MNI152NLin2009cAsym", True),
        ("MNI305", True),
        ("fsaverage", True),
        ("ACPC", False),
        ("Other", False),
        ("ScanRAS", False),
        ("Talairach", False),
        (np.nan, False),
        (None, False),
        ("individual", False),
    ],
)
def test_only_mni_is_drawn_as_mni(name, mni):
    assert space.is_mni(name) is mni
    table, *_ = sites(1, 12, space="MNI305")
    table["space"] = name
    _, data = brain.draw(table, "verdict", None)
    assert len(data) == (len(table) if mni else 0)
    assert bool(space.missing_note(table)) is not mni


def test_verdicts_without_a_colour_of_their_own_get_one():
    order = names.verdict_order(["beats linear", "new", "newer", "none"])
    assert order == ["beats linear", "new", "newer", "none"]
    assert len({names.verdict_colour(v, order) for v in order}) == 4


def test_regions_bars_have_the_tables_intervals(small):
    table = read.regions(small / "regions.tsv")
    figure, data = regions_figure.draw({"regions": table}, SPEC)
    drawn = sorted(
        (segment[0][0], segment[1][0]) for segment in figure.axes[0].collections[0].get_segments()
    )
    shown = table[(table["region"] != "unknown") & (table["n_tested"] > 0)]
    np.testing.assert_allclose(drawn, sorted(zip(shown["ci_low"], shown["ci_high"], strict=True)))
    assert len(data) == len(table)


def test_a_region_without_electrodes_is_not_drawn_as_zero():
    table, *_ = sites(3, 72)
    figure, _ = regions_figure.draw({"regions": regions(table)}, SPEC)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert not any("Cuneus" in label for label in labels)
    assert any(
        "No electrode in" in text.get_text() and "Cuneus L R" in text.get_text()
        for text in figure.findobj(lambda a: hasattr(a, "get_text"))
    )


def test_every_figure_says_when_there_is_nothing():
    table, contrasts, *_ = sites(2, 24)
    none = contrasts.assign(tested=False)
    untested = table.assign(
        tested=False,
        verdict="not tested",
        region=np.nan,
        best_modality=np.nan,
        **{t: pd.array([pd.NA] * len(table)) for t in read.tests_of(table)},
    )
    columns = {
        "partition": ["subject", "electrode", "alignment", "band", "r_full", "part", "unique"],
        "leak": [
            *("subject", "electrode", "alignment", "leak"),
            *("r_leak", "r_model", "drift_share", "flagged"),
        ],
        "passive": ["stimulus", "alignment", "network", "feature", "latency_ms", "r"],
        "calibration": ["minutes", "effect", "world"],
        "calibration_recorded": ["contrast", "median_found"],
        "region_effects": ["contrast", "alignment", "region", "hemisphere", "n_subjects"],
        "region_subjects": ["contrast", "alignment", "region", "hemisphere", "effect"],
        "planning": ["contrast", "minutes", "electrodes", "detectable"],
        "score_profiles": PROFILES,
        "time_course": over_time.COLUMNS,
        "examples": examples.COLUMNS,
        "folds": held_out.COLUMNS,
    }
    tables = {name: pd.DataFrame(columns=names_) for name, names_ in columns.items()}
    tables["outlines"] = read_tsv(REPOSITORY / "resources/dk_outlines.tsv")
    tables |= {"sites": untested, "contrasts": none, "regions": regions(untested)}
    assert set(CONTROLS) <= {*tables, "interaction", "floors"}
    nowhere = {**tables, "sites": untested.assign(x=np.nan)}
    for name in FIGURES:
        figure, _, state, why = registry.draw(
            name, nowhere if name.startswith("brain") else tables, SPEC
        )
        words = [text.get_text() for text in figure.texts]
        assert (state, len(figure.axes), words) == ("empty", 0, [why]), name
        assert len(why) > 20, name


def test_every_figure_has_an_entry_a_function_and_a_caption():
    assert list(registry.DRAW) == list(FIGURES)


def test_a_figure_that_fails_does_not_hide_the_others(small, tmp_path, monkeypatch):
    def fails(tables, spec):
        raise KeyError("no column 'flagged'")

    monkeypatch.setitem(registry.DRAW, "leak", fails)
    tables = read.tables({"leak": small / "tables/leak.tsv", "sites": small / "sites.tsv"})
    figure, data, state, why = registry.draw("leak", tables, SPEC)
    assert state == "failed"
    assert "no column 'flagged'" in why and "Leak meter could not be drawn" in figure.why
    style.save(figure, data, *(tmp_path / f"leak.{kind}" for kind in ("svg", "png", "tsv")))
    assert "no column" in read_tsv(tmp_path / "leak.tsv")["failed"].iloc[0]
    assert registry.draw("coverage", tables, SPEC)[2] == "drawn"


def test_the_index_says_what_became_of_every_figure(small):
    index = read_tsv(small / "figures/index.tsv")
    assert list(index["figure"]) == list(FIGURES)
    assert set(index["state"]) == {"drawn"}
    assert outputs(small, ["leak"])["drawn"].exists()


def test_corrected_bins_agree_with_the_test_over_all_bins():
    rng = np.random.default_rng(3)
    influence = rng.normal(0, 0.02, (2, 25, 1, 40)).astype(np.float32)
    z = (0.02 * rng.normal(size=40) + 1.5 * np.exp(-0.5 * ((np.arange(40) - 20) / 3) ** 2))[None]
    signs = multipliers(np.random.default_rng(1), 999, 25)
    p = over_time.p_corrected(z[0], influence[:, :, 0], signs)
    whole = max_over_bins(z, influence, "two-sided", signs)
    assert p.shape == (40,) and p.min() == pytest.approx(whole[0], abs=2e-3)
    assert p[20] <= 0.01 < p[0]


def test_corrected_bins_hold_their_level():
    rng = np.random.default_rng(5)
    hits = 0
    for repetition in range(200):
        influence = rng.normal(size=(2, 25, 30)) / np.sqrt(25)
        z = np.sqrt(2) * rng.normal(size=30)
        hits += (
            over_time.p_corrected(
                z, influence, multipliers(np.random.default_rng(repetition), 199, 25)
            ).min()
            <= 0.05
        )
    assert hits / 200 < 0.12


def test_mean_over_subjects_is_a_mean_over_electrodes():
    rng = np.random.default_rng(0)
    parts = []
    for n, blocks in ((3, ["film:0", "film:1", "film:2"]), (5, ["film:1", "film:2", "film:3"])):
        z, influence = rng.normal(size=(n, 4)), rng.normal(size=(2, 3, n, 4))
        parts.append(
            (
                z,
                influence,
                blocks,
                Summed(z.sum(0), influence.sum(2), tuple(blocks), np.arange(4), n, n),
            )
        )
    found = over_time.mean([part[3] for part in parts])
    assert found.n_folds == 5
    np.testing.assert_allclose(found.z, np.concatenate([p[0] for p in parts]).mean(axis=0))
    for k, block in enumerate(found.blocks):
        by_hand = sum(p[1][:, p[2].index(block)].sum(axis=1) for p in parts if block in p[2]) / 8
        np.testing.assert_allclose(found.influence[:, k], by_hand)


def test_kappa_is_sklearns():
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(0)
    for _ in range(20):
        a = rng.random(30) < 0.4
        b = np.where(rng.random(30) < 0.7, a, ~a)
        assert alignments.cohen(a, b) == pytest.approx(cohen_kappa_score(a, b))
    assert np.isnan(alignments.cohen(np.zeros(5, bool), np.zeros(5, bool)))


def test_profiles_are_means_over_the_window(small):
    path = next(small.glob("intermediate/encoding/*/scores.parquet"))
    whole = pd.read_parquet(path)
    found = profiles.reduced(path, [0, 1000]).set_index(["electrode", "layer"])
    for (electrode, layer), part in list(whole.groupby(["electrode", "layer"]))[:20]:
        inside = part[(part["bin_ms"] >= 0) & (part["bin_ms"] <= 1000)]
        row = found.loc[(electrode, layer)]
        assert row["r_test"] == pytest.approx(inside["r_test"].astype(float).mean(), abs=1e-6)
        assert row["chosen"] == part["chosen"].iloc[0]
    assert sorted(found["depth"].unique()) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_examples_are_best_median_and_none():
    scores = pd.DataFrame(
        {
            "subject": "01",
            "electrode": list("ABCDEFG"),
            "r_test": [0.5, 0.4, 0.3, 0.2, 0.1, -0.001, -0.3],
        }
    )
    assert list(examples.choose(scores)["electrode"]) == ["A", "C", "F"]
    assert len(examples.choose(scores.iloc[:0])) == 0


def test_shares_have_wilson_intervals():
    from statsmodels.stats.proportion import proportion_confint

    table = pd.DataFrame(
        {"test": "x", "p": [0.01, 0.2, 0.03, 0.5, np.nan], "q": [0.04, 0.5, 0.06, 0.5, np.nan]}
    )
    row = claims.shares(table, ["test"], 0.05).iloc[0]
    assert (row["electrodes"], row["p_below"], row["q_below"]) == (4, 2, 1)
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(2, 4, method="wilson"))


def test_effects_without_one_alignment():
    channels, contrasts = contrasts_of(alignments=("language",))
    figure, data = effects.draw({"contrasts": contrasts}, SPEC)
    assert set(data["alignment"]) == {"language"} and len(channels)
    figure, _ = alignments.draw({"contrasts": contrasts}, SPEC)
    assert "Only language events" in figure.texts[0].get_text()


def contrasts_of(alignments):
    table, contrasts, channels, *_ = sites(1, 16, alignments=alignments)
    assert contrasts_at(channels, alignments)[0].shape[0] == len(contrasts)
    return channels, contrasts
