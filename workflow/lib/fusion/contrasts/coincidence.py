"""Shares of electrodes: their intervals, and how often two properties meet, against chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import hypergeom
from statsmodels.stats.proportion import proportion_confint

#: Rounds in which correlations are corrected for estimated shares.
ROUNDS = 6


def wilson(hits: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
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


def turned(
    inside: np.ndarray, positive: np.ndarray, shaft: np.ndarray, number: np.ndarray
) -> tuple[float, float]:
    """Return the expected count of positive electrodes inside, and the chance of at least as many.

    Contacts on a shaft resemble their neighbours, so they cannot be exchanged one by one. Under the
    null each shaft's labels are turned along it, circularly, by an offset of its own, as spin tests
    turn maps of the cortex (Alexander-Bloch et al., 2018, NeuroImage 178:540-551). Neighbours stay
    neighbours. The distribution is exact: of a shaft of m contacts all m offsets, over shafts their
    convolution.

    Parameters
    ----------
    inside, positive
        (n_electrodes,) the two properties.
    shaft
        (n_electrodes,) shaft of each electrode; different in different subjects.
    number
        (n_electrodes,) place along the shaft.
    """
    inside, positive = np.asarray(inside, int), np.asarray(positive, int)
    distribution, expected = np.ones(1), 0.0
    for name in np.unique(shaft):
        own = np.flatnonzero(shaft == name)
        own = own[np.argsort(number[own], kind="stable")]
        a, b = inside[own], positive[own]
        if a.any() and b.any():
            turns = np.add.outer(np.arange(len(own)), np.arange(len(own))) % len(own)
            counts = b[turns] @ a
            expected += counts.mean()
            distribution = np.convolve(distribution, np.bincount(counts) / len(own))
    observed = int(inside @ positive)
    return expected, float(min(distribution[observed:].sum(), 1.0))


def design_effects(
    positive: np.ndarray, place: np.ndarray, subject: np.ndarray, shaft: np.ndarray
) -> dict[str, float]:
    """Return place -> how much the variance of its share is inflated by electrodes that are alike.

    Two correlations are estimated over all places together: of electrodes on one shaft, and of
    electrodes of one subject on different shafts (method of moments, corrected for the estimated
    shares). The design effect of a place is 1 + sum of the correlations of all its pairs / n
    (Kish, 1965, Survey Sampling).

    Parameters
    ----------
    positive
        (n_electrodes,) whether an electrode counts.
    place, subject, shaft
        (n_electrodes,) its place, subject and shaft.
    """
    places = list(dict.fromkeys(place.tolist()))
    if not places:
        return {}
    rows = []
    for name in places:
        own = np.flatnonzero(place == name)
        y = positive[own] - positive[own].mean()
        on_shaft = shaft[own][:, None] == shaft[own]
        of_subject = (subject[own][:, None] == subject[own]) & ~on_shaft
        np.fill_diagonal(on_shaft, False)
        products = np.outer(y, y)
        row = [len(own), y @ y / len(own)]
        for pairs in (on_shaft, of_subject):
            row += [products[pairs].sum(), pairs.sum()]
        rows.append(row)
    n, variance, *pairs = np.array(rows, float).T
    rho, effect = [0.0, 0.0], np.ones(len(n))
    # Each round corrects for the variance of the shares that the last one implies.
    for _ in range(ROUNDS):
        left = np.maximum(n - effect, 1)
        rho = []
        for products, count in (pairs[:2], pairs[2:]):
            total = (count * variance * n / left).sum()
            found = (products + count * variance * effect / left).sum() / max(total, 1e-12)
            rho.append(float(np.clip(found, 0, 1)))
        effect = 1 + (pairs[1] * rho[0] + pairs[3] * rho[1]) / n
    return dict(zip(places, effect.tolist(), strict=True))
