"""One table of words from any transcript: what is spoken, in whole words, in sentences."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.io.errors import InputError
from fusion.stimuli import captions, readers, sentences, spoken
from fusion.stimuli.decoding import Notes
from fusion.stimuli.spec import TranscriptSpec

log = logging.getLogger(__name__)

#: Share of words with a space before them, from which the source is one that keeps white space.
TOLD = 0.25
#: Share of rows from which they are of another kind than words.
NOT_WORDS = 0.5
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
    left_out
        Of these, what was left out: kind, count and examples.
    """

    words: pd.DataFrame
    notes: tuple[str, ...]
    left_out: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Return what a reader should know of it, as JSON: words, sentences, taken, left_out."""
        return {
            "words": len(self.words),
            "sentences": int(self.words["sentence_id"].nunique()),
            "taken": [note for note in self.notes if note not in self.left_out],
            "left_out": list(self.left_out),
        }


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
    return Transcript(words, tuple(notes.said), tuple(notes.lost))


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
    table["word"] = _space_before(
        [str(word) if isinstance(word, str) else "" for word in table["word"]]
    )
    # Where a column says its unit itself, the config's default is not meant.
    per_second = raw.attrs.get("per_second", spec.per_second)
    if spec.per_second not in (1.0, per_second):
        raise InputError(
            path,
            "onsets",
            f"a column in units of 1/{per_second:g} s by its name",
            f"that unit in transcript.unit, which says 1/{spec.per_second:g} s",
        )
    for column in ("onset_s", "offset_s"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
        table[column] = table[column] / per_second - spec.zero_s
    if len(table):
        _check_kind(table, path)
        if "key" not in table and _holds_sentences(table):
            table = _words_of_rows(table, path, notes)
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
        notes.lose(f"{n} of {len(table)} words have no time and are left out")
    table = table[timed]
    if table.empty:
        raise InputError(
            path, "", "no word with a time", "a transcript with at least one timed word"
        )
    table["sentence_id"] = [f"s{k:05d}" for k in pd.factorize(table["key"])[0]]
    _order(table, path)
    words: pd.DataFrame = table[COLUMNS].reset_index(drop=True)
    return words


def _space_before(words: list[str]) -> list[str]:
    """Return words with the white space before them that some sources put after them."""
    after = sum(word[-1:].isspace() for word in words) >= TOLD * max(len(words), 1)
    if not after or any(word[:1].isspace() for word in words):
        return words
    spaced = [True, *(word[-1:].isspace() for word in words[:-1])]
    return [
        (" " if space else "") + word.rstrip() for word, space in zip(words, spaced, strict=True)
    ]


def _check_kind(table: pd.DataFrame, path: str | Path) -> None:
    """Raise ``InputError`` if the words are numbers, or the ends are lengths."""
    words = table["word"].str.strip()
    numbers = words.str.fullmatch(r"[-+\d.,]+")
    if len(words) > 4 and numbers.mean() > NOT_WORDS:
        shown = ", ".join(words[numbers].head(5))
        raise InputError(
            path,
            "words",
            f"{int(numbers.sum())} of {len(words)} are numbers ({shown})",
            "a column of words (a column 'word'), not of codes",
        )
    early = table["offset_s"] < table["onset_s"]
    if len(words) > 4 and early.mean() > NOT_WORDS:
        raise InputError(
            path,
            "ends",
            f"{int(early.sum())} of {len(words)} before the onset of their word",
            "times at which words end; lengths stand in a column 'duration'",
        )


def _holds_sentences(table: pd.DataFrame) -> bool:
    """Return whether most rows are sentences rather than words."""
    counts = np.array([len(word.split()) for word in table["word"]])
    return bool((counts > 3).mean() > NOT_WORDS)


def _words_of_rows(table: pd.DataFrame, path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the words of rows that hold sentences, as those of captions."""
    ends = table["offset_s"].where(table["offset_s"].notna(), table["onset_s"].shift(-1))
    timed = table["onset_s"].notna() & ends.notna() & (ends > table["onset_s"])
    if timed.mean() < NOT_WORDS:
        raise InputError(
            path,
            "words",
            "sentences without an end",
            "onset and offset of every word, or of every sentence",
        )
    notes.add("rows hold sentences: their words share the time in proportion to their letters")
    if n := int((~timed).sum()):
        notes.lose(f"{n} of {len(table)} sentences have no time and are left out")
    rows = zip(table["onset_s"][timed], ends[timed], table["word"][timed], strict=True)
    return captions.words_of([captions.Cue(a, b, tuple(w.split("\n"))) for a, b, w in rows], notes)


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
    tokens, tails = _with_signs(tokens, kinds)
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
        notes.lose(f"no words: {count} x {kind} ({shown})")
    if "sentence" in table:
        cleaned = {text: spoken.cleaned(str(text), labels) for text in table["sentence"].unique()}
        table["sentence"] = table["sentence"].map(cleaned)
    return table[found == ""].reset_index(drop=True)


def _with_signs(tokens: list[str], kinds: list[str]) -> tuple[list[str], list[str]]:
    """Return the tokens with the signs that belong to them, and what stands after them in the text.

    A sign that stands alone belongs to the word before it ("Hello" + ",", "aujourd'hui" + " ?"),
    or to the word that it opens or joins where the source keeps its white space (" $" + "5",
    "Rock" + "-" + "and").
    """
    tokens, tails, last = list(tokens), [""] * len(tokens), -1
    told = sum(token[:1].isspace() for token in tokens) >= TOLD * len(tokens)
    for k, token in enumerate(tokens):
        sign = token.strip()
        if not kinds[k]:
            last = k
        if kinds[k] != spoken.SIGN:
            continue
        after = tokens[k + 1] if k + 1 < len(tokens) and not kinds[k + 1] else ""
        if sign in spoken.CLOSING and last >= 0 and token[:1].isspace():
            tails[last] += f" {sign}"
        elif last >= 0 and (sign in spoken.CLOSING or (told and not token[:1].isspace())):
            tokens[last] = tokens[last].rstrip() + sign
        elif told and after and not after[:1].isspace():
            tokens[k + 1] = token + after
    return tokens, tails


def _once(table: pd.DataFrame, path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the table without words that stand twice at one moment."""
    plain = pd.DataFrame(
        {"word": table["word"].str.strip().str.casefold(), "onset": table["onset_s"].round(3)}
    )
    again = plain.duplicated() & table["onset_s"].notna()
    if n := int(again.sum()):
        shown = ", ".join(dict.fromkeys(table.loc[again, "word"].str.strip()))[:80]
        log.warning("%s: %d words stand twice at one moment (%s)", path, n, shown)
        notes.lose(f"{n} words stand twice at one moment and count once ({shown})")
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
