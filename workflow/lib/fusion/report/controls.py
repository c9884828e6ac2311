"""Which further tables the report knows, what each is about, and how it is introduced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fusion.figures.names import Labels, fit_name
from fusion.report.numbers import unique_language
from fusion.report.parts import Parts
from fusion.report.table import Shown, Table, table, text_columns

# Name of the table -> (title, what it shows, figures that belong to it).
KNOWN: dict[str, tuple[str, str, list[str]]] = {
    "partition": (
        "Variance partition",
        (
            "How much of each site's predictable activity belongs to vision, to language, to"
            " low-level features and to the multimodal network, cross-validated in the same folds."
            " A unique multimodal part can also come from a better code of one modality."
        ),
        ["partition"],
    ),
    "audio": (
        "Language, or the voice?",
        (
            "Verdicts if no network of sound or motion were asked, and as they are. A verdict of"
            " language stays where networks of sound do not predict a site, or language models"
            " predict it better. Unique language counts sites at which the language band adds to"
            " all others, audio and low-level among them, in the variance partition."
        ),
        [],
    ),
    "interaction": (
        "Interaction test and modality shuffle",
        (
            "What the last rung rests on: the part of a joint network's features that is neither"
            " vision alone nor language alone must add to both. The shuffles run the network on"
            " misaligned text or frames; they say what a site follows, not that it joins the two."
        ),
        ["claims"],
    ),
    "floors": (
        "Floors",
        (
            "How often contrasts say yes that should find nothing: two random initialisations, two"
            " layers of one network."
        ),
        ["claims"],
    ),
    "dimension_match": (
        "Dimension match",
        (
            "All contrasts again, with every network reduced to the same number of dimensions: a"
            " difference that is gone here was one of size."
        ),
        [],
    ),
    "leak": (
        "Leak meter",
        (
            "r of what knows nothing of content (position in the film, word rate, autocorrelation),"
            " on the same folds. Where it rivals a model's r, that r is not to be trusted."
        ),
        ["leak"],
    ),
    "ceiling": (
        "Noise ceiling",
        (
            "A bound on explainable r where a film was seen twice or by several subjects; otherwise"
            " not estimable. Nothing is divided by it."
        ),
        [],
    ),
    "passive": (
        "Passive control",
        (
            "The same pipeline on features of the film as if they were electrodes: what appears"
            " before an event here is no anticipation."
        ),
        ["passive"],
    ),
    "controls_planted": (
        "What every test says of each planted kind",
        (
            "Simulated data only: for every kind of planted site, the share of electrodes at which"
            " each contrast and control says yes, or its mean."
        ),
        [],
    ),
    "calibration": (
        "Calibration",
        (
            "Error rates and power of the tests in planted-truth simulations on this dataset's own"
            " events and electrodes."
        ),
        ["calibration"],
    ),
    "calibration_recorded": (
        "Calibration on these recordings",
        (
            "The film turned against the recordings by random amounts, everything refitted: bursts,"
            " drift and what electrodes share stay, so any discovery is false. Effects of known"
            " size were planted into the same responses: the detectable effect is what 80% of"
            " electrodes would have shown."
        ),
        [],
    ),
    "planning": (
        "Planning a study",
        (
            "The effect that 80% of electrodes would show, by minutes of film and by the number of"
            " electrodes tested together, from the standard errors of these recordings."
        ),
        ["planning"],
    ),
    "audit": (
        "Audit",
        (
            "A random part of this run, fitted again by himalaya (penalties and layers chosen anew)"
            " and by scikit-learn (test scores at the same penalties)."
        ),
        [],
    ),
}
MOST_ROWS = 200
#: Columns that hold models, fits, or layers of fits.
MODEL_COLUMNS = ("model", "a", "b", "network", "fit")
#: Columns that are filtered by a menu.
MENUS = ("subject", "alignment", "test", "band", "network", "floor", "world", "contrast")


#: Table -> the file that it is counted from, where it is none of its own.
COUNTED_FROM = {"audio": "sites.tsv"}


def sound_table(
    sites: pd.DataFrame, partition: pd.DataFrame | None, level: float
) -> pd.DataFrame | None:
    """Return verdicts without and with networks of sound; None where none was asked.

    Returns
    -------
    pd.DataFrame
        ``without, verdict, n``, and ``unique_language`` where there is a partition with an audio
        band.
    """
    if "verdict_without_audio" not in sites:
        return None
    shown = sites.rename(columns={"verdict_without_audio": "without"})
    counted = {"n": ("electrode", "size")}
    if partition is not None and "audio" in set(partition["band"]):
        shown = shown.assign(unique_language=unique_language(sites, partition, level))
        counted["unique_language"] = ("unique_language", "sum")
    groups = shown.groupby(["without", "verdict"], sort=True)
    return groups.agg(**counted).reset_index()


@dataclass(frozen=True)
class Section:
    """A control as the page shows it: what it is about, its figures, its table."""

    id: str
    title: str
    text: str
    figures: tuple[str, ...]
    table: Table | None


def labelled(table: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return a table whose models go by the names that people write: in the columns
    :data:`MODEL_COLUMNS`, a model, a fit or a layer of one (``fit:layer``).
    """

    def name(value: object) -> object:
        fit, *layer = str(value).split(":", 1)
        if fit.split("-")[0] not in labels:
            return value
        return ":".join([fit_name(fit, labels), *layer])

    known = [column for column in MODEL_COLUMNS if column in table]
    return table.assign(**{column: table[column].map(name) for column in known})


