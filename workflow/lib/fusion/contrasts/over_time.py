"""Two fits over time, bin by bin: the mean over electrodes, and chosen electrodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import stdtrit

from fusion.contrasts.influence import block_variance, multipliers, studentised
from fusion.ids import unique
from fusion.seeds import rng_for

#: Columns of the table: one row per panel, alignment, side and bin. ``subject`` and ``electrode``
#: are missing in the rows of the average.
COLUMNS = [
    "subject",
    "electrode",
    "alignment",
    "side",
    "fit",
    "bin_ms",
    "r",
    "ci_low",
    "ci_high",
    "n_electrodes",
    "p_corrected",
    "significant",
]
#: (subject, electrode), or None for the average.
Panel = tuple[str, str] | None


@dataclass(frozen=True)
class Summed:
    """Scores of one subject's fit, summed over electrodes.

    Attributes
    ----------
    z
        Fisher z of r (n_bins).
    influence
        Block influences on it (n_parts, n_blocks, n_bins).
    blocks
        Names of the blocks of film time.
    bins_ms
        Bin centres (n_bins).
    n_electrodes
        Electrodes in the sum.
    n_folds
        Folds that each score is a mean of.
    """

    z: np.ndarray
    influence: np.ndarray
    blocks: tuple[str, ...]
    bins_ms: np.ndarray
    n_electrodes: int
    n_folds: int


def choose(contrasts: pd.DataFrame, count: int) -> list[tuple[str, str]]:
    """Return the (subject, electrode) with the largest effect in any alignment, at most ``count``.

    Parameters
    ----------
    contrasts
        Rows of one contrast and window: ``subject, electrode, effect, tested``.
    count
        Electrodes wanted.
    """
    part = contrasts[contrasts["tested"]]
    order = (
        part.sort_values("effect", ascending=False, kind="stable")[["subject", "electrode"]]
        .drop_duplicates()
        .head(count)
    )
    return list(order.itertuples(index=False, name=None))


def sums(
    fit: xr.Dataset, tested: Sequence[str], chosen: Iterable[str]
) -> tuple[Summed | None, dict[str, Summed]]:
    """Return the sum over tested electrodes of one subject's fit, and each chosen electrode.

    Parameters
    ----------
    fit
        An open ``influence.nc``.
    tested, chosen
        Electrodes of this subject. Those without a score are left out.

    Returns
    -------
    tuple
        The sum (None without electrodes), and electrode -> its scores.
    """
    electrodes = [str(name) for name in fit["electrode"].values]
    z = fit["z"].transpose("electrode", "bin_ms").values
    influence = fit["influence"].transpose("part", "block", "electrode", "bin_ms").values

    def summed(names: Iterable[str]) -> Summed | None:
        at = [electrodes.index(name) for name in names if name in electrodes]
        at = [row for row in at if np.isfinite(z[row]).all()]
        if not at:
            return None
        return Summed(
            z[at].sum(axis=0, dtype=float),
            influence[:, :, at].sum(axis=2, dtype=float),
            tuple(str(name) for name in fit["block"].values),
            fit["bin_ms"].values.astype(float),
            len(at),
            fit.sizes["fold"],
        )

    found = {name: summed([name]) for name in chosen}
    return summed(tested), {name: one for name, one in found.items() if one}


def mean(parts: Sequence[Summed]) -> Summed:
    """Return the mean over all electrodes of several subjects.

    Influences of blocks that subjects share are added up; blocks without events are left out.
    """
    n = sum(part.n_electrodes for part in parts)
    blocks = unique(name for part in parts for name in part.blocks)
    z = sum((part.z for part in parts), np.zeros(len(parts[0].z))) / n
    influence = np.zeros((len(parts[0].influence), len(blocks), len(z)))
    for part in parts:
        influence[:, [blocks.index(name) for name in part.blocks]] += part.influence / n
    held = (influence != 0).any(axis=(0, 2))
    names = tuple(name for name, own in zip(blocks, held, strict=True) if own)
    n_folds = max(part.n_folds for part in parts)
    return Summed(z, influence[:, held], names, parts[0].bins_ms, n, n_folds)


def standard_error(
    influence: np.ndarray, n_folds: int, against_nothing: bool = False
) -> np.ndarray:
    """Return the standard error (..) of a score, or of a difference of two scores.

    Parameters
    ----------
    influence
        Block influences (n_parts, n_blocks, ..).
    n_folds
        Folds that the score is a mean of.
    against_nothing
        Take the variance of the two parts' sum where that is larger: the noise of training and
        test only cancels in a difference of two models.
    """
    variance = block_variance(influence, n_folds=n_folds).sum(axis=0)
    if against_nothing:
        variance = np.maximum(variance, block_variance(influence.sum(axis=0, keepdims=True))[0])
    return np.asarray(np.sqrt(variance))


def p_corrected(
    z: np.ndarray, influence: np.ndarray, signs: np.ndarray, n_folds: int = 1
) -> np.ndarray:
    """Return two-sided p-values (n_bins), corrected over bins by the largest |t|.

    Parameters
    ----------
    z
        Difference of two scores (n_bins).
    influence
        Block influences on it (n_parts, n_blocks, n_bins).
    signs
        Rademacher draws (n_parts, n_draws, n_blocks).
    n_folds
        Folds that the score is a mean of.

    Returns
    -------
    numpy.ndarray
        (1 + draws whose largest |t| reaches the bin's) / (n_draws + 1); 1 where there is no
        standard error.
    """
    k = influence.shape[1]
    if k <= n_folds:
        return np.ones(len(z))
    centred = influence - influence.mean(axis=1, keepdims=True)
    observed = np.abs(np.nan_to_num(studentised(z, standard_error(influence, n_folds))))
    drawn = signs @ centred
    # Signs leave squares alone, so only the mean of a draw moves.
    variance = ((centred**2).sum(axis=1, keepdims=True) - drawn**2 / k).sum(axis=0)
    total = np.abs(drawn.sum(axis=0))
    null = np.divide(total, np.sqrt(variance), out=np.zeros_like(total), where=variance > 0).max(
        axis=1
    )
    return np.asarray((1 + (null[:, None] >= observed).sum(axis=0)) / (signs.shape[1] + 1))


def compare(
    a: Sequence[Summed], b: Sequence[Summed], n_draws: int, level: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Return both sides' curves with 95% intervals, and the bins where they differ.

    Parameters
    ----------
    a, b
        Scores of each side, one part a subject.
    n_draws
        Random signs drawn.
    level
        A bin is significant at a corrected p-value up to this.
    rng
        Source of the signs.

    Returns
    -------
    pandas.DataFrame
        ``side, bin_ms, r, ci_low, ci_high, n_electrodes, p_corrected, significant``; no rows where
        a side is missing.
    """
    if not a or not b:
        return pd.DataFrame(columns=COLUMNS)
    both = {"a": mean(a), "b": mean(b)}
    influence = both["a"].influence - both["b"].influence
    signs = multipliers(rng, n_draws, influence.shape[1])
    p = p_corrected(both["a"].z - both["b"].z, influence, signs, both["a"].n_folds)
    tested = {"p_corrected": p, "significant": p <= level}
    curves = [curve(one).assign(side=side, **tested) for side, one in both.items()]
    return pd.concat(curves, ignore_index=True).assign(n_electrodes=both["a"].n_electrodes)


def curve(one: Summed) -> pd.DataFrame:
    """Return r with its 95% interval, bin by bin (Student's t, blocks less folds degrees of
    freedom).
    """
    df = max(len(one.blocks) - one.n_folds, 1)
    se = standard_error(one.influence, one.n_folds, against_nothing=True)
    reach = stdtrit(df, 0.975) * se
    columns = {"r": one.z, "ci_low": one.z - reach, "ci_high": one.z + reach}
    return pd.DataFrame({"bin_ms": one.bins_ms} | {k: np.tanh(v) for k, v in columns.items()})


class OverTime:
    """Collects the scores of all subjects, then compares the two sides panel by panel.

    Parameters
    ----------
    contrasts
        Rows of one contrast and window: ``subject, electrode, alignment, effect, tested``.
    n_electrodes
        Electrodes shown beside the average.
    """

    def __init__(self, contrasts: pd.DataFrame, n_electrodes: int):
        self.contrasts = contrasts[contrasts["tested"]]
        self.chosen = choose(contrasts, n_electrodes)
        self.found: dict[tuple[Panel, str, str], list[Summed]] = defaultdict(list)

    def add(self, fit: xr.Dataset, subject: str, alignment: str, side: str) -> None:
        """Add one subject's fit: an open ``influence.nc``."""
        rows = self.contrasts
        rows = rows[(rows["subject"] == subject) & (rows["alignment"] == alignment)]
        tested = list(rows["electrode"])
        own = [electrode for who, electrode in self.chosen if who == subject]
        average, electrodes = sums(fit, tested, own)
        if average:
            self.found[None, alignment, side].append(average)
        for electrode, one in electrodes.items():
            self.found[(subject, electrode), alignment, side].append(one)

    def table(self, fits: Mapping[str, str], n_draws: int, level: float, seed: int) -> pd.DataFrame:
        """Return the comparison of all panels: :data:`COLUMNS`.

        Parameters
        ----------
        fits
            Side -> the fit's name.
        n_draws, level
            As in :func:`compare`.
        seed
            The config's seed.
        """
        parts = [pd.DataFrame(columns=COLUMNS)]
        alignments = unique(alignment for _, alignment, _ in self.found)
        panels: list[Panel] = [None, *self.chosen]
        for panel in panels:
            for alignment in alignments:
                a, b = (self.found.get((panel, alignment, side), []) for side in "ab")
                rng = rng_for(seed, "over_time", alignment, *(panel or ("average",)))
                rows = compare(a, b, n_draws, level, rng)
                subject, electrode = panel or (None, None)
                parts.append(rows.assign(subject=subject, electrode=electrode, alignment=alignment))
        table = pd.concat(parts, ignore_index=True)
        return table.assign(fit=table["side"].map(fits))[COLUMNS]
