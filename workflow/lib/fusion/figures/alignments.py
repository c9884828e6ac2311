"""Do language events and vision events tell the same story?"""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, per contrast, the effect in one alignment against the other, and the data."""
    contrasts, level = tables["contrasts"], spec.level
    chosen, window = spec.across_alignments, spec.window_name
    part = contrasts[
        contrasts["contrast"].isin(chosen) & (contrasts["window"] == window) & contrasts["tested"]
    ]
    alignments = sorted(part["alignment"].unique())
    if len(alignments) < 2:
        words = (
            f"Only {alignments[0]} events were tested" if alignments else "No electrode was tested"
        )
        return (
            style.nothing_to_draw(f"{words}: there are no two alignments to compare."),
            part[["subject", "electrode", "alignment", "contrast"]],
        )
    wide = part.pivot_table(
        index=["contrast", "subject", "electrode"],
        columns="alignment",
        values=["effect", "q"],
        sort=False,
    ).dropna()
    data = wide.copy()
    data.columns = [
        f"{value}_{alignment}"
        for value, alignment in cast(list[tuple[str, str]], list(wide.columns))
    ]
    data = data.reset_index()
    shown = [c for c in chosen if (data["contrast"] == c).any()][:3]
    figure = style.new_figure(width=max(2.45 * len(shown), 3.2), height=3.0)
    panels = figure.subplots(1, max(len(shown), 1), squeeze=False)[0]
    first, second = alignments
    for k, (axes, contrast) in enumerate(zip(panels, shown, strict=False)):
        one = data[data["contrast"] == contrast]
        x, y = (
            one[f"effect_{first}"].to_numpy(dtype=float),
            one[f"effect_{second}"].to_numpy(dtype=float),
        )
        in_first, in_second = (
            (one[f"q_{first}"] < level).to_numpy(),
            (one[f"q_{second}"] < level).to_numpy(),
        )
        style.zero_line(axes)
        style.zero_line(axes, horizontal=False)
        looks = [
            (~in_first & ~in_second, "o", "none", "#777777", "neither"),
            (in_first & ~in_second, "s", colours.GREEN, "white", f"{first} only"),
            (~in_first & in_second, "^", colours.BLUE, "white", f"{second} only"),
            (in_first & in_second, "o", colours.VERMILLION, "white", "both"),
        ]
        style.scatter_groups(axes, x, y, looks, size=13)
        r = np.corrcoef(x, y)[0, 1] if len(x) > 2 and x.std() > 0 and y.std() > 0 else np.nan
        kappa = cohen(in_first, in_second)
        said = (
            f"r = {r:.2f}, κ = {kappa:.2f}" if np.isfinite(kappa) else f"r = {r:.2f}, κ undefined"
        )
        style.letter(axes, k, names.contrast_name(contrast))
        axes.set_xlabel(f"Δz, {first} events\n{said}".replace("-", "\u2212"))
        if k == 0:
            axes.set_ylabel(f"Δz, {second} events")
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + 0.42 * (top - bottom))
        axes.legend(
            loc="upper left", handletextpad=0.1, borderaxespad=0.1, fontsize=6.8, labelspacing=0.25
        )
    return figure, data


def cohen(a: np.ndarray, b: np.ndarray) -> float:
    """Return Cohen's kappa of two yes/no ratings; NaN where both always say the same one thing."""
    agree = np.mean(a == b)
    chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float((agree - chance) / (1 - chance)) if chance < 1 else float("nan")
