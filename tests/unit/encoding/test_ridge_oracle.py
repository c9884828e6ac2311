"""The engine against scikit-learn and himalaya in float64, fold by fold, penalty by penalty."""

import numpy as np
import plain_ridge
import pytest
from himalaya.ridge import Ridge

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import make_folds
from fusion.encoding.spec import Settings

N = 240


def problem(kind, seed=0):
    rng = np.random.default_rng(seed)
    p = {"tall": 40, "wide": 300, "square": 160, "correlated": 60, "film": 50, "degenerate": 40}[
        kind
    ]
    features = rng.standard_normal((N, p))
    if kind == "correlated":
        features = features[:, :12] @ rng.standard_normal((12, p)) + 0.05 * features
    if kind == "film":
        features = np.cumsum(features, axis=0) * 0.1 + features + 20
    if kind == "degenerate":
        features[:, 20:] = features[:, :20] * 3 + 1
    targets = (
        features[:, :6] @ rng.standard_normal((6, 12))
        + 4 * rng.standard_normal((N, 12))
        + 100 * rng.standard_normal(12)
    )
    onset = np.cumsum(rng.exponential(1.0, N))
    return features, targets.reshape(N, 4, 3), onset, np.full(N, "film")


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("validation", ["nested", "halves"])
@pytest.mark.parametrize("kind", ["tall", "wide", "square", "correlated", "film", "degenerate"])
def test_scores_and_penalties_are_those_of_scikit_learn(kind, validation, backend):
    features, responses, onset, film = problem(kind)
    alphas = (1e-3, 0.1, 1.0, 10.0, 1e3, 1e5, 1e8)
    folds = make_folds(onset, film, validation=validation, gap_s=4)
    curves, choice, r, _ = plain_ridge.fit(
        features, responses.reshape(N, -1), folds, alphas, halves=validation == "halves"
    )
    fit = fit_electrodes(
        {"x": features},
        responses,
        onset,
        film,
        Settings(clip_mad=False, validation=validation, gap_s=4, alphas=alphas, backend=backend),
    )
    assert fit.forms["x"] == (
        "primal" if kind in ("tall", "correlated", "film", "degenerate") else "dual"
    )
    found = fit.choice[0].reshape(len(r), -1)
    plain_ridge.assert_same_choice(curves, choice, found)
    same = found == choice
    assert np.abs(fit.r_test[0].reshape(r.shape) - r)[same].max() < 1e-5
    validation_r = fit.r_val[0].reshape(r.shape)
    if validation == "halves":  # the curves of the oracle are means over folds already
        validation_r = np.broadcast_to(validation_r.mean(0), r.shape)
    assert np.abs(validation_r - np.take_along_axis(curves, choice[:, None], 1)[:, 0]).max() < 1e-5
    for end, (outer, inner) in enumerate(((0, 1), (-1, -2))):
        gain = curves[:, outer] - curves[:, inner]
        assert np.abs(fit.edge_gain[end, 0].reshape(r.shape) - gain).max() < 1e-5


@pytest.mark.parametrize("alpha", [1e-4, 1.0, 1e4, 1e9])
@pytest.mark.parametrize("form", ["primal", "dual"])
def test_each_penalty_scores_as_in_himalaya(alpha, form):
    features, responses, onset, film = problem("tall", seed=1)
    targets = responses.reshape(N, -1)
    fit = fit_electrodes(
        {"x": features},
        responses,
        onset,
        film,
        Settings(clip_mad=False, gap_s=4, alphas=(alpha,), form=form),
    )
    for f, held in enumerate(make_folds(onset, film, gap_s=4).outer):
        mean, scale = features[held.train].mean(0), features[held.train].std(0)
        model = Ridge(alpha=alpha, fit_intercept=True).fit(
            (features[held.train] - mean) / scale, targets[held.train]
        )
        predicted = model.predict((features[held.scored[f]] - mean) / scale)
        r = plain_ridge.pearson(predicted, targets[held.scored[f]])
        assert np.abs(fit.r_test[0, f].ravel() - r).max() < 1e-5
        scale_of_target = targets.std(0)
        difference = fit.predictions[held.scored[f]].reshape(len(predicted), -1) - predicted
        assert (np.abs(difference) / scale_of_target).max() < 1e-4


def test_primal_and_dual_are_the_same_fit():
    features, responses, onset, film = problem("square")
    primal, dual = (
        fit_electrodes(
            {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=4, form=form)
        )
        for form in ("primal", "dual")
    )
    same = primal.choice == dual.choice
    assert same.mean() > 0.95
    assert np.abs(primal.r_test - dual.r_test)[same].max() < 1e-5
    assert np.abs(primal.r_val - dual.r_val).max() < 1e-5
    everywhere = same.all(axis=(0, 1))
    scale = np.abs(dual.influence[..., everywhere]).max()
    assert np.abs(primal.influence - dual.influence)[..., everywhere].max() < 1e-4 * scale


def test_the_intercept_penalty_moves_predictions_by_what_it_should():
    features, responses, onset, film = problem("tall")
    alphas = (100.0,)
    free, shrunk = (
        fit_electrodes(
            {"x": features},
            responses,
            onset,
            film,
            Settings(clip_mad=False, gap_s=4, alphas=alphas, penalise_intercept=p),
        )
        for p in (False, True)
    )
    assert np.array_equal(free.r_test, shrunk.r_test)
    held = make_folds(onset, film, gap_s=4).outer[0]
    rows, n = held.scored[0], len(held.train)
    scaled = (features - features[held.train].mean(0)) / features[held.train].std(0)
    with_ones = np.c_[scaled, np.ones(N)]
    targets = responses.reshape(N, -1)
    gram = with_ones[held.train].T @ with_ones[held.train] + 100 * np.eye(with_ones.shape[1])
    weights = np.linalg.solve(gram, with_ones[held.train].T @ targets[held.train])
    expected = with_ones[rows] @ weights
    assert np.abs(shrunk.predictions[rows].reshape(len(rows), -1) - expected).max() < 1e-3
    difference = (free.predictions - shrunk.predictions)[rows].reshape(len(rows), -1)
    assert np.allclose(difference, targets[held.train].mean(0) * (1 - n / (n + 100)), atol=1e-3)
