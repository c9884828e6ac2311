"""Everything the page needs, from tables that have been read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import yaml
from markupsafe import Markup

from fusion.figures import names, space
from fusion.figures.spec import Sides
from fusion.report import (
    brain_view,
    controls,
    methods,
    numbers,
    page,
    page_tables,
    provenance,
    story,
)

#: The resolved config.
Config = Mapping[str, Any]

CONTENTS = [
    ("answer", "Answer"),
    ("tests", "Tests"),
    ("brain", "Brain"),
    ("regions-section", "Regions"),
    ("contrasts-section", "Contrasts"),
    ("models-section", "Models"),
    ("controls", "Controls"),
    ("quality", "Quality"),
    ("limits", "Limits"),
    ("sites-section", "All sites"),
    ("cards", "Model cards"),
    ("methods", "Methods"),
    ("provenance", "Provenance"),
]

# Tables that have a place of their own in the page; any other becomes a section under "Controls".
OWN_PLACE = (
    "sites",
    "regions",
    "contrasts",
    "electrodes",
    "scores",
    "confusion",
    "overlap",
    "subjects",
    "recordings",
)


def context(
    config: Config,
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, dict[str, Any]],
    *,
    operands: Mapping[str, Sides],
    drawn: pd.DataFrame,
    cards: list[dict[str, Any]],
    responses: list[dict[str, Any]],
    times: pd.DataFrame,
) -> dict[str, Any]:
    """Return the template's context.

    Parameters
    ----------
    config
        The resolved config.
    tables
        ``sites, regions, contrasts, electrodes``, and any further ones by name.
    figures
        As :func:`fusion.report.page.figures` returns them.
    operands
        Contrast -> its sides.
    drawn
        ``figure, title, state, why`` of every figure.
    cards, responses, times
        As :mod:`fusion.report.provenance` returns them.
    """
    sites, regions, contrasts, electrodes = (
        tables[name] for name in ("sites", "regions", "contrasts", "electrodes")
    )
    further = {name: table for name, table in tables.items() if name not in OWN_PLACE}
    n = story.Numbers(all_numbers(config, tables))
    level, window = config["statistics"]["level"], config["statistics"]["primary_window"]
    headline = (
        story.role_of(config, "matched")
        or story.role_of(config, "multimodal")
        or next(iter(config["contrasts"]), None)
    )
    brain = brain_view.payload(sites)
    shown_controls = controls.sections(further, set(figures))
    works = list(
        dict.fromkeys(
            key for _, _, cited in methods.paragraphs(config) for key in ["paper", *cited]
        )
    )
    extra = {
        "tests": tests_table(sites, n),
        "verdicts": verdicts_table(sites),
        "subjects": subjects_table(tables["subjects"]) if "subjects" in tables else None,
        "sites": page_tables.sites(sites, headline, config["events"]["alignments"]),
        "regions": page_tables.regions(regions),
        "contrasts": page_tables.contrasts(contrasts, operands, level),
        "recordings": page_tables.recordings(electrodes, responses),
        "dropped": page_tables.dropped(electrodes),
        "untested": untested_table(contrasts, window),
        "cards": page_tables.table(
            provenance.card_rows(cards),
            "models",
            "Models: what they were trained on and given; hashes are cut to twelve digits.",
            words=("trained_on", "sha256"),
        ),
        "versions": page_tables.table(
            provenance.versions(),
            "versions",
            "Libraries in the environment that wrote this report.",
        ),
        "times": page_tables.table(
            times,
            "times",
            "Run times of the jobs whose benchmark files were there when this report was written.",
            sortable=True,
        ),
        "confusion": confusion_table(tables.get("confusion")),
        "overlap": overlap_table(tables.get("overlap")),
        "cleaning": (
            page_tables.table(
                tables["recordings"],
                "cleaning",
                "Cleaning: what was found and done in each recording.",
                sortable=True,
            )
            if "recordings" in tables
            else None
        ),
    }
    return {
        "dataset": config["dataset"],
        "simulated": config["source"] == "simulate",
        "contents": [(i, t) for i, t in CONTENTS if i != "controls" or shown_controls],
        "answer": story.answer(n, config, operands),
        "warnings": [*warnings(n, config), *not_drawn(drawn)],
        "limits": story.limits(n, config, set(further)),
        "n": n,
        "level": level,
        "rising": n.get("alpha.rising", None),
        "figures": figures,
        "tables": extra,
        "controls": shown_controls,
        "brain": page.json_for_script(brain) if brain else None,
        "brain_count": len(brain["sites"]) if brain else 0,
        "brain_legend": (
            [look | {"mark": Markup(brain_view.legend_mark(look))} for look in brain["looks"]]
            if brain
            else []
        ),
        "brain_note": space.missing_note(sites),
        "cards": [
            {
                "name": c["name"],
                "text": yaml.safe_dump(
                    {k: v for k, v in c.items() if k != "name"}, sort_keys=False, allow_unicode=True
                ),
            }
            for c in cards
        ],
        "methods": [
            (heading, text, [works.index(key) + 1 for key in cited])
            for heading, text, cited in methods.paragraphs(config)
        ],
        "references": [methods.REFERENCES[key] for key in works],
        "config_text": yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
    }


def all_numbers(config: Config, tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Return every number of the text under its key."""
    level = config["statistics"]["level"]
    found = (
        numbers.of_sites(tables["sites"])
        | numbers.of_tests(tables["sites"])
        | numbers.of_electrodes(tables["electrodes"])
    )
    found |= numbers.of_contrasts(
        tables["contrasts"], config["statistics"]["primary_window"], level
    ) | numbers.of_regions(tables["regions"], level)
    rising = numbers.rising(tables["scores"], tables["sites"]) if "scores" in tables else None
    if rising is not None:
        found["alpha.rising"] = rising
    return found


