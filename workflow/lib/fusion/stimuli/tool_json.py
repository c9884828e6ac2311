"""JSON of speech recognisers and aligners: Whisper, WhisperX, faster-whisper, whisper.cpp, OpenAI's
API, pipelines of transformers, gentle, Vosk, the Montreal Forced Aligner, and YouTube's json3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.io.errors import InputError
from fusion.stimuli import captions
from fusion.stimuli.decoding import LATEST_S, Notes, read_text, seconds

ACCEPTED = (
    "JSON with word times: Whisper (word_timestamps=True), WhisperX, whisper.cpp, OpenAI's API"
    " (timestamp_granularities word), transformers (return_timestamps='word'), gentle, Vosk, MFA or"
    " YouTube (json3)"
)
COLUMNS = ["word", "onset_s", "offset_s"]


def read(path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the words: word (with the white space before it, where the tool keeps it), onset_s,
    offset_s, and ``written`` (the whole text, in its attributes) where that says more.

    Raises
    ------
    InputError
        If it is no such JSON, or words are without times.
    """
    text = read_text(path, ACCEPTED, notes)
    try:
        found = json.loads(text)
    except RecursionError:
        raise InputError(path, "", "values nested too deeply", ACCEPTED) from None
    except ValueError as error:  # no JSON, or a number of thousands of digits
        found = _lines(text)
        if found is None:
            raise InputError(path, "", f"no JSON ({error})", ACCEPTED) from None
    if isinstance(found, list):
        found = {"words": found}
    if not isinstance(found, dict):
        raise InputError(path, "", f"a {type(found).__name__}", ACCEPTED)
    for key, tool, reader in (
        ("transcription", "whisper.cpp", _whisper_cpp),
        ("chunks", "transformers", _chunks),
        ("segments", "Whisper", _segments),
        ("words", "a list of words", _words),
        ("word_segments", "WhisperX", _word_segments),
        ("result", "Vosk", _result),
        ("events", "YouTube (json3)", _json3),
    ):
        if isinstance(found.get(key), list):
            table = reader(found, path, notes)
            notes.add(f"read as JSON of {table.attrs.pop('tool', tool)}")
            return table
    if isinstance(found.get("tiers"), Mapping):
        notes.add("read as JSON of the Montreal Forced Aligner")
        return _tiers(found["tiers"], path, notes)
    raise InputError(path, "", f"keys {', '.join(map(str, found))}", ACCEPTED)


def _lines(text: str) -> list[Any] | None:
    """Return the values of JSON lines, or None."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [json.loads(line) for line in lines] if len(lines) > 1 else None
    except json.JSONDecodeError:
        return None


def _tiers(tiers: Mapping[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the words of all speakers of MFA's own JSON, which is a TextGrid in other clothes."""
    names = [str(name) for name in tiers if str(name).casefold().endswith("words")]
    if not names:
        raise InputError(path, "key tiers", f"tiers {', '.join(map(str, tiers))}", "a tier 'words'")
    notes.add(f"tier{'s' if len(names) > 1 else ''} {', '.join(names)}")
    entries = sorted(
        (float(a), float(b), str(label)) for name in names for a, b, label in tiers[name]["entries"]
    )
    return _table([(label, a, b) for a, b, label in entries])


