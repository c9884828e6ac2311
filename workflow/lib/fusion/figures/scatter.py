"""One model's r against another's, electrode by electrode."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return r of a contrast's side a against side b, one panel an alignment, and the data."""
    contrasts, window, level = tables["contrasts"], spec.window_name, spec.level
    if spec.scatter is None:
        return style.nothing_to_draw(
            "No contrast compares multimodal with unimodal models."
        ), contrasts.iloc[:0]
    contrast = spec.scatter
    data = contrasts[
        (contrasts["contrast"] == contrast) & (contrasts["window"] == window) & contrasts["tested"]
    ]
    data = data[["subject", "electrode", "alignment", "a", "b", "r_a", "r_b", "effect", "q"]]
    if data.empty:
        return (
            style.nothing_to_draw(f"No electrode was tested in {names.contrast_name(contrast)}."),
            data,
        )
    alignments = sorted(data["alignment"].unique())
    figure = style.new_figure(width=3.55 * max(len(alignments), 1), height=3.6)
    panels = figure.subplots(1, len(alignments), squeeze=False)[0]
    low = min(0.0, data[["r_a", "r_b"]].min().min())
    high = data[["r_a", "r_b"]].max().max()
    margin = 0.05 * (high - low)
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        part = data[data["alignment"] == alignment]
        found = (part["q"] < level).to_numpy()
        higher = (part["effect"] > 0).to_numpy()
        axes.plot(
            [low - margin, high + margin],
            [low - margin, high + margin],
            color="#808080",
            linewidth=0.8,
            zorder=0,
        )
        groups = [
            (~found, "o", "none", "#777777", "no difference found"),
            (found & higher, "o", colours.VERMILLION, "white", "a higher"),
            (found & ~higher, "^", colours.BLUE, "white", "b higher"),
        ]
        for members, marker, face, edge, label in groups:
            if members.any():
                axes.scatter(
                    part["r_b"][members],
                    part["r_a"][members],
                    s=style.shrunk(len(part), 15),
                    rasterized=style.many(len(part)),
                    marker=marker,
                    facecolors=face,
                    edgecolors=edge,
                    linewidths=0.5,
                    label=f"{label} ({int(members.sum())})",
                )
        axes.set(
            xlim=(low - margin, high + margin), ylim=(low - margin, high + margin), aspect="equal"
        )
        axes.set_xlabel(wrap_label("b", names.operand_name(spec.operands[contrast].b, spec.labels)))
        axes.set_ylabel(wrap_label("a", names.operand_name(spec.operands[contrast].a, spec.labels)))
        axes.legend(loc="upper left", handletextpad=0.1, borderaxespad=0.2)
        style.letter(axes, k, f"{alignment.capitalize()} events")
    return figure, data


def wrap_label(side: str, words: str, width: int = 42) -> str:
    """Return an axis label on as many lines as it needs."""
    lines = [""]
    for word in f"Mean r of {side}: {words}".split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:3]) + (" …" if len(lines) > 3 else "")
