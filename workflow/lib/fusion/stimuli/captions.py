"""Captions: SRT, WebVTT, SBV, LRC and ASS. A cue is shown from one time to another; words share
its time in proportion to their letters, unless the cue times them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pysubs2

from fusion.io.errors import InputError
from fusion.stimuli import spoken
from fusion.stimuli.decoding import Notes, read_text, seconds
from fusion.stimuli.sentences import is_spaceless
from fusion.stimuli.spec import LRC, form_of

WHAT = "captions (SRT, WebVTT, SBV, LRC or ASS)"
ARROW = re.compile(r"^\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(.*)$")
COMMA = re.compile(r"^(\d+:\d\d:\d\d\.\d+),(\d+:\d\d:\d\d\.\d+)()\s*$")  # of SBV
LRC_OFFSET = re.compile(r"^\[offset:\s*([-+]?\d+)\s*\]", re.MULTILINE | re.IGNORECASE)
#: How long a line of LRC, which has no end, lasts at most (s).
LINE_S = 10.0
INLINE = re.compile(r"<(\d+(?::\d+){1,2}[.,]\d+)>")
OVERRIDE = re.compile(r"\{[^{}]*\}")  # of ASS
KARAOKE = re.compile(r"\\(?:k|K|kf|ko)(\d+)")  # hundredths of a second until the next one
#: Styles of ASS for what is written on screen.
SIGNS = re.compile(r"(?i)(^|[^a-z])(signs?|typeset\w*|titles?|credits?)([^a-z]|$)")
#: Share of cues that repeat the last line of the cue before, from which captions roll.
ROLLING = 0.4
#: Captions that are further apart do not repeat each other (s).
ABUT_S = 10.0


@dataclass(frozen=True)
class Cue:
    """A caption: when it is shown (s), and its lines as they are written."""

    onset_s: float
    offset_s: float
    lines: tuple[str, ...]


def read(path: str | Path, notes: Notes) -> pd.DataFrame:
    """Return the words of captions: word, onset_s, offset_s, key (of the cue).

    Notes for the deaf, speakers, music and mark-up are taken out, and lines that a rolling caption
    repeats.

    Raises
    ------
    InputError
        If the file holds no caption.
    """
    text = read_text(path, WHAT, notes)
    form = form_of(text[:4000])
    if form == "ass" or "[Events]" in text:
        cues = _ass(text, path, notes)
    elif form == "lrc":
        cues = _lrc(text, notes)
    else:
        cues = _cues(text, COMMA if form == "sbv" else ARROW)
    if not cues:
        raise InputError(path, "", "no caption", WHAT)
    cues, dropped = unrolled(cues)
    if dropped:
        notes.lose(f"rolling captions: {dropped} repeated lines are left out")
    return words_of(cues, notes)


def words_of(cues: Sequence[Cue], notes: Notes) -> pd.DataFrame:
    """Return the words of cues: word, onset_s, offset_s, key (of the cue)."""
    lines = [line for cue in cues for line in cue.lines]
    speakers = spoken.names_speakers(lines)
    counts: dict[str, list[str]] = {}
    rows = []
    for key, cue in enumerate(cues):
        timed = any(INLINE.search(line) for line in cue.lines)
        words: list[tuple[str, float, float]] = []
        if timed:
            words = _timed_words(cue, counts, speakers)
        else:
            said = " ".join(_spoken(line, counts, speakers) for line in cue.lines).split()
            words = _in_proportion(said, cue.onset_s, cue.offset_s)
        rows += [(word, a, b, key) for word, a, b in words]
        if timed:
            notes.add("times of words inside cues")
    for kind, found in counts.items():
        examples = ", ".join(dict.fromkeys(found))
        notes.lose(f"no words: {len(found)} x {kind} ({examples[:80]})")
    return pd.DataFrame(rows, columns=["word", "onset_s", "offset_s", "key"])


def _cues(text: str, times: re.Pattern[str]) -> list[Cue]:
    """Return the cues of SRT, WebVTT or SBV: a line with two times, then lines up to an empty
    one.
    """
    lines, cues, k = text.split("\n"), [], 0
    while k < len(lines):
        if not (found := times.match(lines[k])):
            k += 1
            continue
        body, k = [], k + 1
        while k < len(lines) and lines[k] != "" and not times.match(lines[k]):
            body.append(lines[k])
            k += 1
        if k < len(lines) and times.match(lines[k]) and body and body[-1].strip().isdigit():
            body.pop()  # the number of the next cue, which no empty line parts
        shown = tuple(line for line in body if line.strip())
        cues.append(Cue(seconds(found[1]), seconds(found[2]), shown))
    return cues


def _lrc(text: str, notes: Notes) -> list[Cue]:
    """Return the cues of LRC: a line begins at its stamp and ends where the next one begins; a
    line with several stamps is sung as often. ``[offset:500]`` shows all lines 0.5 s earlier.
    """
    told = LRC_OFFSET.search(text)
    early = int(told[1]) / 1000 if told else 0.0
    if early:
        notes.add(f"times are {early:g} s earlier, as the file's offset says")
    sung = []
    for line in text.split("\n"):
        stamps, rest = [], line
        while found := LRC.match(rest):
            stamps.append(_lrc_seconds(found.group().strip("[]")) - early)
            rest = rest[found.end() :]
        if early and len(stamps) == 1:
            rest = INLINE.sub(lambda m: f"<{stamp(_lrc_seconds(m[1]) - early)}>", rest)
        sung += [(at, rest) for at in stamps]
    sung.sort(key=lambda row: row[0])
    ends = [*(at for at, _ in sung[1:]), np.inf]
    return [
        Cue(at, min(end, at + LINE_S), (line,))
        for (at, line), end in zip(sung, ends, strict=True)
        if line.strip()
    ]


def _lrc_seconds(text: str) -> float:
    minutes, _, rest = text.partition(":")
    return 60 * int(minutes) + float(rest.replace(":", ".").replace(",", "."))


def stamp(at_s: float) -> str:
    """Return a time (s) as captions write it."""
    minutes, rest = divmod(max(at_s, 0.0), 60)
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{rest:06.3f}"


def _ass(text: str, path: str | Path, notes: Notes) -> list[Cue]:
    try:
        found = pysubs2.SSAFile.from_string(text, format_="ass")
    except (pysubs2.exceptions.Pysubs2Error, ValueError) as error:
        raise InputError(path, "", f"no subtitles ({error})", "an ASS file") from None
    text_events = [e for e in found if e.is_text]
    if signs := [e for e in text_events if SIGNS.search(e.style)]:
        shown = ", ".join(dict.fromkeys(e.plaintext.replace("\n", " ") for e in signs))[:80]
        notes.lose(f"no words: {len(signs)} x text on screen by its style ({shown})")
    spoken_events = [e for e in text_events if not SIGNS.search(e.style)] or text_events
    events = sorted(spoken_events, key=lambda e: (e.start, e.end))
    return [
        Cue(
            e.start / 1000,
            e.end / 1000,
            tuple(x for x in _plain_ass(e.text, e.start / 1000).split("\n") if x.strip()),
        )
        for e in events
    ]


def _plain_ass(text: str, onset_s: float) -> str:
    """Return the text of an ASS line without its overrides; those of karaoke become time stamps."""
    now = onset_s

    def stamped(found: re.Match[str]) -> str:
        nonlocal now
        said = ""
        for length in KARAOKE.findall(found.group()):
            said = f"<{stamp(now)}>"
            now += int(length) / 100
        return said

    plain = OVERRIDE.sub(stamped, text)
    return plain.replace("\\h", " ").replace("\\n", "\n").replace("\\N", "\n")


def unrolled(cues: list[Cue]) -> tuple[list[Cue], int]:
    """Return cues without the lines that they repeat of the cue before, and how many those were.

    Nothing is left out unless repeating is the habit of the file: a line that is said twice is said
    twice.
    """
    kept, repeated, before = [], 0, None
    for cue in cues:
        n = _repeated(before, cue) if before else 0
        repeated += n
        kept.append((cue, n))
        before = cue
    rolling = sum(n > 0 for _, n in kept)
    moving = sum(0 < n < len(cue.lines) for cue, n in kept)
    if not moving or rolling < max(2, ROLLING * len(cues)):
        return cues, 0
    fresh = [Cue(cue.onset_s, cue.offset_s, cue.lines[n:]) for cue, n in kept]
    return [cue for cue in fresh if cue.lines], repeated


def _repeated(before: Cue, cue: Cue) -> int:
    """Return how many first lines of a cue are the last ones of the cue before."""
    if cue.onset_s - before.offset_s > ABUT_S:
        return 0
    old = [_plain(line) for line in before.lines]
    new = [_plain(line) for line in cue.lines]
    most = min(len(old), len(new))
    return next((n for n in range(most, 0, -1) if old[-n:] == new[:n]), 0)


def _plain(line: str) -> str:
    return " ".join(spoken.without_markup(line).split())


def _spoken(line: str, counts: dict[str, list[str]], speakers: bool) -> str:
    return spoken.cleaned(spoken.without_speaker(line) if speakers else line, counts=counts)


def _in_proportion(
    words: list[str], onset_s: float, offset_s: float
) -> list[tuple[str, float, float]]:
    """Return words with the part of the cue's time that their letters have of all letters."""
    total, done, rows = sum(map(len, words)), 0, []
    for word in words:
        a, done = done, done + len(word)
        length = (offset_s - onset_s) / total
        rows.append((word, onset_s + a * length, onset_s + done * length))
    return rows


def _timed_words(
    cue: Cue, counts: dict[str, list[str]], speakers: bool
) -> list[tuple[str, float, float]]:
    """Return the words of a cue that times them: each stamp is the onset of what follows.

    A stamp inside a word (karaoke times syllables) does not end it.
    """
    rows: list[tuple[str, float, float]] = []
    for line in cue.lines:
        pieces = INLINE.split(line)
        onsets = [cue.onset_s, *(seconds(stamp) for stamp in pieces[1::2])]
        ends = [*onsets[1:], cue.offset_s]
        open_word = False
        for text, onset, end in zip(pieces[::2], onsets, ends, strict=True):
            bare = spoken.without_markup(text)
            said = _spoken(text, counts, speakers).split()
            timed = _in_proportion(said, onset, max(end, onset))
            if open_word and timed and not bare[:1].isspace():
                before = rows.pop()
                joins = not (is_spaceless(before[0][-1:]) or is_spaceless(timed[0][0][:1]))
                first = (before[0] + timed[0][0], before[1], timed[0][2])
                timed = [first, *timed[1:]] if joins else [before, *timed]
            rows += timed
            if bare:
                open_word = bool(timed) and not bare[-1:].isspace()
    return rows
