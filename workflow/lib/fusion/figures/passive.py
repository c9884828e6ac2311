"""What the film alone produces: low-level features in the place of electrodes, over time."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

LOOKS = {
    "vision": (colours.BLUE, "-"),
    "language": (colours.GREEN, "--"),
    "multimodal": (colours.VERMILLION, "-."),
    "audio": (colours.YELLOW, ":"),
    "video": (colours.SKY, ":"),
}

MOST = 4


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return r over time for the features that networks predict best, one line a band of networks,
    and the data.

    The table has ``stimulus, alignment, network, feature, latency_ms, r``; per alignment the
    :data:`MOST` features predicted best are drawn.
    """
    passive = tables["passive"]
    data = passive[["stimulus", "alignment", "network", "feature", "latency_ms", "r"]]
    if data.empty or data["r"].isna().all():
        return style.nothing_to_draw("The passive control has nothing to show."), data
    mean = (
        data.groupby(["alignment", "network", "feature", "latency_ms"], sort=False)["r"]
        .mean()
        .reset_index()
    )
    alignments = sorted(mean["alignment"].unique())
    best = {
        a: (
            mean[mean["alignment"] == a]
            .groupby("feature")["r"]
            .max()
            .sort_values(ascending=False, kind="stable")
            .index[:MOST]
        )
        for a in alignments
    }
    columns = max(len(features) for features in best.values())
    figure = style.new_figure(height=0.75 + 1.55 * len(alignments))
    grid = figure.subplots(len(alignments), columns, sharex=True, sharey=True, squeeze=False)
    for i, alignment in enumerate(alignments):
        for j, axes in enumerate(grid[i]):
            if j >= len(best[alignment]):
                axes.set_visible(False)
                continue
            part = mean[(mean["alignment"] == alignment) & (mean["feature"] == best[alignment][j])]
            style.zero_line(axes)
            axes.axvline(0, color="#808080", linewidth=0.7, zorder=-1)
            for network, (colour, dash) in LOOKS.items():
                one = part[part["network"] == network].sort_values("latency_ms")
                if len(one):
                    axes.plot(one["latency_ms"], one["r"], dash, color=colour, label=network)
            style.letter(axes, i * columns + j, str(best[alignment][j]).replace("_", " "))
            axes.set_xticks(
                [-2000, 0, 2000]
                if part["latency_ms"].min() <= -1500
                else sorted({part["latency_ms"].min(), 0, part["latency_ms"].max()})
            )
            if j == 0:
                axes.set_ylabel(f"{alignment.capitalize()} events\nr")
            if i == len(alignments) - 1:
                axes.set_xlabel("Time from event (ms)")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncol=3)
    return figure, data
