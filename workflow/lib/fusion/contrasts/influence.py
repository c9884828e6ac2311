"""The test of a difference of cross-validated scores, from block influences.

A score depends on every event twice: as a test event of its own fold and as a training event of the
others. The influence function of both parts, summed over blocks of film time, gives a standard
error that knows about the autocorrelation of events, of overlapping bins, and about training (see
docs/statistics.md)."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

CONFIDENCE = 0.95
# Below this share of the score's own size a standard error is rounding, not variation.
ROUNDING = 1e-7


def bin_weights(z_val_a: np.ndarray, z_val_b: np.ndarray, power: float = 2.0) -> np.ndarray:
    """Return the weights of a window's bins, which sum to 1.

    They are the positive part of the two models' mean validation z, to a power. Squared, they are
    close to the weights of most power for a signal of whatever shape (docs/statistics.md).

    Parameters
    ----------
    z_val_a, z_val_b
        (.., n_bins) validation z of both sides.
    power
        Exponent.

    Returns
    -------
    np.ndarray
        (.., n_bins); equal weights where no bin is positive.
    """
    positive = np.maximum((z_val_a + z_val_b) / 2, 0) ** power
    total = positive.sum(axis=-1, keepdims=True)
    equal = np.full_like(positive, 1 / positive.shape[-1])
    return np.asarray(np.divide(positive, total, out=equal, where=total > 0))


def active_blocks(influence: np.ndarray) -> np.ndarray:
    """Return which blocks an electrode has events in (n_blocks, n_electrodes): those with any
    influence at all.

    An electrode that was recorded in one of two films has no events in the blocks of the other, and
    they are no samples.

    Parameters
    ----------
    influence
        (.., n_blocks, n_electrodes, n_bins).
    """
    axes = (*range(influence.ndim - 3), influence.ndim - 1)
    return np.asarray((influence != 0).any(axis=axes))


def block_variance(
    sums: np.ndarray,
    n_blocks: np.ndarray | int | None = None,
    n_folds: int = 1,
    of_others: int = 1,
) -> np.ndarray:
    """Return the variance of a sum over blocks of every part: V = K/(K-F) sum_k (B_k - mean B)^2 of
    the first, K/(K-1) .. of others.

    The first part is that of the test events. In each of the F folds a score's influences on them
    add up to zero, so that F block sums are not free, as K residuals are not after F means were
    taken. Influences on training events add up to zero once.

    Parameters
    ----------
    sums
        Block sums of influences (n_parts, K, ..), zero for blocks that are no samples.
    n_blocks
        Number of blocks that are, for each of the last dimensions (None: all K); the variance is
        NaN without one more than are lost.
    n_folds
        F.
    of_others
        What the other parts lose instead of 1.

    Returns
    -------
    np.ndarray
        (n_parts, ..).
    """
    n_blocks = np.asarray(sums.shape[1] if n_blocks is None else n_blocks)
    sums = np.asarray(sums, float)
    lost = np.full((len(sums), *[1] * (sums.ndim - 2)), of_others)
    lost[0] = n_folds
    count = np.maximum(n_blocks, lost + 1)
    squares = (sums**2).sum(axis=1) - sums.sum(axis=1) ** 2 / count
    return np.where(n_blocks > lost, count / (count - lost) * np.maximum(squares, 0), np.nan)


def difference(
    z: np.ndarray,
    influence: np.ndarray,
    weights: np.ndarray,
    alternative: str,
    conservative: bool = False,
) -> dict[str, np.ndarray]:
    """Test the mean over folds of the weighted mean over bins of a difference of scores.

    Parameters
    ----------
    z
        Difference of the two scores (n_folds, n_electrodes, n_bins), or without folds.
    influence
        Block influences on the mean over folds of that difference, test and training part
        (n_folds, 2, n_blocks, n_electrodes, n_bins), or summed over folds.
    weights
        Weights of the bins, of the shape of ``z``; over bins they sum to 1.
    alternative
        ``greater`` or ``two-sided``.
    conservative
        Take the variance of the two parts' sum where that is larger, all with K/(K-F). For a score
        held against nothing: without a difference of two models the noise of training and test does
        not cancel, and their product is skewed to the right (benchmarks/calibration.md).

    Returns
    -------
    dict
        ``effect``, ``se`` (square root of V(test) + V(training)), ``ci_low``, ``ci_high`` (95%,
        two-sided), ``t``, ``df`` (n_blocks - n_folds), ``p`` and ``n_blocks`` (the electrode's
        own), each (n_electrodes). Where the standard error is zero, t and p are NaN.
    """
    if z.ndim == 2:
        z, influence, weights = z[None], influence[None], weights[None]
    effect = (z * weights).sum(axis=2).mean(axis=0)
    n_blocks = active_blocks(influence).sum(axis=0)
    return of_sums(
        effect, block_sums(influence, weights), n_blocks, len(z), alternative, conservative
    )


def block_sums(influence: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (2, n_blocks, n_electrodes) block sums of the influences on weighted scores.

    Parameters
    ----------
    influence
        (n_folds, 2, n_blocks, n_electrodes, n_bins).
    weights
        (n_folds, n_electrodes, n_bins).
    """
    return np.asarray(np.einsum("fpkeb,feb->pke", influence, weights).astype(float))


