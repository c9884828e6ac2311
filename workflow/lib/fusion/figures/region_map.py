"""Where the two tests find sites: regions on a glass brain, one row a test, after the layout of the
paper's figure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from nilearn.plotting import plot_glass_brain

from fusion.figures import colours, names, read, space, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

# Row -> test in one alignment, the same test in both alignments, what it is called.
ROWS = (
    ("multimodal_any", "multimodal_all", "Best model is multimodal"),
    ("matched_any", "matched_all", "Beats its vision-only twin"),
)


def counts(sites: pd.DataFrame) -> pd.DataFrame:
    """Return, per test, region and hemisphere: electrodes at which it was made, passing, passing in
    both alignments, and the centre (mm)."""
    known = sites[space.on_template(sites) & sites["region"].notna() & sites["hemisphere"].notna()]
    parts = []
    for one, both, title in ROWS:
        if one not in known or not known[one].notna().any():
            continue
        made = known[known[one].notna()]
        rows = made.assign(
            passing=read.passed(made, one),
            in_both=read.passed(made, both) if both in made else False,
        )
        grouped = (
            rows.groupby(["region", "hemisphere"])
            .agg(
                tested=("electrode", "size"),
                passing=("passing", "sum"),
                in_both=("in_both", "sum"),
                x=("x", "mean"),
                y=("y", "mean"),
                z=("z", "mean"),
            )
            .reset_index()
        )
        parts.append(
            grouped.assign(test=one, title=title, fraction=grouped["passing"] / grouped["tested"])
        )
    columns = [
        "test",
        "title",
        "region",
        "hemisphere",
        "tested",
        "passing",
        "in_both",
        "fraction",
        "x",
        "y",
        "z",
    ]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the figure of regions by test, and its data."""
    sites = tables["sites"]
    data = counts(sites)
    if data.empty:
        return (
            style.nothing_to_draw(
                "No tested electrode has both a region and MNI coordinates: there is no map of"
                " regions."
            ),
            data,
        )
    tests = list(dict.fromkeys(data["test"]))
    figure = style.new_figure(height=2.0 * len(tests) + 0.75)
    figure.set_layout_engine("none")
    share = 0.75 / (2.0 * len(tests) + 0.75)
    top = max(float(data["fraction"].max()), 0.01)
    scale = ScalarMappable(Normalize(0, top), "cividis_r")
    for row, test in enumerate(tests):
        height = (1 - share) / len(tests)
        bottom = 1 - (row + 1) * height
        display = plot_glass_brain(
            None,
            display_mode="lzr",
            figure=figure,
            axes=(0.09, bottom, 0.78, height * 0.9),
            black_bg=False,
            annotate=False,
        )
        part = data[data["test"] == test]
        size = 12 + 9 * np.sqrt(part["tested"].to_numpy(dtype=float)) ** 1.6
        zero, some = (part["passing"] == 0).to_numpy(), (part["passing"] > 0).to_numpy()
        places = part[["x", "y", "z"]].to_numpy()
        if zero.any():
            display.add_markers(
                places[zero],
                marker_color="none",
                marker_size=size[zero],
                edgecolors=colours.VERMILLION,
                linewidths=1.0,
            )
        if some.any():
            faces = scale.to_rgba(part["fraction"].to_numpy(dtype=float)[some])
            display.add_markers(
                places[some],
                marker_color=faces,
                marker_size=size[some],
                edgecolors="#222222",
                linewidths=0.5,
            )
        both = (part["in_both"] > 0).to_numpy()
        if both.any():
            display.add_markers(
                places[both],
                marker_color=colours.YELLOW,
                marker_size=26,
                marker="*",
                edgecolors="#000000",
                linewidths=0.5,
            )
        figure.text(
            0.015,
            bottom + height * 0.45,
            f"{chr(97 + row)}   {part['title'].iloc[0]}",
            rotation=90,
            va="center",
            ha="left",
            fontsize=8,
            fontweight="bold",
        )
    bar = figure.colorbar(scale, cax=figure.add_axes((0.91, share + 0.12, 0.015, 0.6 - share / 2)))
    bar.ax.yaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}%")
    bar.set_label("Electrodes passing", fontsize=7.5)
    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markerfacecolor="none",
            markeredgecolor=colours.VERMILLION,
            markersize=6,
            label="covered, none passes",
        ),
        Line2D(
            [],
            [],
            linestyle="",
            marker="*",
            markerfacecolor=colours.YELLOW,
            markeredgecolor="#000000",
            markersize=7,
            label="at least one passes in both alignments",
        ),
    ]
    handles += [
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markerfacecolor="#BBBBBB",
            markeredgecolor="#222222",
            markersize=np.sqrt(12 + 9 * np.sqrt(n) ** 1.6),
            label=f"{n} tested",
        )
        for n in (2, 10, 40)
    ]
    figure.legend(handles=handles, loc="lower center", ncol=5, handletextpad=0.3, columnspacing=1.2)
    return figure, data.assign(region=data["region"].map(names.region_name))