def sections(
    tables: Mapping[str, pd.DataFrame],
    figures: Iterable[str],
    labels: Labels | None = None,
    parts: Parts | None = None,
) -> list[Section]:
    """Return one section per further table or figure that is there, known ones first and in
    order; models go by their ``labels``, and ``parts`` notes what cannot be made.
    """
    parts = parts or Parts()
    there, drawn_already = set(figures), set[str]()
    known = [name for name, (_, _, own) in KNOWN.items() if name in tables or there & set(own)]
    out = []
    for name in [*known, *sorted(set(tables) - set(KNOWN))]:
        title, text, drawn = KNOWN.get(
            name, (name.replace("_", " ").capitalize(), f"The table {name}.tsv.", [])
        )
        shown = None
        if name in tables:
            how = partial(_shown, name, title, tables[name], labels or {})
            shown = parts.make(f"The table “{title}”", how, lambda: None)
        if name in SENTENCES and name in tables:
            said = parts.make(
                f"A sentence on “{title}”", partial(SENTENCES[name], tables[name]), str
            )
            text = f"{text} {said}".strip()
        own = tuple(one for one in drawn if one not in drawn_already)
        out.append(Section(f"control-{name}", title, text, own, shown))
        drawn_already |= set(drawn)
    return out


def _shown(name: str, title: str, given: pd.DataFrame, labels: Labels) -> Table:
    frame, file = labelled(given, labels), COUNTED_FROM.get(name, f"tables/{name}.tsv")
    more = f" The first {MOST_ROWS} of {len(frame)} rows." if len(frame) > MOST_ROWS else ""
    return table(
        frame.head(MOST_ROWS),
        f"table-{name}",
        f"{title}.{more}",
        Shown(words=text_columns(frame), menus=MENUS),
        file=file,
        filtered=len(frame) > 12,
    )


def audited(table: pd.DataFrame) -> str:
    """Return what the audit found, in a sentence."""
    r = table[table["quantity"].isin(["r_test", "r_val"])]
    fits = r.drop_duplicates(["subject", "alignment", "fit"])
    return (
        f"Audited: {len(fits)} fits ({int(r['values'].sum())} correlations), largest difference of"
        f" r {r['largest_difference'].max():.1g}."
    )


def levels(table: pd.DataFrame) -> str:
    """Return, contrast by contrast, how many null electrodes were called at 0.05, and what could
    have been found, in sentences.
    """
    told = []
    for row in table.to_dict("records"):
        told.append(
            f"On your recordings, {row['contrast']} ({row['alignment']}) at 0.05 called"
            f" {int(row['called_05'])} of {int(row['nulls'])} null electrodes: {row['level']};"
            f" {detectable(row)}."
        )
    return " ".join(told)


def detectable(row: Mapping[Any, Any]) -> str:
    """Return which effect would have been found, beside what was observed."""
    observed = f"the median effect observed is {row['median_effect']:.3f}"
    if not np.isfinite(row["detectable"]):
        return f"no planted effect was found at 80% of electrodes, {observed}"
    return f"an effect of {row['detectable']:.3f} would be found at 80% of electrodes, {observed}"


#: Table -> what it says, in sentences.
SENTENCES: dict[str, Callable[[pd.DataFrame], str]] = {
    "audit": audited,
    "calibration_recorded": levels,
}
