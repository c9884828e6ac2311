"""Regions of the cortex by the share of their electrodes that pass, from region labels alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from fusion.figures import colours, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec
from fusion.ids import bare_region

#: Role of a contrast -> what a row of the figure is called.
ROWS = {
    "multimodal": "Multimodal beats unimodal",
    "matched": "Beats its vision-only twin",
}
#: Outlines that show the sides of the brain, not a region.
BACKGROUND = ("lateral", "medial", "corpuscallosum")
CODES = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4, "Z": Path.CLOSEPOLY}
COLUMNS = ["test", "alignment", "region", "hemisphere", "tested", "passing", "in_all", "fraction"]


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return one map a test and alignment, and its data.

    Colour is the share of tested electrodes that pass, hatched regions have none, and a star marks
    regions where an electrode passes in every alignment.
    """
    data = shares(tables["sites"], tables["contrasts"], spec)
    outlines = tables["outlines"].assign(outline=lambda t: t["path"].map(outline))
    known = set(outlines["region"])
    drawn = data[data["region"].isin(known)]
    if drawn.empty:
        why = (
            "No tested electrode has a region of the Desikan-Killiany atlas: there is no map of"
            " parcels."
        )
        return style.nothing_to_draw(why), data
    tests, alignments = (list(dict.fromkeys(drawn[name])) for name in ("test", "alignment"))
    figure = style.new_figure(height=1.75 * len(tests) + 0.75)
    panels = figure.subplots(len(tests), len(alignments), squeeze=False)
    scale = ScalarMappable(Normalize(0, max(float(drawn["fraction"].max()), 0.01)), "YlOrRd")
    for i, test in enumerate(tests):
        for j, alignment in enumerate(alignments):
            own = drawn[(drawn["test"] == test) & (drawn["alignment"] == alignment)]
            brain(panels[i, j], outlines, own, scale)
            title = f"{test},\n     {alignment} events"
            style.letter(panels[i, j], i * len(alignments) + j, title)
    bar = figure.colorbar(scale, ax=panels, shrink=0.7, aspect=18, pad=0.01)
    bar.ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}%")
    bar.set_label("Electrodes passing", fontsize=7.5)
    handles = [
        Patch(facecolor="white", edgecolor="#777777", label="covered, none passes"),
        Patch(facecolor="#EEEEEE", edgecolor="#AAAAAA", hatch="/////", label="no coverage"),
    ]
    star = panels[0, 0].scatter(
        [], [], marker="*", s=40, color=colours.BLACK, label="an electrode passes in all alignments"
    )
    figure.legend(handles=[*handles, star], loc="outside lower center", ncol=3)
    return figure, data


def shares(sites: pd.DataFrame, contrasts: pd.DataFrame, spec: FiguresSpec) -> pd.DataFrame:
    """Return, per test, alignment, region and hemisphere, the electrodes tested and passing, those
    passing in every alignment, and the share that passes: :data:`COLUMNS`.
    """
    places = sites[sites["region"].notna() & sites["hemisphere"].isin(["L", "R"])]
    places = places[["subject", "electrode", "region", "hemisphere"]]
    places = places.assign(region=places["region"].map(bare_region))
    primary = contrasts[(contrasts["window"] == spec.window_name) & contrasts["tested"]]
    parts = []
    for role, contrast in spec.mapped.items():
        rows = primary[primary["contrast"] == contrast].merge(places, on=["subject", "electrode"])
        rows = rows.assign(passing=rows["q"] < spec.level)
        each = rows.groupby(["subject", "electrode"])["passing"]
        asked = max(len(set(rows["alignment"])), 2)
        rows = rows.assign(in_all=each.transform("all") & (each.transform("size") == asked))
        keys = ["alignment", "region", "hemisphere"]
        grouped = rows.groupby(keys, sort=True).agg(
            tested=("passing", "size"), passing=("passing", "sum"), in_all=("in_all", "sum")
        )
        parts.append(grouped.reset_index().assign(test=ROWS[role]))
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    data = pd.concat(parts, ignore_index=True)
    return data.assign(fraction=data["passing"] / data["tested"])[COLUMNS]


def outline(path: str) -> Path:
    """Return an SVG path (absolute M, L, C and Z) as matplotlib's."""
    vertices: list[Sequence[float]] = []
    codes: list[int] = []
    for command, values in re.findall(r"([MLCZmlcz])([^MLCZmlcz]*)", path):
        numbers = [float(value) for value in re.findall(r"-?\d+(?:\.\d+)?", values)]
        points = np.reshape(numbers, (-1, 2)).tolist() or [[0.0, 0.0]]
        vertices += points
        codes += [int(CODES[command.upper()])] * len(points)
    return Path(np.array(vertices), codes)


def brain(axes: Axes, outlines: pd.DataFrame, data: pd.DataFrame, scale: ScalarMappable) -> None:
    """Draw both hemispheres, from the side and from the middle."""
    values = (data[name].tolist() for name in ("region", "hemisphere", "fraction", "in_all"))
    share = {
        (region, hemisphere): (fraction, in_all)
        for region, hemisphere, fraction, in_all in zip(*values, strict=True)
    }
    columns = (outlines[name] for name in ("region", "hemisphere", "outline"))
    for region, hemisphere, shape in zip(*columns, strict=True):
        fraction, in_all = share.get((region, hemisphere), (np.nan, 0))
        look: dict[str, Any]
        if region in BACKGROUND:
            look = {"facecolor": "#F5F5F5", "edgecolor": "#BBBBBB", "zorder": 0}
        elif np.isfinite(fraction):
            face = scale.to_rgba(np.array([fraction]))[0] if fraction else "white"
            look = {"facecolor": face, "edgecolor": "#777777", "zorder": 2}
        else:
            look = {"facecolor": "#EEEEEE", "edgecolor": "#AAAAAA", "hatch": "/////", "zorder": 1}
        axes.add_patch(PathPatch(shape, linewidth=0.4, **look))
        if in_all:
            x, y = centre(shape)
            axes.plot(x, y, "*", color=colours.BLACK, markersize=4.5, zorder=3)
    boxes = [path.get_extents() for path in outlines["outline"]]
    left, right = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
    low, high = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    for side, own in outlines.groupby("hemisphere"):
        around = [path.get_extents() for path in own["outline"]]
        middle = (min(box.y0 for box in around) + max(box.y1 for box in around)) / 2
        axes.text(left - 60, middle, str(side), ha="center", va="center", fontsize=7.5)
    axes.set(xlim=(left - 100, right + 5), ylim=(high + 5, low - 5), aspect="equal")
    axes.set_axis_off()


def centre(path: Path) -> tuple[float, float]:
    """Return the middle of an outline's largest piece."""
    polygons = [np.asarray(piece, float) for piece in path.to_polygons(closed_only=False)]
    pieces = [piece for piece in polygons if len(piece) > 2]
    largest = max(pieces, key=lambda piece: float(np.prod(np.ptp(piece, axis=0))))
    x, y = (largest.min(axis=0) + largest.max(axis=0)) / 2
    return float(x), float(y)
