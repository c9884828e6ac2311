"""When models predict best: the latency of each site with signal."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return latencies as dots by region and as a histogram by verdict, and the data.

    Tested sites with a verdict other than ``none`` are drawn.
    """
    sites, step_ms = tables["sites"], spec.step_ms
    data = sites[
        sites["tested"]
        & sites["latency_ms"].notna()
        & ~sites["verdict"].isin(["none", "not tested"])
    ]
    data = data[["subject", "electrode", "region", "hemisphere", "verdict", "latency_ms"]]
    if data.empty:
        known = sites["latency_ms"].notna().any()
        why = (
            "No site carries signal that a model predicts"
            if known
            else "No contrast of all models with nothing (role: signal) was made"
        )
        return style.nothing_to_draw(f"{why}: there is no latency to show."), data
    order = names.verdict_order(data["verdict"])
    regions = data["region"].fillna("unknown").map(names.region_name)
    by_region = data.groupby(regions)["latency_ms"].agg(["median", "size"])
    by_region = (
        by_region[by_region["size"] >= min(3, by_region["size"].max())]
        .sort_values("median")
        .head(25)
    )
    figure = style.new_figure(height=max(1.2 + 0.165 * len(by_region), 2.6))
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1], sharex=True)
    for at, region in enumerate(by_region.index):
        for verdict in order:
            one = data[(regions == region) & (data["verdict"] == verdict)]
            left.scatter(
                one["latency_ms"],
                np.full(len(one), at) + spread(len(one)),
                s=11,
                marker=names.verdict_marker(verdict, order),
                facecolors=(
                    "none" if verdict == "undecided" else names.verdict_colour(verdict, order)
                ),
                edgecolors=names.verdict_colour(verdict, order),
                linewidths=0.5,
            )
        left.plot(
            [by_region["median"][region]] * 2,
            [at - 0.35, at + 0.35],
            color=colours.BLACK,
            linewidth=1.2,
        )
    left.set_yticks(
        range(len(by_region)), [f"{region} ({n})" for region, n in by_region["size"].items()]
    )
    left.set_ylim(-0.7, len(by_region) - 0.3)
    style.letter(left, 0, "By region")
    width = max(4 * step_ms, 50)
    low, high = data["latency_ms"].min(), data["latency_ms"].max()
    edges = np.arange(np.floor(low / width) * width, high + width + 1, width)
    values = [data.loc[data["verdict"] == v, "latency_ms"].to_numpy(dtype=float) for v in order]
    fills = ["white" if v == "undecided" else names.verdict_colour(v, order) for v in order]
    _, _, bars = right.hist(
        values, bins=edges, stacked=True, color=fills, edgecolor="#222222", linewidth=0.4
    )
    bars = bars if len(order) > 1 else [bars]
    labels = [f"{verdict} ({len(x)})" for verdict, x in zip(order, values, strict=True)]
    figure.legend([b[0] for b in bars], labels, loc="outside upper center", ncol=min(len(order), 4))
    right.set_ylabel("Sites")
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    right.xaxis.set_major_locator(MaxNLocator(5))
    style.letter(right, 1, "All sites with signal")
    for axes in (left, right):
        axes.set_xlabel("Latency of the largest difference\nfrom nothing (ms from event)")
    return figure, data


def spread(count: int) -> np.ndarray:
    """Return small vertical offsets that keep dots of one row apart."""
    return (
        0.24
        * np.array([((k + 1) // 2) * (-1) ** k for k in range(count)])
        / max((count + 1) // 2, 3)
    )
