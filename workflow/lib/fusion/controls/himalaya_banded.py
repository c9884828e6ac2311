"""Banded ridge by himalaya's solvers: the field's reference, at the price of time.

Scalings and penalties are chosen by ``himalaya.ridge.solve_group_ridge_random_search``, given the
list of scalings that :mod:`fusion.controls.banded` searches; weights come from
``himalaya.ridge.solve_ridge_svd`` on the scaled bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from himalaya.ridge import solve_group_ridge_random_search, solve_ridge_svd
from himalaya.scoring import correlation_score
from scipy.spatial.distance import cdist

from fusion.controls.banded import BandedFit, Moments, TestFold, blank, checked
from fusion.encoding.folds import Folds

#: Targets that himalaya works on at a time; its predictions are held for all penalties.
TARGETS = 512


def fit(
    bands: Sequence[np.ndarray],
    y: np.ndarray,
    folds: Folds,
    block: np.ndarray,
    *,
    scalings: np.ndarray,
    alphas: Sequence[float],
) -> BandedFit:
    """Fit banded ridge to every target, as :func:`fusion.controls.banded.fit` does with
    ``standardise=False``.

    Parameters
    ----------
    bands
        One (n, p_b) array of features for each band.
    y
        (n, T) targets.
    folds
        Outer and inner folds of the events.
    block
        (n,) integer 0 .. K-1: the block of film time an event lies in.
    scalings
        (R, B) weights of the bands to search.
    alphas
        (A,) penalties.

    Raises
    ------
    ValueError
        If bands and targets have different numbers of events, or values are not finite.
    """
    sizes = [band.shape[1] for band in bands]
    x, y = checked(bands, y, block)
    moments = Moments(x, y, folds, standardise=False)
    scaling, penalty, r_val = _search(x, y, sizes, folds, scalings, np.asarray(alphas, float))
    found = blank(scaling, penalty, r_val, len(bands), block)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    for f, held in enumerate(folds.outer):
        for row in np.unique(scaling[f]):
            scale = np.repeat(np.sqrt(scalings[row]), sizes)
            keep = np.flatnonzero(scale)
            score = TestFold(f, held, moments, block, keep, scale[keep], owner[keep])
            train = moments.x[held.train][:, keep]
            train = (train - train.mean(axis=0)) * scale[keep]
            values = np.linalg.eigvalsh(train.T @ train).clip(0)[:, None]
            chosen = np.flatnonzero(scaling[f] == row)
            for start in range(0, len(chosen), TARGETS):
                targets = chosen[start : start + TARGETS]
                responses = moments.y[np.ix_(held.train, targets)].astype(float)
                own = penalty[f, targets]
                found.dof[f, targets] = (values / (values + own)).sum(axis=0)
                score.add(
                    found,
                    targets,
                    _ridge(train, responses - responses.mean(axis=0), own).astype("float32"),
                    partial(_solved, train, score.x_test, own),
                )
    return found


def _search(
    x: np.ndarray,
    y: np.ndarray,
    sizes: list[int],
    folds: Folds,
    scalings: np.ndarray,
    alphas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of every fold and target the chosen scaling's index, penalty and validation r, each
    (F, T).
    """
    bands = np.split(x, np.cumsum(sizes)[:-1], axis=1)
    shape = len(folds.outer), y.shape[1]
    scaling, penalty = np.zeros(shape, int), np.full(shape, alphas[0])
    r_val = np.full(shape, -np.inf)
    # himalaya divides features by their weight again: bands without weight are left out.
    for support in np.unique(scalings > 0, axis=0):
        rows = np.flatnonzero(((scalings > 0) == support).all(axis=1))
        weights = scalings[np.ix_(rows, np.flatnonzero(support))]
        for f in range(len(folds.outer)):
            deltas, _, scores, _ = solve_group_ridge_random_search(
                [band for band, used in zip(bands, support, strict=True) if used],
                y,
                n_iter=weights,
                alphas=alphas,
                cv=[(held.train, held.scored[f]) for held in folds.inner if f in held.scored],
                score_func=correlation_score,
                fit_intercept=True,
                n_targets_batch=TARGETS,
                progress_bar=False,
                warn=False,
            )
            row, alpha = _tried(deltas, weights, alphas)
            score = np.take_along_axis(scores, row[None], axis=0)[0]
            better = score > r_val[f]
            scaling[f, better] = rows[row[better]]
            penalty[f, better] = alpha[better]
            r_val[f, better] = score[better]
    return scaling, penalty, r_val


def _tried(
    deltas: np.ndarray, weights: np.ndarray, alphas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of ``weights`` (R, B) and the penalty that ``deltas`` (B, T) stand for: they
    are the logarithms of weights divided by a penalty.
    """
    tried = np.log(weights)[:, None] - np.log(alphas)[:, None]
    at = cdist(deltas.T, tried.reshape(-1, len(deltas))).argmin(axis=1)
    return at // len(alphas), alphas[at % len(alphas)]


def _ridge(train: np.ndarray, responses: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return himalaya's weights (n_features, n_targets)."""
    return np.asarray(solve_ridge_svd(train, responses, alpha, warn=False))


def _solved(
    train: np.ndarray, x_test: np.ndarray, alpha: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """Return (X'X + alpha)^-1 b with b = X_test' r for every target: what himalaya's weights of
    the responses X b leave of b, divided by the penalty.
    """
    b = x_test.T.astype(float) @ residual
    return np.asarray((b - _ridge(train, train @ b, alpha)) / alpha, "float32")
