"""Shares of electrodes: their intervals, and how often two properties meet, against chance within
subjects.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint


def wilson(hits, n) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of Wilson's 95% interval of hits / n; NaN where n is 0, and exactly 0 or 1
    where hits are none or all.
    """
    hits, n = np.asarray(hits, float), np.asarray(n, float)
    low, high = proportion_confint(hits, np.maximum(n, 1), method="wilson")
    return np.where(n > 0, np.where(hits == 0, 0.0, low), np.nan), np.where(
        n > 0, np.where(hits == n, 1.0, high), np.nan
    )


def coincidence(one: pd.Series, other: pd.Series, subject: pd.Series) -> tuple[float, float]:
    """Return how many electrodes would have both properties by chance, and the chance of at least
    as many as do.

    The exact permutation test that shuffles one property over each subject's electrodes: within a
    subject the count is hypergeometric, over subjects it is the sum, whose distribution is the
    convolution. A subject with many sites, or with all electrodes in one place, does not by itself
    make for a surplus.

    Parameters
    ----------
    one, other
        Whether an electrode has the property (n).
    subject
        Its subject (n).

    Returns
    -------
    tuple
        Expected count and one-sided p.
    """
    table = pd.DataFrame(
        {
            "one": np.asarray(one, bool),
            "other": np.asarray(other, bool),
            "subject": np.asarray(subject),
        }
    )
    distribution, expected = np.ones(1), 0.0
    for _, own in table.groupby("subject"):
        n, a, b = len(own), int(own["one"].sum()), int(own["other"].sum())
        expected += a * b / n
        distribution = np.convolve(distribution, hypergeom.pmf(np.arange(min(a, b) + 1), n, a, b))
    observed = int((table["one"] & table["other"]).sum())
    return expected, float(min(distribution[observed:].sum(), 1.0))
