"""Bands added to one base: the same as banded ridge on both, and a closed form."""

import numpy as np
import pytest

from fusion.controls import added, banded
from fusion.encoding.folds import make_folds

SCALINGS = np.array([[1.0, 1.0], [4.0, 1.0], [1.0, 4.0]]) / np.array([[2.0], [5.0], [5.0]])
ALPHAS = (1000.0, 1.0, 30.0)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n = 400
    onset_s = np.cumsum(rng.gamma(4, 0.1, n))
    base = rng.standard_normal((n, 12)) * np.arange(1, 13) ** -0.5
    # A band that leans on the base, one of other width, and one without variance of its own.
    bands = [
        base[:, :4] + rng.standard_normal((n, 4)),
        rng.standard_normal((n, 3)),
        base @ rng.standard_normal((12, 2)),
    ]
    y = base @ rng.standard_normal((12, 9)) + bands[0] @ rng.standard_normal((4, 9))
    y += 3 * rng.standard_normal(y.shape)
    y[:, 3] = 0
    folds = make_folds(onset_s, np.zeros(n), k=4, gap_s=2)
    return base, bands, (y - y.mean(0)), folds, np.unique(onset_s // 10, return_inverse=True)[1]


@pytest.fixture(scope="module")
def found(data):
    base, bands, y, folds, block = data
    return added.fit(base, bands, y, folds, block, scalings=SCALINGS, alphas=ALPHAS)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_equals_banded_ridge_of_base_and_band(data, found, which):
    base, bands, y, folds, block = data
    expected = banded.fit(
        [base, bands[which]], y, folds, block, SCALINGS, ALPHAS, standardise=False
    )
    own = found[which]
    np.testing.assert_array_equal(own.scaling, expected.scaling)
    np.testing.assert_array_equal(own.alpha, expected.alpha)
    for name in ("z", "z_val", "split", "dof", "influence", "prediction"):
        np.testing.assert_allclose(
            getattr(own, name), getattr(expected, name), atol=2e-5, rtol=2e-4, err_msg=name
        )


def test_predictions_are_those_of_ridge_with_two_penalties(data, found):
    """Against the normal equations of one fold, solved directly."""
    base, bands, y, folds, _ = data
    own, held = found[0], folds.outer[1]
    train, test = held.train, held.scored[1]
    x = np.hstack([base, bands[0]])
    centred = x[train] - x[train].mean(0)
    target = 5
    gamma = SCALINGS[own.scaling[1, target]]
    penalty = own.alpha[1, target] / np.repeat(gamma, [12, 4])
    gram = centred.T @ centred + np.diag(penalty)
    weights = np.linalg.solve(gram, centred.T @ y[train, target])
    expected = (x[test] - x[train].mean(0)) @ weights + y[train, target].mean()
    np.testing.assert_allclose(own.prediction[test, target], expected, atol=1e-4)
    hat = centred @ np.linalg.solve(gram, centred.T)
    assert own.dof[1, target] == pytest.approx(np.trace(hat), rel=1e-5)


def test_a_weight_of_zero_is_refused(data):
    base, bands, y, folds, block = data
    with pytest.raises(ValueError, match="positive"):
        added.fit(base, bands, y, folds, block, scalings=np.array([[1.0, 0.0]]), alphas=ALPHAS)
