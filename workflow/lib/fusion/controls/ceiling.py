"""Ceilings: how much of an electrode's response the film can explain at all, where the data can say
so.

``repeat``: the subject saw the film twice. The correlation of the two responses is the share of
variance that comes back; no model of the film correlates with one viewing by more than its root.
``other subjects``: what the electrodes of others who saw the film predict of this electrode, a
floor of the explainable part, not its ceiling in the strict sense. Otherwise ``not estimable``:
nothing is ever divided by it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.controls.bands import principal
from fusion.controls.battery import Design, above_zero


def repeat(first: np.ndarray, second: np.ndarray, block: np.ndarray) -> pd.DataFrame:
    """Return the bound from two viewings: the root of the correlation of the responses, the mean
    over bins.

    Parameters
    ----------
    first, second
        (n, E, B) responses to the same events.
    block
        (n,) block of film time; the interval is a delete-one-block jackknife of the correlation.
    """
    n_blocks = int(block.max()) + 1

    def mean_r(keep):
        a, b = (x[keep] - x[keep].mean(0) for x in (first, second))
        return np.mean(
            (a * b).sum(0) / np.maximum(np.sqrt((a**2).sum(0) * (b**2).sum(0)), 1e-12), axis=1
        )

    r = mean_r(np.ones(len(block), bool))
    left = np.stack([mean_r(block != k) for k in range(n_blocks)])
    se = np.sqrt((n_blocks - 1) / n_blocks * ((left - left.mean(0)) ** 2).sum(0))
    root = [np.sqrt(np.clip(x, 0, 1)) for x in (r, r - 1.96 * se, r + 1.96 * se)]
    reason = np.where(
        r > 0, "root of the correlation of two viewings", "two viewings do not correlate"
    )
    return pd.DataFrame(
        {
            "electrode": np.arange(len(r)),
            "method": "repeat",
            "r": root[0],
            "se": se,
            "ci_low": root[1],
            "ci_high": root[2],
            "reason": reason,
        }
    )


def from_others(design: Design, others: list[np.ndarray], n_dims: int) -> pd.DataFrame:
    """Return what other subjects' responses to the same events predict, in the same folds.

    Parameters
    ----------
    design
        Responses (n, E, B) of the subject.
    others
        (n, E', B) responses of every other subject.
    n_dims
        Principal components kept of the others' responses.
    """
    test = above_zero(
        design, design.fit([principal([x.reshape(len(x), -1) for x in others], n_dims)])
    )
    r = test["r_a"]
    reason = (
        f"predicted from {len(others)} other subject{'s' if len(others) > 1 else ''}; the"
        " explainable part is at least this"
    )
    return pd.DataFrame(
        {
            "electrode": np.arange(len(r)),
            "method": "other subjects",
            "r": r,
            "se": test["se"],
            "ci_low": np.tanh(test["ci_low"]),
            "ci_high": np.tanh(test["ci_high"]),
            "reason": reason,
        }
    )


def not_estimable(n_electrodes: int) -> pd.DataFrame:
    """Return the table that says so: one viewing by one subject bounds nothing."""
    nothing = np.full(n_electrodes, np.nan)
    return pd.DataFrame(
        {
            "electrode": np.arange(n_electrodes),
            "method": "not estimable",
            "r": nothing,
            "se": nothing,
            "ci_low": nothing,
            "ci_high": nothing,
            "reason": "the film was seen once, by one subject",
        }
    )
