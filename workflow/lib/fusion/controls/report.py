"""The controls' tables as a person reads them: corrected, described, and summed up for each planted
kind.
"""

from __future__ import annotations

import pandas as pd

from fusion.contrasts.correct import family_name, q_values

# Which rows of a table are corrected together: all electrodes of each.
FAMILIES = {
    "partition": ["alignment", "band"],
    "dimension_match": ["alignment", "contrast"],
    "interaction": ["alignment", "network", "test"],
    "floors": ["alignment", "floor", "a", "b"],
}


def corrected(table: pd.DataFrame, control: str, correction: str) -> pd.DataFrame:
    """Return the table with ``q`` and ``family`` after ``p``; tables without families are returned
    as they are.
    """
    keys = FAMILIES.get(control)
    if keys is None:
        return table
    table = table.copy()
    table["q"], table["family"] = float("nan"), ""
    for values, rows in table.groupby(keys, sort=False):
        table.loc[rows.index, "q"] = q_values(rows["p"].to_numpy(), correction)
        what = ", ".join(str(v) for key, v in zip(keys, values, strict=True) if key != "alignment")
        table.loc[rows.index, "family"] = family_name(
            what, values[0], "of the controls", len(rows), correction
        )
    return table


def columns_of(control: str, schema: dict, table: pd.DataFrame) -> dict:
    """Return the schema of one table for :func:`fusion.io.dictionary.data_dictionary`."""
    own = schema["tables"][control]
    shared = {
        name: described
        for name, described in schema["shared"].items()
        if name in table and name not in own
    }
    return {"columns": {**shared, **own}}


def by_planted(
    tables: dict[str, pd.DataFrame], contrasts: pd.DataFrame, truth: pd.DataFrame, level: float
) -> pd.DataFrame:
    """Return what the controls say of each planted kind: one row per alignment and question, one
    column per kind.

    Parameters
    ----------
    tables
        Control -> its table, those that there are.
    contrasts
        ``subject, electrode, alignment, contrast, window, p`` of one window.
    truth
        ``subject, electrode, planted``.
    level
        Of the p-values that count as yes (uncorrected: this table describes, it decides nothing).

    Returns
    -------
    pd.DataFrame
        ``alignment, control, quantity, measure`` and a column for each planted kind: ``measure``
        says whether numbers are the share of electrodes with p below ``level`` or a mean; the first
        row counts electrodes.
    """
    kinds = list(dict.fromkeys(truth["planted"]))
    rows = [
        {
            "alignment": "all",
            "control": "truth",
            "quantity": "electrodes planted",
            "measure": "count",
            **truth["planted"].value_counts(),
        }
    ]

    def add(table, control, quantity, column, share):
        joined = table.merge(truth, on=["subject", "electrode"])
        values = (joined[column] < level).astype(float) if share else joined[column].astype(float)
        for alignment, own in values.groupby(joined["alignment"], sort=False):
            means = own.groupby(joined["planted"]).mean()
            measure = f"share with p < {level:g}" if share else "mean"
            rows.append(
                {
                    "alignment": alignment,
                    "control": control,
                    "quantity": quantity,
                    "measure": measure,
                    **means,
                }
            )

    for name, own in contrasts.groupby("contrast", sort=False):
        add(own, "contrast", name, "p", True)
    if "partition" in tables:
        for band, own in tables["partition"].groupby("band", sort=False):
            add(own, "partition", f"part of r: {band}", "part", False)
            add(own, "partition", f"unique to {band}", "p", True)
    if "interaction" in tables:
        for (network, test), own in tables["interaction"].groupby(["network", "test"], sort=False):
            add(own, "interaction", f"{network}: {test}", "p", True)
    for name in ("dimension_match", "floors"):
        if name in tables:
            column = "contrast" if name == "dimension_match" else "floor"
            for what, own in tables[name].groupby(column, sort=False):
                add(own, name, what, "p", True)
    if "leak" in tables:
        for what in ("r_model", "r_leak", "drift_share", "flagged"):
            add(tables["leak"], "leak meter", what, what, False)
    if "ceiling" in tables and tables["ceiling"]["r"].notna().any():
        add(
            tables["ceiling"],
            "ceiling",
            ", ".join(tables["ceiling"]["method"].unique()),
            "r",
            False,
        )
    table = pd.DataFrame(rows)
    return table[["alignment", "control", "quantity", "measure", *kinds]].sort_values(
        "alignment", kind="stable", ignore_index=True
    )
