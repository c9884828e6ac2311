"""The order in which layers are fitted: the promising ones first, and it changes no result."""

import numpy as np
import pytest

from fusion.encoding import visits
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings


def subject(n=300, seed=0):
    """Return five layers, of which the fourth holds most of what the electrodes follow."""
    rng = np.random.default_rng(seed)
    onset_s = np.sort(rng.uniform(0, 600, n))
    signal = rng.standard_normal((n, 4))
    layers = {
        f"l{k}": np.hstack(
            [rng.standard_normal((n, 8)), signal * own + rng.standard_normal((n, 4))]
        )
        for k, own in enumerate((0.0, 0.3, 0.6, 3.0, 0.3))
    }
    responses = signal @ rng.standard_normal((4, 6)) + 2 * rng.standard_normal((n, 6))
    responses[:, 5] = np.nan
    return layers, responses.reshape(n, 3, 2).astype(np.float32), onset_s, np.full(n, "film")


def test_the_layer_that_predicts_most_comes_first():
    layers, responses, _, _ = subject()
    order = np.arange(len(responses))
    found = visits.visits(layers, responses.reshape(len(responses), -1), order)
    assert found[0] == 3
    assert found[-1] == 0
    assert sorted(found) == list(range(5))


@pytest.mark.filterwarnings("ignore")
def test_no_result_depends_on_the_order(monkeypatch):
    layers, *rest = subject()
    layers["again"] = layers["l3"]
    settings = Settings(folds=3, gap_s=2, alphas=(1.0, 100.0, 1e4))
    ours = fit_electrodes(layers, *rest, settings)
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]):
        monkeypatch.setattr("fusion.encoding.fit.visits", lambda *given, order=order: order)
        other = fit_electrodes(layers, *rest, settings)
        for name in ("r_val", "r_test", "choice", "layer", "influence", "predictions"):
            np.testing.assert_allclose(getattr(other, name), getattr(ours, name), atol=1e-6)
    # Of two equal layers the first is chosen.
    assert 3 in ours.layer
    assert 5 not in ours.layer


def test_a_layer_that_is_not_finite_is_fitted_first_and_refused():
    layers, *rest = subject()
    layers["l2"][0, 0] = np.nan
    with pytest.raises(ValueError, match="l2"):
        fit_electrodes(layers, *rest, Settings(folds=3, gap_s=2))
