"""Many tests: which ones are corrected together, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from fusion.contrasts.spec import Correction

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
    q = table.groupby(families)["p"].transform(lambda p: q_values(p, correction))
    return table.assign(q=q)


def add_families(table: pd.DataFrame, correction: Correction) -> pd.DataFrame:
    """Return the contrast table with ``q`` and ``family``: all electrodes of one contrast x
    alignment x window.
    """
    table = table.copy()
    table["q"], table["family"] = np.nan, ""
    for (contrast, alignment, window), rows in table.groupby(
        ["contrast", "alignment", "window"], sort=False
    ):
        table.loc[rows.index, "q"] = q_values(rows["p"], correction)
        table.loc[rows.index, "family"] = family_name(
            contrast, alignment, window, int(rows["tested"].sum()), correction
        )
    return table


def family_name(
    what: str, alignment: str, window: str, n_tests: int, correction: Correction
) -> str:
    """Return the words that stand beside every q: what was corrected together, and how."""
    return f"{what}, {alignment}, window {window}: {n_tests} electrodes, {LABELS[correction]}"


def any_of(p: np.ndarray) -> np.ndarray:
    """Return one p-value per row for "at least one of the row's hypotheses is false" (Simes; NaN
    are left out).

    Parameters
    ----------
    p
        p-values (n_rows, n_hypotheses).
    """
    n_rows, n = p.shape
    ordered = np.sort(p, axis=1)
    count = np.isfinite(p).sum(axis=1, keepdims=True)
    simes = ordered * count / np.arange(1, n + 1)
    out = np.full(n_rows, np.nan)
    some = count[:, 0] > 0
    out[some] = np.minimum(np.nanmin(simes[some], axis=1), 1)
    return out


def all_of(p: np.ndarray) -> np.ndarray:
    """Return one p-value per row for "all of the row's hypotheses are false" (the largest; NaN if
    any is missing).
    """
    return p.max(axis=1) if p.shape[1] else np.full(len(p), np.nan)
