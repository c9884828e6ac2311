"""Readers of transcripts: one per format, all returning word, onset_s, offset_s and, where the
source has them, key and sentence.

``key`` is what the words of one sentence share.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pysubs2
from praatio import textgrid as praat

from fusion.io.errors import InputError

QUOTED = re.compile(r'"(?=.*"".*")(?:[^"]|"")*"')  # a cell in quotes because it holds some, doubled
WORD_TIERS = ("words", "word", "ort-mau", "ort")
SENTENCE_TIERS = ("sentences", "sentence", "utterances", "utterance")


def table(
    path, columns: dict[str, tuple[str, ...]], optional: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Return columns of a TSV or CSV under our names, as text.

    Parameters
    ----------
    path
        The file; the separator is a tab unless the name ends in ``.csv``.
    columns
        Our name -> the names it may have there, in order of preference.
    optional
        Of our names, those that may be missing.

    Raises
    ------
    InputError
        If the file is missing, empty, not a table, or lacks a column.
    """
    path = Path(path)
    sep = "," if path.suffix.lower() == ".csv" else "\t"
    found = _read(path, sep)
    result = {}
    for name, accepted in columns.items():
        there = next((column for column in accepted if column in found), None)
        if there is not None:
            result[name] = found[there]
        elif name not in optional:
            raise InputError(
                path,
                f"column {accepted[0]!r}",
                f"columns {', '.join(map(str, found.columns))}",
                " or ".join(accepted),
            )
    return pd.DataFrame(result).replace({"": None, "n/a": None})


def _read(path: Path, sep: str) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(path, "", "no such file", "a table with a header")
    options = {
        "sep": sep,
        "dtype": str,
        "encoding": "utf-8-sig",
        "keep_default_na": False,
        "na_values": [],
    }
    try:
        text = path.read_text("utf-8-sig")
        # BIDS tables do not quote, so a word may begin with a quote; other programs quote
        # everything, or what holds a quote.
        if sep == "," or text.startswith('"'):
            return pd.read_csv(path, **options)
        found = pd.read_csv(path, quoting=csv.QUOTE_NONE, **options)
    except pd.errors.EmptyDataError:
        raise InputError(path, "", "an empty file", "a table with a header") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error).strip(), "a table in UTF-8") from None
    return found.map(
        lambda cell: (
            cell[1:-1].replace('""', '"')
            if isinstance(cell, str) and QUOTED.fullmatch(cell)
            else cell
        )
    )


def words(path) -> pd.DataFrame:
    """Read this project's own table: word, onset_s, offset_s and optionally sentence_id,
    sentence.
    """
    names = {
        "word": ("word",),
        "onset_s": ("onset_s",),
        "offset_s": ("offset_s",),
        "key": ("sentence_id",),
        "sentence": ("sentence",),
    }
    found = table(path, names, optional=("offset_s", "key", "sentence"))
    return _with_offset(found)


def events(path) -> pd.DataFrame:
    """Read the word rows of a BIDS events.tsv: onset, duration and a column of words.

    Where a column ``trial_type`` has rows ``word``, only these count. A column ``film_s`` is film
    time; without it ``onset`` is."""
    names = {
        "word": ("word", "text", "item", "value"),
        "onset_s": ("film_s", "onset"),
        "duration": ("duration",),
        "kind": ("trial_type",),
        "key": ("sentence_id", "sentence_idx"),
        "sentence": ("sentence",),
    }
    found = table(path, names, optional=("duration", "kind", "key", "sentence"))
    if "kind" in found and (found["kind"] == "word").any():
        found = found[found["kind"] == "word"]
    onset = pd.to_numeric(found["onset_s"], errors="coerce")
    duration = (
        pd.to_numeric(found["duration"], errors="coerce") if "duration" in found else float("nan")
    )
    return found.assign(offset_s=onset + duration).drop(
        columns=["duration", "kind"], errors="ignore"
    )


def ds003688(path) -> pd.DataFrame:
    """Read an annotation of ds003688: item, onset, offset (an end, not a duration)."""
    return table(path, {"word": ("item",), "onset_s": ("onset",), "offset_s": ("offset",)})


def ds005574(path) -> pd.DataFrame:
    """Read a transcript of ds005574: word, start, end; sub-word tokens repeat their word_idx and
    are merged into the word.
    """
    found = table(
        path,
        {"word": ("word",), "onset_s": ("start",), "offset_s": ("end",), "index": ("word_idx",)},
        optional=("index",),
    )
    if "index" in found:
        run = (found["index"] != found["index"].shift()).cumsum()
        times = found[["onset_s", "offset_s"]].apply(pd.to_numeric, errors="coerce")
        found = found.assign(
            onset_s=times["onset_s"].groupby(run).transform("min"),
            offset_s=times["offset_s"].groupby(run).transform("max"),
        )
        found = found[~run.duplicated()].drop(columns="index")
    return found


def treebank(path) -> pd.DataFrame:
    """Read a features.csv of Brain Treebank: text, start, end, sentence_idx, sentence (movie
    time).
    """
    names = {
        "word": ("text", "word"),
        "onset_s": ("start",),
        "offset_s": ("end",),
        "key": ("sentence_idx",),
        "sentence": ("sentence",),
    }
    return _filled(table(path, names, optional=("key", "sentence")))


