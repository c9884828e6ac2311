"""One table of words from any transcript: checked, cleaned, in sentences."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from fusion.io.errors import InputError
from fusion.stimuli import readers, sentences

log = logging.getLogger(__name__)

COLUMNS = ["word", "onset_s", "offset_s", "sentence_id", "sentence"]


def read(
    path,
    form: str,
    sentences_path=None,
    tier: str | None = None,
    language: str = "en",
    longest: int = 50,
) -> pd.DataFrame:
    """Return the words of a transcript.

    Parameters
    ----------
    path
        The transcript.
    form
        What wrote it: a key of :data:`fusion.stimuli.readers.READERS`.
    sentences_path
        Timed sentences (item, onset, offset), for transcripts whose words carry none.
    tier
        Word tier of a TextGrid.
    language
        Language of the sentence splitter (ISO 639-1), used where the source has no sentences.
    longest
        Most words of a sentence that the splitter makes.

    Returns
    -------
    DataFrame
        In spoken order: word, onset_s, offset_s (film time), sentence_id (``s00000`` ..), sentence
        (its text).

    Raises
    ------
    InputError
        If the file cannot be read, or no timed word is left.
    """
    raw = (
        readers.TIERED[form](path, tier) if form in readers.TIERED else readers.READERS[form](path)
    )
    intervals = readers.intervals(sentences_path) if sentences_path else None
    return tidy(raw, path, intervals, language, longest)


def tidy(
    raw: pd.DataFrame,
    path,
    intervals: pd.DataFrame | None = None,
    language: str = "en",
    longest: int = 50,
) -> pd.DataFrame:
    """Return the one table from what a reader found.

    Parameters
    ----------
    raw
        word, onset_s, offset_s (NaN where unknown), and optionally ``key`` (what words of a
        sentence share) and ``sentence``.
    path
        Where they come from, for messages.
    intervals
        Sentences: item, onset_s, offset_s.
    language, longest
        Language of the splitter, and most words of a sentence that it makes.

    Raises
    ------
    InputError
        If no timed word is left.
    """
    table = raw.copy()
    table["word"] = [
        " ".join(str(word).split()) if isinstance(word, str) else "" for word in table["word"]
    ]
    for column in ("onset_s", "offset_s"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    table = _counted(table, table["word"] != "", path, "without text")
    if table.empty:
        raise InputError(path, "", "no words", "a transcript with at least one timed word")
    table = _sentences(table.reset_index(drop=True), path, intervals, language, longest)
    # Untimed words are left out only now: the text of their sentence keeps them.
    table = _counted(table, np.isfinite(table["onset_s"]), path, "without a time")
    if table.empty:
        raise InputError(
            path, "", "no word with a time", "a transcript with at least one timed word"
        )
    table["sentence_id"] = [f"s{k:05d}" for k in pd.factorize(table["key"])[0]]
    _order(table, path)
    return table[COLUMNS].reset_index(drop=True)


def _counted(table: pd.DataFrame, keep, path, what: str) -> pd.DataFrame:
    if n := int((~keep).sum()):
        log.warning("%s: %d of %d words %s are left out", path, n, len(table), what)
    return table[keep]


def _sentences(
    table: pd.DataFrame, path, intervals: pd.DataFrame | None, language: str, longest: int
) -> pd.DataFrame:
    if intervals is not None:
        middle = (table["onset_s"] + table["offset_s"].fillna(table["onset_s"])) / 2
        timed = np.isfinite(middle.to_numpy())
        number = np.full(len(table), -1)
        number[timed] = sentences.nearest(
            intervals["onset_s"].to_numpy(), intervals["offset_s"].to_numpy(), middle[timed]
        )
        key = pd.Series(number).where(timed).ffill().bfill().astype(int)
        table["key"], table["sentence"] = key, intervals["item"].to_numpy()[key]
    elif "key" not in table:
        split = sentences.split(table["word"].tolist(), language)
        table["key"] = sentences.cut_long(
            split, table["onset_s"].to_numpy(), table["offset_s"].to_numpy(), longest
        )
        if n := int(table["key"].max() - split.max()):
            log.warning(
                "%s: sentences of more than %d words were cut at their longest silences, %d times:"
                " is punctuation missing?",
                path,
                longest,
                n,
            )
    if "sentence" not in table:
        table["sentence"] = table.groupby("key", sort=False)["word"].transform(" ".join)
    table["sentence"] = [" ".join(str(text).split()) for text in table["sentence"]]
    return table


def _order(table: pd.DataFrame, path) -> None:
    """Fill and mend offsets in place; count what is odd."""
    late = table["offset_s"] < table["onset_s"]
    if n := int(late.sum()):
        log.warning("%s: %d words end before they begin; they get no length", path, n)
    table["offset_s"] = table["offset_s"].where(~late & table["offset_s"].notna(), table["onset_s"])
    if n := int((table["onset_s"].diff() < 0).sum()):
        log.warning(
            "%s: %d words begin before the word above them; spoken order is kept, events go by"
            " time",
            path,
            n,
        )
