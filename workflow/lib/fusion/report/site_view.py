"""What the page's script is given to show one electrode, or one subject: the ladder, r over time,
who predicts better, controls, recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fusion.contrasts.reasons import name as fit_name
from fusion.contrasts.spec import RUNGS
from fusion.figures.names import Labels, contrast_name
from fusion.report.brain_view import packed, rounded

#: r is kept to this precision.
STEP = 1e-4
#: Rung -> how the page calls it.
RUNG_NAMES = {
    "signal": "signal",
    "unimodal": "beats unimodal",
    "linear": "beats linear",
    "interaction": "interaction",
}
#: Column of a control that is shown at a site -> in words; one for each alignment, and for each
#: value of the column ``by``.
CONTROLS = (
    ("partition", "band", "part", "variance partition: part of {by} in r"),
    ("leak", None, "r_leak", "leak meter: r of what knows no content"),
    ("leak", None, "r_model", "leak meter: r of the best model"),
)


def payload(
    sites: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    decisive: pd.DataFrame | None,
    *,
    labels: Labels,
    over_time: Sequence[str],
) -> dict[str, Any]:
    """Return what is known of every electrode beside its place and its contrasts; arrays follow
    the order of ``sites``.

    Parameters
    ----------
    sites
        The table of sites.
    tables
        ``evidence``, ``courses``, ``electrodes`` and the controls, as far as there are any.
    decisive
        Rows of the decisive contrast in the primary window, or None.
    labels
        Model -> its name as people write it.
    over_time
        Networks whose r over time is shown.
    """
    index = pd.MultiIndex.from_frame(sites[["subject", "electrode"]])
    return {
        "ladder": ladder(tables.get("evidence"), index, labels),
        "courses": courses(tables.get("courses"), index, sites, labels, over_time),
        "scatter": scatter(decisive, index),
        "controls": controls(tables, index),
        "recordings": recordings(tables.get("electrodes")),
    }


def places(table: pd.DataFrame, index: pd.MultiIndex) -> np.ndarray:
    """Return the place of each row of a table among the sites, -1 where it has none."""
    return index.get_indexer(pd.MultiIndex.from_frame(table[["subject", "electrode"]]))


def ladder(
    evidence: pd.DataFrame | None, index: pd.MultiIndex, labels: Labels
) -> list[dict[str, Any]]:
    """Return, for every rung, at which electrodes it was tested and what it rests on."""
    if evidence is None:
        return []
    found = []
    for rung in RUNGS:
        rows = evidence[evidence["claim"] == rung]
        if rows.empty:
            continue
        sides = [
            f"{fit_name(a, labels)} against {fit_name(b, labels)}"
            for a, b in zip(rows["a"], rows["b"], strict=True)
        ]
        known = list(dict.fromkeys(sides))
        found.append(
            {
                "name": RUNG_NAMES[rung],
                "at": [int(k) for k in places(rows, index)],
                "sides": known,
                "side": [known.index(one) for one in sides],
                "events": list(rows["alignment"]),
                "holds": [int(one) for one in rows["holds"].astype(bool)],
                **{key: rounded(rows[key]) for key in ("effect", "ci_low", "ci_high", "q")},
            }
        )
    return found


def courses(
    table: pd.DataFrame | None,
    index: pd.MultiIndex,
    sites: pd.DataFrame,
    labels: Labels,
    over_time: Sequence[str],
) -> list[dict[str, Any]]:
    """Return r over time of some networks at the tested sites, one entry an alignment.

    ``r`` is a typed array (16 bits, in steps of :data:`STEP`) of (network, site of ``at``, bin).
    """
    if table is None or table.empty:
        return []
    found = []
    for alignment, own in table[table["model"].isin(list(over_time))].groupby(
        "alignment", sort=False
    ):
        own = own.assign(at=places(own, index))
        own = own[own["at"] >= 0]
        own = own[sites["tested"].to_numpy()[own["at"]]]
        if own.empty:
            continue
        at, bins = sorted(own["at"].unique()), sorted(own["bin_ms"].unique())
        networks = [model for model in over_time if model in set(own["model"])]
        wide = own.pivot_table(index=["model", "at"], columns="bin_ms", values="r", sort=False)
        wide = wide.reindex(pd.MultiIndex.from_product([networks, at]))[bins]
        steps = np.nan_to_num(wide.to_numpy() / STEP).round().clip(-32768, 32767).astype("<i2")
        found.append(
            {
                "events": str(alignment),
                "networks": [labels.get(model, model) for model in networks],
                "at": [int(k) for k in at],
                "ms": [float(ms) for ms in bins],
                "step": STEP,
                "r": packed(steps, "i2"),
            }
        )
    return found


def scatter(decisive: pd.DataFrame | None, index: pd.MultiIndex) -> list[dict[str, Any]]:
    """Return r of both sides of the decisive contrast at every site, one entry an alignment."""
    if decisive is None or decisive.empty:
        return []
    found = []
    for alignment, own in decisive.groupby("alignment", sort=False):
        one = own.assign(at=places(own, index)).set_index("at")
        one = one[~one.index.duplicated()].reindex(range(len(index)))
        found.append(
            {
                "name": contrast_name(str(own["contrast"].iloc[0])),
                "events": str(alignment),
                "a": rounded(one["r_a"]),
                "b": rounded(one["r_b"]),
            }
        )
    return found


def controls(tables: Mapping[str, pd.DataFrame], index: pd.MultiIndex) -> list[dict[str, Any]]:
    """Return what controls say at every site: ``name, events, values``."""
    found = []
    for table, by, column, words in CONTROLS:
        if table not in tables or column not in tables[table]:
            continue
        keys = ["alignment", *([by] if by else [])]
        for ids, own in tables[table].groupby(keys, sort=False):
            alignment, value = (*ids, "")[:2]
            one = own.assign(at=places(own, index)).set_index("at")
            one = one[~one.index.duplicated()].reindex(range(len(index)))
            found.append(
                {
                    "name": words.format(by=value),
                    "events": str(alignment),
                    "values": rounded(one[column]),
                }
            )
    return found


def recordings(electrodes: pd.DataFrame | None) -> dict[str, list[str]]:
    """Return subject -> its recordings, each with how many channels were kept."""
    found: dict[str, list[str]] = {}
    if electrodes is None:
        return found
    for ids, own in electrodes.groupby(["subject", "recording"], sort=True):
        subject, recording = map(str, ids)
        kept = int(own["kept"].sum())
        found.setdefault(subject, []).append(f"{recording} ({kept} of {len(own)} channels kept)")
    return found
