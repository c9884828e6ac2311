"""himalaya's solvers behind the engine's methods give the engine's numbers."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings

SETTINGS = Settings(folds=4, gap_s=2, alphas=(1.0, 100.0, 1e4))


def subject(n_events, n_features, seed=0):
    rng = np.random.default_rng(seed)
    onset_s = np.sort(rng.uniform(0, 400, n_events))
    features = {
        f"layer{k}": rng.standard_normal((n_events, n_features)) * rng.uniform(0.1, 9, n_features)
        for k in range(2)
    }
    signal = features["layer1"] @ rng.standard_normal((n_features, 6))
    responses = signal / signal.std() + 3 * rng.standard_normal((n_events, 6))
    shaped = responses.reshape(n_events, 3, 2).astype(np.float32)
    return features, shaped, onset_s, np.full(n_events, "film")


@pytest.mark.parametrize(
    ("n_features", "validation"), [(12, "nested"), (12, "halves"), (150, "nested")]
)
def test_scores_penalties_layers_and_influence_are_the_same(n_features, validation):
    given = subject(120, n_features)
    settings = replace(SETTINGS, validation=validation)
    ours = fit_electrodes(*given, settings)
    theirs = fit_electrodes(*given, replace(settings, solver="himalaya"))
    assert set(theirs.forms.values()) == {"himalaya"}
    np.testing.assert_allclose(theirs.r_val, ours.r_val, atol=1e-5)
    np.testing.assert_allclose(theirs.r_test, ours.r_test, atol=1e-5)
    np.testing.assert_array_equal(theirs.choice, ours.choice)
    np.testing.assert_array_equal(theirs.layer, ours.layer)
    np.testing.assert_allclose(
        theirs.influence, ours.influence, atol=1e-4 * np.abs(ours.influence).max()
    )
    np.testing.assert_allclose(theirs.predictions, ours.predictions, atol=1e-3)


def test_its_torch_backend_agrees():
    given = subject(90, 6)
    settings = replace(SETTINGS, solver="himalaya", folds=3)
    r = [
        fit_electrodes(*given, replace(settings, backend=backend)).r_test
        for backend in ("numpy", "torch")
    ]
    np.testing.assert_allclose(r[0], r[1], atol=1e-5)
