"""The paper's procedure: its signal gate and its paired test across an electrode's bins.

Kept so that it can be run and compared. Overlapping bins of one electrode are no independent
samples, so the p-values of this test are not what they say (docs/statistics.md has the rates)."""

from __future__ import annotations

import numpy as np

from fusion.contrasts.influence import CONFIDENCE, p_value, stdtrit, studentised


def binwise_test(
    difference: np.ndarray, counts: np.ndarray, alternative: str
) -> dict[str, np.ndarray]:
    """Return the paired t-test of two models' r across an electrode's bins.

    Parameters
    ----------
    difference
        r of model a minus r of model b (E, B).
    counts
        Which bins count (E, B).
    alternative
        ``greater`` or ``two-sided``.

    Returns
    -------
    dict
        ``effect`` (mean over bins), ``se``, ``ci_low``, ``ci_high``, ``t``, ``df``, ``p`` (E); NaN
        below two bins.
    """
    n = counts.sum(axis=1)
    enough = n >= 2
    kept = np.where(counts, difference, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = np.where(enough, kept.sum(axis=1) / n, np.nan)
        deviation = np.where(counts, difference - effect[:, None], 0.0)
        se = np.sqrt((deviation**2).sum(axis=1) / (n - 1) / n)
    df = np.maximum(n - 1, 1)
    t = studentised(effect, se)
    half = stdtrit(df, (1 + CONFIDENCE) / 2) * se
    interval = {"ci_low": effect - half, "ci_high": effect + half}
    return {
        "effect": effect,
        "se": se,
        **interval,
        "t": t,
        "df": df,
        "p": p_value(t, df, alternative),
    }


def gate(low: np.ndarray) -> np.ndarray:
    """Return which bins count for a model (E, B): the lower end of the interval of its validation r
    is above zero.
    """
    return low > 0


def gate_reasons(a: np.ndarray, b: np.ndarray, least: int) -> np.ndarray:
    """Return why an electrode does not enter a comparison (E): a model that alone passes the gate
    is counted, and wins nothing.

    Parameters
    ----------
    a, b
        Bins that count for either model (E, B).
    least
        Bins that must count.
    """
    passes_a, passes_b = a.sum(axis=1) >= least, b.sum(axis=1) >= least
    both = (a & b).sum(axis=1) >= 2
    out = np.full(len(a), "", object)
    out[passes_a & passes_b & ~both] = "the gates of a and b share fewer than two bins"
    out[passes_a & ~passes_b] = "only a passes the signal gate"
    out[~passes_a & passes_b] = "only b passes the signal gate"
    out[~passes_a & ~passes_b] = "neither side passes the signal gate"
    return out
