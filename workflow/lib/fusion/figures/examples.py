"""What predictions look like: held-out response and prediction at the best, a middling and an
unpredicted electrode.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

EVENTS = 120
KINDS = {"best": "Best", "median": "Median", "none": "Not predicted"}


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the first :data:`EVENTS` events of a fold in film order, beside all of its events, and
    the data.

    The table is that of :mod:`fusion.encoding.examples`.
    """
    data = tables["examples"]
    if data.empty:
        return style.nothing_to_draw("No electrode has predictions to show."), data
    regions = tables["sites"].set_index(["subject", "electrode"])["region"]
    traces = list(data.groupby(["kind", "subject", "electrode"], sort=False))
    figure = style.new_figure(height=1.25 * len(traces) + 0.7)
    panels = figure.subplots(len(traces), 2, width_ratios=[4.2, 1], squeeze=False)
    for k, (row, (ids, trace)) in enumerate(zip(panels, traces, strict=True)):
        line, cloud = row
        kind, subject, electrode = map(str, cast(tuple[str, str, str], ids))
        shown = trace.head(EVENTS)
        line.plot(
            range(len(shown)), shown["response_z"], color="#808080", linewidth=0.8, label="response"
        )
        line.plot(
            range(len(shown)),
            shown["prediction_z"],
            color=colours.VERMILLION,
            linewidth=1.2,
            label="prediction",
        )
        region = regions.get((subject, electrode))
        where = f", {names.region_name(region)}" if isinstance(region, str) else ""
        bin_ms, r = trace["bin_ms"].iloc[0], trace["r"].iloc[0]
        style.letter(
            line,
            k,
            f"{KINDS[kind]}: sub-{subject} {electrode}{where};"
            f" {bin_ms:.0f} ms, r = {names.printed(r)}",
        )
        line.set_ylabel("z")
        line.margins(x=0.01)
        cloud.plot(
            trace["prediction_z"],
            trace["response_z"],
            ".",
            color=colours.BLUE,
            markersize=2.5,
            rasterized=style.many(len(trace)),
        )
        cloud.set_ylabel("response (z)")
        largest = float(np.abs(trace[["response_z", "prediction_z"]].to_numpy()).max())
        limit = max(3.2, 1.05 * largest)
        cloud.set(xlim=(-limit, limit), ylim=(-limit, limit))
    drawn = min(EVENTS, len(traces[0][1]))
    panels[-1, 0].set_xlabel(
        f"Held-out {spec.example_alignment} events in film order (first {drawn} of the fold shown)"
    )
    panels[-1, 1].set_xlabel("prediction (z)")
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncol=2,
        title=names.fit_name(spec.example_fit, spec.labels),
        title_fontsize=7.5,
    )
    return figure, data
