"""Block influences and their standard errors against refits: weighted ones, and ones without a
block.
"""

import numpy as np
import pytest

from fusion.contrasts import influence
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import make_folds
from fusion.encoding.spec import Settings

ALPHA, BLOCK_S, GAP_S, K_FOLDS = 30.0, 5.0, 3.0, 5


def problem(seed, n=500, p=6, n_electrodes=3, strength=0.4):
    """Return features, responses with slow noise, and times; electrodes follow the features."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, 500, n))
    slow = np.cumsum(rng.standard_normal((n, p)), axis=0)
    x = rng.standard_normal((n, p)) + 0.3 * (slow - slow.mean(0)) / slow.std(0)
    y = strength * x @ rng.standard_normal((p, n_electrodes)) + rng.standard_normal(
        (n, n_electrodes)
    )
    y += 0.5 * np.sin(onset[:, None] / 9 + rng.uniform(0, 6, n_electrodes))
    return x, y, onset


def weighted_z(x, y, folds, test_weight, train_weight):
    """Return the mean over folds of atanh r (electrode,) of ridge fits in which every event has a
    weight, by a plain loop.
    """
    z = np.zeros(y.shape[1])
    for f, held in enumerate(folds.outer):
        train, test = held.train, held.scored[f]
        scale = x[train].std(0)
        w = train_weight[train]
        xw = (x[train] - np.average(x[train], axis=0, weights=w)) / scale
        yw = y[train] - np.average(y[train], axis=0, weights=w)
        beta = np.linalg.solve(
            xw.T @ (w[:, None] * xw) + ALPHA * np.eye(x.shape[1]), xw.T @ (w[:, None] * yw)
        )
        predicted, w = x[test] / scale @ beta, test_weight[test]
        u, v = (a - np.average(a, axis=0, weights=w) for a in (predicted, y[test]))
        r = (w @ (u * v)) / np.sqrt((w @ u**2) * (w @ v**2))
        z += np.arctanh(r) / len(folds.outer)
    return z


def fitted(x, y, onset, block_s):
    settings = Settings(
        clip_mad=False,
        folds=K_FOLDS,
        gap_s=GAP_S,
        alphas=(ALPHA,),
        block_s=block_s,
        keep_predictions=False,
    )
    film = np.full(len(x), "film")
    return fit_electrodes({"layer": x}, y[:, :, None], onset, film, settings), make_folds(
        onset, film, k=K_FOLDS, gap_s=GAP_S
    )


def test_influences_are_the_gradients_of_weighted_refits():
    """One event a block: each influence is the derivative of z with respect to that event's share
    of the weight.
    """
    x, y, onset = problem(0, n=120)
    onset = np.arange(120) * 5.0 + 1
    fit, folds = fitted(x, y, onset, 5.0)
    total = fit.influence.sum(axis=0)[..., 0]
    assert total.shape == (2, 120, 3)
    step, ones = 1e-4, np.ones(120)
    for event in range(0, 120, 7):
        for part in range(2):
            found = np.zeros(3)
            for f, held in enumerate(folds.outer):
                rows = held.scored[f] if part == 0 else held.train
                if event not in rows:
                    continue
                shift = np.zeros(120)
                shift[rows], shift[event] = -1 / len(rows), 1 - 1 / len(rows)
                only = type(folds)(folds.fold, folds.near, folds.outer, folds.inner, folds.gap_s)
                pair = [one_fold_z(x, y, only, f, ones + s * step * shift, part) for s in (1, -1)]
                found += (pair[0] - pair[1]) / (2 * step) / K_FOLDS
            assert np.allclose(
                total[part, event], found, rtol=1e-3, atol=1e-3 * np.abs(total[part]).max()
            )


def one_fold_z(x, y, folds, f, weight, part):
    """Return atanh r (electrode,) of one fold with weights on its test events (part 0) or its
    training events (part 1).
    """
    ones = np.ones(len(x))
    held = folds.outer[f]
    single = type(folds)(
        folds.fold,
        folds.near,
        (type(held)(held.blocks, held.train, {0: held.scored[f]}),),
        folds.inner,
        folds.gap_s,
    )
    return weighted_z(x, y, single, weight if part == 0 else ones, weight if part == 1 else ones)


@pytest.mark.parametrize("seed", range(4))
def test_standard_errors_are_those_of_refits_without_a_block(seed):
    """Leave every block out of the test sets, then out of the training sets, refitting: the same
    standard error within 10%.
    """
    x, y, onset = problem(seed, strength=0.1 * (seed + 1))
    fit, folds = fitted(x, y, onset, BLOCK_S)
    scores = np.repeat(fit.z[None], K_FOLDS, axis=0)
    se = influence.difference(scores, fit.influence, np.ones_like(scores), "greater")["se"]
    block = (onset // BLOCK_S).astype(int)
    labels, ones = np.unique(block), np.ones(len(x))
    refit = np.zeros((2, len(labels), 3))
    for k, label in enumerate(labels):
        kept = (block != label).astype(float)
        refit[0, k], refit[1, k] = (
            weighted_z(x, y, folds, kept, ones),
            weighted_z(x, y, folds, ones, kept),
        )
    n = len(labels)
    jackknife = np.sqrt(
        ((n - 1) / n * ((refit - refit.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)).sum(axis=0)
    )
    assert np.allclose(se, jackknife, rtol=0.1), se / jackknife
    assert np.allclose(fit.z[:, 0], weighted_z(x, y, folds, ones, ones), atol=1e-4)
