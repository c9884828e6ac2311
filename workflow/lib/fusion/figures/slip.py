"""The three-way comparison of networks that share architecture and data: every pair's effect,
electrode by electrode.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return one panel per alignment: effect of the first pair of networks against the second,
    coloured by the third, and the data.
    """
    contrasts, pairs = tables["contrasts"], list(spec.three_way)
    window, level = spec.window_name, spec.level
    part = contrasts[
        contrasts["contrast"].isin(pairs) & (contrasts["window"] == window) & contrasts["tested"]
    ]
    keys = ["subject", "electrode", "alignment"]
    wide = part.pivot_table(index=keys, columns="contrast", values=["effect", "q"], sort=False)
    data = wide.copy()
    data.columns = [
        f"{contrast}_{value}" for value, contrast in cast(list[tuple[str, str]], list(wide.columns))
    ]
    data = data.reset_index()
    needed = [f"{c}_effect" for c in pairs[:2]]
    if len(pairs) < 2 or data.empty or not set(needed) <= set(data) or data[needed].dropna().empty:
        return (
            style.nothing_to_draw(
                "Two contrasts of networks that share architecture and data are needed here, tested"
                " at the same electrodes."
            ),
            data,
        )
    alignments = sorted(data["alignment"].unique())
    figure = style.new_figure(width=3.55 * len(alignments), height=3.75)
    panels = figure.subplots(1, len(alignments), squeeze=False, sharex=True, sharey=True)[0]
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        one = data[data["alignment"] == alignment].dropna(subset=needed)
        style.zero_line(axes)
        style.zero_line(axes, horizontal=False)
        passed = [
            (one[f"{c}_q"] < level).to_numpy() if f"{c}_q" in one else np.zeros(len(one), bool)
            for c in pairs[:2]
        ]
        x, y = (
            one[f"{pairs[1]}_effect"].to_numpy(dtype=float),
            one[f"{pairs[0]}_effect"].to_numpy(dtype=float),
        )
        first, second = (side(spec, pair) for pair in pairs[:2])
        groups = [
            (~passed[0] & ~passed[1], "o", "none", "#777777", "neither"),
            (
                passed[0] & ~passed[1],
                "^",
                colours.BLUE,
                "white",
                f"only {first}",
            ),
            (
                ~passed[0] & passed[1],
                "s",
                colours.GREEN,
                "white",
                f"only {second}",
            ),
            (passed[0] & passed[1], "o", colours.VERMILLION, "white", "both"),
        ]
        style.scatter_groups(axes, x, y, groups, size=15)
        if len(pairs) > 2 and f"{pairs[2]}_q" in one:
            third = (one[f"{pairs[2]}_q"] < level).to_numpy()
            axes.scatter(
                x[third],
                y[third],
                s=style.shrunk(len(one), 42),
                rasterized=style.many(len(one)),
                marker="o",
                facecolors="none",
                edgecolors=colours.BLACK,
                linewidths=0.9,
                label=f"{names.contrast_name(pairs[2])} ({int(third.sum())})",
            )
        low, high = (
            min(axes.get_xlim()[0], axes.get_ylim()[0]),
            max(axes.get_xlim()[1], axes.get_ylim()[1]),
        )
        axes.plot([low, high], [low, high], color="#B0B0B0", linewidth=0.7, zorder=0)
        axes.set_xlabel(f"Δz, {label_of(spec, pairs[1])}")
        style.letter(axes, k, f"{alignment.capitalize()} events")
        axes.legend(
            loc="upper left",
            handletextpad=0.1,
            borderaxespad=0.1,
            title=f"q < {level:g}",
            title_fontsize=7,
            alignment="left",
            fontsize=7,
        )
        axes.margins(0.05)
    bottom, top = panels[0].get_ylim()
    panels[0].set_ylim(bottom, top + 0.35 * (top - bottom))
    panels[0].set_ylabel(f"Δz, {label_of(spec, pairs[0])}")
    return figure, data


def side(spec: FiguresSpec, contrast: str) -> str:
    """Return the name of a contrast's side a."""
    return names.operand_name(spec.operands[contrast].a, spec.labels)


def label_of(spec: FiguresSpec, contrast: str) -> str:
    """Return ``a vs b`` in words."""
    b = names.operand_name(spec.operands[contrast].b, spec.labels)
    return f"{side(spec, contrast)} vs {b}"
