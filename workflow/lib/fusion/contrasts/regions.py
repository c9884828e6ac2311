"""Regions: how many of the tested electrodes are sites, and whether that is more than chance would
place there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.coincidence import design_effects, turned, wilson
from fusion.contrasts.correct import q_values
from fusion.contrasts.spec import SITE_VERDICTS, Correction, SitesSpec
from fusion.ids import bare_region
from fusion.ieeg import names

COLUMNS = [
    "region",
    "hemisphere",
    "n_electrodes",
    "n_tested",
    "n_sites",
    "fraction",
    "ci_low",
    "ci_high",
    "p",
    "q",
    "coverage",
]

#: Roles of the contrast whose effects stand beside the sites, the first that there is.
DECIDES = ("matched", "multimodal")
#: Columns of its effect over subjects, and their names in the table of regions.
OF_PEOPLE = {
    "n_subjects": "n_subjects",
    "effect": "effect",
    "ci_low": "effect_low",
    "ci_high": "effect_high",
    "between_subjects": "between_subjects",
    "p": "p_effect",
    "q": "q_effect",
    "n_at_least": "n_at_least",
}


def region_table(sites: pd.DataFrame, atlas: pd.DataFrame, correction: Correction) -> pd.DataFrame:
    """Return one row per region and hemisphere, those of the atlas without electrodes included.

    Parameters
    ----------
    sites
        The table of sites; an electrode counts as a site if its verdict is one of
        :data:`fusion.contrasts.spec.SITE_VERDICTS`.
    atlas
        ``region, hemisphere``: all regions that could have been covered.
    correction
        Of p over the regions with tested electrodes.

    Returns
    -------
    pd.DataFrame
        ``coverage`` is ``tested``, ``electrodes, none tested`` or ``no electrodes``; fraction,
        interval and p are missing where nothing was tested. p is the chance of at least as many
        positive sites, had each shaft's verdicts been turned along it at random
        (:func:`fusion.contrasts.coincidence.turned`). The interval is Wilson's, with the
        number of electrodes divided by the design effect of the region
        (:func:`fusion.contrasts.coincidence.design_effects`).
    """
    table = sites.assign(
        region=sites["region"].fillna("unknown"), hemisphere=sites["hemisphere"].fillna("n/a")
    )
    table["tested"] = table["tested"].astype(bool)
    table["positive"] = table["tested"] & table["verdict"].isin(SITE_VERDICTS)
    tested = table[table["tested"]]
    positive, place = tested["positive"].to_numpy(), _place(tested)
    shaft, number = shafts(tested)
    effects = design_effects(positive.astype(int), place, tested["subject"].to_numpy(str), shaft)
    table["one"] = 1
    counts = (
        table.groupby(["region", "hemisphere"])[["one", "tested", "positive"]]
        .sum()
        .astype(int)
        .reset_index()
    )
    counts = counts.rename(
        columns={"one": "n_electrodes", "tested": "n_tested", "positive": "n_sites"}
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
    counts["fraction"] = (counts["n_sites"] / counts["n_tested"]).where(some)
    inflated = np.array([effects.get(place, 1.0) for place in _place(counts)])
    counts["ci_low"], counts["ci_high"] = wilson(
        counts["n_sites"] / inflated, counts["n_tested"] / inflated
    )
    counts["p"] = [
        turned(place == own, positive, shaft, number)[1] if n else np.nan
        for own, n in zip(_place(counts), counts["n_tested"], strict=True)
    ]
    counts["q"] = q_values(counts["p"].to_numpy(float), correction)
    counts["coverage"] = np.select(
        [some, counts["n_electrodes"] > 0], ["tested", "electrodes, none tested"], "no electrodes"
    )
    return counts.sort_values(["region", "hemisphere"], ignore_index=True)[COLUMNS]


def _place(table: pd.DataFrame) -> np.ndarray:
    return np.array([f"{r} {h}" for r, h in table[["region", "hemisphere"]].to_numpy()], str)


def shafts(sites: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the shaft of each electrode, and its place along it: the number in its name.

    Of a bipolar channel the first contact counts. An electrode without a number is a shaft of its
    own.
    """
    first = [(names.pair(name) or (name,))[0] for name in sites["electrode"].astype(str)]
    parts = [names.split(name) for name in first]
    shaft = [
        f"{subject} {stem}" for subject, (stem, _) in zip(sites["subject"], parts, strict=True)
    ]
    return np.array(shaft, str), np.array([number or 0 for _, number in parts])


def with_people(table: pd.DataFrame, effects: pd.DataFrame, spec: SitesSpec) -> pd.DataFrame:
    """Return the regions with the effect of the contrast that decides, over subjects.

    Parameters
    ----------
    table
        As :func:`region_table` returns it.
    effects
        Effects over subjects (:func:`fusion.contrasts.people.over_subjects`).
    spec
        Roles and alignments: the contrast is that of the role ``matched``, else ``multimodal``.

    Returns
    -------
    pd.DataFrame
        With :data:`OF_PEOPLE` for each alignment, ``{column}_{alignment}``; missing where the
        config has no such contrast.
    """
    contrast = next(
        (name for asked in DECIDES for name, role in spec.roles.items() if role == asked), None
    )
    for alignment in spec.alignments:
        own = effects[(effects["contrast"] == contrast) & (effects["alignment"] == alignment)]
        own = own.set_index(["region", "hemisphere"])[list(OF_PEOPLE)]
        own.columns = [f"{OF_PEOPLE[name]}_{alignment}" for name in OF_PEOPLE]
        table = table.join(own, on=["region", "hemisphere"])
    return table
