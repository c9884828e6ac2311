"""Everything the page needs, from tables that have been read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import yaml
from markupsafe import Markup

from fusion.encoding.scores import RISING
from fusion.figures import read, space
from fusion.figures.names import Labels
from fusion.figures.spec import Sides
from fusion.report import (
    brain_view,
    controls,
    methods,
    numbers,
    page,
    provenance,
    site_view,
    story,
    tables,
)
from fusion.report.parts import Parts
from fusion.report.references import WORKS
from fusion.report.table import Shown, Table, table, text_columns

#: The resolved config.
Config = Mapping[str, Any]
#: Heading, text and cited works of each paragraph of the methods.
Said = list[tuple[str, str, list[str]]]

#: Id -> title of the page's sections, in order.
CONTENTS = {
    "answer": "Answer",
    "electrodes": "Electrodes",
    "explained": "What explains them",
    "sure": "How sure?",
    "limits": "What it cannot say",
    "methods": "Methods",
    "provenance": "Provenance",
}

#: Tables that have a place of their own in the page; any other becomes a control.
OWN_PLACE = (
    *("sites", "regions", "contrasts", "electrodes", "scores", "time_course"),
    *("confusion", "overlap", "subjects", "recordings", "stimuli"),
    *("evidence", "rungs", "voices", "courses"),
)
#: How the warning of a recording begins that takes no part.
NO_PART = "takes no part"
#: Files beside the page -> what they are.
DOWNLOADS = {
    "sites.tsv": "every electrode: verdict, reason, q",
    "regions.tsv": "regions",
    "tables/contrasts.tsv": "every contrast at every electrode",
    "recordings.tsv": "recordings and their quality",
    "tables/stimuli.tsv": "films and how their transcripts were read",
    "methods.md": "methods, ready to paste",
    "references.bib": "references",
    "config.yaml": "the config as it was used",
}


@dataclass(frozen=True)
class Given:
    """What the page is made from.

    Attributes
    ----------
    config
        The resolved config.
    tables
        ``sites, regions, contrasts, electrodes, scores``, and any further ones by name.
    figures
        Figures that are shown.
    drawn
        ``figure, title, state, why`` of every figure.
    operands
        Contrast -> its sides.
    labels
        Model -> its name as people write it.
    over_time
        Networks whose r over time is shown at every site.
    plotly
        The library that draws the brain.
    cards, responses, times
        As :mod:`fusion.report.provenance` returns them.
    """

    config: Config
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, page.Picture]
    drawn: pd.DataFrame
    operands: Mapping[str, Sides]
    labels: Labels
    over_time: Sequence[str]
    plotly: str
    cards: list[dict[str, Any]]
    responses: list[dict[str, Any]]
    times: pd.DataFrame

    @property
    def level(self) -> float:
        """False-discovery level."""
        return float(self.config["statistics"]["level"])

    @property
    def primary(self) -> pd.DataFrame:
        """Contrasts in the primary window."""
        contrasts, window = self.tables["contrasts"], self.config["statistics"]["primary_window"]
        primary: pd.DataFrame = contrasts.loc[contrasts["window"] == window]
        return primary


def context(given: Given) -> dict[str, Any]:
    """Return the template's context: a part that cannot be made is left out, and named at the
    top.
    """
    config, level, parts = given.config, given.level, Parts()
    further = {name: one for name, one in given.tables.items() if name not in OWN_PLACE}
    heard = parts.make(
        "The table of verdicts with and without sound",
        lambda: controls.sound_table(given.tables["sites"], given.tables.get("partition"), level),
        lambda: None,
    )
    if heard is not None:
        further["audio"] = heard
    n = story.Numbers(all_numbers(given, parts))
    said: Said = parts.make("The methods", lambda: methods.paragraphs(config, data(given, n)), list)
    works: list[str] = parts.make("The references", lambda: methods.cited(said), list)
    sites = given.tables["sites"]
    known = parts.make(
        "The brain and the panel of an electrode", lambda: interactive(given), lambda: None
    )
    made = {
        "dataset": config["dataset"],
        "simulated": config["source"] == "simulate",
        "has_pictures": story.has_pictures(config),
        "unclaimed": parts.make(
            "The list of recordings that take no part",
            lambda: no_part(given.tables.get("recordings")),
            list,
        ),
        "contents": CONTENTS,
        "answer": parts.make(
            "The answer in sentences",
            lambda: story.answer(n, config, given.operands, given.labels),
            list,
        ),
        "detectable": parts.make(
            "The smallest difference", lambda: story.detectable(n, config), lambda: Markup("n/a")
        ),
        "limits": parts.make("The limits", lambda: story.limits(n, config, set(further)), list),
        "n": n,
        "level": level,
        "rising": n.get("alpha.gain", 0) > RISING,
        "figures": given.figures,
        "empty": empty(given.drawn),
        "tables": parts.tables(own_tables(given, n)),
        "controls": parts.make(
            "The controls",
            lambda: controls.sections(further, given.figures, given.labels, parts),
            list,
        ),
        "has_brain": known is not None and known["mesh"] is not None,
        "known": page.json_for_script(known or {}),
        "plotly": Markup(given.plotly) if known and known["mesh"] else "",
        "brain_note": parts.make("A note", lambda: space.missing_note(sites), str),
        "colours": [
            "verdict",
            "best network",
            *(one["name"] for one in (known or {"measures": []})["measures"]),
        ],
        "cards": parts.make("The model cards", lambda: cards(given), list),
        "methods": [
            (heading, text, [works.index(key) + 1 for key in cited if key in works])
            for heading, text, cited in said
        ],
        "references": [(WORKS[key].text(), WORKS[key].link) for key in works],
        "config_text": as_yaml(dict(config)),
        "downloads": DOWNLOADS,
        "made": {
            "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
            "commit": provenance.commit(),
            "command": "snakemake --cores all --configfile"
            f" results/{config['dataset']}/config.yaml",
        },
    }
    told: list[tuple[str, str]] = parts.make("The warnings", lambda: warnings(n, config), list)
    return made | {"warnings": [*told, *parts.lost, *not_drawn(given.drawn)]}


def interactive(given: Given) -> dict[str, Any]:
    """Return what the page's scripts know: the brain, and the panels of electrodes and subjects."""
    sites = given.tables["sites"]
    known = brain_view.payload(sites, given.primary, given.labels, given.level)
    decisive = story.decisive(given.config)
    rows = given.primary[(given.primary["contrast"] == decisive) & given.primary["tested"]]
    return known | site_view.payload(
        sites, given.tables, rows, labels=given.labels, over_time=given.over_time
    )


