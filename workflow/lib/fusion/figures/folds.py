"""Which stretch of film each fold holds out, and the gap around it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import style

COLUMNS = ["subject", "recording", "stimulus", "fold", "first_s", "last_s", "events"]


def onsets(responses) -> dict[tuple[str, str], float]:
    """Return (recording, event) -> film time (s) of an open response file."""
    recording = str(responses.attrs["recording"])
    return {
        (recording, str(e)): float(t)
        for e, t in zip(responses["event"].values, responses["onset_s"].values, strict=True)
    }


def held_out(fit, onsets: dict) -> pd.DataFrame:
    """Return one row per recording and contiguous stretch of held-out events of an open
    ``predictions.nc``.
    """
    names = ("recording", "stimulus", "event")
    table = pd.DataFrame({name: fit[name].values.astype(str) for name in names}).assign(
        fold=fit["fold"].values
    )
    table["onset_s"] = [
        onsets[pair] for pair in zip(table["recording"], table["event"], strict=True)
    ]
    table = table.sort_values(["recording", "onset_s"], kind="stable")
    fresh = (table["fold"] != table["fold"].shift()) | (
        table["recording"] != table["recording"].shift()
    )
    grouped = table.groupby(
        ["recording", "stimulus", fresh.cumsum().rename("stretch"), "fold"], sort=False
    )["onset_s"]
    rows = grouped.agg(first_s="min", last_s="max", events="size").reset_index()
    return rows.assign(subject=str(fit.attrs["subject"]))[COLUMNS]


def draw(tables: list[pd.DataFrame], gap_s: float, alignment: str) -> tuple[Figure, pd.DataFrame]:
    """Return film time as a bar per recording, one colour a fold, gaps between them marked, and the
    data.
    """
    data = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    if data.empty:
        return style.nothing_to_draw("No predictions were kept: the folds are not shown."), data
    recordings = list(dict.fromkeys(data["recording"]))
    figure = style.new_figure(height=0.85 + 0.22 * len(recordings))
    axes = figure.subplots()
    for at, recording in enumerate(reversed(recordings)):
        for row in data[data["recording"] == recording].itertuples():
            never = row.fold < 0
            colour = "white" if never else style.CYCLE[row.fold % len(style.CYCLE)]
            axes.barh(
                at,
                (row.last_s - row.first_s) / 60,
                left=row.first_s / 60,
                height=0.6,
                color=colour,
                edgecolor="#555555" if never else "white",
                linewidth=0.5,
                alpha=0.75,
            )
            if not never and row.last_s - row.first_s > 0.03 * data["last_s"].max():
                axes.text(
                    (row.first_s + row.last_s) / 120,
                    at,
                    str(row.fold + 1),
                    ha="center",
                    va="center",
                    fontsize=7,
                )
    axes.set_yticks(range(len(recordings)), [short(r) for r in reversed(recordings)], fontsize=7)
    axes.set_ylim(-0.6, len(recordings) - 0.4)
    axes.set_xlim(0, data["last_s"].max() / 60 * 1.01)
    axes.set_xlabel(
        f"Film time of {alignment} events (min); training events within {gap_s:g} s of a held-out"
        " one are left out"
    )
    return figure, data


def short(recording: str) -> str:
    """Return a recording's name without the entities that all recordings of films share."""
    return " ".join(
        part for part in recording.split("_") if part.startswith(("sub-", "ses-", "run-"))
    )
