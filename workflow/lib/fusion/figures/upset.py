"""Do all tests name the same sites? An UpSet plot of the tests of multimodality."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

MOST = 16


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the sizes of the intersections of the tests, and the data: one row per combination
    that occurs. The :data:`MOST` largest are drawn.
    """
    sites = tables["sites"]
    tests = [t for t in read.tests_of(sites) if sites[t].notna().any()]
    made = sites[sites[tests].notna().any(axis=1)] if tests else sites.iloc[:0]
    if made.empty:
        return style.nothing_to_draw(
            "No test of multimodality could be made at any site."
        ), pd.DataFrame(columns=["sites"])
    passed = pd.DataFrame({t: read.passed(made, t) for t in tests})
    data = (
        passed.groupby(tests)
        .size()
        .rename("sites")
        .reset_index()
        .sort_values("sites", ascending=False, kind="stable")
    )
    none = data[~data[tests].any(axis=1)]["sites"].sum()
    data_some = data[data[tests].any(axis=1)].head(MOST)
    if data_some.empty:
        return (
            style.nothing_to_draw(f"None of {len(made)} sites passes any test of multimodality."),
            data,
        )
    figure = style.new_figure(height=1.5 + 0.24 * len(tests) + 1.1)
    grid = figure.subplots(
        2, 2, width_ratios=[1.0, 3.2], height_ratios=[1.8, 0.24 * len(tests) + 0.15], sharex="col"
    )
    grid[0, 0].set_visible(False)
    bars, totals, matrix = grid[0, 1], grid[1, 0], grid[1, 1]
    x = range(len(data_some))
    bars.bar(x, data_some["sites"], width=0.62, color=colours.BLACK)
    for at, count in zip(x, data_some["sites"], strict=True):
        bars.annotate(
            str(count), (at, count), (0, 2), textcoords="offset points", ha="center", fontsize=7
        )
    bars.set_ylabel("Sites")
    bars.margins(y=0.14)
    bars.tick_params(bottom=False, labelbottom=False)
    bars.text(
        1,
        1,
        f"{none} of {len(made)} sites pass none",
        transform=bars.transAxes,
        ha="right",
        va="top",
        fontsize=7,
        color="#555555",
    )
    for row, test in enumerate(tests):
        y = len(tests) - 1 - row
        if row % 2 == 0:
            matrix.axhspan(y - 0.5, y + 0.5, color="#F2F2F2", linewidth=0, zorder=-1)
        matrix.plot(x, [y] * len(data_some), "o", color=colours.LIGHT, markersize=5)
        on = [i for i, hit in enumerate(data_some[test]) if hit]
        matrix.plot(on, [y] * len(on), "o", color=colours.BLACK, markersize=5)
    for at, hits in zip(x, data_some[tests].to_numpy(), strict=True):
        ys = [len(tests) - 1 - row for row, hit in enumerate(hits) if hit]
        matrix.plot([at, at], [min(ys), max(ys)], color=colours.BLACK, linewidth=1.3)
    counts = passed.sum()
    rows = [len(tests) - 1 - row for row in range(len(tests))]
    totals.barh(rows, counts[tests], height=0.55, color=colours.BLUE)
    for at, test in zip(rows, tests, strict=True):
        totals.annotate(
            str(counts[test]),
            (counts[test], at),
            (-2, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
        )
    totals.invert_xaxis()
    totals.margins(x=0.3)
    totals.set_yticks([])
    totals.spines["left"].set_visible(False)
    totals.set_xlabel("Sites passing")
    for axes in (totals, matrix):
        axes.set_ylim(-0.6, len(tests) - 0.4)
    matrix.set_yticks(rows, [names.TESTS.get(t, t) for t in tests])
    matrix.tick_params(left=False, bottom=False, labelbottom=False)
    for side in ("left", "bottom"):
        matrix.spines[side].set_visible(False)
    return figure, data
