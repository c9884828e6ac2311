"""The paper's procedure: its signal gate and its paired test across an electrode's bins.

Kept so that it can be run and compared. Overlapping bins of one electrode are no independent
samples, so the p-values of this test are not what they say (rates: benchmarks/calibration.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import stdtrit

from fusion.contrasts.fits import FitScores
from fusion.contrasts.frame import Found, Side, same_fit
from fusion.contrasts.influence import CONFIDENCE, p_value, studentised
from fusion.contrasts.spec import PaperSpec
from fusion.ids import Alternative
from fusion.io.errors import InputError

#: Below every r: what a network is worth where none of its bins counts.
WORTHLESS = -2.0


@dataclass(frozen=True)
class Resampled:
    """What the bootstrap of one fit gives, each a table of electrodes x bins (ms).

    Attributes
    ----------
    low
        Lower ends of the intervals of validation r.
    validation, test
        Means of validation and test r over the resamples.
    """

    low: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Resampled:
        """Return what a bootstrap file holds."""
        low, validation, test = (
            pd.DataFrame(
                dataset[name].to_numpy(),
                index=dataset["electrode"].to_numpy().astype(str),
                columns=dataset["bin_ms"].to_numpy(),
            )
            for name in ("r_val_low", "r_val_mean", "r_test_mean")
        )
        return cls(low, validation, test)

    def at(
        self, electrodes: tuple[str, ...], bins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the three tables as (n_electrodes, n_bins) arrays."""
        low, validation, test = (
            table.reindex(index=list(electrodes), columns=bins).to_numpy(float)
            for table in (self.low, self.validation, self.test)
        )
        return low, validation, test


class Paper:
    """The paper's test: signal gate, then a paired test across the bins that count.

    Networks are ranked by their validation r, and compared by their test r, both means over the
    bootstrap.

    Parameters
    ----------
    spec
        Bins that must count.
    resampled
        Fit -> its bootstrap.
    """

    def __init__(self, spec: PaperSpec, resampled: Mapping[str, Resampled]) -> None:
        self.spec, self.resampled = spec, resampled

    def merit(self, fit: FitScores, in_window: np.ndarray) -> np.ndarray:
        """Return (n_folds, n_electrodes) mean validation r over the bins that count (see
        :class:`fusion.contrasts.frame.Procedure`).
        """
        low, validation, _ = self._of(fit.name, fit, in_window)
        counted = gate(low)
        n = counted.sum(axis=1)
        total = np.where(counted, validation, 0.0).sum(axis=1)
        means = np.where(n > 0, total / np.maximum(n, 1), WORTHLESS)
        means[np.isnan(low).all(axis=1)] = np.nan
        return np.repeat(means[None], len(fit.z), axis=0)

    def test(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        """Test the difference of two sides (see :class:`fusion.contrasts.frame.Procedure`).

        ``effect`` is the mean difference of r over the bins that count, ``se`` and ``df`` are those
        of the paired test across them; there is no ``p_max``. As published, electrodes with too few
        bins take part in the correction.
        """
        some = next(iter(fits.values()))
        (r_a, passed_a), (r_b, passed_b) = (self._scores(own, some, in_window) for own in (a, b))
        difference = r_a - r_b
        found = binwise_test(difference, passed_a & passed_b, alternative)
        least = min(self.spec.gate_bins, int(in_window.sum()))
        reason = gate_reasons(passed_a, passed_b, least)
        reason[(reason == "") & ~np.isfinite(found["t"])] = "no variation between bins"
        reason[same_fit(a, b)] = "a and b are the same fit"
        for label, own in (("a", a), ("b", b)):
            reason[own.name == ""] = f"no fit for {label}"
        return Found(
            **found,
            p_max=np.full(len(reason), np.nan),
            by_bin=difference,
            n_blocks=np.full(len(reason), len(some.blocks)),
            reason=reason,
            corrected=np.isfinite(found["p"]) & ~same_fit(a, b),
        )

    def _scores(
        self, own: Side, some: FitScores, in_window: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_electrodes, n_bins) test r of one side in the window, and which bins count; 0
        and all of them where the side is nothing.
        """
        shape = (len(some.electrodes), int(in_window.sum()))
        if own.operand.is_nothing:
            return np.zeros(shape), np.ones(shape, bool)
        r, passed = np.full(shape, np.nan), np.zeros(shape, bool)
        for name in np.unique(own.name.astype(str)):
            at = own.name == name
            if name:
                low, _, test = self._of(name, some, in_window)
                r[at], passed[at] = test[at], gate(low)[at]
        return r, passed

    def _of(
        self, name: str, some: FitScores, in_window: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if name not in self.resampled:
            raise InputError(
                "bootstrap", f"fit {name}", "no file", "bootstrap intervals of every fit"
            )
        return self.resampled[name].at(some.electrodes, some.bins[in_window])


def binwise_test(
    difference: np.ndarray, counts: np.ndarray, alternative: Alternative
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
