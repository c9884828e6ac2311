"""Readers of transcripts: every form gives word, onset_s, offset_s and, where the source has them,
key (what the words of one sentence share) and sentence (its text).

A word keeps the white space before it where the source has it: pieces of words begin without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.io.errors import InputError
from fusion.stimuli import captions, decoding, grids, tool_json
from fusion.stimuli.decoding import Notes
from fusion.stimuli.spec import form_of

FilePath = str | Path
Names = Mapping[str, Sequence[str]]

#: Names that tables give to what we look for, in order of preference.
ANY_TABLE: Names = {
    "word": ("word", "text", "token", "item", "label", "annotation", "value", "transcription"),
    "onset_s": (
        "onset_s",
        "onset",
        "start",
        "start_s",
        "begin",
        "start_time",
        "tmin",
        "xmin",
        "onset_ms",
        "start_ms",
        "begin_ms",
        "start_time_ms",
    ),
    "offset_s": (
        "offset_s",
        "offset",
        "end",
        "end_s",
        "stop",
        "end_time",
        "tmax",
        "xmax",
        "offset_ms",
        "end_ms",
        "stop_ms",
        "end_time_ms",
    ),
    "duration": ("duration", "duration_s", "dur"),
    "kind": ("type", "trial_type"),
    "key": ("sentence_id", "sentence_idx"),
    "sentence": ("sentence",),
}
OPTIONAL = ("offset_s", "duration", "kind", "key", "sentence")
#: What a column says of its unit -> how many of it are a second.
UNITS = {"ms": 1000.0, "msec": 1000.0, "milliseconds": 1000.0}


def table(
    path: FilePath, columns: Names, optional: Sequence[str] = (), notes: Notes | None = None
) -> pd.DataFrame:
    """Return columns of a TSV or CSV under our names, as text; missing cells are None.

    Parameters
    ----------
    path
        The file.
    columns
        Our name -> the names it may have there, in order of preference.
    optional
        Of our names, those that may be missing.
    notes
        Where it is noted what was taken.

    Raises
    ------
    InputError
        If the file is missing, empty, not a table, or lacks a column.
    """
    found = decoding.read_cells(path, notes)
    plain = {_plain(name): name for name in reversed(list(found.columns))}
    result, taken = {}, []
    for name, accepted in columns.items():
        there = next((plain[_plain(one)] for one in accepted if _plain(one) in plain), None)
        if there is not None:
            if (twice := list(found.columns).count(there)) > 1:
                raise InputError(path, f"column {there!r}", f"{twice} of them", "one")
            result[name] = found[there].rename(there)
            taken.append(there)
        elif name not in optional:
            raise InputError(
                path,
                f"column {accepted[0]!r}",
                f"columns {', '.join(map(str, found.columns))}",
                " or ".join(accepted),
            )
    if notes is not None:
        notes.add(f"columns {', '.join(taken)}")
    out = pd.DataFrame(result, index=found.index)
    out = out.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    out.attrs["names"] = {name: column.name for name, column in result.items()}
    return out.replace({"": None, "n/a": None})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).casefold())


def _timed(found: pd.DataFrame, path: FilePath, notes: Notes) -> pd.DataFrame:
    """Return a table whose times are numbers in the unit of the file, durations added to onsets."""
    names = found.attrs.get("names", {})
    for column in ("onset_s", "offset_s", "duration"):
        if column in found:
            values = found[column].rename(names.get(column, column))
            found[column] = decoding.times(values, path, notes)
    if "offset_s" not in found:
        length = found.get("duration", np.nan)
        found["offset_s"] = found["onset_s"] + length
    return _filled(found.drop(columns=["duration", "kind"], errors="ignore"))


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


def words(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
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
    return _timed(table(path, names, ("offset_s", "key", "sentence"), notes), path, notes)


def events(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
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
    found = table(path, names, ("duration", "kind", "key", "sentence"), notes)
    if "kind" in found and (found["kind"] == "word").any():
        found = found[found["kind"] == "word"].copy()
    return _timed(found, path, notes)


def ds003688(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read an annotation of ds003688: item, onset, offset (an end, not a duration)."""
    names = {"word": ("item",), "onset_s": ("onset",), "offset_s": ("offset",)}
    return _timed(table(path, names, (), notes), path, notes)


