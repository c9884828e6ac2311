"""Who has electrodes where: subject by region."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fusion.contrasts.spec import SITE_VERDICTS
from fusion.figures import names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the tested electrodes of each subject in each region (number and colour), and the
    data.
    """
    sites = tables["sites"]
    known = sites[sites["region"].notna()]
    if known.empty:
        return style.nothing_to_draw(
            "No electrode has a region: coverage by region is not known."
        ), pd.DataFrame(columns=["subject", "region", "electrodes", "tested", "sites"])
    counted = known.assign(
        region=known["region"].map(names.region_name),
        site=known["verdict"].isin(SITE_VERDICTS),
    )
    data = (
        counted.groupby(["subject", "region"])
        .agg(
            electrodes=("electrode", "size"),
            tested=("tested", "sum"),
            sites=("site", "sum"),
        )
        .reset_index()
    )
    wide = data.pivot_table(index="region", columns="subject", values="tested")
    sites_wide = data.pivot_table(index="region", columns="subject", values="sites").fillna(0)
    order = wide.fillna(0).sum(axis=1).sort_values(ascending=False, kind="stable").index
    wide, sites_wide = wide.loc[order], sites_wide.loc[order]
    figure = style.new_figure(
        width=min(style.WIDTH_IN, 2.6 + 0.55 * wide.shape[1]), height=0.9 + 0.17 * len(wide)
    )
    axes = figure.subplots()
    image = axes.imshow(
        np.ma.masked_invalid(wide.to_numpy(dtype=float)), aspect="auto", cmap="cividis_r", vmin=0
    )
    counts, found_at = wide.to_numpy(dtype=float), sites_wide.to_numpy(dtype=int)
    top = np.nanmax(counts) or 1
    for i in range(wide.shape[0]):
        for j in range(wide.shape[1]):
            value, found = counts[i, j], found_at[i, j]
            if np.isnan(value):
                continue
            axes.text(
                j,
                i,
                f"{int(value)}" + (f" ({found})" if found else ""),
                ha="center",
                va="center",
                fontsize=6.3,
                color="white" if value > 0.55 * top else "black",
            )
    axes.set_yticks(range(len(wide)), wide.index, fontsize=7)
    axes.set_xticks(
        range(wide.shape[1]),
        [f"sub-{s}" for s in wide.columns],
        rotation=0 if wide.shape[1] < 9 else 90,
    )
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    for side in axes.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 8 / len(wide)), aspect=14, pad=0.02)
    bar.locator = MaxNLocator(5, integer=True)
    bar.update_ticks()
    bar.set_label("Tested electrodes", fontsize=7)
    return figure, data
