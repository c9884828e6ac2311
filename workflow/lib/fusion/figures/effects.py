"""How large the differences are: their distribution in every contrast."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, per contrast and alignment, every tested electrode's effect as a dot with the median
    and quartiles, and the data.
    """
    contrasts, window, level = tables["contrasts"], spec.window_name, spec.level
    data = contrasts[(contrasts["window"] == window) & contrasts["tested"]]
    data = data[
        ["subject", "electrode", "alignment", "contrast", "effect", "ci_low", "ci_high", "p", "q"]
    ]
    if data.empty:
        return (
            style.nothing_to_draw(
                "No electrode was tested in any contrast: there are no effects to show."
            ),
            data,
        )
    order = list(dict.fromkeys(contrasts["contrast"]))
    alignments = sorted(data["alignment"].unique())
    figure = style.new_figure(height=0.42 * len(order) + 1.15)
    panels = figure.subplots(1, len(alignments), sharex=True, sharey=True, squeeze=False)[0]
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        style.zero_line(axes, horizontal=False)
        for at, contrast in enumerate(reversed(order)):
            part = data[(data["alignment"] == alignment) & (data["contrast"] == contrast)]
            if part.empty:
                axes.text(
                    0, at, "not tested", ha="center", va="center", fontsize=7, color="#777777"
                )
                continue
            strip(axes, at, part, level)
            count = int((part["q"] < level).sum())
            axes.text(
                1.01,
                at,
                f"{count} of {len(part)}",
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=7,
            )
        style.letter(axes, k, f"{alignment.capitalize()} events")
        axes.set_xlabel("Difference in Fisher z of r")
        axes.set_ylim(-0.6, len(order) - 0.4)
        axes.text(
            1.01,
            1.0,
            f"q < {level:g}",
            transform=axes.transAxes,
            fontsize=7,
            va="bottom",
            color="#555555",
        )
    panels[0].set_yticks(range(len(order)), [names.contrast_name(c) for c in reversed(order)])
    return figure, data


def strip(axes: Axes, at: float, part: pd.DataFrame, level: float) -> None:
    """Draw one contrast's electrodes as dots stacked by density, its quartiles as a box and its
    median as a line.
    """
    effect = part["effect"].to_numpy(dtype=float)
    found = (part["q"] < level).to_numpy()
    offset, dots = swarm(effect), style.shrunk(len(effect), 8)
    as_image = style.many(len(effect))
    axes.scatter(
        effect[~found],
        at + offset[~found],
        s=dots,
        facecolors="none",
        edgecolors="#777777",
        linewidths=0.3,
        rasterized=as_image,
    )
    axes.scatter(
        effect[found],
        at + offset[found],
        s=1.2 * dots,
        color=colours.VERMILLION,
        edgecolors="white",
        linewidths=0.2,
        rasterized=as_image,
    )
    low, middle, high = np.percentile(effect, [25, 50, 75])
    axes.fill_between(
        [low, high], at - 0.06, at + 0.06, color=colours.BLACK, alpha=0.75, linewidth=0, zorder=3
    )
    axes.plot([middle, middle], [at - 0.2, at + 0.2], color=colours.BLACK, linewidth=1.3, zorder=4)


def swarm(values: np.ndarray, bins: int = 60, reach: float = 0.36) -> np.ndarray:
    """Return vertical offsets in -reach..reach that spread dots where there are many, the same
    every time.
    """
    edges = np.linspace(values.min(), values.max() + 1e-12, bins + 1)
    where = np.clip(np.digitize(values, edges) - 1, 0, bins - 1)
    offset = np.zeros(len(values))
    fullest = np.bincount(where).max()
    step = 2 * reach / max(fullest, 10)
    for bin_ in np.unique(where):
        members = np.flatnonzero(where == bin_)
        rank = np.arange(len(members))
        offset[members] = step * np.where(rank % 2, (rank + 1) // 2, -(rank // 2))
    return offset
