"""Kernels in blocks, and the precision each penalty is solved in."""

import numpy as np
import pytest

from fusion.encoding.backend import get_backend
from fusion.encoding.dual import TOLERANCE, Dual, training_kernels
from fusion.encoding.folds import make_folds


def exact_kernels(features, train, held_out):
    wide = features.astype(float)
    scale = wide[train].std(0)
    scaled = (wide - wide[train].mean(0)) / np.where(scale > 0, scale, np.inf)
    return scaled[train] @ scaled[train].T, scaled[held_out] @ scaled[train].T


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_kernels_in_blocks_are_those_in_one_piece(backend):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((1300, 1100), dtype=np.float32) + 3
    train = np.r_[:600, 800:1300]  # more than two blocks of rows, more than one of features
    features[train, 7] = 1  # constant in training, not elsewhere
    library = get_backend(backend)
    expected = exact_kernels(features, train, np.arange(600, 800))
    for found, exact in zip(
        training_kernels(features, train, np.arange(600, 800), library), expected, strict=True
    ):
        assert np.abs(library.host(found) - exact).max() < 1e-9 * np.abs(exact).max()


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_penalty_is_solved_in_float32_only_where_that_is_enough(backend):
    rng = np.random.default_rng(0)
    low_rank = rng.standard_normal((300, 40)) @ rng.standard_normal((40, 400))
    features = (low_rank + 1e-3 * rng.standard_normal((300, 400))).astype(np.float32)
    folds = make_folds(np.arange(300.0), np.full(300, "film"), gap_s=2)
    held, library = folds.outer[1], get_backend(backend)
    solver = Dual(features, folds, np.array([1.0]), library)
    kernels = training_kernels(features, held.train, held.scored[1], library)
    within, across = exact_kernels(features, held.train, held.scored[1])
    single = {}
    for alpha in (1e7, 1e4, 1e-1, 1e-3):
        found = library.host(solver._smooth(*kernels, alpha))
        exact = np.linalg.solve(within + alpha * np.eye(len(within)), across.T).T
        assert found.dtype == np.float32
        assert np.linalg.norm(found - exact) < TOLERANCE * np.linalg.norm(exact)
        single[alpha] = solver._needs_double < alpha
    assert single == {1e7: True, 1e4: True, 1e-1: False, 1e-3: False}
    hopeless = np.linalg.cholesky(within + 1e-3 * np.eye(len(within))).astype(np.float32)
    rough = np.linalg.solve((hopeless @ hopeless.T).astype(float), across.T).T
    assert not solver._accurate(library.single(rough), *kernels, 1e-3)
