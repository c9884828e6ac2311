"""From electrodes to people: a contrast by region, in each subject and over subjects."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

MOST = 25


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, for the contrast that decides and each alignment, regions with the subjects' effects
    and the random-effects mean with its 95% interval, and the effects over subjects.

    At most :data:`MOST` regions are drawn, those of most subjects; regions without a name are left
    out.
    """
    contrast = spec.effect[0] if spec.effect else None
    effects, subjects = (
        table[(table["contrast"] == contrast) & (table["region"] != "unknown")].fillna(
            {"hemisphere": "n/a"}
        )
        for table in (tables["region_effects"], tables["region_subjects"])
    )
    several = effects[effects["n_subjects"] > 1]
    if several.empty:
        return (
            style.nothing_to_draw("No region has tested electrodes of several subjects."),
            effects,
        )
    place = ["region", "hemisphere"]
    most = several.groupby(place)["n_subjects"].max().sort_values(ascending=False)
    drawn = list(most.head(MOST).index)
    alignments = sorted(several["alignment"].unique())
    figure = style.new_figure(height=0.24 * len(drawn) + 1.1)
    panels = figure.subplots(1, len(alignments), sharex=True, sharey=True, squeeze=False)[0]
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        style.zero_line(axes, horizontal=False)
        for at, (region, side) in enumerate(reversed(drawn)):
            own, mean = (
                table[
                    (table["alignment"] == alignment)
                    & (table["region"] == region)
                    & (table["hemisphere"] == side)
                ]
                for table in (subjects, several)
            )
            row(axes, at, own, mean, spec.level)
        style.letter(axes, k, f"{alignment.capitalize()} events")
        axes.set_xlabel("Difference in Fisher z of r")
    panels[0].set_yticks(
        range(len(drawn)),
        [
            f"{names.region_name(region)} {'' if side == 'n/a' else side}".strip()
            for region, side in reversed(drawn)
        ],
    )
    panels[0].set_ylim(-0.6, len(drawn) - 0.4)
    figure.supxlabel(
        f"{contrast}. Dots: subjects, by number of electrodes. Diamond and line: over subjects,"
        " 95% interval; filled: q below the level.",
        fontsize=6.5,
        color="#555555",
        x=0.01,
        ha="left",
    )
    return figure, effects


def row(axes: Axes, at: int, own: pd.DataFrame, mean: pd.DataFrame, level: float) -> None:
    """Draw one region: its subjects, their mean, and in how many of them the effect is at least."""
    axes.scatter(
        own["effect"],
        np.full(len(own), at),
        s=6 + 3 * own["n_electrodes"].clip(upper=12),
        facecolors="none",
        edgecolors=colours.BLUE,
        linewidths=0.7,
    )
    values = mean[["effect", "ci_low", "ci_high", "q", "n_at_least", "n_subjects"]]
    for effect, low, high, q, n_at_least, n_subjects in values.to_numpy(float):
        axes.hlines(at, low, high, color="#222222", linewidth=1)
        axes.plot(
            effect,
            at,
            "D",
            color="#222222",
            markersize=4,
            markerfacecolor=colours.VERMILLION if q < level else "white",
        )
        axes.text(
            1.01,
            at,
            f"≥ {n_at_least:.0f} of {n_subjects:.0f}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=6.5,
        )