def tests_table(sites: pd.DataFrame, n: story.Numbers) -> dict:
    """Return the tests of multimodality with counts, shares and intervals; a test that was not made
    says so.
    """
    columns = [
        {"label": label, "number": number, "words": not number}
        for label, number in (
            ("Test", False),
            ("Passing", True),
            ("Of", True),
            ("Share (%)", True),
            ("95% from", True),
            ("to", True),
        )
    ]
    rows = []
    for test in (name for name in names.TESTS if f"{name}.of" in n.values):
        values = ["count", "of", "share", "low", "high"] if n.get(f"{test}.of") else ["of"]
        cells = [(names.TESTS[test], None)]
        if len(values) == 1:
            cells += [("not made", None), *[("n/a", None)] * 4]
        else:
            cells += [
                (
                    n(f"{test}.{v}", 1 if v in ("share", "low", "high") else None),
                    str(n.get(f"{test}.{v}")),
                )
                for v in values
            ]
        rows.append({"group": None, "cells": cells})
    caption = (
        "Tests of multimodality: sites passing, of those at which the test could be made, with 95%"
        " Wilson intervals."
    )
    return page_tables.framed("multimodality", caption, columns, rows)


def verdicts_table(sites: pd.DataFrame) -> dict:
    """Return how many sites have each verdict, and what it means."""
    counts = sites["verdict"].value_counts()
    rows = [
        {"verdict": v, "sites": int(counts[v]), "meaning": names.VERDICT_MEANINGS.get(v, "")}
        for v in names.verdict_order(sites["verdict"])
    ]
    return page_tables.table(
        pd.DataFrame(rows, columns=["verdict", "sites", "meaning"]),
        "verdicts",
        "Verdicts.",
        words=("meaning",),
    )


def untested_table(contrasts: pd.DataFrame, window: str) -> dict | None:
    """Return why electrodes were not tested, by contrast; none if all were."""
    lost = contrasts[(contrasts["window"] == window) & ~contrasts["tested"]]
    if lost.empty:
        return None
    counts = (
        lost.groupby(["contrast", "alignment", "reason"], dropna=False)
        .size()
        .reset_index(name="electrodes")
    )
    counts["contrast"] = counts["contrast"].map(names.contrast_name)
    return page_tables.table(
        counts,
        "untested",
        "Electrodes that a contrast could not test in the primary window, and why.",
        words=("reason",),
        sortable=True,
    )


def subjects_table(subjects: pd.DataFrame) -> dict:
    """Return verdicts by subject, and what remains when a subject is left out."""
    caption = (
        "By subject: electrodes, tested ones, verdicts, and the share of sites of integration with"
        " Wilson's 95% interval. The last two columns say how much hangs on one subject: sites of"
        " integration in the others, and how many those would be had this subject not been"
        " recorded."
    )
    labels = {"ci_low": "95% from", "ci_high": "to", "others_alone": "others, alone"}
    return page_tables.table(
        subjects,
        "subjects",
        caption,
        labels
        | {c: c.removeprefix("n_").replace("_", " ") for c in subjects if c.startswith("n_")},
        sortable=True,
    )


def overlap_table(overlap: pd.DataFrame | None) -> dict | None:
    """Return how the tests overlap, pair by pair."""
    if overlap is None:
        return None
    shown = overlap.assign(
        **{side: overlap[side].map(lambda t: names.TESTS.get(t, t)) for side in ("one", "other")}
    )
    caption = (
        "Overlap of the tests: electrodes passing each and both, how many both would be by chance"
        " within subjects, shared of either (Jaccard), and the exact chance of at least as many in"
        " both."
    )
    return page_tables.table(
        shown,
        "overlap",
        caption,
        {"n_one": "passing one", "n_other": "passing other"},
        words=("one", "other"),
        sortable=True,
    )


def confusion_table(confusion: pd.DataFrame | None) -> dict | None:
    """Return what was planted against what was found; none for real data."""
    if confusion is None:
        return None
    return page_tables.table(
        confusion,
        "confusion",
        "Planted kind of site (rows) against verdict (columns): counts of electrodes.",
    )


def not_drawn(drawn: pd.DataFrame) -> list[str]:
    """Return a sentence for every figure that failed."""
    failed = drawn[drawn["state"] == "failed"]
    return [
        f"The figure “{row.title}” could not be drawn ({row.why}); see the log of rule figures."
        for row in failed.itertuples()
    ]


def warnings(n: story.Numbers, config: Config) -> list[str]:
    """Return what a reader must know before the numbers."""
    said = []
    if n.get("sites.tested") == 0:
        said.append("No electrode could be tested. The reasons are under “Quality of the data”.")
    if n.get("alpha.rising", 0) > 5:
        said.append(
            "At sites with signal, validation r often still rose at the end of the grid of"
            " penalties: see whether a wider encoding.alphas changes r."
        )
    if config["statistics"]["procedure"] == "paper":
        said.append(
            "These results follow the published procedure, whose error rates are not controlled."
        )
    if config["statistics"]["procedure"] == "block_bootstrap":
        said.append(
            "These results follow a block bootstrap of held-out predictions, which leaves training"
            " out and is optimistic."
        )
    return said
