"""The paper's gate, bootstrap and bin-wise test against copies, scikit-learn and scipy."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from made_fits import compare
from made_fits import make_fit as fit
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from fusion.contrasts import bootstrap, frame, paper
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.spec import CalibratedSpec, PaperSpec
from fusion.encoding.folds import make_folds
from fusion.encoding.spec import FoldSpec


def problem(n=200, p=8, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.uniform(0.5, 3, p) + 2
    return (
        x,
        x[:, :3] @ rng.standard_normal((3, 4)) + 3 * rng.standard_normal((n, 4)),
        np.arange(n) * 1.0,
        np.full(n, "film"),
    )


@pytest.mark.parametrize("p", [8, 300])
def test_weights_are_copies(p):
    """A resample by weights equals scikit-learn on the copied rows: each fold's scores, and the
    penalty chosen by them.
    """
    x, y, onset, film = problem(p=p)
    folds = make_folds(onset, film, k=5, validation="halves", gap_s=0)
    counts = bootstrap.resample_counts(np.random.default_rng(1), len(x), 1)[0]
    alphas = np.array([0.1, 10.0, 1000.0])
    scores = np.zeros((2, 3, 4))
    for f in range(5):
        copy = [
            np.repeat(rows, counts[rows])
            for rows in (folds.outer[f].train, folds.inner[f].scored[f], folds.outer[f].scored[f])
        ]
        scaler = StandardScaler().fit(x[copy[0]])
        for a, alpha in enumerate(alphas):
            model = Ridge(alpha).fit(scaler.transform(x[copy[0]]), y[copy[0]])
            for part, rows in enumerate(copy[1:]):
                predicted = model.predict(scaler.transform(x[rows]))
                scores[part, a] += [
                    np.corrcoef(predicted[:, t], y[rows, t])[0, 1] / 5 for t in range(4)
                ]
    best = scores[0].argmax(0)
    sets = [
        tuple(
            np.bincount(rows, counts[rows], len(x))
            for rows in (folds.outer[f].train, folds.inner[f].scored[f], folds.outer[f].scored[f])
        )
        for f in range(5)
    ]
    r_val, r_test = bootstrap.refit(x, y, sets, alphas)
    assert np.allclose(r_val, scores[0][best, np.arange(4)], atol=1e-8)
    assert np.allclose(r_test, scores[1][best, np.arange(4)], atol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(120, 9), (40, 90), (60, 40)])
def test_correlations_without_predictions_are_those_of_predictions(n, p):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, p)) * np.geomspace(3, 0.01, p)
    x[:, -1] = x[:, 0]  # a direction without variance
    y = x[:, :2] @ rng.standard_normal((2, 5)) + rng.standard_normal((n, 5))
    weight, alphas = rng.integers(1, 5, n).astype(float), np.array([1e-3, 1.0, 1e5])
    fit = bootstrap.Trained.on(x, y, weight)
    others = rng.standard_normal((30, p)), rng.standard_normal((30, 5))
    counts = rng.integers(1, 4, 30)
    found = fit.r(*others, counts.astype(float), alphas)
    rows = np.repeat(np.arange(30), counts)
    for own, predicted in zip(found, fit.predict(others[0], alphas), strict=True):
        expected = [np.corrcoef(predicted[rows, t], others[1][rows, t])[0, 1] for t in range(5)]
        assert own == pytest.approx(np.array(expected), abs=1e-7)


def test_intervals_shrink_with_events_and_hold_the_score():
    wide, narrow = [], []
    for n, into in ((100, wide), (800, narrow)):
        x, y, onset, film = problem(n)
        folds_of = partial(
            bootstrap.cut_again, onset, film, spec=FoldSpec(validation="halves", gap_s=0)
        )
        counts = bootstrap.resample_counts(np.random.default_rng(0), n, 40)
        found = bootstrap.intervals(x, y, folds_of, np.array([10.0]), counts)
        assert (found["r_test_low"] <= found["r_test_mean"]).all()
        assert (found["r_test_mean"] <= found["r_test_high"]).all()
        into.append(np.mean(found["r_test_high"] - found["r_test_low"]))
    assert narrow[0] < 0.6 * wide[0]


@pytest.mark.parametrize("split", ["film_time", "film"])
def test_copies_are_cut_into_folds_by_their_place(split):
    """As scikit-learn cuts the rows of the copies, within each film."""
    rng = np.random.default_rng(2)
    film = rng.permutation(np.repeat(["a", "b"], [70, 43]))
    onset = rng.permutation(113) * 1.0
    counts = bootstrap.resample_counts(rng, 113, 1)[0]
    spec = FoldSpec(folds=5, split=split, validation="halves", gap_s=0)
    found = bootstrap.cut_again(onset, film, counts, spec)
    expected = [np.zeros((3, 113), int) for _ in range(5 if split == "film_time" else 2)]
    for k, name in enumerate("ab"):
        own = np.flatnonzero(film == name)
        own = own[np.argsort(onset[own])]
        copies = np.repeat(own, counts[own])
        blocks = (
            [held for _, held in KFold(5).split(copies)]
            if split == "film_time"
            else [np.arange(len(copies)) if f == k else np.arange(0) for f in range(2)]
        )
        for f, held in enumerate(blocks):
            rest = np.setdiff1d(np.arange(len(copies)), held)
            half = len(held) // 2
            for part, rows in enumerate((rest, held[:half], held[half:])):
                np.add.at(expected[f][part], copies[rows], 1)
    assert len(found) == len(expected)
    for sets, wanted in zip(found, expected, strict=True):
        assert np.array_equal(sets, wanted)


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_the_binwise_test_is_the_paired_t_test(alternative):
    rng = np.random.default_rng(0)
    a, b, counts = rng.random((3, 20)), rng.random((3, 20)), rng.random((3, 20)) < 0.7
    found = paper.binwise_test(a - b, counts, alternative)
    for e in range(3):
        expected = stats.ttest_rel(a[e, counts[e]], b[e, counts[e]], alternative=alternative)
        assert found["t"][e] == pytest.approx(expected.statistic) and found["p"][
            e
        ] == pytest.approx(expected.pvalue)
    assert np.isnan(paper.binwise_test(a - b, np.zeros_like(counts), alternative)["p"]).all()


def test_a_model_alone_past_the_gate_wins_nothing():
    low = np.array([[1, 1, 1], [1, 1, 1], [-1, -1, 1], [-1, -1, -1]]) * 0.1
    other = np.array([[1, 1, -1], [-1, -1, 1], [1, 1, 1], [-1, -1, -1]]) * 0.1
    reasons = paper.gate_reasons(paper.gate(low), paper.gate(other), 2)
    assert (
        reasons[0] == ""
        and "only a" in reasons[1]
        and "only b" in reasons[2]
        and "neither" in reasons[3]
    )


WINDOWS = {"all": (-500, 1500)}


def run(fits, lows, a=("a", "c"), b="b", alternative="greater"):
    a = list(a) if isinstance(a, tuple) else a
    resampled = {
        fit.name: paper.Resampled(
            lows[fit.name], *(_means(fit, values) for values in (fit.z_val, fit.z))
        )
        for fit in fits
    }
    procedure = paper.Paper(PaperSpec(gate_bins=4), resampled)
    comparison = compare(a, b, alternative)
    table = frame.contrast_table(fits, comparison, WINDOWS, procedure, "halves")
    return table.set_index("electrode")


def _means(fit, z):
    return pd.DataFrame(np.tanh(z).mean(0), index=list(fit.electrodes), columns=fit.bins)


def lows_of(fits, failing=()):
    """Return intervals whose lower ends pass everywhere but at ``failing`` (fit, electrode)."""
    tables = {
        fit.name: pd.DataFrame(0.1, index=list(fit.electrodes), columns=fit.bins) for fit in fits
    }
    for name, electrode in failing:
        tables[name].loc[electrode] = -0.1
    return tables


def test_the_paper_s_contrast_is_gate_then_paired_test():
    a, c, b = (
        fit("a-trained-true", effect=0.2),
        fit("c-trained-true", effect=0.0),
        fit("b-trained-true", effect=0.1),
    )
    lows = lows_of([a, c, b], [("a-trained-true", "E1"), ("b-trained-true", "E2")])
    found = run([a, c, b], lows)
    assert list(found.columns) == [name for name in frame.COLUMNS if name != "electrode"]
    # Where a has no bin that counts, c stands in: networks are ranked over bins that count.
    assert found.loc["E1", "a"] == "c-trained-true"
    assert found.loc["E1", "tested"]
    assert found.loc["E2", "reason"] == "only a passes the signal gate"
    assert found.loc[["E2"], ["p", "effect"]].isna().all(axis=None)
    expected = stats.ttest_rel(
        np.tanh(a.z[:, 0]).mean(0), np.tanh(b.z[:, 0]).mean(0), alternative="greater"
    )
    assert (
        found.loc["E0", "p"] == pytest.approx(expected.pvalue)
        and found.loc["E0", "a"] == "a-trained-true"
    )
    alone = run([a, c, b], lows, b="nothing")
    assert (
        alone.loc["E0", "b"] == "nothing"
        and alone.loc["E0", "tested"]
        and alone.loc["E1", "a"] == "c-trained-true"
    )


def test_with_halves_one_choice_holds_for_all_folds():
    """Validation halves are no test events: the best over all folds is taken everywhere, and its
    average weighs the bins.
    """
    a, c, b = (fit(f"{name}-trained-true", n_electrodes=1) for name in "acb")
    a.z_val[:], c.z_val[:] = (
        np.array([1, 0, 0, 0, 0])[:, None, None],
        np.array([0, 0.5, 0.5, 0.5, 0.5])[:, None, None],
    )
    procedure = Calibrated(
        CalibratedSpec(bin_weights="validation", multipliers=100), np.random.default_rng(0)
    )
    comparison = compare(["a", "c"], "b")
    found = frame.contrast_table([a, c, b], comparison, WINDOWS, procedure, "halves").iloc[0]
    weights = np.maximum((c.z_val + b.z_val).mean(0), 0)
    expected = ((c.z - b.z).mean(0) * weights / weights.sum(1, keepdims=True)).sum()
    assert found["a"] == "c-trained-true" and found["effect"] == pytest.approx(expected)
