"""An infinite penalty is the limit of large ones: weights proportional to X'y."""

import numpy as np
import pytest

from fusion.encoding.fit import Settings, fit_electrodes

GRID = (1.0, 100.0, 1e4)


def subject(n_events, n_features, seed=0):
    rng = np.random.default_rng(seed)
    onset_s = np.sort(rng.uniform(0, 600, n_events))
    features = rng.standard_normal((n_events, n_features))
    noise = 3 * rng.standard_normal((n_events, 6))
    signal = 0.3 * features @ rng.standard_normal((n_features, 6))
    responses = (signal + noise).reshape(n_events, 3, 2).astype(np.float32)
    return {"layer": features}, responses, onset_s, np.full(n_events, "film")


@pytest.mark.parametrize("form", ["primal", "dual"])
@pytest.mark.parametrize("validation", ["nested", "halves"])
def test_the_limit_is_that_of_ever_larger_penalties(form, validation):
    given = subject(240, 30)
    options = {"folds": 4, "gap_s": 2, "form": form, "validation": validation}
    limit = fit_electrodes(*given, Settings(clip_mad=False, alphas=(*GRID, np.inf), **options))
    large = fit_electrodes(*given, Settings(clip_mad=False, alphas=(*GRID, 1e11), **options))
    np.testing.assert_array_equal(limit.choice, large.choice)
    np.testing.assert_allclose(limit.r_test, large.r_test, atol=2e-6)
    scale = np.abs(large.influence).max()
    np.testing.assert_allclose(limit.influence, large.influence, atol=2e-5 * scale)


@pytest.mark.parametrize(("n_events", "n_features"), [(240, 30), (120, 300)])
def test_alone_it_predicts_by_covariances(n_events, n_features):
    features, responses, onset_s, film = subject(n_events, n_features)
    fit = fit_electrodes(
        features,
        responses,
        onset_s,
        film,
        Settings(clip_mad=False, folds=3, gap_s=2, alphas=(np.inf,)),
    )
    x, flat = features["layer"], responses.reshape(n_events, -1).astype(float)
    for f in range(3):
        test = fit.fold == f
        near = np.abs(onset_s[:, None] - onset_s[test]).min(axis=1) < 2
        train = ~test & ~near
        standard = (x - x[train].mean(0)) / x[train].std(0)
        predicted = standard[test] @ (standard[train].T @ (flat[train] - flat[train].mean(0)))
        r = [np.corrcoef(predicted[:, k], flat[test, k])[0, 1] for k in range(flat.shape[1])]
        np.testing.assert_allclose(fit.r_test[0, f].ravel(), r, atol=1e-5)
    assert np.isfinite(fit.predictions[fit.fold >= 0]).all()
