"""What null worlds of recordings say: the level of every contrast on these recordings, and how
large an effect would have been found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportion_confint

from fusion.contrasts.correct import q_values
from fusion.simulation.spec import RecordedRatesSpec

NOMINAL = 0.05
#: Rates between these are no reason for doubt.
BAND = (0.03, 0.065)
#: With an interval that reaches further nothing can be said.
WIDEST = 0.10
#: Share of electrodes at which a detectable effect is found.
POWER = 0.8


def recorded_rates(
    worlds: pd.DataFrame, contrasts: pd.DataFrame, spec: RecordedRatesSpec
) -> pd.DataFrame:
    """Return the level of every contrast in null worlds, and the effect that would have been found.

    Parameters
    ----------
    worlds
        Rows of :func:`fusion.simulation.recorded.subject_worlds`, all subjects.
    contrasts
        The contrasts of the run.
    spec
        Window, level and correction.

    Returns
    -------
    pd.DataFrame
        Columns as in ``schemas/calibration_recorded.schema.yaml``, a row an alignment and contrast.
    """
    rows = []
    observed = contrasts[contrasts["window"] == spec.window]
    full = worlds["minutes"] == worlds.groupby("subject")["minutes"].transform("max")
    for (alignment, contrast), own in worlds[full].groupby(["alignment", "contrast"], sort=False):
        null = own[(own["size"] == 0) & own["p"].notna()]
        run = observed[(observed["contrast"] == contrast) & (observed["alignment"] == alignment)]
        found = run[run["q"] < spec.level]
        threshold = needed_p(run, spec.level)
        curve = power_curve(own, threshold)
        low, high = interval(null, null["p"] < NOMINAL)
        by_world = [
            bool((q_values(world["p"].to_numpy(float), spec.correction) < spec.level).any())
            for _, world in null.groupby(["subject", "turn"])
        ]
        rate = float((null["p"] < NOMINAL).mean())
        rows.append(
            {
                "alignment": alignment,
                "contrast": contrast,
                "subjects": null["subject"].nunique(),
                "worlds": len(by_world),
                "nulls": len(null),
                "called_05": int((null["p"] < NOMINAL).sum()),
                "fpr_05": rate,
                "ci_low": low,
                "ci_high": high,
                "fpr_01": float((null["p"] < 0.01).mean()),
                "fpr_any_bin": float((null["p_max"] < NOMINAL).mean()),
                "discoveries": float(np.mean(by_world)),
                "level": said(rate, low, high),
                "needed_p": threshold,
                "detectable": detectable(curve),
                "largest_planted": curve["effect"].max() if len(curve) else np.nan,
                "largest_found": curve["share"].iloc[-1] if len(curve) else np.nan,
                "sites": len(found),
                "median_found": found["effect"].median(),
                "median_effect": run["effect"].median(),
                "median_se": run["se"].median(),
            }
        )
    return pd.DataFrame(rows)


def interval(null: pd.DataFrame, hits: pd.Series) -> tuple[float, float]:
    """Return the 95% Wilson interval of a share, its size divided by a design effect: electrodes of
    one world see the same turned film.
    """
    n, rate = len(hits), float(hits.mean()) if len(hits) else np.nan
    if not n:
        return np.nan, np.nan
    by_world = hits.groupby([null["subject"], null["turn"]]).agg(["sum", "size"])
    k, inflated = len(by_world), 1.0
    if k > 1 and 0 < rate < 1:
        left = by_world["sum"] - rate * by_world["size"]
        inflated = max(1.0, float((left**2).sum() * k / (k - 1) / (n * rate * (1 - rate))))
    low, high = proportion_confint(rate * n / inflated, n / inflated, method="wilson")
    return float(low), float(high)


def said(rate: float, low: float, high: float) -> str:
    """Return what a rate at a nominal 0.05 and its interval say of the level."""
    if low > NOMINAL and rate > BAND[1]:
        return "too high"
    if high < BAND[0]:
        return "conservative"
    return "holds" if high <= WIDEST else "too few null electrodes to tell"


def needed_p(run: pd.DataFrame, level: float) -> float:
    """Return the largest p with which an electrode of the run was found; where none was, that of a
    single one among all that took part.
    """
    found = run[run["q"] < level]
    if len(found):
        return float(found["p"].max())
    took_part = int((run["q"] < 1).sum()) or int(run["p"].notna().sum())
    return level / max(took_part, 1)


def power_curve(own: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return ``size, effect, share``: the mean effect of each planted size and the share of
    electrodes at which it was found, by size.
    """
    planted = own[own["planted"] & own["p"].notna()]
    by_size = planted.assign(share=planted["p"] <= threshold).groupby("size")
    return by_size.agg(effect=("effect", "mean"), share=("share", "mean")).reset_index()


def detectable(curve: pd.DataFrame) -> float:
    """Return the effect that is found in 80% of electrodes; NaN where no planted size was.

    Between sizes the share is interpolated as a normal distribution of the effect.
    """
    if curve.empty or not (curve["share"] >= POWER).any():
        return np.nan
    last = int((curve["share"] >= POWER).to_numpy().argmax())
    effect = np.r_[0.0, curve["effect"]]
    share = norm.ppf(np.clip(np.r_[0.01, curve["share"]], 0.01, 0.99))
    low, high = share[last], share[last + 1]
    part = (norm.ppf(POWER) - low) / (high - low) if high > low else 1.0
    return float(effect[last] + part * (effect[last + 1] - effect[last]))


def planning(worlds: pd.DataFrame, rates: pd.DataFrame, spec: RecordedRatesSpec) -> pd.DataFrame:
    """Return the effect that would be found in 80% of electrodes, by minutes of film and number of
    electrodes tested together.

    Standard errors are those of the null worlds, at lengths of film that were tried; beyond and
    between them they go with one over the square root of the minutes. With several electrodes p has
    to be below the level over their number: what a single electrode among them needs.

    Parameters
    ----------
    worlds
        As for :func:`recorded_rates`.
    rates
        What it returned.
    spec
        Minutes and numbers of electrodes.

    Returns
    -------
    pd.DataFrame
        ``alignment, contrast, minutes, measured, electrodes, detectable``.
    """
    rows = []
    null = worlds[(worlds["size"] == 0) & worlds["se"].notna()]
    for row in rates.to_dict("records"):
        own = null[(null["alignment"] == row["alignment"]) & (null["contrast"] == row["contrast"])]
        if own.empty:
            continue
        tried = own.groupby(own["minutes"].round(1)).agg(
            se=("se", "median"), blocks=("n_blocks", "median")
        )
        for minutes in sorted({*spec.minutes, *tried.index}):
            near = float(tried.index[np.abs(np.log(tried.index / minutes)).argmin()])
            se = tried.loc[near, "se"] * np.sqrt(near / minutes)
            df = max(tried.loc[near, "blocks"] * minutes / near - 5, 1)
            for electrodes in spec.electrodes:
                wanted = t.isf(spec.level / electrodes, df) + t.ppf(POWER, df)
                rows.append(
                    {
                        "alignment": row["alignment"],
                        "contrast": row["contrast"],
                        "minutes": minutes,
                        "measured": bool(minutes in tried.index),
                        "electrodes": electrodes,
                        "detectable": wanted * se,
                    }
                )
    return pd.DataFrame(
        rows,
        columns=["alignment", "contrast", "minutes", "measured", "electrodes", "detectable"],
    )
