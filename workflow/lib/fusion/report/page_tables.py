"""Tables of the page: what columns are shown, and how each cell reads and sorts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from fusion.figures import names, read
from fusion.figures.names import printed
from fusion.figures.spec import Sides


def table(
    frame: pd.DataFrame,
    name: str,
    caption: str,
    labels: dict[str, str] | None = None,
    words: tuple[str, ...] = (),
    group: str | None = None,
    sortable: bool = False,
    filtered: bool = False,
    tall: bool = False,
) -> dict:
    """Return a table for the template.

    Parameters
    ----------
    frame
        Rows and columns as shown.
    name
        Id of the table in the page.
    caption
        What it holds.
    labels
        Column -> heading, where it differs.
    words
        Columns of running text, which may wrap.
    group
        Column that a menu filters by.
    sortable, filtered, tall
        Whether headings sort, whether a field filters rows, and whether the table scrolls in a box
        of its own.
    """
    numeric = [
        pd.api.types.is_numeric_dtype(frame[c]) and not pd.api.types.is_bool_dtype(frame[c])
        for c in frame
    ]
    columns = [
        {"label": (labels or {}).get(c, str(c).replace("_", " ")), "number": n, "words": c in words}
        for c, n in zip(frame, numeric, strict=True)
    ]
    rows = [
        {
            "group": str(row[list(frame).index(group)]) if group else None,
            "cells": [cell(v, n) for v, n in zip(row, numeric, strict=True)],
        }
        for row in frame.itertuples(index=False, name=None)
    ]
    groups = sorted(frame[group].astype(str).unique()) if group else []
    return framed(name, caption, columns, rows) | {
        "groups": groups,
        "sortable": sortable,
        "filtered": filtered,
        "tall": tall,
    }


def framed(name: str, caption: str, columns: list[dict], rows: list[dict]) -> dict:
    """Return a plain table from columns and rows that are ready."""
    return {
        "id": name,
        "caption": caption,
        "columns": columns,
        "rows": rows,
        "groups": [],
        "sortable": False,
        "filtered": False,
        "tall": False,
    }


def cell(value, numeric: bool) -> tuple[str, str | None]:
    """Return (text, value to sort by or None if the text will do)."""
    if value is None or pd.isna(value):
        return "n/a", None
    if isinstance(value, bool):
        return ("yes" if value else "no"), None
    if not numeric:
        return str(value), None
    return printed(value), f"{float(value):.6g}"


def sites(frame: pd.DataFrame, contrast: str | None, alignments: list[str]) -> dict:
    """Return the table of all sites: the columns a reader looks for first; the file has the
    rest.
    """
    shown = frame[["subject", "electrode", "region", "hemisphere", "verdict"]].copy()
    shown["region"] = [
        names.region_name(r) if isinstance(r, str) else None for r in frame["region"]
    ]
    for column, label in (
        ("best_model", "best model"),
        ("r_best", "r"),
        ("latency_ms", "latency (ms)"),
    ):
        if column in frame:
            shown[label] = (
                frame[column].map(names.model_name, na_action="ignore")
                if column == "best_model"
                else frame[column]
            )
    if contrast:
        for alignment in alignments:
            if f"{contrast}_{alignment}_effect" in frame:
                shown[f"{alignment}: Δz"] = frame[f"{contrast}_{alignment}_effect"]
                shown[f"{alignment}: q"] = frame[f"{contrast}_{alignment}_q"]
    if "q_integration" in frame:
        shown["integration: q"] = frame["q_integration"]
    tests = (
        pd.concat(
            [read.passed(frame, t).map({True: t[5:], False: ""}) for t in read.tests_of(frame)],
            axis=1,
        )
        if read.tests_of(frame)
        else pd.DataFrame(index=frame.index)
    )
    shown["tests passed"] = (
        tests.agg(lambda row: " ".join(filter(None, row)), axis=1) if tests.shape[1] else ""
    )
    shown["reason"] = frame["reason"]
    said = (
        f" Δz and q belong to {names.contrast_name(contrast)}, primary window." if contrast else ""
    )
    return table(
        shown,
        "sites",
        f"Every electrode with its verdict.{said}",
        words=("reason",),
        group="verdict",
        sortable=True,
        filtered=True,
        tall=True,
    )


def regions(frame: pd.DataFrame) -> dict:
    """Return the table of regions."""
    shown = frame.copy()
    shown["region"] = [
        names.region_name(r) if isinstance(r, str) else "unknown" for r in frame["region"]
    ]
    labels = {"ci_low": "95% from", "ci_high": "to"}
    return table(
        shown,
        "regions",
        "Regions: electrodes, how many were tested, how many are sites of integration, with"
        " Wilson's 95% interval; p: chance of at least as many by random placement within subjects;"
        " q: corrected over regions.",
        labels,
        sortable=True,
        filtered=True,
        tall=True,
    )


def contrasts(frame: pd.DataFrame, operands: Mapping[str, Sides], level: float) -> dict:
    """Return one row per contrast, alignment and window."""
    rows = []
    for (contrast, alignment, window), part in frame.groupby(
        ["contrast", "alignment", "window"], sort=False
    ):
        tested = part[part["tested"]]
        found = tested[tested["q"] < level]
        quartiles = (
            tested["effect"].quantile([0.25, 0.5, 0.75])
            if len(tested)
            else pd.Series([float("nan")] * 3)
        )
        rows.append(
            {
                "contrast": names.contrast_name(contrast),
                "a": names.operand_name(operands[contrast].a),
                "b": names.operand_name(operands[contrast].b),
                "events": alignment,
                "window": window,
                "tested": len(tested),
                f"q < {level:g}": len(found),
                "25%": quartiles.iloc[0],
                "median Δz": quartiles.iloc[1],
                "75%": quartiles.iloc[2],
                "median SE": tested["se"].median() if "se" in tested else float("nan"),
            }
        )
    return table(
        pd.DataFrame(rows),
        "contrasts",
        "Contrasts: Δz is the difference in Fisher z of r, side a minus side b, over tested"
        " electrodes.",
        words=("a", "b"),
        sortable=True,
        filtered=True,
    )


def dropped(electrodes: pd.DataFrame) -> dict:
    """Return one row per recording and reason for dropping a channel."""
    lost = electrodes[~electrodes["kept"]].assign(
        reason=lambda t: t["reason"].fillna("no reason given")
    )
    counts = (
        lost.groupby(["recording", "reason"])["electrode"]
        .agg(["size", lambda s: ", ".join(s.astype(str))])
        .reset_index()
    )
    counts.columns = ["recording", "reason", "channels", "which"]
    return table(
        counts,
        "dropped",
        "Channels dropped in cleaning, and why.",
        words=("which", "reason"),
        sortable=True,
    )


def recordings(electrodes: pd.DataFrame, responses: list[dict]) -> dict:
    """Return one row per recording: channels, events used and events dropped, by alignment."""
    rows = (
        electrodes.groupby("recording")
        .agg(subject=("subject", "first"), channels=("kept", "size"), kept=("kept", "sum"))
        .reset_index()
    )
    for alignment in sorted({r["alignment"] for r in responses}):
        of = {r["recording"]: r for r in responses if r["alignment"] == alignment}
        rows[f"{alignment} events"] = [
            of[r]["events"] if r in of else float("nan") for r in rows["recording"]
        ]
        rows[f"{alignment} events dropped"] = [
            (
                "; ".join(f"{v} {k}" for k, v in of[r]["dropped"].items() if v) or "none"
                if r in of
                else "n/a"
            )
            for r in rows["recording"]
        ]
    by_name = {r["recording"]: r for r in responses}
    for column, title in (
        ("segments", "segments"),
        ("lost_s", "seconds lost in pauses"),
        ("artefacts_percent", "windows with an artefact (%)"),
    ):
        rows[title] = [by_name.get(r, {}).get(column, float("nan")) for r in rows["recording"]]
    return table(
        rows,
        "recordings",
        "Recordings: channels, and events with a whole response.",
        words=tuple(c for c in rows if "dropped" in c),
        sortable=True,
    )
