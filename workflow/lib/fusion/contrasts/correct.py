"""Many tests: which ones are corrected together, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from fusion.contrasts.spec import Correction, SitesSpec

METHODS = {"bh": "fdr_bh", "by": "fdr_by"}
LABELS = {"bh": "Benjamini-Hochberg", "by": "Benjamini-Yekutieli"}


def q_values(p: np.ndarray, correction: Correction) -> np.ndarray:
    """Return false-discovery q-values of ``p``; NaN p-values (not tested) take no part and stay
    NaN.
    """
    p = np.asarray(p, float)
    q = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = multipletests(p[tested], method=METHODS[correction])[1]
    return q


def with_q(table: pd.DataFrame, families: list[str], correction: Correction) -> pd.DataFrame:
    """Return a table with ``q``, corrected within each combination of the columns ``families``."""
    table = table.assign(q=np.nan)
    for _, rows in table.groupby(families):
        table.loc[rows.index, "q"] = q_values(rows["p"].to_numpy(float), correction)
    return table


def add_families(table: pd.DataFrame, spec: SitesSpec) -> pd.DataFrame:
    """Return the contrast table with ``q`` and ``family``: what was corrected together.

    A family is one contrast x alignment x window. Contrasts with nothing are corrected over all
    electrodes that were tested. Where a contrast has the role of signal, all others are corrected
    over the electrodes with signal in the same alignment and window (its q below the level), by the
    larger of p and p of signal; the others have q = 1. Electrodes of noise that have a signal by
    chance would differ between networks by the same chance (benchmarks/levels.md).

    With ``spec.as_published`` a family is one contrast x window, all alignments together. It holds
    electrodes that too few bins speak for, which get no q.

    Parameters
    ----------
    table
        All contrasts of all subjects.
    spec
        Roles, contrasts with nothing, level and correction.
    """
    if spec.as_published:
        return _as_published(table, spec)
    signal = next((name for name, role in spec.roles.items() if role == "signal"), None)
    table = table.assign(q=np.nan, family="")
    keys = ["contrast", "alignment", "window"]
    groups = {names: rows.index for names, rows in table.groupby(keys, sort=False)}
    site = table.groupby(["subject", "electrode"]).ngroup()
    # Signal first: the others' families rest on it.
    for names in sorted(groups, key=lambda names: names[0] != signal):
        contrast, alignment, window = map(str, names)
        rows, of = groups[names], "electrodes"
        p = table.loc[rows, "p"].to_numpy(float)
        inside = np.isfinite(p)
        asked = (signal, alignment, window)
        if contrast not in spec.alone and asked in groups:
            known = table.loc[groups[asked]]
            predicted = known["q"] < spec.level
            p_signal = pd.Series(known["p"].where(predicted).to_numpy(), site[known.index])
            beside = p_signal.reindex(site[rows]).to_numpy()
            inside &= np.isfinite(beside)
            p = np.where(inside, np.fmax(p, beside), p)
            of = "electrodes with signal"
        table.loc[rows, "q"] = family_q(p, inside, spec.correction)
        name = family_name(contrast, alignment, window, int(inside.sum()), spec.correction, of)
        table.loc[rows, "family"] = name
    return table


def between_films(table: pd.DataFrame, spec: SitesSpec) -> pd.DataFrame:
    """Return the contrasts of all subjects from film to film with ``q`` and ``family``.

    They are corrected within each ordered pair of films as contrasts are corrected over all films
    (:func:`add_families`).
    """
    parts = [pd.DataFrame(columns=[*table.columns, "q", "family"])]
    for (trained, tested), rows in table.groupby(["trained_on", "tested_on"]):
        own = add_families(rows.reset_index(drop=True), spec)
        parts.append(own.assign(family=f"{trained} to {tested}: " + own["family"]))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _as_published(table: pd.DataFrame, spec: SitesSpec) -> pd.DataFrame:
    table = table.assign(q=np.nan, family="")
    for names, group in table.groupby(["contrast", "window"], sort=False):
        contrast, window = map(str, names)
        rows = group.index
        p, tested = group["p"].to_numpy(float), group["tested"].to_numpy(bool)
        table.loc[rows, "q"] = np.where(tested, q_values(p, spec.correction), np.nan)
        together = " and ".join(spec.alignments)
        of = "electrodes before the filter of bins"
        n_tests = int(np.isfinite(p).sum())
        table.loc[rows, "family"] = family_name(
            contrast, together, window, n_tests, spec.correction, of
        )
    return table


def family_q(p: np.ndarray, inside: np.ndarray, correction: Correction) -> np.ndarray:
    """Return q-values within a family; 1 for what was tested outside it, NaN for what was not.

    Parameters
    ----------
    p
        (n,) p-values; NaN where not tested.
    inside
        (n,) bool, which of them are in the family.
    correction
        How.
    """
    q = np.where(np.isfinite(p), 1.0, np.nan)
    q[inside] = q_values(p[inside], correction)
    return q


def family_name(
    what: str,
    alignment: str,
    window: str,
    n_tests: int,
    correction: Correction,
    of: str = "electrodes",
) -> str:
    """Return the words that stand beside every q: what was corrected together, and how."""
    return f"{what}, {alignment}, window {window}: {n_tests} {of}, {LABELS[correction]}"
