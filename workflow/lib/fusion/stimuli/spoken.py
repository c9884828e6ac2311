"""What is spoken is a word; labels, notes, speakers, music and mark-up are not."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

TAG = re.compile(r"</?(?:i|b|u|s|c|v|em|strong|font|ruby|rt|lang)\b[^<>]*>", re.IGNORECASE)
STAMP = re.compile(r"<\d+(?::\d+){1,2}[.,]\d+>")
STYLE = re.compile(r"\{\\[^{}]*\}")  # of ASS: {\an8}
NOTES = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|<[^<>]*>|\*[^*]+\*")
#: Signs of music where there is no note on the keyboard: "# Oh, what a night #".
HASH = re.compile(r"^\s*#+\s*(?=[^\W\d])(.*?)\s*#*\s*$|^(.*?)\s#+\s*$", re.DOTALL)
#: Marks of the direction of writing, and soft hyphens.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
MUSIC = re.compile(r"[♩♪♫♬♭♮♯🎵🎶]+")
SPEAKER = re.compile(r"^\s*(?:>>+|[-–—‐])?\s*([^:]{2,30}):(?=\s|$)")
ANY_SPEAKER = re.compile(r"^\s*[^\W\d_][\w'’. -]{0,30}:\s+(?=\S)")
DASH = re.compile(r"^\s*(?:>>+|[-–—‐])\s*")
OPENS = {"[": "]", "(": ")", "{": "}", "<": ">"}
#: Signs that close a word or a sentence.
CLOSING = frozenset(".,;:!?…%。、！？»”’\"'") | {"...", "?!", "!?", "!!", "??"}
LONGEST_NOTE = 15  # words between two brackets, beyond which a bracket was never closed
LABEL, NOTE, TUNE, NAME, SIGN = (
    "label of silence or noise",
    "note",
    "sign of music",
    "speaker",
    "punctuation",
)


def without_markup(text: str) -> str:
    """Return a text without tags, styles, time stamps and HTML entities."""
    text = STYLE.sub("", STAMP.sub("", TAG.sub("", text)))
    return INVISIBLE.sub("", html.unescape(text).replace("\u00a0", " "))


def has_letters(text: str) -> bool:
    """Return whether a text has a letter or a digit."""
    return any(unicodedata.category(c)[0] in "LN" for c in text)


def classify(tokens: Sequence[str], labels: Iterable[str], starts: Sequence[bool]) -> list[str]:
    """Return, for each token, why it is no word; the empty string for words.

    Parameters
    ----------
    tokens
        Words and labels in spoken order, without mark-up.
    labels
        Labels that are no words, as they are written.
    starts
        Whether a token begins a cue, a line or a turn, where speakers are named.
    """
    known, kinds = set(labels), [""] * len(tokens)
    called = _called(tokens, starts)
    inside, closing = 0, ""
    for k, token in enumerate(tokens):
        text = token.strip()
        if inside:
            kinds[k] = NOTE
            inside -= 1
            continue
        if not text:
            kinds[k] = "empty"
        elif text in known:
            kinds[k] = LABEL
        elif NOTES.fullmatch(text.strip(".,;:!?")):
            kinds[k] = LABEL if text[0] in "<{" else NOTE
        elif MUSIC.fullmatch(text):
            kinds[k] = TUNE
        elif text[0] in OPENS and OPENS[text[0]] not in text:
            closing = OPENS[text[0]]
            rest = tokens[k + 1 : k + 1 + LONGEST_NOTE]
            end = next((n for n, one in enumerate(rest) if closing in one), None)
            if end is not None:
                kinds[k], inside = NOTE, end + 1
        elif text in (">>", ">>>") or (starts[k] and (_is_name(text) or text in called)):
            kinds[k] = NAME
        elif not has_letters(text):
            kinds[k] = SIGN
    return kinds


def _called(tokens: Sequence[str], starts: Sequence[bool]) -> frozenset[str]:
    """Return the names in small letters (``Anna:``) that begin turns as a habit: some more than
    once.
    """
    named = [
        text
        for text, begins in zip(map(str.strip, tokens), starts, strict=True)
        if begins and text.endswith(":") and text[:1].isupper() and has_letters(text)
    ]
    habit = len(named) >= 3 and len(set(named)) < len(named)
    return frozenset(named) if habit else frozenset()


def _is_name(text: str) -> bool:
    """Return whether a token names who speaks: ``ANNA:``."""
    return text.endswith(":") and len(text) > 2 and text[:-1].isupper()


def cleaned(
    text: str, labels: Iterable[str] = (), counts: dict[str, list[str]] | None = None
) -> str:
    """Return what is spoken of a line or a sentence.

    Parameters
    ----------
    text
        As it is written.
    labels
        Labels that are no words.
    counts
        Kind -> what was taken out, to which this adds.
    """
    text = without_markup(text)

    def out(kind: str, pattern: re.Pattern[str], text: str) -> str:
        for found in pattern.finditer(text):
            if counts is not None and found.group().strip():
                counts.setdefault(kind, []).append(found.group().strip())
        return pattern.sub(" ", text)

    text = out(NOTE, NOTES, text)
    text = out(TUNE, MUSIC, text)
    if sung := HASH.fullmatch(text):
        if counts is not None:
            counts.setdefault(TUNE, []).append("#")
        text = sung[1] if sung[1] is not None else sung[2]
    if (named := SPEAKER.match(text)) and named[1].isupper():
        text = out(NAME, SPEAKER, text)
    text = DASH.sub("", text)
    known = set(labels)
    return " ".join(word for word in text.split() if word not in known)


def names_speakers(lines: Sequence[str]) -> bool:
    """Return whether lines begin with names in small letters (``Anna: Hello``) as a habit."""
    named = sum(bool(ANY_SPEAKER.match(without_markup(line))) for line in lines)
    return named >= 3 and named >= 0.3 * len(lines)


def without_speaker(line: str) -> str:
    """Return a line without the name that it begins with."""
    return ANY_SPEAKER.sub("", without_markup(line))
