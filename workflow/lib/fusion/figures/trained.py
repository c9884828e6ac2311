"""Trained networks against random ones: r of every electrode."""

from __future__ import annotations

import textwrap
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusion.figures import colours, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return violins of r per model, trained beside random, with medians, and the data.

    Sites with signal are drawn.
    """
    scores, models = tables["score_profiles"], list(spec.models)
    data = scores[scores["chosen"].astype(bool)].merge(
        read.with_signal(tables["sites"]), on=["subject", "electrode"]
    )
    data = data[["subject", "electrode", "alignment", "model", "init", "layer", "r_test"]]
    if data.empty:
        return (
            style.nothing_to_draw(
                "No electrode carries signal that any model predicts: there is nothing to compare"
                " with random networks."
            ),
            data,
        )
    models = [m for m in models if m in set(data["model"])]
    alignments = sorted(data["alignment"].unique())
    several = bool((data["init"] != "trained").any())
    figure = style.new_figure(height=1.0 + 1.9 * len(alignments))
    panels = figure.subplots(len(alignments), 1, sharex=True, squeeze=False)[:, 0]
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        style.zero_line(axes)
        for at, model in enumerate(models):
            of = data[(data["alignment"] == alignment) & (data["model"] == model)]
            trained = of.loc[of["init"] == "trained", "r_test"].dropna().to_numpy(dtype=float)
            random = (
                of[of["init"] != "trained"]
                .groupby(["subject", "electrode"])["r_test"]
                .mean()
                .dropna()
                .to_numpy(dtype=float)
            )
            violin(axes, at - 0.19 * several, trained, colours.VERMILLION)
            violin(axes, at + 0.19, random, colours.GREY)
        axes.set_ylabel("Mean r in the window")
        style.letter(axes, k, f"{alignment.capitalize()} events")
    panels[-1].set_xticks(
        range(len(models)),
        [textwrap.fill(spec.labels[m], 14) for m in models],
        rotation=0 if len(models) < 9 else 45,
        ha="center" if len(models) < 9 else "right",
    )
    panels[-1].set_xlim(-0.6, len(models) - 0.4)
    n = data.groupby(["subject", "electrode"]).ngroups
    handles = [
        panels[0].scatter([], [], marker="s", s=40, color=c, label=name)
        for c, name in (
            (colours.VERMILLION, "trained"),
            (
                colours.GREY,
                "random, mean of draws" if several else "random: none in this config",
            ),
        )
    ]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncol=2,
        title=f"{n} electrodes; those found without signal are left out",
        title_fontsize=7.5,
    )
    return figure, data


def violin(axes: Axes, at: float, values: np.ndarray, colour: str) -> None:
    """Draw one distribution with its quartiles and median; few values as dots."""
    if len(values) == 0:
        return
    if len(values) < 8 or np.ptp(values) == 0:
        axes.plot(np.full(len(values), at), values, "o", color=colour, markersize=2.5)
    else:
        drawn = axes.violinplot(values, [at], widths=0.34, showextrema=False)
        for body in cast(list[Artist], drawn["bodies"]):
            body.set(facecolor=colour, edgecolor=colour, alpha=0.55)
    low, middle, high = np.percentile(values, [25, 50, 75])
    axes.plot([at, at], [low, high], color=colours.BLACK, linewidth=2.2, solid_capstyle="butt")
    axes.plot([at - 0.09, at + 0.09], [middle, middle], color=colours.BLACK, linewidth=1.3)
