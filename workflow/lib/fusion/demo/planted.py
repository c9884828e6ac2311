"""What contrasts and controls say of each planted kind."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def by_planted(
    tables: Mapping[str, pd.DataFrame],
    contrasts: pd.DataFrame,
    truth: pd.DataFrame,
    level: float,
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

    def add(table: pd.DataFrame, control: str, quantity: str, column: str, share: bool) -> None:
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
        add(own, "contrast", str(name), "p", True)
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
                add(own, name, str(what), "p", True)
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
