"""The leak meter: r of what knows nothing of content, against r of the best model."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return r of the best leak feature against r of the best model per electrode, flagged ones
    marked, and the data.
    """
    leak = tables["leak"]
    data = leak[
        ["subject", "electrode", "alignment", "leak", "r_leak", "r_model", "drift_share", "flagged"]
    ].copy()
    data["flagged"] = read.truths(data["flagged"])
    if data.empty:
        return style.nothing_to_draw("The leak meter has no electrode to measure."), data
    alignments = sorted(data["alignment"].unique())
    figure = style.new_figure(width=3.55 * len(alignments), height=3.5)
    panels = figure.subplots(1, len(alignments), squeeze=False, sharex=True, sharey=True)[0]
    values = data[["r_leak", "r_model"]]
    low, high = min(0.0, float(values.min().min())), max(float(values.max().max()), 0.05)
    margin = 0.06 * (high - low)
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        part = data[data["alignment"] == alignment]
        axes.plot([low, high], [low, high], color="#808080", linewidth=0.8, zorder=0)
        fine, bad = part[~part["flagged"]], part[part["flagged"]]
        axes.scatter(
            fine["r_leak"],
            fine["r_model"],
            s=style.shrunk(len(part), 14),
            rasterized=style.many(len(part)),
            facecolors="none",
            edgecolors="#777777",
            linewidths=0.5,
            label=f"not flagged ({len(fine)})",
        )
        axes.scatter(
            bad["r_leak"],
            bad["r_model"],
            s=style.shrunk(len(part), 34),
            rasterized=style.many(len(part)),
            marker="X",
            color=colours.VERMILLION,
            edgecolors="white",
            linewidths=0.4,
            label=f"flagged ({len(bad)})",
        )
        axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + 4 * margin))
        axes.set_xlabel("r of position, word rate or autocorrelation,\nwhichever is best")
        axes.legend(loc="upper left", handletextpad=0.1)
        style.letter(axes, k, f"{alignment.capitalize()} events")
    panels[0].set_ylabel("r of the best model")
    return figure, data
