"""Banded ridge against himalaya, scikit-learn loops and refits with one event weighted
differently.
"""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from fusion.controls import himalaya_banded
from fusion.controls.banded import Moments, fit, grid, search
from fusion.encoding.folds import Folds, Held, make_folds

ALPHAS = (0.1, 10.0, 1000.0)


def problem(seed=0, n=240, sizes=(5, 8), n_targets=6):
    rng = np.random.default_rng(seed)
    bands = [
        rng.standard_normal((n, p)) * scale
        for p, scale in zip(sizes, (1.0, 3.0, 0.3), strict=False)
    ]
    y = sum(
        band @ rng.standard_normal((band.shape[1], n_targets)) for band in bands
    ) + 6 * rng.standard_normal((n, n_targets))
    return bands, y, np.arange(n) * 0.5


def folds_of(onset_s, k=4, gap_s=2.0):
    return make_folds(onset_s, np.zeros(len(onset_s)), k=k, gap_s=gap_s)


def cv_folds(n_train, n, k=4):
    """Return folds with one outer split and the inner splits of a KFold over the training
    events.
    """
    train = np.arange(n_train)
    inner = tuple(Held((0, 1), a, {0: b}) for a, b in KFold(k).split(train))
    outer = (Held((0,), train, {0: np.arange(n_train, n)}),)
    return Folds(np.zeros(n, int), np.zeros((n, 1), bool), outer, inner, 0.0)


