"""The numbers that the report's sentences use, each under a key: from the tables alone, so that
they can be checked.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from scipy.stats import binomtest, norm

from fusion.contrasts.spec import SITE_VERDICTS
from fusion.encoding.profiles import GAINS
from fusion.figures import read

# A difference of this many standard errors is found with probability 0.8 by a one-sided test at
# 0.05.
DETECTABLE = float(norm.ppf(0.95) + norm.ppf(0.8))
#: Rung of the ladder of evidence -> what an electrode that holds it has shown.
RUNGS = {
    "signal": "some model predicts it",
    "unimodal": "a multimodal model beats its unimodal rivals",
    "linear": "a multimodal model beats vision and language put together linearly",
    "interaction": "the joint part of a network adds to vision and language",
}
Values = dict[str, float]


def of_ladder(sites: pd.DataFrame, level: float) -> Values:
    """Return how many electrodes hold each rung of the ladder, of those at which it was tested:
    ``rung.signal.count`` .., in at least one alignment, corrected over electrodes.

    Parameters
    ----------
    sites
        The table of sites.
    level
        False-discovery level.
    """
    found: Values = {}
    for rung in RUNGS:
        column = f"q_{rung}"
        if column in sites and sites[column].notna().any():
            made = sites[sites[column].notna()]
            found |= share(f"rung.{rung}", int((made[column] < level).sum()), len(made))
    return found


def of_responses(responses: list[dict[str, Any]]) -> Values:
    """Return events by alignment over recordings, and the film time they span:
    ``events.language``, ``film.minutes``.
    """
    found: Values = {}
    for one in responses:
        key = f"events.{one['alignment']}"
        found[key] = found.get(key, 0) + one["events"]
    films: dict[str, list[float]] = {}
    for one in responses:
        if one["events"]:
            films.setdefault(one["stimulus"], []).extend((one["first_s"], one["last_s"]))
    if films:
        found["film.minutes"] = sum(max(ends) - min(ends) for ends in films.values()) / 60
    return found


def of_sites(sites: pd.DataFrame) -> Values:
    """Return counts of subjects, electrodes, tested ones, and verdicts: ``sites.tested``,
    ``verdict.interaction`` .. Sites are those of
    :data:`fusion.contrasts.spec.SITE_VERDICTS`: ``site.count``, ``site.of`` ..
    """
    found: Values = {
        "subjects": sites["subject"].nunique(),
        "sites.all": len(sites),
        "sites.tested": int(sites["tested"].sum()),
        "sites.untested": int((~sites["tested"]).sum()),
        "sites.located": int(sites[["x", "y", "z"]].notna().all(axis=1).sum()),
        "sites.regions": int(sites["region"].nunique()),
    }
    found |= {
        f"verdict.{name}": int(count) for name, count in sites["verdict"].value_counts().items()
    }
    return found | share(
        "site", int(sites["verdict"].isin(SITE_VERDICTS).sum()), int(found["sites.tested"])
    )


def of_sound(sites: pd.DataFrame, partition: pd.DataFrame | None, level: float) -> Values:
    """Return how many verdicts of language hold where networks of sound are asked too.

    ``audio.language``: verdicts of language if no network of sound were asked; ``audio.kept``:
    those that stay; ``audio.follow``: verdicts of sound; ``audio.unique``: verdicts of language at
    which the language band adds to all others, the audio band among them, in the variance
    partition. Nothing where none was asked.
    """
    if "verdict_without_audio" not in sites:
        return {}
    language = sites[sites["verdict_without_audio"] == "language"]
    found: Values = {
        "audio.language": len(language),
        "audio.kept": int((language["verdict"] == "language").sum()),
        "audio.follow": int((sites["verdict"] == "audio").sum()),
    }
    if partition is not None and "audio" in set(partition["band"]):
        found["audio.unique"] = int(unique_language(language, partition, level).sum())
    return found


def unique_language(sites: pd.DataFrame, partition: pd.DataFrame, level: float) -> pd.Series:
    """Return at which sites the language band adds to all others in the variance partition, in one
    alignment at least.
    """
    rows = partition[(partition["band"] == "language") & (partition["q"] < level)]
    keys = ["subject", "electrode"]
    found = pd.MultiIndex.from_frame(rows[keys])
    return pd.Series(pd.MultiIndex.from_frame(sites[keys]).isin(found), sites.index)


def of_tests(sites: pd.DataFrame) -> Values:
    """Return, per test of multimodality, how many sites pass of those at which it could be made, in
    percent with a 95% Wilson interval.
    """
    found: Values = {}
    for name in read.tests_of(sites):
        found |= share(name, int(read.passed(sites, name).sum()), int(sites[name].notna().sum()))
    return found


def share(key: str, count: int, of: int) -> Values:
    """Return ``key.count``, ``key.of`` and, in percent, ``key.share`` with ``key.low`` and
    ``key.high`` (95% Wilson); none without trials."""
    found: Values = {f"{key}.count": count, f"{key}.of": of}
    if of:
        low, high = binomtest(count, of).proportion_ci(method="wilson")
        found |= {
            f"{key}.share": 100 * count / of,
            f"{key}.low": 100 * low,
            f"{key}.high": 100 * high,
        }
    return found


def of_contrasts(contrasts: pd.DataFrame, window: str, level: float) -> Values:
    """Return, per contrast and alignment in ``window``: tested, found (q at most ``level``), median
    effect and standard error.
    """
    found: Values = {}
    for (contrast, alignment), part in contrasts[contrasts["window"] == window].groupby(
        ["contrast", "alignment"], sort=False
    ):
        key = f"contrast.{contrast}.{alignment}"
        tested = part[part["tested"]]
        found |= {f"{key}.electrodes": len(part), f"{key}.tested": len(tested)}
        if len(tested):
            passed = tested[tested["q"] < level]
            found |= share(f"{key}.found", len(passed), len(tested))
            found[f"{key}.median"] = tested["effect"].median()
            found[f"{key}.lower"], found[f"{key}.upper"] = tested["effect"].quantile([0.25, 0.75])
            if len(passed):
                found[f"{key}.median_found"] = passed["effect"].median()
            if "se" in tested:
                found[f"{key}.se"] = tested["se"].median()
                found[f"{key}.detectable"] = DETECTABLE * found[f"{key}.se"]
    return found


def of_regions(regions: pd.DataFrame, level: float) -> Values:
    """Return counts of regions: covered, with positive sites, passing at ``level``, without any
    electrode.
    """
    named = regions[regions["region"] != "unknown"]
    covered = named[named["n_electrodes"] > 0]
    return {
        "regions.covered": len(covered),
        "regions.uncovered": len(named) - len(covered),
        "regions.unknown": int(regions.loc[regions["region"] == "unknown", "n_electrodes"].sum()),
        "regions.positive": int((covered["n_sites"] > 0).sum()),
        "regions.passing": int((covered["q"] < level).sum()),
        "regions.sites": int(covered["n_sites"].sum()),
    }


def of_electrodes(electrodes: pd.DataFrame) -> Values:
    """Return counts of channels of all recordings: all, kept, dropped, and dropped by reason."""
    dropped = electrodes[~electrodes["kept"]]
    found: Values = {
        "recordings": electrodes["recording"].nunique(),
        "channels.all": len(electrodes),
        "channels.kept": int(electrodes["kept"].sum()),
    }
    found["channels.dropped"] = len(dropped)
    return found | {
        f"dropped.{reason}": int(count)
        for reason, count in dropped["reason"].fillna("no reason given").value_counts().items()
    }


def alpha_gain(scores: pd.DataFrame, sites: pd.DataFrame) -> float | None:
    """Return by how much validation r of the best model still rises, on average over the bins of
    sites with signal, in the last step to an end of the grid of penalties; None without sites.
    """
    best = (
        read.with_signal(sites)
        .merge(sites[["subject", "electrode", "best_model"]], on=["subject", "electrode"])
        .dropna()
    )
    if best.empty or scores.empty:
        return None
    chosen = scores[scores["chosen"].astype(bool) & (scores["init"] == "trained")]
    of_best = chosen.merge(
        best,
        left_on=["subject", "electrode", "model"],
        right_on=["subject", "electrode", "best_model"],
    )
    return float(of_best[GAINS].mean().max()) if len(of_best) else None
