"""Planted kind against verdict: how well the workflow tells the demo's sites apart."""

from __future__ import annotations

import pandas as pd

from fusion.io.errors import InputError

PLANTED = ("vision", "language", "voice", "integration", "none")


def join(sites: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return ``subject, electrode, planted, verdict`` of every site, joined by subject and
    electrode.

    Raises
    ------
    InputError
        If a site has no truth.
    """
    keys = ["subject", "electrode"]
    joined = sites[[*keys, "verdict"]].merge(
        truth[[*keys, "planted"]], on=keys, how="left", validate="one_to_one"
    )
    if joined["planted"].isna().any():
        row = joined.loc[joined["planted"].isna()].iloc[0]
        raise InputError(
            "truth.tsv",
            "electrode",
            f"nothing about {row['electrode']} of subject {row['subject']}",
            "every site of sites.tsv",
        )
    return joined[[*keys, "planted", "verdict"]]


def confusion(joined: pd.DataFrame, verdicts: tuple[str, ...]) -> pd.DataFrame:
    """Return how many sites of each planted kind (rows, column ``planted``) got each verdict (the
    other columns).
    """
    counts = pd.crosstab(joined["planted"], joined["verdict"])
    return (
        counts.reindex(index=list(PLANTED), columns=list(verdicts), fill_value=0)
        .rename_axis(columns=None)
        .reset_index()
    )


def rates(joined: pd.DataFrame, kind: str = "integration") -> dict[str, float]:
    """Return ``sensitivity`` (share of the tested sites planted as ``kind`` that were called so)
    and ``false_discovery`` (share of the sites called ``kind`` that were not planted so; 0 if none
    was called)."""
    tested = joined[joined["verdict"] != "not tested"]
    planted, called = tested["planted"] == kind, tested["verdict"] == kind
    sensitivity = (planted & called).sum() / planted.sum() if planted.any() else float("nan")
    return {
        "sensitivity": float(sensitivity),
        "false_discovery": float((called & ~planted).sum() / max(1, called.sum())),
    }
