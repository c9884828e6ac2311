"""How many sites of each region are positive."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

MOST = 40


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return bars of the share of sites by region, and the table of regions.

    At most :data:`MOST` regions are drawn; those below the false-discovery level in full colour.
    """
    regions, level = tables["regions"], spec.level
    named = regions[regions["region"] != "unknown"]
    covered, absent = named[named["n_electrodes"] > 0], named[named["n_electrodes"] == 0]
    unknown = int(regions.loc[regions["region"] == "unknown", "n_electrodes"].sum())
    if covered.empty:
        return (
            style.nothing_to_draw(
                "No region is known for any electrode: there is nothing to count by region."
            ),
            regions,
        )
    drawn = (
        covered.assign(rank=covered["fraction"].fillna(-1))
        .sort_values(["rank", "n_tested"], ascending=False)
        .drop(columns="rank")
        .head(MOST)
    )
    height = 0.165 * len(drawn) + 1.0
    figure = style.new_figure(height=height)
    axes = figure.subplots()
    y = np.arange(len(drawn))[::-1]
    passed = (drawn["q"] < level).to_numpy()
    tested = (drawn["n_tested"] > 0).to_numpy()
    fraction = drawn["fraction"].fillna(0).to_numpy(dtype=float)
    axes.barh(
        y,
        fraction,
        height=0.62,
        color=np.where(passed, colours.VERMILLION, "#F3B98C"),
        edgecolor=colours.VERMILLION,
        linewidth=0.5,
    )
    low, high = drawn["ci_low"].to_numpy(dtype=float), drawn["ci_high"].to_numpy(dtype=float)
    axes.hlines(y[tested], low[tested], high[tested], color="#222222", linewidth=0.9)
    axes.plot(fraction[tested], y[tested], "|", color="#222222", markersize=4)
    for at, row, is_tested, is_passed in zip(y, drawn.itertuples(), tested, passed, strict=True):
        text = (
            f"{row.n_sites} of {row.n_tested}" + ("  *" if is_passed else "")
            if is_tested
            else f"none of {row.n_electrodes} tested"
        )
        axes.text(
            1.02,
            at,
            text,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=7,
            color="#222222" if is_tested else "#777777",
        )
    axes.set_yticks(
        y,
        [
            f"{names.region_name(r)} {h if isinstance(h, str) else ''}".strip()
            for r, h in zip(drawn["region"], drawn["hemisphere"], strict=True)
        ],
    )
    axes.set_ylim(-0.7, len(drawn) - 0.3)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Sites of the electrodes tested (bar), 95% interval (line)")
    axes.xaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}%")
    axes.text(
        1.02,
        1.0,
        "sites of tested",
        transform=axes.transAxes,
        fontsize=7,
        va="bottom",
        color="#555555",
    )
    below = []
    if len(covered) > len(drawn):
        below.append(f"{len(covered) - len(drawn)} more covered regions are in the table.")
    if len(absent):
        below.append(f"No electrode in: {listed(absent)}.")
    if unknown:
        below.append(f"{unknown} electrodes have no known region.")
    if below:
        figure.supxlabel(
            wrapped("  ".join(below)), fontsize=6.5, color="#555555", x=0.01, ha="left"
        )
    return figure, regions


def listed(absent: pd.DataFrame) -> str:
    """Return regions by name, with their hemispheres: ``Cuneus L R, Lingual L``."""
    sides = absent.groupby(absent["region"].map(names.region_name), sort=True)["hemisphere"].apply(
        lambda s: " ".join(sorted(s.dropna().astype(str)))
    )
    return ", ".join(f"{region} {side}".strip() for region, side in sides.items())


def wrapped(text: str, width: int = 150) -> str:
    """Return ``text`` broken into lines of at most ``width`` characters."""
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])