def cards(given: Given) -> list[dict[str, str]]:
    """Return name and text of the model cards."""
    return [
        {
            "name": given.labels.get(card["name"], card["name"]),
            "text": as_yaml({k: v for k, v in card.items() if k != "name"}),
        }
        for card in given.cards
    ]


def texts(given: Given) -> tuple[str, str]:
    """Return ``methods.md`` and ``references.bib``; each says so where it cannot be made."""
    parts = Parts()
    n = story.Numbers(all_numbers(given, parts))
    paragraphs = partial(methods.paragraphs, given.config)
    said: Said = parts.make("The methods", lambda: paragraphs(data(given, n)), list)
    text = parts.make("The methods", lambda: methods.markdown(said), str)
    works = parts.make("The references", lambda: methods.bibliography(said), str)
    lost = "".join(f"{sentence}\n" for sentence, _ in parts.lost)
    return lost + text, works or "".join(f"% {line}\n" for line in lost.splitlines())


def as_yaml(value: dict[str, Any]) -> str:
    """Return a mapping as YAML, in its order."""
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def all_numbers(given: Given, parts: Parts) -> numbers.Values:
    """Return every number of the text under its key."""
    own, level = given.tables, given.level
    sites = own["sites"]
    window = given.config["statistics"]["primary_window"]
    makers: list[tuple[str, Callable[[], numbers.Values]]] = [
        ("sites", lambda: numbers.of_sites(sites)),
        ("the tests", lambda: numbers.of_tests(sites)),
        ("the ladder", lambda: numbers.of_ladder(sites, level)),
        ("sound", lambda: numbers.of_sound(sites, own.get("partition"), level)),
        ("electrodes", lambda: numbers.of_electrodes(own["electrodes"])),
        ("responses", lambda: numbers.of_responses(given.responses)),
        ("contrasts", lambda: numbers.of_contrasts(own["contrasts"], window, level)),
        ("regions", lambda: numbers.of_regions(own["regions"], level)),
    ]
    found: numbers.Values = {}
    for name, how in makers:
        found |= parts.make(f"The numbers of {name}", how, dict)
    gain = parts.make("A number", lambda: numbers.alpha_gain(own["scores"], sites), lambda: None)
    return found if gain is None else found | {"alpha.gain": gain}


def data(given: Given, n: story.Numbers) -> methods.Data:
    """Return what the data were, as far as the methods say it."""
    tested = given.primary[given.primary["tested"]]
    there = len(tested) > 0 and {"n_blocks", "df"} <= set(tested)
    events = {a: int(n.get(f"events.{a}")) for a in given.config["events"]["alignments"]}
    return methods.Data(
        n_subjects=int(n.get("subjects")),
        n_recordings=int(n.get("recordings")),
        n_electrodes=int(n.get("sites.all")),
        n_tested=int(n.get("sites.tested")),
        events={alignment: count for alignment, count in events.items() if count},
        film_min=n.get("film.minutes") or None,
        blocks=ends(tested["n_blocks"]) if there else None,
        dof=ends(tested["df"]) if there else None,
        has_regions=bool(given.tables["sites"]["region"].notna().any()),
        labels=given.labels,
        versions=provenance.versions(),
    )


def ends(column: pd.Series) -> tuple[int, int]:
    """Return the least and the largest of some whole numbers."""
    return int(column.min()), int(column.max())


