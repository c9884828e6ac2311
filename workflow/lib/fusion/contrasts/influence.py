"""The test of a difference of cross-validated scores, from block influences.

A score depends on every event twice: as a test event of its own fold and as a training event of the others. The
influence function of both parts, summed over blocks of film time, gives a standard error that knows about the
autocorrelation of events, of overlapping bins, and about training (see docs/statistics.md).
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

CONFIDENCE = 0.95
# Below this share of the score's own size a standard error is rounding, not variation.
ROUNDING = 1e-7


def bin_weights(z_val_a: np.ndarray, z_val_b: np.ndarray) -> np.ndarray:
    """Return the weights of a window's bins: the positive part of the two models' mean validation z, summing to 1.

    Parameters
    ----------
    z_val_a, z_val_b
        Validation z of both sides (n_electrodes, n_bins).

    Returns
    -------
    np.ndarray
        (n_electrodes, n_bins); equal weights for an electrode where no bin is positive.
    """
    positive = np.maximum((z_val_a + z_val_b) / 2, 0)
    total = positive.sum(axis=1, keepdims=True)
    equal = np.full_like(positive, 1 / positive.shape[1])
    return np.divide(positive, total, out=equal, where=total > 0)


def block_variance(sums: np.ndarray) -> np.ndarray:
    """Return the variance of a sum over blocks, V = K/(K-1) sum_k (B_k - mean B)^2, of every part.

    Parameters
    ----------
    sums
        Block sums of influences (n_parts, n_blocks, ..).

    Returns
    -------
    np.ndarray
        (n_parts, ..).
    """
    n_blocks = sums.shape[1]
    centred = sums - sums.mean(axis=1, keepdims=True)
    return n_blocks / (n_blocks - 1) * (centred**2).sum(axis=1)


def difference(z: np.ndarray, influence: np.ndarray, weights: np.ndarray, alternative: str) -> dict[str, np.ndarray]:
    """Test the weighted mean over bins of a difference of scores.

    Parameters
    ----------
    z
        Difference of the two scores (n_electrodes, n_bins).
    influence
        Block influences on that difference, test and training part (2, n_blocks, n_electrodes, n_bins).
    weights
        Weights of the bins (n_electrodes, n_bins), each row summing to 1.
    alternative
        ``greater`` or ``two-sided``.

    Returns
    -------
    dict
        ``effect``, ``se`` (square root of V(test) + V(training)), ``ci_low``, ``ci_high`` (95%, two-sided), ``t``, ``df``
        (n_blocks - 1) and ``p``, each (n_electrodes). Where the standard error is zero, t and p are NaN.
    """
    sums = np.einsum("pkeb,eb->pke", influence, weights, optimize=True).astype(float)
    effect = (z * weights).sum(axis=1)
    se = np.sqrt(block_variance(sums).sum(axis=0))
    df = influence.shape[1] - 1
    half = stdtrit(df, (1 + CONFIDENCE) / 2) * se
    t = studentised(effect, se)
    return {
        "effect": effect,
        "se": se,
        "ci_low": effect - half,
        "ci_high": effect + half,
        "t": t,
        "df": np.full(len(effect), df),
        "p": p_value(t, df, alternative),
    }


def studentised(effect: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Return effect / se, NaN where the standard error is zero (two equal fits) or unknown."""
    some = se > ROUNDING * np.maximum(np.abs(effect), 1)
    return np.divide(effect, se, out=np.full(np.shape(effect), np.nan), where=some)


def p_value(t: np.ndarray, df: int, alternative: str) -> np.ndarray:
    """Return the p-value of ``t`` from Student's t with ``df`` degrees of freedom."""
    if alternative == "two-sided":
        return 2 * stdtr(df, -np.abs(t))
    if alternative == "greater":
        return stdtr(df, -t)
    raise ValueError(f"alternative is greater or two-sided, not {alternative!r}")


def max_over_bins(z: np.ndarray, influence: np.ndarray, alternative: str, multipliers: int, rng: np.random.Generator) -> np.ndarray:
    """Test whether the scores differ at any bin, keeping the error rate over all of them.

    The largest t over bins is held against its distribution under random signs of the centred block influences
    (independent signs for the two parts, as their variances add), every draw studentised anew.

    Parameters
    ----------
    z, influence, alternative
        As in :func:`difference`.
    multipliers
        Number of Rademacher draws, shared by all electrodes.
    rng
        Source of the draws.

    Returns
    -------
    np.ndarray
        (1 + hits) / (multipliers + 1) per electrode; NaN where no bin has a standard error.
    """
    n_parts, n_blocks, n_electrodes, _ = influence.shape
    signs = rng.integers(0, 2, (n_parts, multipliers, n_blocks)).astype(np.float32) * 2 - 1
    p = np.full(n_electrodes, np.nan)
    sided = np.abs if alternative == "two-sided" else np.asarray
    for e in range(n_electrodes):
        blocks = influence[:, :, e].astype(np.float32)
        centred = blocks - blocks.mean(axis=1, keepdims=True)
        observed = studentised(z[e], np.sqrt(block_variance(blocks.astype(float)).sum(axis=0)))
        use = np.isfinite(observed)
        if not use.any():
            continue
        centred = centred[..., use]
        # Sum of signed influences, and its variance: signs leave squares alone, so only the mean moves.
        drawn = signs @ centred
        variance = ((centred**2).sum(axis=1, keepdims=True) - drawn**2 / n_blocks).sum(axis=0) * (n_blocks / (n_blocks - 1))
        total = drawn.sum(axis=0) * np.sqrt(n_blocks / (n_blocks - 1))
        null = sided(total / np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))).max(axis=1)
        hits = np.count_nonzero(null >= sided(observed[use]).max())
        p[e] = (1 + hits) / (multipliers + 1)
    return p
