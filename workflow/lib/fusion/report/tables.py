"""The tables that the page knows: which columns a reader looks for, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from fusion.contrasts.spec import RUNG_VERDICTS
from fusion.figures import names, read
from fusion.figures.names import Labels
from fusion.figures.spec import Sides
from fusion.report.numbers import RUNGS
from fusion.report.story import Numbers
from fusion.report.table import Cell, Column, Shown, Table, table

INTERVAL = {"ci_low": "95% from", "ci_high": "to"}


def ladder(n: Numbers) -> Table:
    """Return how many electrodes hold each rung of the ladder of evidence."""
    rows: list[tuple[Cell, ...]] = []
    for rung, words in RUNGS.items():
        key = f"rung.{rung}"
        if n.get(f"{key}.of"):
            count = n(f"{key}.count"), str(n.get(f"{key}.count"))
            low, high = n(f"{key}.low", 1), n(f"{key}.high", 1)
            share = Markup("{}–{}%").format(low, high)
            rows.append(((words, None), count, (n(f"{key}.of"), None), (share, None)))
        else:
            rows.append(((words, None), ("not tested", None), ("n/a", None), ("n/a", None)))
    columns = (Column("evidence", words=True), Column("electrodes", number=True))
    more = (Column("of", number=True), Column("95% interval", number=True, rank=2))
    caption = "Ladder of evidence: electrodes that hold each rung, of those tested."
    return Table("ladder", caption, (*columns, *more), tuple(rows))


def rungs(frame: pd.DataFrame) -> Table:
    """Return how many electrodes hold each rung, against what was planted."""
    shown = frame.assign(rung=frame["rung"].map(RUNGS))
    labels = {"rung": "evidence", "holds": "found", "true": "of them planted so"}
    return table(
        shown,
        "rungs",
        "The ladder against what was planted: electrodes that hold each rung, how many of them were"
        " planted so that it is true, and how many were in all.",
        Shown(labels, words=("rung",), ranks={"planted": 1}),
        file="tables/rungs.tsv",
    )


def voices(frame: pd.DataFrame) -> Table:
    """Return the verdicts of electrodes that follow the voice, without and with networks of sound,
    and a sentence on them.
    """
    counts = frame.set_index("verdict")
    more = ("language", "vision and language", "better", *RUNG_VERDICTS.values())
    words = counts.loc[counts.index.isin(more)].sum()
    heard = int(counts["with_audio"].get("audio", 0))
    labels = {"without_audio": "no network of sound asked", "with_audio": "asked"}
    return table(
        frame,
        "voices",
        f"Of {int(frame['with_audio'].sum())} electrodes that were planted to follow the voice,"
        f" {int(words['without_audio'])} would be called language or more if no network of sound"
        f" were asked, and {int(words['with_audio'])} are; {heard} are called audio.",
        Shown(labels, words=("verdict",)),
        file="tables/voices.tsv",
    )


def multimodality(n: Numbers) -> Table:
    """Return the tests of multimodality with counts, shares and intervals."""
    labels = ("Test", "Passing", "Of", "Share (%)", "95% from", "to")
    rows: list[tuple[Cell, ...]] = []
    for test in (name for name in names.TESTS if f"{name}.of" in n.values):
        first: Cell = (names.TESTS[test], None)
        if n.get(f"{test}.of"):
            digits = {"share": 1, "low": 1, "high": 1}
            values = [
                (n(f"{test}.{value}", digits.get(value)), str(n.get(f"{test}.{value}")))
                for value in ("count", "of", "share", "low", "high")
            ]
            rows.append((first, *values))
        else:
            rows.append((first, ("not made", None), *[("n/a", None)] * 4))
    ranks = (1, 1, 1, 2, 2, 2)
    columns = tuple(
        Column(label, number=at > 0, words=at == 0, rank=ranks[at])  # type: ignore[arg-type]
        for at, label in enumerate(labels)
    )
    caption = (
        "Tests of multimodality: sites passing, of those at which the test could be made, with 95%"
        " Wilson intervals."
    )
    return Table("multimodality", caption, columns, tuple(rows))


def verdicts(sites: pd.DataFrame) -> Table:
    """Return how many sites have each verdict, and what it means."""
    counts = sites["verdict"].value_counts()
    rows = [
        {"verdict": v, "sites": int(counts[v]), "meaning": names.VERDICT_MEANINGS.get(v, "")}
        for v in names.verdict_order(sites["verdict"])
    ]
    frame = pd.DataFrame(rows, columns=["verdict", "sites", "meaning"])
    return table(frame, "verdicts", "Verdicts.", Shown(words=("meaning",)))


def sites(
    frame: pd.DataFrame, decisive: pd.DataFrame | None, contrast: str | None, labels: Labels
) -> Table:
    """Return the table of all electrodes.

    Parameters
    ----------
    frame
        The table of sites.
    decisive
        Rows of the decisive contrast in the primary window, or None.
    contrast
        Its name.
    labels
        Model -> its name as people write it.
    """
    shown = pd.DataFrame(
        {
            "subject": frame["subject"],
            "electrode": frame["electrode"],
            "region": [
                f"{names.region_name(r)} {h if isinstance(h, str) else ''}".strip()
                if isinstance(r, str)
                else None
                for r, h in zip(frame["region"], frame["hemisphere"], strict=True)
            ],
            "verdict": frame["verdict"],
            "reason": frame["reason"],
        }
    )
    said = ""
    if decisive is not None and len(decisive):
        best = decisive.sort_values("effect", ascending=False, kind="stable")
        best = best.drop_duplicates(["subject", "electrode"])
        columns = ["subject", "electrode", "effect", "q"]
        shown = shown.merge(best[columns], on=["subject", "electrode"], how="left")
        said = (
            f" Effect (Δz) and q are those of {names.contrast_name(str(contrast))} in the alignment"
            " with the larger effect."
        )
    for column in ("best_model", "r_best", "latency_ms"):
        if column in frame:
            values = frame[column]
            shown[column] = (
                values.map(labels, na_action="ignore") if column == "best_model" else values
            ).to_numpy()
    passed = [(test, read.passed(frame, test)) for test in read.tests_of(frame)]
    shown["tests"] = [
        ", ".join(test.replace("_", " ") for test, column in passed if column.iloc[row])
        for row in range(len(frame))
    ]
    how = Shown(
        labels={
            "effect": "effect",
            "best_model": "best network",
            "r_best": "r",
            "latency_ms": "latency (ms)",
            "tests": "tests passed",
        },
        words=("reason", "tests"),
        ranks={
            "subject": 1,
            "electrode": 1,
            "verdict": 1,
            "region": 2,
            "effect": 2,
            "q": 2,
            "reason": 3,
            "best_model": 4,
            "r_best": 4,
            "latency_ms": 4,
            "tests": 4,
        },
        menus=("subject", "region", "verdict", "best_model"),
    )
    keys = [f"{s}|{e}" for s, e in zip(frame["subject"], frame["electrode"], strict=True)]
    caption = f"Every electrode with its verdict and the reason.{said}"
    return table(shown, "sites", caption, how, keys=keys, filtered=True, file="sites.tsv")


def regions(frame: pd.DataFrame) -> Table:
    """Return the table of regions."""
    shown = frame.assign(
        region=[names.region_name(r) if isinstance(r, str) else "unknown" for r in frame["region"]]
    )
    shown = shown[shown["n_electrodes"] > 0]
    columns = ["region", "hemisphere", "n_sites", "n_tested", "fraction"]
    columns += ["ci_low", "ci_high", "p", "q", "n_electrodes", "coverage"]
    more = [name for name in shown if name not in columns]
    labels = {"n_electrodes": "electrodes", "n_tested": "tested", "n_sites": "sites"}
    ranks = {"region": 1, "hemisphere": 1, "n_sites": 1, "n_tested": 1, "q": 2}
    ranks |= {"fraction": 2, "ci_low": 3, "ci_high": 3, "p": 4, "n_electrodes": 4, "coverage": 4}
    return table(
        shown[[name for name in columns if name in shown] + more],
        "regions",
        "Covered regions: sites (electrodes that beat linear, or more) of those tested, with"
        " Wilson's 95% interval, widened for contacts that are alike; q: more than verdicts"
        " turned along each shaft would give, corrected over regions.",
        Shown(INTERVAL | labels, ranks=ranks),  # type: ignore[arg-type]
        filtered=True,
        file="regions.tsv",
    )


def contrasts(
    frame: pd.DataFrame, operands: Mapping[str, Sides], labels: Labels, level: float
) -> Table:
    """Return one row per contrast, alignment and window."""
    rows = []
    for key, part in frame.groupby(["contrast", "alignment", "window"], sort=False):
        contrast, alignment, window = map(str, key)
        tested = part[part["tested"]]
        quartiles = (
            list(tested["effect"].quantile([0.25, 0.5, 0.75]))
            if len(tested)
            else [float("nan")] * 3
        )
        sides = operands[contrast]
        rows.append(
            {
                "contrast": names.contrast_name(contrast),
                "events": alignment,
                "window": window,
                f"q < {level:g}": int((tested["q"] < level).sum()),
                "tested": len(tested),
                "median Δz": quartiles[1],
                "25%": quartiles[0],
                "75%": quartiles[2],
                "median SE": tested["se"].median() if len(tested) else float("nan"),
                "a": names.operand_name(sides.a, labels),
                "b": names.operand_name(sides.b, labels),
            }
        )
    shown = pd.DataFrame(rows)
    ranks = {"contrast": 1, "events": 1, f"q < {level:g}": 1, "tested": 1, "window": 2}
    ranks |= {"median Δz": 2, "25%": 3, "75%": 3, "median SE": 4, "a": 4, "b": 4}
    return table(
        shown,
        "contrasts",
        "Contrasts: Δz is the difference in Fisher z of r, side a minus side b, over tested"
        " electrodes.",
        Shown(words=("a", "b", "contrast"), ranks=ranks, menus=("contrast", "events", "window")),  # type: ignore[arg-type]
        filtered=True,
        file="tables/contrasts.tsv",
    )


def mean_r(scores: pd.DataFrame, electrodes: pd.DataFrame, labels: Labels) -> Table | None:
    """Return mean r by network, alignment and trained or random, with 95% intervals over electrodes
    with signal; None without scores.
    """
    own = scores[scores["chosen"].astype(bool)].merge(electrodes, on=["subject", "electrode"])
    if own.empty or "r_test" not in own:
        return None
    own = own.assign(
        weights=own["init"].map(lambda init: "trained" if init == "trained" else "random")
    )
    each = own.groupby(["model", "alignment", "weights", "subject", "electrode"], sort=False)
    means = each["r_test"].mean().reset_index()
    grouped = means.groupby(["model", "alignment", "weights"], sort=False)["r_test"]
    found = grouped.agg(["mean", "sem", "size"]).reset_index()
    frame = pd.DataFrame(
        {
            "network": found["model"].map(labels),
            "events": found["alignment"],
            "weights": found["weights"],
            "mean r": found["mean"],
            "95% from": found["mean"] - 1.96 * found["sem"],
            "to": found["mean"] + 1.96 * found["sem"],
            "electrodes": found["size"],
        }
    )
    return table(
        frame,
        "mean-r",
        "Mean r in the primary window at the chosen layer, over electrodes with signal, with 95%"
        " intervals over electrodes.",
        Shown(
            ranks={"weights": 1, "mean r": 1, "95% from": 2, "to": 2, "electrodes": 3},
            menus=("network", "events", "weights"),
        ),
        filtered=True,
    )


def best_networks(
    contrasts: pd.DataFrame, signal: str | None, labels: Labels, level: float
) -> Table | None:
    """Return how many electrodes with signal each network predicts best, by alignment; None if no
    contrast holds all models against nothing.

    Parameters
    ----------
    contrasts
        Rows of the primary window.
    signal
        The contrast of all models with nothing.
    labels
        Model -> its name as people write it.
    """
    rows = contrasts[(contrasts["contrast"] == signal) & contrasts["tested"]]
    rows = rows[rows["q"] < level]
    if rows.empty:
        return None
    model = rows["a"].astype(str).str.split("-").str[0].map(labels)
    counts = pd.crosstab(model, rows["alignment"]).rename_axis(columns=None)
    counts = counts.sort_values(columns_of(counts), ascending=False).reset_index(names="network")
    return table(
        counts,
        "best-networks",
        "Electrodes with signal by the network that predicts them best on validation data, in each"
        " alignment. A selection, not a test.",
        Shown(labels={name: f"{name} events" for name in columns_of(counts) if name != "network"}),
    )


def subjects(frame: pd.DataFrame) -> Table:
    """Return verdicts by subject, and what remains when a subject is left out."""
    labels = {**INTERVAL, "others_alone": "others, alone"}
    labels |= {
        c: c.removeprefix("n_").replace("_", " ") for c in columns_of(frame) if c.startswith("n_")
    }
    ranks: dict[str, Any] = {"subject": 1, "electrodes": 2, "tested": 1, "n_sites": 1}
    ranks |= {"others": 3, "others_alone": 3, "fraction": 2, "ci_low": 4, "ci_high": 4}
    return table(
        frame,
        "subjects",
        "By subject: electrodes, tested ones, verdicts. “Others” counts sites in the"
        " other subjects, “others, alone” how many those would be had this subject not been"
        " recorded.",
        Shown(labels, ranks=ranks),
        file="tables/subjects.tsv",
    )


def overlap(frame: pd.DataFrame) -> Table:
    """Return how the tests overlap, pair by pair."""
    sides = {
        side: frame[side].map(lambda test: (names.TESTS | names.LADDER).get(test, test))
        for side in ("one", "other")
    }
    labels = {"n_one": "passing one", "n_other": "passing other"}
    ranks: dict[str, Any] = {"one": 1, "other": 1, "both": 1, "n_one": 2, "n_other": 2, "p": 2}
    return table(
        frame.assign(**sides),
        "overlap",
        "Overlap of the tests: electrodes passing each and both, how many both would be by chance"
        " within subjects, shared of either (Jaccard), and the exact chance of at least as many in"
        " both.",
        Shown(labels, words=("one", "other"), ranks=ranks),
        file="tables/overlap.tsv",
    )


def untested(contrasts: pd.DataFrame) -> Table | None:
    """Return why electrodes were not tested, by contrast; None if all were."""
    lost = contrasts[~contrasts["tested"]]
    if lost.empty:
        return None
    counts = (
        lost.groupby(["contrast", "alignment", "reason"], dropna=False)
        .size()
        .reset_index(name="electrodes")
    )
    counts["contrast"] = counts["contrast"].map(names.contrast_name)
    return table(
        counts,
        "untested",
        "Electrodes that a contrast could not test in the primary window, and why.",
        Shown(words=("reason", "contrast"), ranks={"electrodes": 1}),
    )


def columns_of(frame: pd.DataFrame) -> list[str]:
    """Return a table's columns."""
    return [str(name) for name in frame.columns]