def ds005574(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read a transcript of ds005574: word, start, end; sub-word tokens repeat their word_idx and
    are merged into the word.
    """
    names = {"word": ("word",), "onset_s": ("start",), "offset_s": ("end",), "index": ("word_idx",)}
    found = _timed(table(path, names, ("index",), notes), path, notes)
    if "index" in found:
        run = (found["index"] != found["index"].shift()).cumsum()
        found = found.assign(
            onset_s=found["onset_s"].groupby(run).transform("min"),
            offset_s=found["offset_s"].groupby(run).transform("max"),
        )
        found = found[run != run.shift()].drop(columns="index")
    return found


def treebank(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
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
    return _timed(table(path, names, ("key", "sentence"), notes), path, notes)


def any_table(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read a table of whatever program: CSV of the Montreal Forced Aligner, an export of ELAN, a
    spreadsheet. Columns are found by their names, rows of phones are left out.
    """
    cells = decoding.read_cells(path, notes)
    if (bare := _elan(cells, path, tier, notes)) is None:
        bare = _without_header(cells, path, notes)
    if bare is not None:
        return bare
    found = table(path, ANY_TABLE, OPTIONAL, notes)
    if "kind" in found:
        kinds = found["kind"].astype(str).str.casefold()
        own = next((kinds == name for name in ("word", "words") if (kinds == name).any()), None)
        if own is not None:
            found = found[own].copy()
    per_second = _unit(str(found.attrs["names"]["onset_s"]))
    timed = _timed(found, path, notes)
    if per_second != 1:
        notes.add(f"column {found.attrs['names']['onset_s']} is in milliseconds")
        timed.attrs["per_second"] = per_second
    return timed


def _unit(name: str) -> float:
    return next(
        (UNITS[part] for part in re.findall(r"[a-z]+", name.casefold()) if part in UNITS), 1
    )


def _without_header(cells: pd.DataFrame, path: FilePath, notes: Notes) -> pd.DataFrame | None:
    """Return the words of a table of onset, offset and word without a header (labels of Audacity,
    TIMIT, HTK); None if it has one.
    """
    rows = [[str(name) for name in cells.columns], *cells.to_numpy().tolist()]
    if len(rows[0]) == 1:
        rows = [str(row[0]).split(maxsplit=2) for row in rows]
    at = [k for k, cell in enumerate(rows[0]) if np.isfinite(decoding.seconds(cell))]
    if len(rows[0]) != 3 or len(at) != 2:
        return None
    text = ({0, 1, 2} - set(at)).pop()
    named = {at[0]: "onset_s", at[1]: "offset_s", text: "word"}
    table = pd.DataFrame([(row + ["", ""])[:3] for row in rows]).rename(columns=named)
    table.index -= 1  # messages count rows below a header
    notes.add("no header: read as onset, offset and word")
    return _timed(table, path, notes).reset_index(drop=True)


def _elan(
    cells: pd.DataFrame, path: FilePath, tier: str | None, notes: Notes
) -> pd.DataFrame | None:
    """Return the words of ELAN's tab-delimited export, with or without its header; None if it is
    none.
    """
    names = [str(name) for name in cells.columns]
    begin = [k for k, name in enumerate(names) if name.casefold().startswith("begin time")]
    if not begin and not (
        len(names) >= 4 and sum(bool(decoding.CLOCK.fullmatch(name)) for name in names) >= 2
    ):
        return None
    columns = [
        k
        for k, name in enumerate(names)
        if name.strip() and not re.match(r"(begin|end|duration|tier|participant)", name.casefold())
    ]
    if begin:
        end = [k for k, name in enumerate(names) if name.casefold().startswith("end time")]
        body = cells
        first, last = begin[0], (end or begin)[0]
        tiers = [k for k, name in enumerate(names) if name.casefold() == "tier"]
        text = columns[-1] if columns else len(names) - 1
        if not tiers and len(columns) > 1:  # a column for each tier
            text = columns[_tier([names[k] for k in columns], tier, path, notes)]
    else:  # the header is a row: tier, participant, begin, end, duration, text
        body = pd.DataFrame([names, *cells.to_numpy().tolist()])
        clocks = [k for k, name in enumerate(names) if decoding.CLOCK.fullmatch(name)]
        first, last, text = clocks[0], clocks[1], len(names) - 1
        tiers = [0] if not decoding.CLOCK.fullmatch(names[0]) else []
    body = body.copy()
    body.columns = pd.RangeIndex(body.shape[1])
    if tiers:
        there = list(dict.fromkeys(body[tiers[0]]))
        body = body[body[tiers[0]] == there[_tier(there, tier, path, notes)]]
    notes.add("read as an export of ELAN")
    per_second = 1000.0 if begin and re.search(r"- msec$", names[first].strip()) else 1.0
    return pd.DataFrame(
        {
            "word": body[text].to_numpy(),
            "onset_s": decoding.times(body[first].rename("begin"), path).to_numpy() / per_second,
            "offset_s": decoding.times(body[last].rename("end"), path).to_numpy() / per_second,
        }
    )


def _tier(there: Sequence[str], tier: str | None, path: FilePath, notes: Notes) -> int:
    """Return the place of the words' tier among the tiers of ELAN's export."""
    wanted = tier or next((t for t in there if t.casefold() in grids.WORD_TIERS), None)
    wanted = wanted or (there[0] if len(there) == 1 else None)
    if wanted not in there:
        raise InputError(
            path, "tier", f"tiers {', '.join(there)}", tier or "the words' (transcript.tier)"
        )
    notes.add(f"tier {wanted}")
    return there.index(wanted)


def whisper(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read the JSON of a speech recogniser or aligner (:mod:`fusion.stimuli.tool_json`)."""
    return tool_json.read(path, notes)


def ctm(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read CTM of speech recognisers (NIST, Kaldi): file, channel, start, length, word, and often a
    confidence. ``tier`` names the file where there are several.
    """
    lines = decoding.read_text(path, "CTM", notes).split("\n")
    rows = [line.split() for line in lines if line.strip() and not line.startswith(";;")]
    if short := [k for k, row in enumerate(rows, 1) if len(row) < 5]:
        raise InputError(path, f"row {short[0]}", " ".join(rows[short[0] - 1]), "5 columns or more")
    files = list(dict.fromkeys(row[0] for row in rows))
    if len(files) > 1:
        rows = [row for row in rows if row[0] == files[_tier(files, tier, path, notes)]]
    cells = pd.DataFrame([row[2:5] for row in rows], columns=["onset_s", "duration", "word"])
    return _timed(cells, path, notes).sort_values("onset_s", kind="stable", ignore_index=True)


def textgrid(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read a TextGrid (:mod:`fusion.stimuli.grids`)."""
    return grids.read(path, tier, notes)


def subtitles(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read SRT, WebVTT, SBV, LRC or ASS (:mod:`fusion.stimuli.captions`)."""
    return captions.read(path, notes)


def automatic(path: FilePath, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Read a transcript by what it looks like."""
    text = decoding.read_text(path, "a transcript")
    form = form_of(text[:4000])
    if form == "xml":
        raise InputError(
            path,
            "",
            "XML (of ELAN, TTML or another program)",
            "ELAN's tab-delimited export, SRT, WebVTT, or another form of docs/films.md",
        )
    if form == "microdvd":
        raise InputError(
            path, "", "MicroDVD, which counts pictures", "SRT or another form with times"
        )
    notes.add(f"read as {form}")
    return READERS[form](path, tier, notes)


def intervals(path: FilePath) -> pd.DataFrame:
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
    return _timed(found, path, Notes())


READERS: dict[str, Callable[[FilePath, str | None, Notes], pd.DataFrame]] = {
    "auto": automatic,
    "table": any_table,
    "words": words,
    "events": events,
    "ds003688": ds003688,
    "ds005574": ds005574,
    "treebank": treebank,
    "whisper": whisper,
    "json": whisper,
    "textgrid": textgrid,
    "srt": subtitles,
    "vtt": subtitles,
    "ass": subtitles,
    "sbv": subtitles,
    "lrc": subtitles,
    "ctm": ctm,
}
