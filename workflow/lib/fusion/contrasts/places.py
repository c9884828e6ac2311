"""Where a subject's electrodes are: the tables of its recordings, joined."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fusion.io.tables import ELECTRODES, read_tsv, require_unique

PLACE = ["subject", "electrode", "region", "hemisphere", "x", "y", "z", "space"]


def read_electrodes(path: str | Path) -> pd.DataFrame:
    """Return the electrodes of a recording, kept or dropped."""
    return read_tsv(path, (*PLACE[1:], "kept", "reason"), dtype=ELECTRODES)


def merge_electrodes(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Return one row per subject and electrode from the tables of its recordings.

    An electrode that any recording kept is kept; its place is that of the first recording that has
    it.

    Parameters
    ----------
    tables
        ``(subject, recording)`` -> table with electrode, kept, reason, x, y, z, space, region,
        hemisphere.

    Raises
    ------
    InputError
        If a table names an electrode twice.
    """
    rows = []
    for (subject, recording), table in tables.items():
        require_unique(table["electrode"], f"electrodes/{recording}.tsv", "electrode")
        rows.append(
            table.assign(subject=subject, kept=table["kept"].astype(str).str.lower() == "true")
        )
    merged = pd.concat(rows, ignore_index=True).astype({"subject": str, "electrode": str})
    merged = merged.sort_values(["subject", "kept"], ascending=[True, False], kind="stable")
    return merged.drop_duplicates(["subject", "electrode"]).sort_index().reset_index(drop=True)


def places(electrodes: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return electrode -> region and hemisphere of one subject's electrodes; ``unknown`` and
    ``n/a`` where they are not known.
    """
    region = electrodes["region"].fillna("unknown").astype(str)
    side = electrodes["hemisphere"].fillna("n/a").astype(str)
    return dict(zip(electrodes["electrode"], zip(region, side, strict=True), strict=True))
