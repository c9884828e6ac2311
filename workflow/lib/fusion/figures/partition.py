"""What each site's predictable activity is made of: the parts of vision, language, low-level and
multimodal features, by region.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import colours, names, read, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

BANDS = {
    "vision": colours.BLUE,
    "language": colours.GREEN,
    "lowlevel": colours.GREY,
    "multimodal": colours.VERMILLION,
    "audio": colours.YELLOW,
    "video": colours.SKY,
}

MOST = 20


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return, by region, the mean part of r of each band (bars) and the unique part of the
    multimodal band (diamonds), and the data.

    The table has ``subject, electrode, alignment, band, r_full, part, unique``. Sites with signal
    are drawn, in the :data:`MOST` regions that have most of them.
    """
    partition, sites = tables["partition"], tables["sites"]
    shown = read.with_signal(sites).merge(
        sites[["subject", "electrode", "region"]], on=["subject", "electrode"]
    )
    joined = partition.merge(shown, on=["subject", "electrode"])
    joined["region"] = (
        joined["region"].map(names.region_name, na_action="ignore").fillna("unknown region")
    )
    grouped = joined.groupby(["alignment", "region", "band"], sort=False)
    data = grouped.agg(
        electrodes=("electrode", "size"),
        part=("part", "mean"),
        unique=("unique", "mean"),
        r_full=("r_full", "mean"),
    ).reset_index()
    if data.empty:
        return (
            style.nothing_to_draw(
                "No electrode carries signal that any model predicts: there is nothing to"
                " partition."
            ),
            data,
        )
    size = data.groupby("region")["electrodes"].max().sort_values(ascending=False, kind="stable")
    regions = list(size.index[:MOST])[::-1]
    alignments = sorted(data["alignment"].unique())
    bands = [b for b in BANDS if b in set(data["band"])] + sorted(set(data["band"]) - set(BANDS))
    fills = [BANDS.get(b, colours.ORANGE) for b in bands]
    figure = style.new_figure(height=1.35 + 0.19 * len(regions))
    panels = figure.subplots(1, len(alignments), sharex=True, sharey=True, squeeze=False)[0]
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        style.zero_line(axes, horizontal=False)
        wide = (
            data[data["alignment"] == alignment]
            .pivot_table(index="region", columns="band", values="part")
            .reindex(index=regions, columns=bands)
        )
        right, left = np.zeros(len(regions)), np.zeros(len(regions))
        for band, colour in zip(bands, fills, strict=True):
            part = wide[band].fillna(0).to_numpy(dtype=float)
            axes.barh(
                range(len(regions)),
                part,
                left=np.where(part >= 0, right, left),
                color=colour,
                height=0.7,
                linewidth=0,
                label=band,
            )
            right, left = right + np.clip(part, 0, None), left + np.clip(part, None, 0)
        own = (
            data[(data["alignment"] == alignment) & (data["band"] == "multimodal")]
            .set_index("region")["unique"]
            .reindex(regions)
        )
        axes.plot(
            own,
            range(len(regions)),
            "D",
            color="white",
            markeredgecolor=colours.BLACK,
            markersize=4,
            label="unique to multimodal (r²)",
        )
        axes.set_xlabel("Mean part of held-out r (bars); r² (diamonds)")
        style.letter(axes, k, f"{alignment.capitalize()} events")
    panels[0].set_yticks(range(len(regions)), [f"{region} ({size[region]})" for region in regions])
    panels[0].set_ylim(-0.6, len(regions) - 0.4)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncol=len(bands) + 1
    )
    return figure, data
