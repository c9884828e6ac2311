"""p-values of several hypotheses in one."""

from __future__ import annotations

import numpy as np


def any_of(p: np.ndarray) -> np.ndarray:
    """Return (n_rows,) p-values of "at least one of a row's hypotheses is false" (Simes, 1986).

    Parameters
    ----------
    p
        (n_rows, n_hypotheses); missing ones (NaN) are left out.
    """
    n_rows, n = p.shape
    ordered = np.sort(p, axis=1)
    count = np.isfinite(p).sum(axis=1, keepdims=True)
    simes = ordered * count / np.arange(1, n + 1)
    out = np.full(n_rows, np.nan)
    some = count[:, 0] > 0
    if some.any():
        out[some] = np.minimum(np.nanmin(simes[some], axis=1), 1)
    return out


def all_of(p: np.ndarray) -> np.ndarray:
    """Return (n_rows,) p-values of "all of a row's hypotheses are false": the largest.

    Parameters
    ----------
    p
        (n_rows, n_hypotheses); a row with a missing one is missing.
    """
    return np.asarray(p.max(axis=1)) if p.shape[1] else np.full(len(p), np.nan)
