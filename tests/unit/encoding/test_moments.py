"""|yhat|^2 for all penalties from one product, and the forecast of its rounding error."""

import numpy as np
import pytest

from fusion.encoding.backend import get_backend
from fusion.encoding.moments import plan_quadratic, shrinkage, squared_norms

ALPHAS = np.logspace(-3, 8, 12)


def setting(p, kind, seed=0):
    rng = np.random.default_rng(seed)
    eigenvalues = np.sort(
        {
            "spread": rng.uniform(1, 1e4, p),
            "steep": np.geomspace(1e-6, 1e6, p),
            "pairs": np.repeat(np.geomspace(1, 1e4, p // 2), 2),
        }[kind]
    )
    features = rng.standard_normal((150, p)) * np.sqrt(eigenvalues / 600)
    features -= features.mean(0)
    rotated = rng.standard_normal((p, 40)) * np.sqrt(eigenvalues)[:, None]
    return eigenvalues, features, rotated


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("kind", ["spread", "steep", "pairs"])
@pytest.mark.parametrize("p", [10, 120])
def test_squared_norms_are_those_of_the_predictions(kind, p, backend):
    eigenvalues, features, rotated = setting(p, kind)
    library = get_backend(backend)
    plan = plan_quadratic(features.T @ features, eigenvalues, ALPHAS, library)
    h = shrinkage(eigenvalues, ALPHAS)
    found = library.host(
        squared_norms(
            plan, library.single(rotated), library.single(features), library.single(h.T), library
        )
    )
    expected = np.stack([((features @ (weights[:, None] * rotated)) ** 2).sum(0) for weights in h])
    assert np.abs(found / expected - 1).max() < 2e-5
    assert sorted([*plan.by_moments, *plan.direct]) == list(range(len(ALPHAS)))


def test_most_penalties_need_no_predictions_and_hopeless_ones_get_them():
    eigenvalues, features, _ = setting(120, "spread")
    plan = plan_quadratic(features.T @ features, eigenvalues, ALPHAS, get_backend("numpy"))
    assert len(plan.by_moments) >= 6
    assert 11 in plan.direct, "alpha 1e8 is far above the spacing of the eigenvalues"


def test_the_forecast_is_of_the_size_of_the_error():
    eigenvalues, features, rotated = setting(120, "spread")
    library = get_backend("numpy")
    gram = features.T @ features
    distance = eigenvalues[None] - eigenvalues[:, None]
    product = np.divide(2 * gram, distance, out=np.zeros_like(gram), where=distance != 0)
    h = shrinkage(eigenvalues, ALPHAS)
    single = rotated.astype(np.float32)
    spread = (product.astype(np.float32) @ single) * single
    found = (h**2 * np.diag(gram)).astype(np.float32) @ single**2 + h.astype(np.float32) @ spread
    exact = np.stack(
        [((features @ (weights[:, None] * single.astype(float))) ** 2).sum(0) for weights in h]
    )
    error = np.sqrt(np.mean((found / exact - 1) ** 2, axis=1))
    from fusion.encoding.moments import predicted_error

    forecast = predicted_error(product, gram, eigenvalues, ALPHAS)
    large = forecast > 1e-5
    assert large.any()
    assert (error[large] < 3 * forecast[large]).all()
    assert (error[large] > forecast[large] / 30).all()
    assert library.name == "numpy"
