"""How large an effect has to be, by minutes of film and number of electrodes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

COLOURS = (colours.BLUE, colours.GREEN, colours.VERMILLION, colours.BLACK)


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, per contrast, the effect found at 80% of electrodes against minutes of film, a line
    for each number of electrodes, with the effects that were found; and the data.

    The tables are ``planning`` and ``calibration_recorded``; alignments are averaged.
    """
    plan, rates = tables["planning"], tables["calibration_recorded"]
    if plan.empty:
        return style.nothing_to_draw("No world was made of the recordings."), plan
    contrasts = list(dict.fromkeys(plan["contrast"]))
    columns = min(3, len(contrasts))
    lines = int(np.ceil(len(contrasts) / columns))
    figure = style.new_figure(height=0.8 + 1.7 * lines)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for k, (axes, contrast) in enumerate(zip(grid, contrasts, strict=False)):
        own = plan[plan["contrast"] == contrast]
        for number, (electrodes, rows) in enumerate(own.groupby("electrodes")):
            curve = rows.groupby("minutes")["detectable"].mean()
            axes.plot(
                curve.index,
                curve,
                "o-",
                color=COLOURS[number % len(COLOURS)],
                markersize=2.5,
                linewidth=0.9,
                label=f"one of {electrodes:g}",
            )
        found = rates.loc[rates["contrast"] == contrast, "median_found"].dropna()
        if len(found):
            axes.axhline(found.mean(), color=colours.GREY, linewidth=0.8, linestyle=":")
        style.letter(axes, k, names.contrast_name(contrast))
        axes.set_xscale("log")
        # A power of ten would be a formula, and labels are plain text.
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom=0)
    style.finish_grid(grid, len(contrasts), columns)
    figure.supxlabel("Minutes of film (dotted: median effect of the sites found)", fontsize=8)
    figure.supylabel("Effect found at 80% of electrodes", fontsize=8)
    figure.legend(
        *grid[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncol=4,
        fontsize=6.5,
        title="electrodes tested together",
        title_fontsize=7,
    )
    return figure, plan
