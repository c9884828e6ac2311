"""What a run says of a fit beside what another library says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fusion.encoding.result import Fit
from fusion.io.errors import InputError

COLUMNS = [
    "subject",
    "alignment",
    "fit",
    "electrodes",
    "reference",
    "quantity",
    "values",
    "largest_difference",
    "disagreements",
]


def with_himalaya(
    scores: pd.DataFrame, fit: Fit, electrodes: np.ndarray, bins_ms: np.ndarray, tolerance: float
) -> pd.DataFrame:
    """Compare the scores of a run with a fit by himalaya.

    Parameters
    ----------
    scores
        The table of scores of the fit (``scores.parquet``).
    fit
        The same fit, made again at ``electrodes``.
    electrodes
        (n_electrodes,) names.
    bins_ms
        (n_bins,) latencies of the bins' centres (ms).
    tolerance
        Largest difference of r that is accepted. Other penalties or layers whose validation r is
        as good are ties.

    Returns
    -------
    pd.DataFrame
        ``reference, quantity, values`` (number compared), ``largest_difference`` and
        ``disagreements``: one row for validation r, test r, penalties, and layers.
    """
    shape = (len(fit.layers), len(electrodes), len(bins_ms))
    index = pd.MultiIndex.from_product([fit.layers, electrodes, bins_ms])
    own = scores.set_index(["layer", "electrode", "bin_ms"]).reindex(index)

    def by_fold(name: str) -> np.ndarray:
        columns = own[[f"{name}_fold{f}" for f in range(fit.r_test.shape[1])]]
        return columns.to_numpy().reshape(*shape, -1).transpose(0, 3, 1, 2)

    off = _apart(own["r_val"].to_numpy().reshape(shape), fit.r_val.mean(axis=1))
    test = _apart(by_fold("r_test"), fit.r_test)
    ours, theirs = by_fold("alpha"), fit.alphas[fit.choice]
    same = ours == theirs
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0, np.abs(np.log10(ours) - np.log10(theirs)))
    tied = (off <= tolerance)[:, None]
    chosen = own["chosen"].fillna(False).to_numpy(bool).reshape(shape)[:, :, 0]
    mean = np.nan_to_num(fit.r_val).mean(axis=(1, 3))
    lost = mean.max(axis=0) - (mean * chosen).sum(axis=0)
    # Test scores at another penalty that validates as well are another fit, not an error.
    rows = [
        ("r_val", off.size, off.max(), int((~(off <= tolerance)).sum())),
        ("r_test", test.size, test[same].max(initial=0), int((~(test[same] <= tolerance)).sum())),
        ("alpha", apart.size, apart.max(), int((~same & ~tied).sum())),
        ("layer", lost.size, lost.max(), int((~(lost <= tolerance)).sum())),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS[-4:])
    table.insert(0, "reference", "himalaya")
    return table


def values(
    reference: str, quantity: str, own: np.ndarray, other: np.ndarray, tolerance: float
) -> pd.DataFrame:
    """Return one row that compares two arrays of numbers."""
    off = _apart(np.asarray(own, float), np.asarray(other, float))
    row = (reference, quantity, off.size, off.max(initial=0), int((~(off <= tolerance)).sum()))
    return pd.DataFrame([row], columns=COLUMNS[-5:])


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return absolute differences; 0 where both are NaN, as scores of missing responses are."""
    return np.where(np.isnan(a) & np.isnan(b), 0, np.abs(a - b))


def check(table: pd.DataFrame, tolerance: float, log: str | Path) -> None:
    """Refuse a run that another library contradicts.

    Raises
    ------
    InputError
        If a number differs by more than the tolerance.
    """
    wrong = table[(table["disagreements"] > 0) | table["largest_difference"].isna()]
    if len(wrong):
        row = wrong.iloc[0]
        raise InputError(
            log,
            f"fit {row['fit']} of subject {row['subject']}, {row['alignment']} alignment",
            f"{row['disagreements']} of {row['values']} values of {row['quantity']} differ from"
            f" {row['reference']}, by up to {row['largest_difference']:.2g}",
            f"differences of at most {tolerance:g}; delete the files of this fit, its activations"
            " and its responses, and run again",
        )
