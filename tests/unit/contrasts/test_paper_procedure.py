"""The paper's gate, bootstrap and bin-wise test against copies, scikit-learn and scipy."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from fusion.contrasts import bootstrap, paper
from fusion.encoding.folds import make_folds


def problem(n=200, p=8, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p)) * rng.uniform(0.5, 3, p) + 2
    return x, x[:, :3] @ rng.standard_normal((3, 4)) + 3 * rng.standard_normal((n, 4)), np.arange(n) * 1.0, np.full(n, "film")


@pytest.mark.parametrize("p", [8, 300])
def test_weights_are_copies(p):
    """A resample by weights equals scikit-learn on the copied rows: each fold's scores, and the penalty chosen by them."""
    x, y, onset, film = problem(p=p)
    folds = make_folds(onset, film, k=5, validation="halves", gap_s=0)
    counts = bootstrap.resample_counts(np.random.default_rng(1), len(x), 1)[0]
    alphas = np.array([0.1, 10.0, 1000.0])
    scores = np.zeros((2, 3, 4))
    for f in range(5):
        copy = [np.repeat(rows, counts[rows]) for rows in (folds.outer[f].train, folds.inner[f].scored[f], folds.outer[f].scored[f])]
        scaler = StandardScaler().fit(x[copy[0]])
        for a, alpha in enumerate(alphas):
            model = Ridge(alpha).fit(scaler.transform(x[copy[0]]), y[copy[0]])
            for part, rows in enumerate(copy[1:]):
                predicted = model.predict(scaler.transform(x[rows]))
                scores[part, a] += [np.corrcoef(predicted[:, t], y[rows, t])[0, 1] / 5 for t in range(4)]
    best = scores[0].argmax(0)
    r_val, r_test = bootstrap.refit(x, y, counts, folds, alphas)
    assert np.allclose(r_val, scores[0][best, np.arange(4)], atol=1e-8)
    assert np.allclose(r_test, scores[1][best, np.arange(4)], atol=1e-8)


def test_intervals_shrink_with_events_and_hold_the_score():
    wide, narrow = [], []
    for n, into in ((100, wide), (800, narrow)):
        x, y, onset, film = problem(n)
        folds = make_folds(onset, film, k=5, validation="halves", gap_s=0)
        counts = bootstrap.resample_counts(np.random.default_rng(0), n, 40)
        found = bootstrap.intervals(x, y, folds, np.array([10.0]), counts)
        into.append(np.mean(found["r_test_high"] - found["r_test_low"]))
    assert narrow[0] < 0.6 * wide[0]


def test_nested_folds_are_refused():
    x, y, onset, film = problem()
    with pytest.raises(ValueError, match="halves"):
        bootstrap.intervals(x, y, make_folds(onset, film, gap_s=0), np.array([1.0]), np.ones((2, len(x)), int))


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_the_binwise_test_is_the_paired_t_test(alternative):
    rng = np.random.default_rng(0)
    a, b, counts = rng.random((3, 20)), rng.random((3, 20)), rng.random((3, 20)) < 0.7
    found = paper.binwise_test(a - b, counts, alternative)
    for e in range(3):
        expected = stats.ttest_rel(a[e, counts[e]], b[e, counts[e]], alternative=alternative)
        assert found["t"][e] == pytest.approx(expected.statistic) and found["p"][e] == pytest.approx(expected.pvalue)
    assert np.isnan(paper.binwise_test(a - b, np.zeros_like(counts), alternative)["p"]).all()


def test_a_model_alone_past_the_gate_wins_nothing():
    low = np.array([[1, 1, 1], [1, 1, 1], [-1, -1, 1], [-1, -1, -1]]) * 0.1
    other = np.array([[1, 1, -1], [-1, -1, 1], [1, 1, 1], [-1, -1, -1]]) * 0.1
    reasons = paper.gate_reasons(paper.gate(low), paper.gate(other), 2)
    assert reasons[0] == "" and "only a" in reasons[1] and "only b" in reasons[2] and "neither" in reasons[3]