def _result(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    text = found.get("text")
    return _table(list(_rows(found["result"])), text if isinstance(text, str) else None)


def _table(rows: Sequence[tuple[Any, Any, Any]], written: str | None = None) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    for column in COLUMNS[1:]:
        table[column] = table[column].map(seconds).astype(float)
    if written:
        table.attrs["written"] = written
    return table


def _rows(words: Sequence[Any]) -> Iterator[tuple[Any, Any, Any]]:
    for word in words:
        if isinstance(word, Mapping):
            text = word.get("word", word.get("text", word.get("punctuated_word")))
            yield text, word.get("start"), word.get("end")


def _segments(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    segments = [one for one in found["segments"] if isinstance(one, Mapping)]
    rows: list[tuple[Any, Any, Any]] = []
    begins: list[bool] = []
    silent: list[str] = []
    for one in segments:
        words = list(_rows(one.get("words") or []))
        if not words and str(one.get("text") or "").strip():
            silent.append(str(one["text"]).strip())
        for k, (text, start, end) in enumerate(words):
            rows.append((text, start, end))
            begins.append(k == 0)
    if rows:
        if silent:
            shown = "; ".join(silent)[:80]
            notes.lose(f"{len(silent)} segments without times of words are left out ({shown})")
        spaced = [str(text)[:1].isspace() for text, _, _ in rows]
        if any(space and not first for space, first in zip(spaced, begins, strict=True)):
            # A segment begins with a word of its own.
            rows = [
                (f" {text}" if first and not space else text, start, end)
                for (text, start, end), space, first in zip(rows, spaced, begins, strict=True)
            ]
        return _table(rows)
    if isinstance(found.get("words"), list) and found["words"]:
        return _words(found, path, notes)
    if isinstance(found.get("word_segments"), list) and found["word_segments"]:
        return _word_segments(found, path, notes)
    if segments:
        raise InputError(path, "key segments.words", "segments without words", ACCEPTED)
    return _table([])


def _word_segments(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    return _table(list(_rows(found["word_segments"])))


def _words(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    words = found["words"]
    if words and isinstance(words[0], Mapping) and "case" in words[0]:
        table = _table(list(_rows(words)), found.get("transcript"))
        table.attrs["tool"] = "gentle"
        return table
    text = found.get("text")
    table = _table(list(_rows(words)), text if isinstance(text, str) else None)
    table.attrs["tool"] = "OpenAI's API" if isinstance(text, str) else "a list of words"
    return table


def _chunks(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    rows = []
    for chunk in found["chunks"]:
        start, end = (list(chunk.get("timestamp") or []) + [None, None])[:2]
        rows.append((chunk.get("text"), start, end))
    long = sum(len(str(text).split()) > 3 for text, _, _ in rows)
    if rows and long > len(rows) / 2:
        raise InputError(path, "key chunks", "times of sentences, not of words", ACCEPTED)
    return _table(rows)


def _whisper_cpp(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    rows, segments = [], found["transcription"]
    for segment in segments:
        tokens = segment.get("tokens")
        for one in tokens if isinstance(tokens, list) else [segment]:
            text, times = one.get("text"), one.get("offsets") or {}
            if isinstance(text, str) and not re.fullmatch(r"\s*\[_[A-Z_\d]+\]\s*", text):
                start, end = times.get("from"), times.get("to")
                rows.append((text, _ms(start), _ms(end)))
    long = sum(len(str(text).split()) > 3 for text, _, _ in rows)
    if rows and long > len(rows) / 2:
        raise InputError(
            path,
            "key transcription",
            "times of sentences, not of words",
            "whisper.cpp with --output-json-full, or with -ml 1",
        )
    return _table(rows)


def _json3(found: dict[str, Any], path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the words of YouTube's captions: an event is shown for a while, and its segments say
    how long after its start each begins. Captions of people have one segment, whose words share
    the time.
    """
    cues = []
    for event in found["events"]:
        start, length = (_number(event, key) for key in ("tStartMs", "dDurationMs"))
        segments = event.get("segs") if isinstance(event, Mapping) else None
        if start is None or not segments or event.get("aAppend"):
            continue  # a window, or the line that scrolls
        text = ""
        for one in segments:
            if (offset := _number(one, "tOffsetMs")) is not None:
                text += f"<{captions.stamp((start + offset) / 1000)}>"
            text += str(one.get("utf8", "")) if isinstance(one, Mapping) else ""
        cues.append((start / 1000, (start + (length or 0.0)) / 1000, text))
    # Events overlap while lines scroll: what is said next ends what was said before.
    ends = [*(after for after, _, _ in cues[1:]), float("inf")]
    return captions.words_of(
        [
            captions.Cue(start, min(end, after), tuple(text.split("\n")))
            for (start, end, text), after in zip(cues, ends, strict=True)
        ],
        notes,
    )


def _number(found: Any, key: str) -> float | None:
    value = found.get(key) if isinstance(found, Mapping) else None
    return float(value) if isinstance(value, int | float) and abs(value) < LATEST_S else None


def _ms(time: float | None) -> float | None:
    return None if time is None else time / 1000
