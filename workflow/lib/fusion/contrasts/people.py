"""From electrodes to people: the effect of a contrast in a region, over subjects, and in how many
of them it is there.

Electrodes of one subject share the film, the noise and the head, so a subject counts once: with the
mean of its electrodes in the region, whose standard error comes from block influences of that mean
(:mod:`fusion.contrasts.by_region`). Over subjects, effects are random
(:func:`combined`), and a prevalence says what holds of how many (:func:`at_least`,
:func:`prevalence`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import betainc, betaincinv, stdtr, stdtrit
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects

from fusion.contrasts.correct import q_values
from fusion.contrasts.spec import Correction
from fusion.ids import Alternative

KEYS = ["alignment", "contrast", "region", "hemisphere"]
#: A region's effect over subjects.
OF_REGION = [
    *KEYS,
    "n_subjects",
    "n_electrodes",
    "effect",
    "se",
    "ci_low",
    "ci_high",
    "df",
    "p",
    "q",
    "between_subjects",
    "between_electrodes",
    "n_found",
    "n_at_least",
    "prevalence",
    "prevalence_low",
]
#: Of intervals and of statements about how many people.
CONFIDENCE = 0.95


def combined(
    effect: np.ndarray, variance: np.ndarray, alternative: Alternative
) -> dict[str, float]:
    """Return the mean effect over subjects, drawn at random from more of them.

    The between-subject variance is Paule and Mandel's (1982, J. Res. Natl. Bur. Stand. 87:377),
    interval and p are those of Hartung, Knapp, Sidik and Jonkman: Student's t with one degree of
    freedom less than there are subjects, which holds its level with few of them (IntHout et al.,
    2014, BMC Med. Res. Methodol. 14:25).

    Parameters
    ----------
    effect, variance
        (n_subjects,) each subject's effect, and the variance with which it is known.
    alternative
        ``greater`` or ``two-sided``.

    Returns
    -------
    dict
        ``effect, se, ci_low, ci_high, df, p, between_subjects`` (SD). With one subject all but
        the effect are missing.
    """
    n = len(effect)
    nothing = dict.fromkeys(("se", "ci_low", "ci_high", "p", "between_subjects"), np.nan)
    if n < 2:
        return {"effect": float(np.mean(effect)) if n else np.nan, "df": max(n - 1, 0), **nothing}
    found = combine_effects(effect, variance, method_re="iterated", use_t=True)
    mean, se = float(found.mean_effect_re), float(found.sd_eff_w_re_hksj)
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * se
    t = mean / se if se > 0 else np.nan
    p = 2 * stdtr(n - 1, -abs(t)) if alternative == "two-sided" else stdtr(n - 1, -t)
    return {
        "effect": mean,
        "se": se,
        "ci_low": mean - half,
        "ci_high": mean + half,
        "df": n - 1,
        "p": float(p),
        "between_subjects": float(np.sqrt(max(found.tau2, 0))),
    }


def at_least(p: np.ndarray, level: float = 1 - CONFIDENCE) -> int:
    """Return in how many of these subjects the effect is there, at least, with 95% confidence.

    The largest u for which "fewer than u of the n subjects have it" is rejected: the partial
    conjunction of Benjamini and Heller (2008, Biometrics 64:1215), by Fisher's test of the
    n - u + 1 largest p-values. Subjects are independent.

    Parameters
    ----------
    p
        (n_subjects,) p-values.
    level
        Of the test.
    """
    ordered = np.sort(p)
    for u in range(1, len(ordered) + 1):
        rest = ordered[u - 1 :]
        statistic = -2 * np.log(np.maximum(rest, np.finfo(float).tiny)).sum()
        if chi2.sf(statistic, 2 * len(rest)) > level:
            return u - 1
    return len(ordered)


def prevalence(n_found: int, n: int, level: float) -> tuple[float, float]:
    """Return the share of people who have the effect: the most probable, and the lower end of the
    one-sided 95% interval.

    Bayesian prevalence (Ince et al., 2021, eLife 10:e62461): ``n_found`` of ``n`` subjects have
    p < ``level``, those without the effect with that probability, those with it always; the prior
    of the share is uniform.

    Parameters
    ----------
    n_found, n
        Subjects with p below the level, and all.
    level
        Of the test in each subject.
    """
    if not n:
        return np.nan, np.nan
    a, b = n_found + 1.0, n - n_found + 1.0
    below = betainc(a, b, level)
    low = betaincinv(a, b, below + (1 - CONFIDENCE) * (1 - below))
    share = [max((value - level) / (1 - level), 0.0) for value in (n_found / n, low)]
    return float(share[0]), float(share[1])


def pool_regions(
    tables: Mapping[str, pd.DataFrame], correction: Correction, level: float = 0.05
) -> pd.DataFrame:
    """Return regions over the subjects of several datasets.

    Parameters
    ----------
    tables
        Dataset -> its table of subjects by region
        (:data:`fusion.contrasts.by_region.OF_SUBJECT`). Contrasts are the same if they have the
        same name; a subject's name is its own in each dataset.
    correction
        Of p over the regions of a contrast and alignment.
    level
        At which a subject counts as found.

    Returns
    -------
    pd.DataFrame
        :data:`OF_REGION`, and ``datasets``, those with electrodes there.
    """
    named = [table.assign(dataset=name) for name, table in tables.items()]
    rows = pd.concat(named, ignore_index=True)
    rows["subject"] = rows["dataset"] + " " + rows["subject"].astype(str)
    table = over_subjects(rows, correction, level)
    datasets = rows.groupby(KEYS)["dataset"].agg(lambda own: ", ".join(dict.fromkeys(own)))
    return table.join(datasets.rename("datasets"), on=KEYS)


def over_subjects(rows: pd.DataFrame, correction: Correction, level: float = 0.05) -> pd.DataFrame:
    """Return the effect of every contrast in every region, over subjects.

    Parameters
    ----------
    rows
        :data:`fusion.contrasts.by_region.OF_SUBJECT`, of all subjects.
    correction
        Of p over the regions of a contrast and alignment.
    level
        At which a subject counts as found.

    Returns
    -------
    pd.DataFrame
        :data:`OF_REGION`, by contrast, alignment and region. Where subjects have several
        electrodes in the region, the variance between electrodes is estimated over all of them
        together and added to each subject's, divided by its number of electrodes: another
        placement of the electrodes would have given another mean.
    """
    found = []
    for names, own in rows.groupby(KEYS, sort=True):
        n = own["n_electrodes"].to_numpy(float)
        spread = between_electrodes(own["between_electrodes"].to_numpy(float), n)
        alternative = str(own["alternative"].iloc[0])
        variance = own["se"].to_numpy(float) ** 2 + np.nan_to_num(spread) / n
        effect = combined(own["effect"].to_numpy(float), variance, alternative)  # type: ignore[arg-type]
        p = own["p"].to_numpy(float)
        n_found = int((p < level).sum())
        share, low = prevalence(n_found, len(own), level)
        found.append(
            {
                **dict(zip(KEYS, names, strict=True)),
                "n_subjects": len(own),
                "n_electrodes": int(n.sum()),
                **effect,
                "between_electrodes": np.sqrt(spread),
                "n_found": n_found,
                "n_at_least": at_least(p),
                "prevalence": share,
                "prevalence_low": low,
            }
        )
    table = pd.DataFrame(found, columns=OF_REGION)
    for _, own in table.groupby(["contrast", "alignment"]):
        table.loc[own.index, "q"] = q_values(own["p"].to_numpy(float), correction)
    return table


def between_electrodes(excess: np.ndarray, n: np.ndarray) -> float:
    """Return the variance of true effects between electrodes of a subject, pooled over subjects;
    NaN where none has several electrodes.

    Parameters
    ----------
    excess
        (n_subjects,) variance of a subject's effects less what noise makes of it.
    n
        (n_subjects,) electrodes.
    """
    known = np.isfinite(excess) & (n > 1)
    if not known.any():
        return np.nan
    return float(max(np.average(excess[known], weights=n[known] - 1), 0.0))