def of_sums(
    effect: np.ndarray,
    sums: np.ndarray,
    n_blocks: np.ndarray,
    n_folds: int,
    alternative: str,
    conservative: bool = False,
) -> dict[str, np.ndarray]:
    """Return the test of effects whose block sums are known (see :func:`difference`).

    Parameters
    ----------
    effect
        (n_electrodes,).
    sums
        (2, n_blocks, n_electrodes), as :func:`block_sums` returns them.
    n_blocks
        (n_electrodes,) blocks that have events.
    n_folds
        Folds that an effect is a mean of.
    alternative, conservative
        As for :func:`difference`.
    """
    others = n_folds if conservative else 1
    variance = block_variance(sums, n_blocks, n_folds, others).sum(axis=0)
    if conservative:
        both = sums.sum(axis=0, keepdims=True)
        variance = np.maximum(variance, block_variance(both, n_blocks, n_folds)[0])
    se = np.sqrt(variance)
    df = np.maximum(n_blocks - n_folds, 1)
    half = stdtrit(df, (1 + CONFIDENCE) / 2) * se
    t = studentised(effect, se)
    return {
        "effect": effect,
        "se": se,
        "ci_low": effect - half,
        "ci_high": effect + half,
        "t": t,
        "df": df,
        "p": p_value(t, df, alternative),
        "n_blocks": n_blocks,
    }


def studentised(effect: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Return effect / se, NaN where the standard error is zero (two equal fits) or unknown."""
    some = se > ROUNDING * np.maximum(np.abs(effect), 1)
    return np.asarray(np.divide(effect, se, out=np.full(np.shape(effect), np.nan), where=some))


def p_value(t: np.ndarray, df: np.ndarray | int, alternative: str) -> np.ndarray:
    """Return the p-value of ``t`` from Student's t with ``df`` degrees of freedom."""
    if alternative == "two-sided":
        return np.asarray(2 * stdtr(df, -np.abs(t)))
    if alternative == "greater":
        return np.asarray(stdtr(df, -t))
    raise ValueError(f"alternative is greater or two-sided, not {alternative!r}")


def multipliers(rng: np.random.Generator, draws: int, n_blocks: int) -> np.ndarray:
    """Return random signs (2, draws, n_blocks) float32, independent for the two parts because their
    variances add.
    """
    return rng.integers(0, 2, (2, draws, n_blocks)).astype(np.float32) * 2 - 1


def max_over_bins(
    z: np.ndarray,
    influence: np.ndarray,
    alternative: str,
    signs: np.ndarray,
    conservative: bool = False,
) -> np.ndarray:
    """Test whether the scores differ at any bin, keeping the error rate over all of them.

    The largest t over bins is held against its distribution under random signs of the centred block
    influences, every draw studentised anew.

    Parameters
    ----------
    z, influence, alternative, conservative
        As for :func:`difference`.
    signs
        As :func:`multipliers` returns them, shared by all electrodes.

    Returns
    -------
    np.ndarray
        (1 + hits) / (draws + 1) per electrode; NaN where no bin has a standard error.
    """
    n_folds = 1
    if z.ndim == 3:
        n_folds, z, influence = len(z), z.mean(axis=0), influence.sum(axis=0)
    active = active_blocks(influence)
    if conservative:
        influence = influence.sum(axis=0, keepdims=True)
    p = np.full(len(z), np.nan)
    sided = np.abs if alternative == "two-sided" else np.asarray
    for e, own in enumerate(active.T):
        n_blocks = np.count_nonzero(own)
        if n_blocks <= n_folds:
            continue
        blocks = influence[:, own, e].astype(float)
        observed = studentised(
            z[e],
            np.sqrt(block_variance(blocks, n_folds=n_folds if len(blocks) > 1 else 1).sum(axis=0)),
        )
        centred = blocks - blocks.mean(axis=1, keepdims=True)
        squares = (centred**2).sum(axis=1)
        use = np.isfinite(observed)
        if not use.any():
            continue
        # The sum of signed influences, and its variance: signs leave squares alone, so only the
        # mean moves.
        drawn = signs[: len(centred), :, own] @ centred[..., use].astype(np.float32)
        total = drawn.sum(axis=0)
        variance = squares[:, use].sum(axis=0) - (drawn**2).sum(axis=0) / n_blocks
        null = sided(total / np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))).max(axis=1)
        p[e] = (1 + np.count_nonzero(null >= sided(observed[use]).max())) / (signs.shape[1] + 1)
    return p