def own_tables(given: Given, n: story.Numbers) -> dict[str, Callable[[], Table | None]]:
    """Return what makes the tables that have a place of their own."""
    own, level, labels = given.tables, given.level, given.labels
    sites, electrodes, primary = own["sites"], own["electrodes"], given.primary
    decisive = story.decisive(given.config)
    rows = primary[(primary["contrast"] == decisive) & primary["tested"]] if decisive else None
    signal = story.role_of(given.config, "signal")
    versions = pd.DataFrame(provenance.versions().items(), columns=["library", "version"])
    return {
        "ladder": lambda: tables.ladder(n),
        "tests": lambda: tables.multimodality(n),
        "verdicts": lambda: tables.verdicts(sites),
        "sites": lambda: tables.sites(sites, rows, decisive, labels),
        "subjects": lambda: tables.subjects(own["subjects"]) if "subjects" in own else None,
        "overlap": lambda: tables.overlap(own["overlap"]) if "overlap" in own else None,
        "confusion": lambda: (
            table(
                own["confusion"],
                "confusion",
                "Planted kind of site (rows) against verdict (columns): counts of electrodes.",
                Shown(ranks={str(name): 1 for name in list(own["confusion"])[:4]}),
            )
            if "confusion" in own
            else None
        ),
        "voices": lambda: tables.voices(own["voices"]) if len(own.get("voices", ())) else None,
        "rungs": lambda: tables.rungs(own["rungs"]) if "rungs" in own else None,
        "regions": lambda: tables.regions(own["regions"]),
        "contrasts": lambda: tables.contrasts(own["contrasts"], given.operands, labels, level),
        "mean_r": lambda: tables.mean_r(own["scores"], read.with_signal(sites), labels),
        "best_networks": lambda: tables.best_networks(primary, signal, labels, level),
        "recordings": lambda: tables.recordings(electrodes, given.responses),
        "dropped": lambda: tables.dropped(electrodes),
        "untested": lambda: tables.untested(primary),
        "cleaning": lambda: (
            table(
                own["recordings"],
                "cleaning",
                "Cleaning: what was found and done in each recording.",
                Shown(words=text_columns(own["recordings"])),
                file="recordings.tsv",
            )
            if "recordings" in own
            else None
        ),
        "stimuli": lambda: (
            table(
                own["stimuli"],
                "stimuli",
                "Films and words: the sound track taken, how the transcript was read, and what of"
                " it is no word.",
                Shown(words=text_columns(own["stimuli"])),
                file="tables/stimuli.tsv",
            )
            if "stimuli" in own
            else None
        ),
        "cards": lambda: table(
            provenance.card_rows(given.cards),
            "models",
            "Models: what they were trained on and given, events whose text was cut, and the share"
            " of tokens unknown to the tokenizer; hashes are cut to twelve digits.",
            Shown(words=("trained_on", "sha256", "model")),
        ),
        "versions": lambda: table(
            versions, "versions", "Libraries in the environment that wrote this report."
        ),
        "times": lambda: table(
            given.times,
            "times",
            "Run times of the jobs whose benchmark files were there when this report was written.",
        ),
    }


def no_part(recordings: pd.DataFrame | None) -> list[tuple[str, str]]:
    """Return (recording, why) of the recordings of the dataset that take no part."""
    if recordings is None or "warnings" not in recordings:
        return []
    said = recordings["warnings"].astype(str)  # a column without any warning is one of numbers
    absent = said.str.startswith(NO_PART)
    why = said[absent].str.removeprefix(NO_PART).str.strip(": ")
    return list(zip(recordings.loc[absent, "recording"].astype(str), why, strict=True))


def empty(drawn: pd.DataFrame) -> list[tuple[str, str]]:
    """Return (title, why) of the figures that have nothing to show."""
    rows = drawn[drawn["state"] == "empty"]
    return list(zip(rows["title"].astype(str), rows["why"].astype(str), strict=True))


def not_drawn(drawn: pd.DataFrame) -> list[tuple[str, str]]:
    """Return a sentence for every figure that failed, and where it belongs."""
    failed = drawn[drawn["state"] == "failed"]
    return [
        (f"The figure “{title}” could not be drawn ({why}); see the log of rule figures.", "sure")
        for title, why in zip(failed["title"], failed["why"], strict=True)
    ]


def warnings(n: story.Numbers, config: Config) -> list[tuple[str, str]]:
    """Return what a reader must know before the numbers, and the section that says more."""
    said = []
    if n.get("sites.tested") == 0:
        said.append(
            (
                "No electrode could be tested. The reasons are under “Quality of the data”.",
                "quality",
            )
        )
    if n.get("alpha.gain", 0) > RISING:
        said.append(
            (
                "At sites with signal, validation r still rises at the end of the grid of"
                " penalties: see whether a wider encoding.alphas changes r.",
                "quality",
            )
        )
    if config["statistics"]["procedure"] == "paper":
        said.append(
            (
                "These results follow the published procedure, whose error rates are not"
                " controlled.",
                "limits",
            )
        )
    if config["statistics"]["procedure"] == "block_bootstrap":
        said.append(
            (
                "These results follow a block bootstrap of held-out predictions, which leaves"
                " training out and is optimistic.",
                "limits",
            )
        )
    return said
