"""Which layers predict: r along each network's depth, and the layers that electrodes chose."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec
from fusion.ids import TRAINED


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, per trained model, mean r by layer (line, quartiles) over the share of electrodes
    that chose it (bars), and the data.

    Sites with signal are drawn.
    """
    scores = tables["score_profiles"]
    scores = scores[scores["init"] == TRAINED]
    part = scores.merge(read.with_signal(tables["sites"]), on=["subject", "electrode"])
    if part.empty:
        return (
            style.nothing_to_draw(
                "No electrode carries signal that any model predicts: there is no layer profile."
            ),
            part,
        )
    grouped = part.groupby(["model", "alignment", "layer", "depth"], sort=False)
    data = (
        grouped["r_test"]
        .agg(mean="mean", lower=lambda r: r.quantile(0.25), upper=lambda r: r.quantile(0.75))
        .reset_index()
    )
    data["chosen"] = grouped["chosen"].mean().to_numpy(dtype=float)
    # Features of one layer have no profile.
    models = [m for m in spec.models if len(set(data.loc[data["model"] == m, "layer"])) > 1]
    if not models:
        return style.nothing_to_draw("Every model has one layer: there is no layer profile."), data
    columns = min(len(models), 4)
    lines = int(np.ceil(len(models) / columns))
    figure = style.new_figure(height=0.6 + 1.95 * lines)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    top = max(float(data["upper"].max()), 1e-3)
    looks = {"language": (colours.GREEN, "-", -1), "vision": (colours.BLUE, "--", 1)}
    for k, (axes, model) in enumerate(zip(grid, models, strict=False)):
        style.zero_line(axes)
        for alignment, (colour, dash, side) in looks.items():
            one = data[(data["model"] == model) & (data["alignment"] == alignment)].sort_values(
                "depth"
            )
            if one.empty:
                continue
            depth = one["depth"].to_numpy(dtype=float)
            width = 0.4 / max(len(one), 2)
            axes.bar(
                depth + side * width / 2,
                0.35 * top * one["chosen"],
                width,
                color=colour,
                alpha=0.35,
                bottom=-0.45 * top,
                linewidth=0,
            )
            axes.fill_between(
                depth, one["lower"], one["upper"], color=colour, alpha=0.15, linewidth=0
            )
            axes.plot(
                depth,
                one["mean"],
                dash,
                marker="o",
                markersize=2.5,
                color=colour,
                label=f"{alignment} events",
            )
        style.letter(axes, k, spec.labels[model])
        axes.set_xticks([0, 0.5, 1], ["first", "", "last"])
    style.finish_grid(grid, len(models), columns)
    for axes in grid[: len(models) : columns]:
        axes.set_ylabel("Mean r in the window")
        axes.set_ylim(-0.47 * top, 1.08 * top)
        axes.set_yticks([t for t in axes.get_yticks() if 0 <= t <= 1.08 * top])
    figure.supxlabel(
        "Layer, by depth (bars below zero: share of electrodes that chose it; full height 100%)",
        fontsize=7.5,
    )
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncol=2)
    return figure, data
