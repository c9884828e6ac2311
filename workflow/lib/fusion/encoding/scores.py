"""Correlations of responses and predictions, from sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusion.encoding.arrays import Array, ArrayLibrary

#: Variance below which a target of unit variance counts as constant in a set of events.
FLAT = 1e-6
#: A penalty at the end of its grid matters where the last step to it still raised validation r by
#: more than this.
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


def edge_gain(curves: np.ndarray, choice: np.ndarray, is_open: bool = True) -> np.ndarray:
    """Return how much r rose in the last step to a choice at an end of the grid.

    This is what a wider grid might still gain.

    Parameters
    ----------
    curves
        (fold, penalty, target) validation r.
    choice
        (fold, target) positions of the chosen penalties.
    is_open
        Whether there are penalties beyond the last: not if it is infinite.

    Returns
    -------
    np.ndarray
        (fold, target), 0 where the choice lies inside the grid, or the grid has one penalty.
    """
    last = curves.shape[1] - 1
    inner = np.clip(choice, 1, last - 1) if last > 1 else last - choice
    step = np.take_along_axis(curves, choice[:, None], 1) - np.take_along_axis(
        curves, inner[:, None], 1
    )
    return np.asarray(step[:, 0] if is_open else np.where(choice == last, 0, step[:, 0]))


def fisher(r: np.ndarray) -> np.ndarray:
    """Return atanh r, with |r| held below 1."""
    return np.asarray(np.arctanh(np.clip(r, -R_MAX, R_MAX)))


def fisher_slope(r: np.ndarray) -> np.ndarray:
    """Return the derivative of :func:`fisher`, 1 / (1 - r^2)."""
    return np.asarray(1 / (1 - np.clip(r, -R_MAX, R_MAX) ** 2))
