"""Regions: how many of the tested electrodes are sites of integration, and whether that is more
than chance would place there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.coincidence import coincidence, wilson
from fusion.contrasts.correct import q_values
from fusion.ids import bare_region

COLUMNS = [
    "region",
    "hemisphere",
    "n_electrodes",
    "n_tested",
    "n_integration",
    "fraction",
    "ci_low",
    "ci_high",
    "p",
    "q",
    "coverage",
]


def region_table(sites: pd.DataFrame, atlas: pd.DataFrame, correction: str) -> pd.DataFrame:
    """Return one row per region and hemisphere, those of the atlas without electrodes included.

    Parameters
    ----------
    sites
        The table of sites; a site is positive if its verdict is ``integration``.
    atlas
        ``region, hemisphere``: all regions that could have been covered.
    correction
        Of p over the regions with tested electrodes.

    Returns
    -------
    pd.DataFrame
        ``coverage`` is ``tested``, ``electrodes, none tested`` or ``no electrodes``; fraction,
        interval and p are missing where nothing was tested. The interval is Wilson's.
    """
    table = sites.assign(
        region=sites["region"].fillna("unknown"), hemisphere=sites["hemisphere"].fillna("n/a")
    )
    table["tested"] = table["tested"].astype(bool)
    table["positive"] = table["tested"] & (table["verdict"] == "integration")
    table["electrode"] = 1
    counts = (
        table.groupby(["region", "hemisphere"])[["electrode", "tested", "positive"]]
        .sum()
        .astype(int)
        .reset_index()
    )
    counts = counts.rename(
        columns={"electrode": "n_electrodes", "tested": "n_tested", "positive": "n_integration"}
    )
    seen = {
        (bare_region(region), side) for region, side in counts[["region", "hemisphere"]].to_numpy()
    }
    absent = [
        (region, side, 0, 0, 0)
        for region, side in atlas[["region", "hemisphere"]].to_numpy()
        if (bare_region(region), side) not in seen
    ]
    counts = pd.concat([counts, pd.DataFrame(absent, columns=counts.columns)], ignore_index=True)
    some = counts["n_tested"] > 0
    counts["fraction"] = (counts["n_integration"] / counts["n_tested"]).where(some)
    counts["ci_low"], counts["ci_high"] = wilson(counts["n_integration"], counts["n_tested"])
    counts["p"] = [
        placement_p(table, region, side) if n else np.nan
        for region, side, n in counts[["region", "hemisphere", "n_tested"]].to_numpy()
    ]
    counts["q"] = q_values(counts["p"], correction)
    counts["coverage"] = np.select(
        [some, counts["n_electrodes"] > 0], ["tested", "electrodes, none tested"], "no electrodes"
    )
    return counts.sort_values(["region", "hemisphere"], ignore_index=True)[COLUMNS]


def placement_p(sites: pd.DataFrame, region: str, hemisphere: str) -> float:
    """Return the chance of at least as many positive sites in a region, had each subject's fallen
    on its tested electrodes at random.
    """
    tested = sites[sites["tested"]]
    inside = (tested["region"] == region) & (tested["hemisphere"] == hemisphere)
    return coincidence(inside, tested["positive"], tested["subject"])[1]
