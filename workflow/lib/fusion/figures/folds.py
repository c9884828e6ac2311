"""Which stretch of film each fold holds out, and the gap around it."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return film time as a bar per recording, one colour a fold, gaps between them marked, and the
    data.

    The table is that of :mod:`fusion.encoding.held_out`.
    """
    data = tables["folds"]
    if data.empty:
        return style.nothing_to_draw("No predictions were kept: the folds are not shown."), data
    recordings = list(dict.fromkeys(data["recording"]))
    figure = style.new_figure(height=0.85 + 0.22 * len(recordings))
    axes = figure.subplots()
    for at, recording in enumerate(reversed(recordings)):
        for row in data[data["recording"] == recording].itertuples():
            never = row.fold < 0
            colour = "white" if never else colours.CYCLE[row.fold % len(colours.CYCLE)]
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
        f"Film time of {spec.example_alignment} events (min); training events within"
        f" {spec.gap_s:g} s of a held-out one are left out"
    )
    return figure, data


def short(recording: str) -> str:
    """Return a recording's name without the entities that all recordings of films share."""
    return " ".join(
        part for part in recording.split("_") if part.startswith(("sub-", "ses-", "run-"))
    )
