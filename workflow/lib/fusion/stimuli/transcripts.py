"""One table of words from any transcript: what is spoken, in whole words, in sentences."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.io.errors import InputError
from fusion.stimuli import readers, sentences, spoken
from fusion.stimuli.decoding import Notes
from fusion.stimuli.spec import TranscriptSpec

log = logging.getLogger(__name__)

#: Share of words with a space before them, from which the source is one that keeps white space.
TOLD = 0.25
COLUMNS = ["word", "onset_s", "offset_s", "sentence_id", "sentence"]


@dataclass(frozen=True)
class Transcript:
    """A transcript as it was understood.

    Attributes
    ----------
    words
        In spoken order: word, onset_s, offset_s (film time), sentence_id (``s00000`` ..), sentence
        (its text).
    notes
        What was taken, and what was left out.
    """

    words: pd.DataFrame
    notes: tuple[str, ...]


def read(
    path: str | Path, spec: TranscriptSpec, sentences_path: str | Path | None = None
) -> Transcript:
    """Return the words of a transcript.

    Parameters
    ----------
    path
        The transcript.
    spec
        How it is read.
    sentences_path
        Timed sentences (item, onset, offset), for transcripts whose words carry none.

    Raises
    ------
    InputError
        If the file cannot be read, or no timed word is left.
    """
    notes = Notes()
    raw = readers.READERS[spec.format](path, spec.tier, notes)
    intervals = readers.intervals(sentences_path) if sentences_path else None
    words = tidy(raw, path, spec, intervals, notes)
    for note in notes.said:
        log.info("%s: %s", path, note)
    return Transcript(words, tuple(notes.said))


def tidy(
    raw: pd.DataFrame,
    path: str | Path,
    spec: TranscriptSpec,
    intervals: pd.DataFrame | None = None,
    notes: Notes | None = None,
) -> pd.DataFrame:
    """Return the one table from what a reader found.

    Parameters
    ----------
    raw
        word, onset_s, offset_s (ticks of the file, NaN where unknown), and optionally ``key`` (what
        words of a sentence share) and ``sentence``; ``attrs["written"]`` may hold the whole text.
    path
        Where they come from, for messages.
    spec
        How it is read.
    intervals
        Sentences: item, onset_s, offset_s.
    notes
        Where what was left out is noted.

    Raises
    ------
    InputError
        If no timed word is left.
    """
    notes = notes or Notes()
    written = raw.attrs.get("written")
    table = raw.reset_index(drop=True)
    table["word"] = [str(word) if isinstance(word, str) else "" for word in table["word"]]
    for column in ("onset_s", "offset_s"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
        table[column] = table[column] / spec.per_second - spec.zero_s
    if len(table):
        table = _spoken(table, spec.labels, path, notes)
    if table.empty:
        raise InputError(path, "", "no words", "a transcript with at least one timed word")
    table = _once(table, path, notes)
    table = _whole_words(table, spec, intervals, written, notes)
    table = _sentences(table, path, spec, notes)
    timed = np.isfinite(table["onset_s"].to_numpy())
    if n := int((~timed).sum()):
        # Untimed words are left out only now: the text of their sentence keeps them.
        log.warning("%s: %d of %d words without a time are left out", path, n, len(table))
        notes.add(f"{n} of {len(table)} words have no time and are left out")
    table = table[timed]
    if table.empty:
        raise InputError(
            path, "", "no word with a time", "a transcript with at least one timed word"
        )
    table["sentence_id"] = [f"s{k:05d}" for k in pd.factorize(table["key"])[0]]
    _order(table, path)
    words: pd.DataFrame = table[COLUMNS].reset_index(drop=True)
    return words


def _spoken(
    table: pd.DataFrame, labels: Sequence[str], path: str | Path, notes: Notes
) -> pd.DataFrame:
    """Return the rows that are spoken; what is left out is counted by kind and shown."""
    table["word"] = [spoken.without_markup(word) for word in table["word"]]
    tokens = table["word"].tolist()
    if "key" in table:
        starts = (table["key"] != table["key"].shift()).tolist()
    else:
        ends = [True, *(word.rstrip().endswith((".", "!", "?", "…")) for word in tokens[:-1])]
        pause = table["onset_s"] - table["offset_s"].shift() > 0.5
        starts = (pd.Series(ends, dtype=bool) | pause.to_numpy()).tolist()
    kinds = spoken.classify(tokens, labels, starts)
    # A sign that stands alone belongs to the word before it: "Hello" + ",", "aujourd'hui" + " ?"
    tails = [""] * len(tokens)
    last = -1
    for k, token in enumerate(tokens):
        sign = token.strip()
        if kinds[k] == spoken.SIGN and sign in spoken.CLOSING and last >= 0:
            if token[:1].isspace():
                tails[last] += f" {sign}"
            else:
                tokens[last] = tokens[last].rstrip() + sign
        elif not kinds[k]:
            last = k
    table["word"], table["tail"] = tokens, tails
    found = pd.Series(kinds, index=table.index)
    examples = table["word"].str.strip()
    for kind, count in Counter(k for k in kinds if k).items():
        shown = ", ".join(dict.fromkeys(examples[found == kind]))[:80]
        log.warning(
            "%s: %d of %d rows are no words (%s: %s) and are left out",
            path,
            count,
            len(kinds),
            kind,
            shown,
        )
        notes.add(f"no words: {count} x {kind} ({shown})")
    if "sentence" in table:
        cleaned = {text: spoken.cleaned(str(text), labels) for text in table["sentence"].unique()}
        table["sentence"] = table["sentence"].map(cleaned)
    return table[found == ""].reset_index(drop=True)


def _once(table: pd.DataFrame, path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the table without words that stand twice at one moment."""
    plain = pd.DataFrame(
        {"word": table["word"].str.strip().str.casefold(), "onset": table["onset_s"].round(3)}
    )
    again = plain.duplicated() & table["onset_s"].notna()
    if n := int(again.sum()):
        shown = ", ".join(dict.fromkeys(table.loc[again, "word"].str.strip()))[:80]
        log.warning("%s: %d words stand twice at one moment (%s)", path, n, shown)
        notes.add(f"{n} words stand twice at one moment and count once ({shown})")
    return table[~again].reset_index(drop=True)


