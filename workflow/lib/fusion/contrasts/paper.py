"""The paper's procedure: its signal gate and its paired test across an electrode's bins.

Kept so that it can be run and compared. Overlapping bins of one electrode are no independent
samples, so the p-values of this test are not what they say (docs/statistics.md has the rates)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from fusion.contrasts.fits import FitScores
from fusion.contrasts.frame import Found, Side, same_fit
from fusion.contrasts.influence import CONFIDENCE, p_value, studentised
from fusion.contrasts.spec import PaperSpec
from fusion.ids import Alternative
from fusion.io.errors import InputError


class Paper:
    """The paper's test: signal gate, then a paired test across the bins that count.

    Parameters
    ----------
    spec
        Bins that must count.
    lows
        Fit -> lower ends of the bootstrap intervals of validation r, electrodes x bins (ms).
    """

    def __init__(self, spec: PaperSpec, lows: Mapping[str, pd.DataFrame]) -> None:
        self.spec, self.lows = spec, lows

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
        of the paired test across them; there is no ``p_max``.
        """
        some = next(iter(fits.values()))
        passed_a, passed_b = (self._passed(own, some, in_window) for own in (a, b))
        difference = np.tanh(a.z).mean(axis=0) - np.tanh(b.z).mean(axis=0)
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
        )

    def _passed(self, own: Side, some: FitScores, in_window: np.ndarray) -> np.ndarray:
        """Return (n_electrodes, n_bins) which bins of the window count for one side; all of them
        where the side is nothing.
        """
        out = np.ones((len(some.electrodes), int(in_window.sum())), bool)
        if own.operand.is_nothing:
            return out
        for name in np.unique(own.name.astype(str)):
            at = own.name == name
            if not name:
                out[at] = False
                continue
            if name not in self.lows:
                raise InputError(
                    "bootstrap", f"fit {name}", "no file", "bootstrap intervals of every fit"
                )
            low = self.lows[name].reindex(index=some.electrodes, columns=some.bins[in_window])
            out[at] = gate(low.to_numpy()[at])
        return out


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
