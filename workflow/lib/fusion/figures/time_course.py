"""r of two models over time, with intervals: the mean over electrodes, and chosen electrodes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusion.figures import colours, names, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

LOOKS: dict[str, tuple[str, Literal["-", "--"]]] = {
    "a": (colours.VERMILLION, "-"),
    "b": (colours.BLUE, "--"),
}


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the curves of both sides, one row of panels an electrode, and the data.

    The table is that of :class:`fusion.contrasts.over_time.OverTime`.
    """
    curves = tables["time_course"]
    if curves.empty:
        return (
            style.nothing_to_draw(
                "No electrode was tested in this contrast: there is no time course to show."
            ),
            curves,
        )
    regions = tables["sites"].set_index(["subject", "electrode"])["region"]
    curves = curves.assign(
        significant=read.truths(curves["significant"]),
        panel=[
            panel_name(*pair, regions.get(pair))
            for pair in zip(curves["subject"], curves["electrode"], strict=True)
        ],
    )
    panels, alignments = list(dict.fromkeys(curves["panel"])), sorted(curves["alignment"].unique())
    figure = style.new_figure(height=1.35 * len(panels) + 0.9)
    grid = figure.subplots(len(panels), len(alignments), sharex=True, sharey="row", squeeze=False)
    for i, panel in enumerate(panels):
        for j, alignment in enumerate(alignments):
            axes = grid[i, j]
            axes.axvspan(*spec.window, color="#EEEEEE", linewidth=0, zorder=-2)
            axes.axvline(0, color="#808080", linewidth=0.7, zorder=-1)
            style.zero_line(axes)
            part = curves[(curves["panel"] == panel) & (curves["alignment"] == alignment)]
            for side, (colour, dash) in LOOKS.items():
                one = part[part["side"] == side]
                axes.fill_between(
                    one["bin_ms"],
                    one["ci_low"],
                    one["ci_high"],
                    color=colour,
                    alpha=0.22,
                    linewidth=0,
                )
                axes.plot(one["bin_ms"], one["r"], dash, color=colour)
            style.letter(
                axes,
                i * len(alignments) + j,
                f"{alignment.capitalize()}: {panel}" if i == 0 else panel,
            )
            if part.empty:
                axes.text(
                    0.5,
                    0.5,
                    "not tested",
                    transform=axes.transAxes,
                    ha="center",
                    fontsize=7,
                    color="#777777",
                )
            on = part[(part["side"] == "a") & part["significant"]]
            if len(on):  # an empty line would upset the layout
                axes.plot(
                    on["bin_ms"],
                    np.full(len(on), 0.02),
                    "s",
                    color=colours.BLACK,
                    markersize=1.8,
                    transform=axes.get_xaxis_transform(),
                )
            if j == 0:
                axes.set_ylabel("r")
    for axes in grid[-1]:
        axes.set_xlabel("Time from event (ms)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
    fits = curves.drop_duplicates("side").set_index("side")["fit"]
    handles = [
        Line2D([], [], linestyle=dash, color=colour, label=names.fit_name(fits[side], spec.labels))
        for side, (colour, dash) in LOOKS.items()
    ]
    handles.append(
        Line2D(
            [],
            [],
            linestyle="",
            marker="s",
            color=colours.BLACK,
            markersize=3,
            label="difference, corrected over bins",
        )
    )
    figure.legend(handles=handles, loc="outside upper center", ncol=3)
    return figure, curves.drop(columns="panel")


def panel_name(subject: str, electrode: str, region: str | float | None) -> str:
    """Return a panel's title: an electrode, or the average where the ids are missing."""
    if not isinstance(subject, str):
        return "mean of tested electrodes"
    where = f", {names.region_name(region)}" if isinstance(region, str) else ""
    return f"sub-{subject} {electrode}{where}"
