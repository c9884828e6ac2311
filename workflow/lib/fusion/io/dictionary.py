"""The data dictionary beside a table: what every column means, in which unit (BIDS style JSON)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from fusion.io.errors import InputError


def data_dictionary(
    table: pd.DataFrame, schema: Mapping[str, Any], families: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return the JSON object for ``table``: column -> Description, Units, Levels, and Family for a
    q-value.

    Parameters
    ----------
    table
        The table as written.
    schema
        ``columns`` (name -> description, unit, levels) and ``patterns`` (regular expression with
        named groups -> the same, where the description may name the groups).
    families
        Column -> the set of tests corrected together.

    Raises
    ------
    InputError
        If a column is in neither part of the schema, or one that the schema names is not in the
        table.
    """
    out = {}
    for name in table.columns:
        entry = _entry(name, schema)
        if entry is None:
            raise InputError(
                "table",
                f"column {name!r}",
                "a column without a description",
                "one described in the table's schema",
            )
        out[name] = entry
        if families and name in families:
            out[name]["Family"] = families[name]
    if missing := [name for name in schema["columns"] if name not in table]:
        raise InputError(
            "table", f"column {missing[0]!r}", "no such column", "all columns of the table's schema"
        )
    return out


def _entry(name: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    if name in schema["columns"]:
        return _bids(schema["columns"][name], {})
    for pattern, described in schema.get("patterns", {}).items():
        if match := re.fullmatch(pattern, name):
            return _bids(described, match.groupdict())
    return None


def _bids(described: Mapping[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    entry = {"Description": described["description"].format(**groups)}
    if "unit" in described:
        entry["Units"] = described["unit"]
    if "levels" in described:
        entry["Levels"] = described["levels"]
    return entry
