"""Correlations of responses and predictions, from sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusion.encoding.arrays import Array, ArrayLibrary

#: Variance below which a target of unit variance counts as constant in a set of events.
FLAT = 1e-6
#: The grid of penalties ends too early where the last step to its end still raises validation r, on
#: average over bins, by more than this.
RISING = 1e-3
#: |r| is kept below this where Fisher's transform would be infinite.
R_MAX = 1 - 1e-6


def correlation(products: Array, norms: Array, spread: Array, count: int, xp: Any = np) -> Array:
    """Return Pearson's r from sums over centred responses and predictions; 0 where either does not
    vary.

    Parameters
    ----------
    products
        (..., target) sums of response times prediction.
    norms
        (..., target) sums of squared predictions.
    spread
        (target,) sums of squared responses, of targets scaled to about unit variance.
    count
        Number of events in the sums.
    xp
        Array library.
    """
    flat = (norms <= 0) | (spread <= count * FLAT)
    scale = xp.sqrt(xp.where(flat, xp.ones_like(norms), norms)) * xp.sqrt(
        xp.where(spread <= 0, xp.ones_like(spread), spread)
    )
    return xp.where(flat, xp.zeros_like(norms), xp.clip(products / scale, -1.0, 1.0))


def standardise(values: Array, backend: ArrayLibrary) -> tuple[Array, Array]:
    """Return (event, target) columns with mean 0 and variance 1 (0 where constant), and their
    (target,) scale.
    """
    xp = backend.xp
    centred = values - values.mean(axis=0)
    scale = xp.sqrt(backend.column_dot(centred, centred) / len(values))
    centred *= xp.where(
        scale > 0, 1 / xp.where(scale > 0, scale, xp.ones_like(scale)), xp.zeros_like(scale)
    )
    return centred, scale


def edge_gain(curves: np.ndarray, is_open: bool = True) -> np.ndarray:
    """Return how much r rises in the last steps to both ends of the grid.

    Whatever was chosen counts, also where r falls: of choices alone, those at an end rose by
    definition, if by noise only.

    Parameters
    ----------
    curves
        (fold, penalty, target) validation r.
    is_open
        Whether there are penalties beyond the last: not if it is infinite.

    Returns
    -------
    np.ndarray
        (2, fold, target): at the smallest penalty, and at the largest (0 unless ``is_open``).
    """
    second = min(1, curves.shape[1] - 1)
    low = curves[:, 0] - curves[:, second]
    return np.stack([low, (curves[:, -1] - curves[:, -1 - second]) * is_open])


def fisher(r: np.ndarray) -> np.ndarray:
    """Return atanh r, with |r| held below 1."""
    return np.asarray(np.arctanh(np.clip(r, -R_MAX, R_MAX)))


def fisher_slope(r: np.ndarray) -> np.ndarray:
    """Return the derivative of :func:`fisher`, 1 / (1 - r^2)."""
    return np.asarray(1 / (1 - np.clip(r, -R_MAX, R_MAX) ** 2))
