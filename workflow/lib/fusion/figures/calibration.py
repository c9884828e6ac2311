"""Do tests keep their level? False-positive rates and power in simulated worlds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

LOOKS = {
    "calibrated": (colours.BLUE, "o"),
    "calibrated, any bin": (colours.GREEN, "s"),
    "bin-wise (paper)": (colours.VERMILLION, "^"),
}


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, per contrast, the false-positive rate in every world in which it is false, and power
    where it is true; and the data.

    The table has ``alignment, world, effect, minutes, contrast, procedure, nulls, fpr_05,
    fpr_05_se, alternatives, power_fdr``.
    """
    calibration = tables["calibration"]
    whole = calibration["minutes"] == calibration["minutes"].max()
    first = calibration.groupby("world")["effect"].transform("first")
    data = calibration[whole & (calibration["effect"] == first)]
    if data.empty:
        return style.nothing_to_draw("The calibration has no rows."), calibration
    contrasts = list(dict.fromkeys(data["contrast"]))
    worlds = list(dict.fromkeys(data["world"]))
    columns = min(3, len(contrasts))
    lines = int(np.ceil(len(contrasts) / columns))
    figure = style.new_figure(height=0.75 + (0.75 + 0.2 * len(worlds)) * lines)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for k, (axes, contrast) in enumerate(zip(grid, contrasts, strict=False)):
        axes.axvline(0.05, color="#808080", linewidth=0.8, linestyle=":", zorder=0)
        for shift, (procedure, (colour, marker)) in zip(
            (-0.22, 0, 0.22), LOOKS.items(), strict=True
        ):
            part = data[(data["contrast"] == contrast) & (data["procedure"] == procedure)]
            false = (
                part[part["nulls"] > 0]
                .groupby("world")
                .agg(rate=("fpr_05", "mean"), se=("fpr_05_se", "mean"))
                .reindex(worlds)
            )
            true = (
                part[part["alternatives"] > 0].groupby("world")["power_fdr"].mean().reindex(worlds)
            )
            y = np.arange(len(worlds))[::-1] - shift
            axes.hlines(
                y,
                false["rate"] - 1.96 * false["se"],
                false["rate"] + 1.96 * false["se"],
                color=colour,
                linewidth=0.9,
            )
            axes.plot(
                false["rate"],
                y,
                marker,
                color=colour,
                markersize=3.5,
                label=f"{procedure}: false positives (p < 0.05)",
            )
            axes.plot(
                true,
                y,
                marker,
                markerfacecolor="none",
                markeredgecolor=colour,
                markersize=4.5,
                label=f"{procedure}: power (q)",
            )
        style.letter(axes, k, names.contrast_name(contrast))
        axes.set_yticks(range(len(worlds)), [w.replace("_", " ") for w in worlds[::-1]])
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.5, len(worlds) - 0.5)
    style.finish_grid(grid, len(contrasts), columns)
    figure.supxlabel("Rate (dotted: 0.05)", fontsize=8)
    figure.legend(
        *grid[0].get_legend_handles_labels(), loc="outside upper center", ncol=3, fontsize=6.5
    )
    return figure, calibration