def whisper(path) -> pd.DataFrame:
    """Read the JSON of Whisper (with word timestamps) or WhisperX."""
    try:
        found = json.loads(Path(path).read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "the JSON of Whisper or WhisperX") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            path, "", f"no JSON ({error})", "the JSON of Whisper or WhisperX"
        ) from None
    segments = found.get("segments") if isinstance(found, dict) else None
    if not isinstance(segments, list):
        raise InputError(path, "key segments", "none", "the JSON of Whisper or WhisperX")
    timed = (
        [word for segment in segments for word in segment.get("words") or []]
        or found.get("word_segments")
        or []
    )
    if segments and not timed:
        raise InputError(
            path,
            "key segments.words",
            "segments without words",
            "word times (word_timestamps=True, or WhisperX alignment)",
        )
    rows = [
        (word.get("word", word.get("text")), word.get("start"), word.get("end")) for word in timed
    ]
    return pd.DataFrame(rows, columns=["word", "onset_s", "offset_s"])


def textgrid(path, tier: str | None = None) -> pd.DataFrame:
    """Read the word tier of a Praat TextGrid, and sentences from a tier called so where there is
    one.

    Parameters
    ----------
    path
        The TextGrid.
    tier
        The word tier; None takes one called words or word, or the only interval tier.
    """
    try:
        grid = praat.openTextgrid(
            str(path),
            includeEmptyIntervals=False,
            reportingMode="silence",
            duplicateNamesMode="rename",
        )
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "a TextGrid") from None
    except Exception as error:  # praatio raises whatever its parser stumbles over
        raise InputError(path, "", f"a file that is no TextGrid ({error})", "a TextGrid") from None
    tiers = {
        name.casefold(): name
        for name in grid.tierNames
        if isinstance(grid.getTier(name), praat.IntervalTier)
    }
    wanted = (
        [tier.casefold()]
        if tier
        else [name for name in WORD_TIERS if name in tiers]
        or (list(tiers) if len(tiers) == 1 else [])
    )
    if not wanted or wanted[0] not in tiers:
        raise InputError(
            path,
            "word tier",
            f"tiers {', '.join(grid.tierNames)}",
            tier or "a tier 'words' (or name it in transcript.tier)",
        )
    found = pd.DataFrame(
        [(e.label, e.start, e.end) for e in grid.getTier(tiers[wanted[0]]).entries],
        columns=["word", "onset_s", "offset_s"],
    )
    if spans := [name for name in SENTENCE_TIERS if name in tiers]:
        entries = grid.getTier(tiers[spans[0]]).entries
        middle = (found["onset_s"] + found["offset_s"]) / 2
        inside = [
            next((k for k, e in enumerate(entries) if e.start <= t < e.end), None) for t in middle
        ]
        if entries and None not in inside:
            found = found.assign(key=inside, sentence=[entries[k].label for k in inside])
    return found


def subtitles(path) -> pd.DataFrame:
    """Read SRT or VTT. A cue is a sentence; its words share its time in proportion to their
    letters, as subtitles do not time words.
    """
    try:
        cues = pysubs2.load(str(path), encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "an SRT or VTT file") from None
    except (pysubs2.exceptions.Pysubs2Error, UnicodeDecodeError, ValueError) as error:
        raise InputError(
            path, "", f"no subtitles ({error})", "an SRT or VTT file in UTF-8"
        ) from None
    rows = []
    for key, cue in enumerate(cues):
        text = re.sub(r"<[^>]*>", "", cue.plaintext).split()
        share = [0]
        for word in text:
            share.append(share[-1] + len(word))
        step = (cue.end - cue.start) / 1000 / max(share[-1], 1)
        rows += [
            (w, cue.start / 1000 + a * step, cue.start / 1000 + b * step, key)
            for w, a, b in zip(text, share, share[1:], strict=False)
        ]
    return pd.DataFrame(rows, columns=["word", "onset_s", "offset_s", "key"])


def intervals(path) -> pd.DataFrame:
    """Return timed sentences: item, onset_s, offset_s, from a table with columns item (or sentence,
    text), onset and offset.

    Raises
    ------
    InputError
        If the table cannot be read or holds no sentence.
    """
    names = {
        "item": ("item", "sentence", "text"),
        "onset_s": ("onset_s", "onset", "start"),
        "offset_s": ("offset_s", "offset", "end"),
    }
    found = table(path, names).dropna().reset_index(drop=True)
    if found.empty:
        raise InputError(path, "", "no sentence", "at least one row of item, onset, offset")
    return found.assign(
        onset_s=found["onset_s"].astype(float), offset_s=found["offset_s"].astype(float)
    )


def _with_offset(found: pd.DataFrame) -> pd.DataFrame:
    return _filled(found if "offset_s" in found else found.assign(offset_s=None))


def _filled(found: pd.DataFrame) -> pd.DataFrame:
    """Return ``found`` without a sentence key that is not complete, and without sentences that have
    no key.
    """
    if "key" in found and found["key"].isna().any():
        found = found.assign(key=found["key"].ffill().bfill())
    if "key" not in found or found["key"].isna().any():
        return found.drop(columns=["key", "sentence"], errors="ignore")
    if "sentence" in found and found["sentence"].isna().any():
        return found.drop(columns="sentence")
    return found


READERS = {
    "words": words,
    "events": events,
    "ds003688": ds003688,
    "ds005574": ds005574,
    "treebank": treebank,
    "whisper": whisper,
    "srt": subtitles,
    "vtt": subtitles,
}
TIERED = {"textgrid": textgrid}