def _whole_words(
    table: pd.DataFrame,
    spec: TranscriptSpec,
    intervals: pd.DataFrame | None,
    written: str | None,
    notes: Notes,
) -> pd.DataFrame:
    """Return one row a word: pieces joined by the white space of the source.

    Adds ``spaced``: whether white space stands before the word in the text.
    """
    if intervals is not None:
        table["key"], table["sentence"] = _of_intervals(table, intervals)
    raw = table["word"].tolist()
    table["word"] = [" ".join(word.split()) for word in raw]
    spaced = [word[:1].isspace() for word in raw]
    if told := sum(spaced) >= TOLD * len(raw):
        glued = [not space for space in spaced]
    else:
        glued = [False] * len(raw)
        spaced = [
            not (sentences.is_spaceless(before[-1:]) or sentences.is_spaceless(word[:1]))
            for before, word in zip(["", *raw], raw, strict=False)
        ]
    spaced[0], glued[0] = True, False
    if "key" in table and not told:
        changes = (table["key"] != table["key"].shift()).tolist()
        spaced = [space or change for space, change in zip(spaced, changes, strict=True)]
        glued = [glue and not change for glue, change in zip(glued, changes, strict=True)]
    if "sentence" in table:
        groups = table.groupby("key", sort=False)
        texts = [(group.index, str(group["sentence"].iloc[0])) for _, group in groups]
    else:
        texts = [(table.index, " ".join(written.split()))] if written else []
    words = table["word"].tolist()
    for rows, text in texts:
        parts, spaces = sentences.written([words[k] for k in rows], text)
        for place, k in enumerate(rows):
            spaced[k] = spaces[place] or place == 0
            neighbour = place > 0 and rows[place - 1] == k - 1
            # Sentences of another file may spell otherwise: there a row is a word.
            glued[k] = not spaced[k] and neighbour and intervals is None
            if written and parts[place]:
                words[k] = parts[place]
    # Languages without spaces have words of their own, although nothing parts them in the text.
    whole = [
        not glue
        or sentences.is_spaceless(words[k - 1][-1:])
        or sentences.is_spaceless(words[k][:1])
        for k, glue in enumerate(glued)
    ]
    table["word"], table["spaced"] = words, spaced
    number = np.cumsum(whole)
    if (n := int(len(table) - number[-1])) and not all(whole):
        examples = [words[k - 1] + words[k] for k in range(1, len(words)) if not whole[k]]
        shown = ", ".join(dict.fromkeys(examples))[:80]
        notes.add(f"{n} pieces were joined to the word before them ({shown})")
    out = table[np.asarray(whole)].copy()
    out["word"] = table["word"].groupby(number).agg("".join).to_numpy()
    out["tail"] = table["tail"].groupby(number).agg("".join).to_numpy()
    out["onset_s"] = table["onset_s"].groupby(number).min().to_numpy()
    out["offset_s"] = table["offset_s"].groupby(number).max().to_numpy()
    return out.reset_index(drop=True)


def _of_intervals(table: pd.DataFrame, intervals: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
    """Return the number and the text of the sentence that each word lies in, or closest to."""
    middle = (table["onset_s"] + table["offset_s"].fillna(table["onset_s"])) / 2
    timed = np.isfinite(middle.to_numpy())
    number = np.full(len(table), -1)
    number[timed] = sentences.nearest(
        intervals["onset_s"].to_numpy(), intervals["offset_s"].to_numpy(), middle[timed].to_numpy()
    )
    key = pd.Series(number, index=table.index).where(timed).ffill().bfill().fillna(0).astype(int)
    return key, intervals["item"].to_numpy()[key]


def _sentences(
    table: pd.DataFrame, path: str | Path, spec: TranscriptSpec, notes: Notes
) -> pd.DataFrame:
    """Return the table with ``key`` and ``sentence``."""
    words = (table["word"] + table["tail"]).tolist()
    spaced = table["spaced"].tolist()
    if "key" not in table:
        onset, offset = table["onset_s"].to_numpy(), table["offset_s"].to_numpy()
        if sentences.is_punctuated(words):
            number = sentences.split(words, spec.language, spaced)
        else:
            number = sentences.by_silence(onset, offset, spec.sentence_gap_s)
            notes.add(
                f"no punctuation: sentences end at silences of {spec.sentence_gap_s:g} s or more"
            )
        table["key"] = sentences.cut_long(number, onset, offset, spec.longest_sentence)
        if n := int(table["key"].max() - number.max()):
            log.warning(
                "%s: sentences of more than %d words were cut at their longest silences, %d times:"
                " is punctuation missing?",
                path,
                spec.longest_sentence,
                n,
            )
    if "sentence" not in table:
        joined = pd.Series(
            [(" " if space else "") + word for word, space in zip(words, spaced, strict=True)],
            index=table.index,
        )
        table["sentence"] = joined.groupby(table["key"], sort=False).transform("".join)
    table["sentence"] = [" ".join(str(text).split()) for text in table["sentence"]]
    return table


def _order(table: pd.DataFrame, path: str | Path) -> None:
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
