"""The controls' tables as a person reads them: of all subjects, corrected and described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.contrasts.correct import family_name, q_values
from fusion.contrasts.spec import Correction
from fusion.controls.battery import SHOWS
from fusion.io.tables import read_parquet

# Which rows of a table are corrected together: all electrodes of each.
FAMILIES = {
    "partition": ["alignment", "band"],
    "dimension_match": ["alignment", "contrast"],
    "interaction": ["alignment", "network", "test"],
    "floors": ["alignment", "floor", "a", "b"],
}


def control_table(
    parts: Sequence[str | Path], control: str, correction: Correction
) -> pd.DataFrame:
    """Return the table of a control: all subjects and alignments, corrected.

    Parameters
    ----------
    parts
        Tables of subjects (or films) and alignments.
    control
        Name of the control.
    correction
        ``bh`` or ``by``.
    """
    table = pd.concat([read_parquet(path) for path in parts], ignore_index=True)
    if control == "interaction":
        at = list(table.columns).index("test") + 1
        table.insert(at, "shows", table["test"].map(SHOWS))
    return corrected(table, control, correction)


def corrected(table: pd.DataFrame, control: str, correction: Correction) -> pd.DataFrame:
    """Return the table with ``q`` and ``family`` after ``p``; tables without families are returned
    as they are.
    """
    keys = FAMILIES.get(control)
    if keys is None:
        return table
    q, family = np.full(len(table), np.nan), np.full(len(table), "", object)
    p = table["p"].to_numpy(float)
    for _, group in table.assign(row=np.arange(len(table))).groupby(keys, sort=False):
        rows, names = group["row"].to_numpy(), [str(group[key].iloc[0]) for key in keys]
        q[rows] = q_values(p[rows], correction)
        what = ", ".join(v for key, v in zip(keys, names, strict=True) if key != "alignment")
        family[rows] = family_name(what, names[0], "of the controls", len(rows), correction)
    return table.assign(q=q, family=family)


def columns_of(control: str, schema: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Return the schema of one table, as :func:`fusion.io.tables.write_described` takes it."""
    own = schema["tables"][control]
    shared = {
        name: described
        for name, described in schema["shared"].items()
        if name in table and name not in own
    }
    return {"columns": {**shared, **own}}