@pytest.mark.parametrize("sizes", [(5, 8), (4, 30, 3), (120, 90)])
def test_equals_himalaya(sizes):
    from himalaya.ridge import solve_group_ridge_random_search
    from himalaya.scoring import correlation_score

    bands, y, _ = problem(3, 260, sizes)
    folds = cv_folds(200, 260)
    gammas = grid(len(sizes), steps=(-1, 0, 1))
    gammas = gammas[(gammas > 0).all(1)]
    deltas, weights, scores, intercept = solve_group_ridge_random_search(
        [band[:200] for band in bands],
        y[:200],
        n_iter=gammas,
        alphas=np.array(ALPHAS),
        cv=KFold(4),
        score_func=correlation_score,
        return_weights=True,
        fit_intercept=True,
        progress_bar=False,
        local_alpha=True,
    )
    moments = Moments(np.hstack(bands), y, folds, standardise=False)
    ours = search(moments, list(sizes), folds, gammas, np.array(ALPHAS))
    np.testing.assert_allclose(ours[0].max(1), scores, atol=1e-4)
    found = fit(bands, y, folds, np.arange(260) // 20, gammas, ALPHAS, standardise=False)
    theirs = np.hstack([band[200:] for band in bands]) @ weights + intercept
    np.testing.assert_allclose(found.prediction[200:], theirs, atol=1e-4 * np.abs(theirs).max())
    chosen = gammas[found.scaling[0]].T / found.alpha[0]
    np.testing.assert_allclose(np.log(chosen), deltas, atol=1e-4)


@pytest.mark.parametrize("sizes", [(5, 8), (4, 30, 3)])
def test_himalayas_solvers_give_the_same_fit(sizes):
    bands, y, onset_s = problem(5, 160, sizes, n_targets=5)
    y[:, 3] = 0
    given = bands, y, folds_of(onset_s), np.arange(160) // 10
    gammas = grid(len(sizes), steps=(-1, 1))
    ours = fit(*given, gammas, ALPHAS, standardise=False)
    theirs = himalaya_banded.fit(*given, scalings=gammas, alphas=ALPHAS)
    varies = [0, 1, 2, 4]
    for name in ("scaling", "alpha"):
        np.testing.assert_array_equal(
            getattr(theirs, name)[:, varies], getattr(ours, name)[:, varies]
        )
    for name in ("z", "z_val", "split"):
        np.testing.assert_allclose(
            getattr(theirs, name)[..., varies], getattr(ours, name)[..., varies], atol=1e-5
        )
        assert np.abs(getattr(theirs, name)[..., 3]).max() < 1e-8
    np.testing.assert_allclose(theirs.dof[:, varies], ours.dof[:, varies], rtol=1e-6)
    for name in ("influence", "prediction"):
        scale = np.nanmax(np.abs(getattr(ours, name)))
        np.testing.assert_allclose(
            getattr(theirs, name)[..., varies],
            getattr(ours, name)[..., varies],
            atol=2e-5 * scale,
        )


def test_search_equals_loops():
    bands, y, onset_s = problem(1)
    folds = folds_of(onset_s)
    gammas, x = grid(2, steps=(-1, 1)), np.hstack(bands)
    ours = search(Moments(x, y, folds, True), [5, 8], folds, gammas, np.array(ALPHAS))
    expected, times = np.zeros_like(ours), np.zeros(4)
    for held in folds.inner:
        mean, sd = x[held.train].mean(0), x[held.train].std(0)
        for f, test in held.scored.items():
            times[f] += 1
            for g, gamma in enumerate(gammas):
                z = (x - mean) / sd * np.sqrt(np.repeat(gamma, [5, 8]))
                for a, alpha in enumerate(ALPHAS):
                    predicted = (
                        Ridge(alpha=alpha).fit(z[held.train], y[held.train]).predict(z[test])
                    )
                    expected[f, g, a] += [
                        pearsonr(predicted[:, t], y[test, t])[0] for t in range(y.shape[1])
                    ]
    np.testing.assert_allclose(ours, expected / times[:, None, None, None], atol=2e-5)


def test_scores_split_and_dof_equal_loops():
    bands, y, onset_s = problem(2)
    folds = folds_of(onset_s)
    found = fit(bands, y, folds, np.arange(240) // 12, grid(2), ALPHAS)
    x, gammas = np.hstack(bands), grid(2)
    for f, held in enumerate(folds.outer):
        test = held.scored[f]
        for t in range(y.shape[1]):
            scale = np.sqrt(np.repeat(gammas[found.scaling[f, t]], [5, 8])) / x[held.train].std(0)
            z = (x - x[held.train].mean(0)) * scale
            model = Ridge(alpha=found.alpha[f, t]).fit(z[held.train], y[held.train, t])
            np.testing.assert_allclose(
                np.tanh(found.z[f, t]), pearsonr(model.predict(z[test]), y[test, t])[0], atol=1e-5
            )
            s = np.linalg.eigvalsh(z[held.train].T @ z[held.train])
            np.testing.assert_allclose(
                found.dof[f, t], (s / (s + found.alpha[f, t])).sum(), rtol=1e-6
            )
    np.testing.assert_allclose(found.split.sum(0), np.tanh(found.z), atol=1e-5)


def test_influence_equals_refits_with_one_event_weighted():
    bands, y, onset_s = problem(4, n=80, sizes=(3, 4), n_targets=2)
    folds = folds_of(onset_s, k=3, gap_s=1.0)
    gamma, alpha, eps = np.array([0.3, 0.7]), 5.0, 1e-4
    found = fit(bands, y, folds, np.arange(80), gamma[None], (alpha,), standardise=False)
    x = np.hstack(bands) * np.sqrt(np.repeat(gamma, [3, 4]))

    def z_of(f, weight_train, weight_test):
        held = folds.outer[f]
        test = held.scored[f]
        predicted = (
            Ridge(alpha=alpha)
            .fit(x[held.train], y[held.train], sample_weight=weight_train)
            .predict(x[test])
        )
        w = weight_test[:, None] / weight_test.sum()
        a, b = (v - (w * v).sum(0) for v in (predicted, y[test]))
        return np.arctanh((w * a * b).sum(0) / np.sqrt((w * a**2).sum(0) * (w * b**2).sum(0)))

    for f, held in enumerate(folds.outer):
        test, n_train = held.scored[f], len(held.train)
        ones, tests = np.ones(n_train), np.ones(len(test))
        by_train = np.array(
            [
                z_of(f, ones + eps * (np.arange(n_train) == j), tests)
                - z_of(f, ones - eps * (np.arange(n_train) == j), tests)
                for j in range(n_train)
            ]
        )
        by_test = np.array(
            [
                z_of(f, ones, tests + eps * (np.arange(len(test)) == i))
                - z_of(f, ones, tests - eps * (np.arange(len(test)) == i))
                for i in range(len(test))
            ]
        )
        by_train, by_test = by_train / (2 * eps), by_test / (2 * eps)
        np.testing.assert_allclose(
            found.influence[f, 0, test] * 3, by_test, atol=1e-3 * np.abs(by_test).max()
        )
        np.testing.assert_allclose(
            found.influence[f, 1, held.train] * 3,
            by_train - by_train.mean(0),
            atol=1e-3 * np.abs(by_train).max(),
        )


def test_targets_do_not_depend_on_each_other():
    bands, y, onset_s = problem(5)
    folds, block = folds_of(onset_s), np.arange(240) // 12
    together = fit(bands, y, folds, block)
    alone = fit(bands, y[:, [3]], folds, block)
    np.testing.assert_allclose(together.z[:, [3]], alone.z, atol=1e-5)
    moved = fit(bands, 7 * y - 3, folds, block)
    np.testing.assert_allclose(together.z, moved.z, atol=1e-4)


def test_constant_targets_and_features_score_zero():
    bands, y, onset_s = problem(6)
    bands[0][:, 1] = 2.0
    y[:, 0] = 1.0
    found = fit(bands, y, folds_of(onset_s), np.arange(240) // 12)
    assert np.isfinite(found.z).all() and np.isfinite(found.influence).all()
    np.testing.assert_allclose(found.z[:, 0], 0, atol=1e-6)


def test_grid():
    two, three = grid(2), grid(3)
    four = grid(4, rng=np.random.default_rng(0), n_random=10)
    for made in (two, three, four):
        np.testing.assert_allclose(made.sum(1), 1)
        assert len(np.unique(made.round(9), axis=0)) == len(made)
        np.testing.assert_allclose(made[0], 1 / made.shape[1])
    assert len(four) == 2**4 - 1 + 10
    assert {tuple(row) for row in np.eye(3)} <= {tuple(row) for row in three}


def test_bad_input_is_refused():
    bands, y, onset_s = problem(7)
    folds = folds_of(onset_s)
    with pytest.raises(ValueError, match="239"):
        fit([band[1:] for band in bands], y, folds, np.zeros(240, int))
    y[5, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        fit(bands, y, folds, np.zeros(240, int))
