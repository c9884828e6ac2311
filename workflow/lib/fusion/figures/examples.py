"""What predictions look like: held-out response and prediction at the best, a middling and an
unpredicted electrode.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import names, style
from fusion.report.numbers import printed

EVENTS = 120
KINDS = {"best": "Best", "median": "Median", "none": "Not predicted"}


def choose(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the electrodes with the highest, the median and the smallest absolute r, of one fit's
    window means.

    Parameters
    ----------
    scores
        ``subject, electrode, r_test``, one row per electrode.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (best, median, none), ``subject``, ``electrode``, ``r_test``; fewer rows where
        there are fewer electrodes.
    """
    ranked = (
        scores.dropna(subset=["r_test"])
        .sort_values("r_test", ascending=False, kind="stable")
        .reset_index(drop=True)
    )
    if ranked.empty:
        return ranked.assign(kind=[])[["kind", "subject", "electrode", "r_test"]]
    positive = ranked[ranked["r_test"] > 0]
    at = [0, len(positive) // 2 if len(positive) else 0, int(ranked["r_test"].abs().idxmin())]
    return (
        ranked.loc[at]
        .assign(kind=["best", "median", "none"])
        .drop_duplicates(["subject", "electrode"])[["kind", "subject", "electrode", "r_test"]]
    )


def trace(
    response: np.ndarray,
    prediction: np.ndarray,
    fold: np.ndarray,
    bins: np.ndarray,
    window: list[float],
) -> dict:
    """Return z-scored response and prediction at the window's best bin, for the first whole stretch
    of held-out events.

    Parameters
    ----------
    response, prediction
        (event, bin), events in film order.
    fold
        (event): -1 if never held out.
    bins
        (bin) ms.
    window
        First and last bin considered.

    Returns
    -------
    dict
        ``response, prediction`` (event) over one fold's events, z-scored in it, ``r`` in the fold,
        ``bin_ms``, ``fold``.
    """
    inside = np.flatnonzero((bins >= window[0]) & (bins <= window[1]))
    folds = [f for f in np.unique(fold) if f >= 0]
    r = np.array(
        [[pearson(response[fold == f, b], prediction[fold == f, b]) for b in inside] for f in folds]
    )
    best = inside[int(np.argmax(np.nan_to_num(r.mean(axis=0), nan=-1)))]
    middle = folds[
        int(np.argsort(np.nan_to_num(r[:, list(inside).index(best)], nan=-1))[len(folds) // 2])
    ]
    held = np.flatnonzero(fold == middle)
    measured, predicted = zscored(response[held, best]), zscored(prediction[held, best])
    return {
        "response": measured[:EVENTS],
        "prediction": predicted[:EVENTS],
        "r": pearson(measured, predicted),
        "bin_ms": float(bins[best]),
        "fold": int(middle),
        "n": len(held),
    }


def zscored(values: np.ndarray) -> np.ndarray:
    """Return values less their mean, by their standard deviation; zeros where they are constant."""
    sd = values.std()
    return (values - values.mean()) / sd if sd > 0 else np.zeros(len(values))


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's r; NaN where one is constant."""
    return float(np.mean(zscored(a) * zscored(b))) if a.std() > 0 and b.std() > 0 else float("nan")


def draw(traces: list[dict], fit: str, alignment: str) -> tuple[Figure, pd.DataFrame]:
    """Return the figure and its data; ``traces`` are those of :func:`trace` with ``kind, subject,
    electrode, region``.
    """
    columns = ["kind", "subject", "electrode", "event", "response_z", "prediction_z"]
    if not traces:
        return style.nothing_to_draw("No electrode has predictions to show."), pd.DataFrame(
            columns=columns
        )
    figure = style.new_figure(height=1.25 * len(traces) + 0.7)
    panels = figure.subplots(len(traces), 2, width_ratios=[4.2, 1], squeeze=False)
    for k, (row, one) in enumerate(zip(panels, traces, strict=True)):
        line, cloud = row
        line.plot(one["response"], color="#808080", linewidth=0.8, label="response")
        line.plot(one["prediction"], color=style.VERMILLION, linewidth=1.2, label="prediction")
        where = f", {names.region_name(one['region'])}" if isinstance(one["region"], str) else ""
        style.letter(
            line,
            k,
            f"{KINDS[one['kind']]}: sub-{one['subject']} {one['electrode']}{where};"
            f" {one['bin_ms']:.0f} ms, r = {printed(one['r'])}",
        )
        line.set_ylabel("z")
        line.margins(x=0.01)
        cloud.plot(one["prediction"], one["response"], ".", color=style.BLUE, markersize=2.5)
        cloud.set_ylabel("response (z)")
        limit = max(
            3.2, float(np.abs(np.concatenate([one["response"], one["prediction"]])).max()) * 1.05
        )
        cloud.set(xlim=(-limit, limit), ylim=(-limit, limit))
    panels[-1, 0].set_xlabel(
        f"Held-out {alignment} events in film order (first {len(traces[0]['response'])} of the fold"
        " shown)"
    )
    panels[-1, 1].set_xlabel("prediction (z)")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncol=2,
        title=f"{names.fit_name(fit)}",
        title_fontsize=7.5,
    )
    data = [
        pd.DataFrame(
            {
                "kind": t["kind"],
                "subject": t["subject"],
                "electrode": t["electrode"],
                "event": range(len(t["response"])),
                "response_z": t["response"],
                "prediction_z": t["prediction"],
            }
        )
        for t in traces
    ]
    return figure, pd.concat(data, ignore_index=True)


def paired(fit, responses: list, electrode: str, window: list[float]) -> dict:
    """Return :func:`trace` of one electrode, its responses and predictions joined by recording and
    event.

    Parameters
    ----------
    fit
        An open ``predictions.nc``.
    responses
        Open response files of the same subject and alignment.
    electrode
        One that the fit has.
    window
        First and last bin considered (ms).
    """
    recording, event = fit["recording"].values.astype(str), fit["event"].values.astype(str)
    predicted = one_electrode(fit, "prediction", electrode)
    fold = fit["fold"].values
    bins = fit["bin_ms"].values.astype(float)
    measured = np.full(predicted.shape, np.nan)
    for one in responses:
        if electrode not in one["electrode"].values.astype(str):
            continue
        assert np.array_equal(one["bin_ms"].values.astype(float), bins), (
            "responses and predictions have different bins"
        )
        values = one_electrode(one, "response", electrode)
        place = {name: k for k, name in enumerate(one["event"].values.astype(str))}
        own = np.flatnonzero(recording == str(one.attrs["recording"]))
        at = [place[name] for name in event[own]]
        measured[own] = values[at]
    held = np.isfinite(measured).all(axis=1) & np.isfinite(predicted).all(axis=1) & (fold >= 0)
    return trace(measured[held], predicted[held], fold[held], bins, window)


def one_electrode(file, name: str, electrode: str) -> np.ndarray:
    """Return (event, bin) of one electrode, without reading the others."""
    at = int(np.flatnonzero(file["electrode"].values.astype(str) == electrode)[0])
    return file[name].isel(electrode=at).transpose("event", "bin_ms").values.astype(float)
