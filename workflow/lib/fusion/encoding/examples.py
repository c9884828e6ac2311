"""Held-out response and prediction at the best, a middling and an unpredicted electrode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

#: One row per electrode and event of the fold that is shown, events in film order.
COLUMNS = [
    "kind",
    "subject",
    "electrode",
    "bin_ms",
    "fold",
    "r",
    "event",
    "response_z",
    "prediction_z",
]


def choose(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the electrodes with the highest, the median and the smallest absolute r.

    Parameters
    ----------
    scores
        ``subject, electrode, r_test`` of one fit, one row per electrode.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (best, median of those above zero, none), ``subject``, ``electrode``, ``r_test``;
        fewer rows where there are fewer electrodes.
    """
    ranked = (
        scores.dropna(subset=["r_test"])
        .sort_values("r_test", ascending=False, kind="stable")
        .reset_index(drop=True)
    )
    if ranked.empty:
        return ranked.assign(kind=[])[["kind", "subject", "electrode", "r_test"]]
    positive = ranked[ranked["r_test"] > 0]
    at = [
        0,
        len(positive) // 2 if len(positive) else 0,
        int(ranked["r_test"].abs().to_numpy().argmin()),
    ]
    return (
        ranked.loc[at]
        .assign(kind=["best", "median", "none"])
        .drop_duplicates(["subject", "electrode"])[["kind", "subject", "electrode", "r_test"]]
    )


def trace(
    fit: xr.Dataset, responses: Sequence[xr.Dataset], electrode: str, window: tuple[float, float]
) -> pd.DataFrame:
    """Return one electrode's responses and predictions, joined by recording and event.

    Parameters
    ----------
    fit
        An open ``predictions.nc``.
    responses
        Open response files of the same subject and alignment.
    electrode
        One that the fit has.
    window
        First and last bin centre considered (ms).

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS` from ``bin_ms`` on; see :func:`best_fold`.

    Raises
    ------
    ValueError
        If responses and predictions have different bins.
    """
    recording, event = fit["recording"].values.astype(str), fit["event"].values.astype(str)
    predicted = one_electrode(fit, "prediction", electrode)
    fold = fit["fold"].values
    bins_ms = fit["bin_ms"].values.astype(float)
    measured = np.full(predicted.shape, np.nan)
    for one in responses:
        if electrode not in one["electrode"].values.astype(str):
            continue
        if not np.array_equal(one["bin_ms"].values.astype(float), bins_ms):
            raise ValueError("responses and predictions have different bins")
        values = one_electrode(one, "response", electrode)
        place = {name: k for k, name in enumerate(one["event"].values.astype(str))}
        own = np.flatnonzero(recording == str(one.attrs["recording"]))
        measured[own] = values[[place[name] for name in event[own]]]
    held = np.isfinite(measured).all(axis=1) & np.isfinite(predicted).all(axis=1) & (fold >= 0)
    return best_fold(measured[held], predicted[held], fold[held], bins_ms, window)


def best_fold(
    response: np.ndarray,
    prediction: np.ndarray,
    fold: np.ndarray,
    bins_ms: np.ndarray,
    window: tuple[float, float],
) -> pd.DataFrame:
    """Return the bin with the highest mean r in the window, and in it the fold with the middle r.

    Parameters
    ----------
    response, prediction
        (n_events, n_bins), held-out events in film order.
    fold
        Fold of each event (n_events).
    bins_ms
        Bin centres (n_bins).
    window
        First and last bin centre considered (ms).

    Returns
    -------
    pandas.DataFrame
        ``bin_ms, fold, r, event`` (a count), ``response_z, prediction_z`` (z-scored in the fold);
        one row per event of the fold.
    """
    inside = np.flatnonzero((bins_ms >= window[0]) & (bins_ms <= window[1]))
    folds = np.unique(fold)
    r = np.array(
        [[pearson(response[fold == f, b], prediction[fold == f, b]) for b in inside] for f in folds]
    )
    column = int(np.argmax(np.nan_to_num(r.mean(axis=0), nan=-1)))
    middle = folds[int(np.argsort(np.nan_to_num(r[:, column], nan=-1))[len(folds) // 2])]
    held, best = fold == middle, inside[column]
    measured, predicted = zscored(response[held, best]), zscored(prediction[held, best])
    return pd.DataFrame(
        {
            "bin_ms": float(bins_ms[best]),
            "fold": int(middle),
            "r": pearson(measured, predicted),
            "event": range(len(measured)),
            "response_z": measured,
            "prediction_z": predicted,
        }
    )


def one_electrode(file: xr.Dataset, name: str, electrode: str) -> np.ndarray:
    """Return (n_events, n_bins) of one electrode, without reading the others."""
    at = int(np.flatnonzero(file["electrode"].values.astype(str) == electrode)[0])
    return np.asarray(file[name].isel(electrode=at).transpose("event", "bin_ms").values, float)


def zscored(values: np.ndarray) -> np.ndarray:
    """Return values less their mean, by their standard deviation; zeros where they are constant."""
    sd = values.std()
    return np.asarray((values - values.mean()) / sd if sd > 0 else np.zeros(len(values)))


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's r; NaN where one is constant."""
    return float(np.mean(zscored(a) * zscored(b))) if a.std() > 0 and b.std() > 0 else float("nan")
