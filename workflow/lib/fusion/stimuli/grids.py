"""TextGrids of Praat, the Montreal Forced Aligner and others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from praatio.utilities import textgrid_io

from fusion.io.errors import InputError
from fusion.stimuli.decoding import Notes, read_text, seconds

WORD_TIERS = ("words", "word", "ort-mau", "ort")
#: The Montreal Forced Aligner writes a tier of words for each speaker.
SPEAKERS = ("- words", "-words", "/words", "- word")
SENTENCE_TIERS = ("sentences", "sentence", "utterances", "utterance")
#: What a long TextGrid says of the number of its entries, and an entry.
SIZES = re.compile(r"^\s*(?:intervals|points): size = (\d+)", re.MULTILINE)
ENTRIES = re.compile(r"^\s*(?:intervals|points) \[\d+\]:?[^\S\n]*$", re.MULTILINE)
#: Boundaries this close are one: programs add lengths and print what comes out (s).
ROUNDING_S = 1e-4


def read(path: str | Path, tier: str | None, notes: Notes) -> pd.DataFrame:
    """Return the word tier, and sentences from a tier called so where there is one.

    Parameters
    ----------
    path
        The TextGrid.
    tier
        The word tier; None takes one called words or word, all whose name ends so (one a speaker:
        ``Anna - words``), or the only interval tier.
    notes
        Where it is noted which tiers were taken.

    Raises
    ------
    InputError
        If the file is no TextGrid, the tier is not there, or its intervals overlap.
    """
    text = read_text(path, "a TextGrid", notes)
    declared = sum(map(int, SIZES.findall(text)))
    if declared and (there := len(ENTRIES.findall(text))) < declared:
        raise InputError(
            path, "", f"{there} of {declared} intervals and points", "a whole TextGrid"
        )
    try:
        grid = textgrid_io.parseTextgridStr(text, includeEmptyIntervals=False)
    except Exception as error:  # praatio raises whatever its parser stumbles over
        raise InputError(path, "", f"a file that is no TextGrid ({error})", "a TextGrid") from None
    tiers = {
        str(one["name"]): one["entries"]
        for one in grid["tiers"]
        if one["class"] == textgrid_io.INTERVAL_TIER
    }
    chosen = _word_tiers(tiers, tier, path)
    notes.add(f"tier{'s' if len(chosen) > 1 else ''} {', '.join(chosen)}")
    entries = sorted(entry for name in chosen for entry in _intervals(tiers[name], path, name))
    found = pd.DataFrame(
        [(label, a, b) for a, b, label in entries], columns=["word", "onset_s", "offset_s"]
    )
    spans = [one for one in tiers if one.casefold() in SENTENCE_TIERS]
    if spans and len(found):
        sentences = _intervals(tiers[spans[0]], path, spans[0])
        starts = np.array([a for a, _, _ in sentences])
        ends = np.array([b for _, b, _ in sentences])
        middle = ((found["onset_s"] + found["offset_s"]) / 2).to_numpy()
        at = np.searchsorted(starts, middle, side="right") - 1
        if len(sentences) and (at >= 0).all() and (middle < ends[at]).all():
            found = found.assign(key=at, sentence=[sentences[k][2] for k in at])
    return found


def _word_tiers(tiers: dict[str, Any], tier: str | None, path: str | Path) -> list[str]:
    """Return the tiers of words: one, or that of each speaker."""
    folded = {name.casefold(): name for name in tiers}
    if tier is not None:
        if tier.casefold() in folded:
            return [folded[tier.casefold()]]
        raise InputError(path, "word tier", f"tiers {', '.join(tiers)}", repr(tier))
    if exact := [folded[name] for name in WORD_TIERS if name in folded]:
        return exact[:1]
    if ending := [name for low, name in folded.items() if low.endswith(SPEAKERS)]:
        return ending
    if len(tiers) == 1:
        return list(tiers)
    raise InputError(
        path,
        "word tier",
        f"tiers {', '.join(tiers) or 'none'}",
        "one tier 'words' (or its name in transcript.tier)",
    )


def _intervals(entries: Any, path: str | Path, tier: str) -> list[tuple[float, float, str]]:
    """Return intervals in order; boundaries that differ by rounding only are one."""
    found = []
    for a, b, label in entries:
        times = seconds(a), seconds(b)
        if not np.isfinite(times).all():
            where = f"tier {tier!r}, interval {str(label)!r}"
            raise InputError(path, where, f"{a!s} to {b!s}", "seconds")
        found.append((*times, str(label)))
    found.sort()
    for k, (a, b, label) in enumerate(found):
        if k and a < found[k - 1][1]:
            end = found[k - 1][1]
            if end - a > ROUNDING_S:
                raise InputError(
                    path,
                    f"tier {tier!r}, interval {label!r}",
                    f"a start at {a:g} s, before the interval before ends ({end:g} s)",
                    "intervals that follow on each other",
                )
            found[k] = (end, max(b, end), label)
    return found