def joined(words: pd.Series) -> str:
    """Return the words of a column with commas."""
    return ", ".join(map(str, words))


def dropped(electrodes: pd.DataFrame) -> Table:
    """Return one row per recording and reason for dropping a channel."""
    lost = electrodes[~electrodes["kept"]]
    lost = lost.assign(reason=lost["reason"].fillna("no reason given"))
    grouped = lost.groupby(["recording", "reason"])["electrode"]
    counts = grouped.agg(channels="size", which=joined).reset_index()
    return table(
        counts,
        "dropped",
        "Channels dropped in cleaning, and why.",
        Shown(words=("which", "reason", "recording"), ranks={"which": 3}),
    )


def recordings(electrodes: pd.DataFrame, responses: list[dict[str, Any]]) -> Table:
    """Return one row per recording: channels, events used and events dropped, by alignment."""
    grouped = electrodes.groupby("recording")
    rows = grouped.agg(channels=("kept", "size"), kept=("kept", "sum")).reset_index()
    for alignment in sorted({one["alignment"] for one in responses}):
        of = {one["recording"]: one for one in responses if one["alignment"] == alignment}
        there = [of.get(name) for name in rows["recording"]]
        rows[f"{alignment} events"] = [one["events"] if one else float("nan") for one in there]
        rows[f"{alignment} events dropped"] = [
            "; ".join(f"{v} {k}" for k, v in one["dropped"].items() if v) or "none"
            if one
            else "n/a"
            for one in there
        ]
    by_name = {one["recording"]: one for one in responses}
    for column, title in (
        ("segments", "segments"),
        ("lost_s", "seconds lost in pauses"),
        ("artefacts_percent", "windows with an artefact (%)"),
    ):
        rows[title] = [by_name.get(name, {}).get(column) for name in rows["recording"]]
    words = ("recording", *(name for name in columns_of(rows) if "dropped" in name))
    return table(
        rows,
        "recordings",
        "Recordings: channels, and events with a whole response.",
        Shown(words=words),
    )
