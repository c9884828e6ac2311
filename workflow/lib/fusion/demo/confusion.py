"""Planted kind against verdict: how well the workflow tells the demo's sites apart."""

from __future__ import annotations

import pandas as pd

from fusion.io.errors import InputError

#: Planted kind -> the verdict that finds it; the ladder's rungs from the strongest.
EXPECTED = {
    "joint": "interaction",
    "colour": "beats linear",
    "both": "vision and language",
    "vision": "vision",
    "language": "language",
    "voice": "audio",
    "none": "none",
}
PLANTED = tuple(EXPECTED)
#: Rung -> planted kinds at which it is true.
TRUE_RUNGS = {
    "signal": ("joint", "colour", "both", "vision", "language"),
    "unimodal": ("joint", "colour"),
    "linear": ("joint", "colour"),
    "interaction": ("joint",),
}


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


def voices(sites: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts of the electrodes that follow the voice: ``verdict, without_audio,
    with_audio``, counts of electrodes if no network of sound were asked, and as they are; no rows
    where none was planted.
    """
    keys = ["subject", "electrode"]
    planted = truth.loc[truth["planted"] == "voice", keys]
    own = sites.merge(planted, on=keys, validate="one_to_one")
    without = own["verdict_without_audio" if "verdict_without_audio" in own else "verdict"]
    counts = {"without_audio": without.value_counts(), "with_audio": own["verdict"].value_counts()}
    table = pd.DataFrame(counts, columns=list(counts)).fillna(0).astype(int)
    return table.rename_axis("verdict").reset_index()


def rates(joined: pd.DataFrame, kind: str) -> dict[str, float]:
    """Return ``sensitivity`` (share of the tested sites planted as ``kind`` that have its verdict)
    and ``false_discovery`` (share of the sites with that verdict that were not planted so; 0 if
    none has it).
    """
    tested = joined[joined["verdict"] != "not tested"]
    planted, called = tested["planted"] == kind, tested["verdict"] == EXPECTED[kind]
    sensitivity = (planted & called).sum() / planted.sum() if planted.any() else float("nan")
    return {
        "sensitivity": float(sensitivity),
        "false_discovery": float((called & ~planted).sum() / max(1, called.sum())),
    }


def rungs(sites: pd.DataFrame, truth: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return, for each rung of the ladder, how many tested electrodes hold it, and how many of
    them, and of all, were planted so that it is true: ``rung, holds, true, planted``.

    Electrodes that follow the voice are left out: networks of sound are on no rung.
    """
    keys = ["subject", "electrode"]
    tested = sites[sites["verdict"] != "not tested"]
    joined = tested.merge(truth[[*keys, "planted"]], on=keys, validate="one_to_one")
    joined = joined[joined["planted"] != "voice"]
    rows = []
    for rung, kinds in TRUE_RUNGS.items():
        holds, planted = joined[f"q_{rung}"] < level, joined["planted"].isin(kinds)
        rows.append((rung, int(holds.sum()), int((holds & planted).sum()), int(planted.sum())))
    return pd.DataFrame(rows, columns=["rung", "holds", "true", "planted"])
