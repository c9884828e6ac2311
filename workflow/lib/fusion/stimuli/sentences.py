"""Sentences: which words belong to one, and how far each word reaches into its text."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

import numpy as np
import pysbd

from fusion.io.errors import InputError
from fusion.stimuli.spoken import CLOSING

#: Languages written without spaces between words (ISO 639-1, and Cantonese).
SPACELESS = frozenset({"ja", "zh", "th", "lo", "km", "my", "yue"})
SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "IDEOGRAPHIC")
ENDS = tuple(".!?…。！？؟।")
#: Words a sentence end, above which a transcript counts as one without punctuation.
LONGEST_PUNCTUATED = 60


def is_spaceless(character: str) -> bool:
    """Return whether a character is of a script that puts no space between words."""
    name = unicodedata.name(character, "") if len(character) == 1 else ""
    return name.startswith(SCRIPTS)


def is_punctuated(words: Sequence[str]) -> bool:
    """Return whether sentence ends are marked: once in 60 words at least, or at the very end of a
    short text.
    """
    ends = sum(word.rstrip("\"'”’»)」』").endswith(ENDS) for word in words)
    return ends > 0 and ends * LONGEST_PUNCTUATED >= len(words)


def by_silence(onset_s: np.ndarray, offset_s: np.ndarray, gap_s: float) -> np.ndarray:
    """Return the sentence number of each word: sentences end at silences of ``gap_s`` or more.

    Parameters
    ----------
    onset_s, offset_s
        (n_words,) seconds; NaN where unknown, which ends no sentence.
    gap_s
        Shortest silence between sentences (s).
    """
    ends = np.where(np.isfinite(offset_s), offset_s, onset_s)
    reached = np.maximum.accumulate(np.where(np.isfinite(ends), ends, -np.inf))[:-1]
    # A tenth of a millisecond forgives times that were rounded.
    gap = np.nan_to_num(onset_s[1:] - reached, nan=0.0, posinf=0.0) >= gap_s - 1e-4
    return np.concatenate([[0], np.cumsum(gap)]).astype(int)


def split(
    words: Sequence[str], language: str = "en", spaced: Sequence[bool] | None = None
) -> np.ndarray:
    """Return the sentence number of each word: (word,) int, from 0, by the splitter pySBD.

    A sentence that begins inside a word begins with the next word. ``spaced`` says whether white
    space stands before a word (all by default).

    Raises
    ------
    InputError
        If pySBD has no rules for ``language``.
    """
    if language not in pysbd.languages.LANGUAGE_CODES:
        known = ", ".join(sorted(pysbd.languages.LANGUAGE_CODES))
        raise InputError(
            "config", "key stimuli.*.transcript.language", repr(language), f"one of {known}"
        )
    spaces = [False, *(spaced[1:] if spaced is not None else [True] * (len(words) - 1))]
    text = "".join((" " if s else "") + word for s, word in zip(spaces, words, strict=True))
    lengths = np.array([len(word) + s for s, word in zip(spaces, words, strict=True)])
    begins = np.cumsum(lengths) - [len(word) for word in words]
    spans = pysbd.Segmenter(language=language, clean=False, char_span=True).segment(text)
    edges = np.array(sorted({span.start for span in spans} | {0}))
    number = np.searchsorted(edges, begins, side="right") - 1
    return np.unique(number, return_inverse=True)[1]


def cut_long(
    number: np.ndarray, onset_s: np.ndarray, offset_s: np.ndarray, longest: int
) -> np.ndarray:
    """Return sentence numbers (word,) in which no sentence has more than ``longest`` words.

    A longer one is cut at its longest silence, and its parts again: that is where sentences most
    likely end in a transcript without punctuation.

    Parameters
    ----------
    number
        (word,) sentence number of each word, not decreasing.
    onset_s, offset_s
        (word,) seconds; NaN where unknown.
    longest
        Most words of a sentence.
    """
    silence = np.nan_to_num(onset_s[1:] - offset_s[:-1], nan=-np.inf)
    begins = np.concatenate([[True], number[1:] != number[:-1]])
    edges = np.append(np.flatnonzero(begins), len(number))
    waiting = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    while waiting:
        first, last = waiting.pop()
        if last - first > longest:
            cut = first + 1 + int(np.argmax(silence[first : last - 1]))
            begins[cut] = True
            waiting += [(first, cut), (cut, last)]
    return np.cumsum(begins) - 1


def nearest(onset_s: np.ndarray, offset_s: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Return, for each time, the interval it lies in or else the closest one in time; the earlier
    of two equally close.

    Parameters
    ----------
    onset_s, offset_s
        (interval,) seconds.
    times_s
        (time,) seconds.

    Returns
    -------
    ndarray
        (time,) indices of intervals.
    """
    order = np.argsort(onset_s, kind="stable")
    distance = np.maximum(
        np.maximum(
            onset_s[order] - np.asarray(times_s)[:, None],
            np.asarray(times_s)[:, None] - offset_s[order],
        ),
        0,
    )
    closest: np.ndarray = order[np.argmin(distance, axis=1)]
    return closest


def prefixes(words: list[str], sentence: str) -> list[str]:
    """Return, for each word, the sentence up to and including it, with the sentence's own spelling
    and punctuation.

    Words and text need not agree in case, punctuation, spelling or count: they are aligned as
    sequences. Stretches that differ are matched letter by letter where the letters are the same
    ("What" + "'d" against "What'd"), else in proportion.

    Parameters
    ----------
    words
        The words in spoken order.
    sentence
        The text they come from.
    """
    tokens = sentence.split()
    text = " ".join(tokens)
    # A word that the text lacks at its very beginning reaches nothing: it stands for itself.
    reach = _reach(words, tokens)
    return [text[:end] if end else word for end, word in zip(reach, words, strict=True)]


def _reach(words: Sequence[str], tokens: Sequence[str]) -> list[int]:
    """Return, for each word, how many characters of the joined tokens are said by its end."""
    spoken, written = [_plain(word) for word in words], [_plain(token) for token in tokens]
    ends = _token_ends(tokens)
    reach = [0] * len(words)
    matcher = difflib.SequenceMatcher(None, spoken, written, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            reach[a:b] = ends[c:d]
        elif kind == "replace":
            reach[a:b] = _spread(spoken[a:b], written[c:d], tokens[c:d], ends[c:d])
        elif kind == "delete":
            reach[a:b] = [ends[c - 1] if c else 0] * (b - a)
    # A closing sign that stands alone ("ça va ?") is said with the word before it.
    further: dict[int, int] = {}
    for k in range(len(tokens) - 1, 0, -1):
        if tokens[k] in CLOSING and written[k] not in spoken:
            further[ends[k - 1]] = further.get(ends[k], ends[k])
    return [further.get(end, end) for end in reach]


def written(words: list[str], text: str) -> tuple[list[str], list[bool]]:
    """Return what each word is in its text, and whether white space stands before it there.

    Parameters
    ----------
    words
        The words in spoken order.
    text
        The text they come from.

    Returns
    -------
    parts : list of str
        The part of the text from the end of the word before to the end of the word; empty for
        words that the text lacks.
    spaced : list of bool
        False for a word that begins inside a token of the text, in letters that are the same.
    """
    tokens = text.split()
    joined, reach = " ".join(tokens), _reach(words, tokens)
    parts, spaced, done = [], [], 0
    for end in reach:
        part = joined[done:end] if end > done else ""
        parts.append(part.strip())
        spaced.append(not part or part[0].isspace() or done == 0)
        done = max(done, end)
    same = [_plain(word) == _plain(part) for word, part in zip(words, parts, strict=True)]
    return parts, [space or not fits for space, fits in zip(spaced, same, strict=True)]


def _spread(
    spoken: Sequence[str], written: Sequence[str], tokens: Sequence[str], ends: Sequence[int]
) -> list[int]:
    """Return how far each of the spoken words reaches into the tokens they replace."""
    done = np.cumsum([len(word) for word in spoken])
    upto = np.cumsum([len(word) for word in written])
    same = "".join(spoken) == "".join(written)
    reach = []
    for letters in done:
        share = letters if same else letters / max(done[-1], 1) * upto[-1]
        k = min(int(np.searchsorted(upto, share - 1e-9, side="left")), len(ends) - 1)
        beyond = upto[k] - share
        reach.append(
            ends[k]
            - (_rest(tokens[k], len(written[k]) - int(beyond)) if same and beyond > 0 else 0)
        )
    return reach


def _rest(token: str, letters: int) -> int:
    """Return how many characters of ``token`` follow its first ``letters`` letters and digits."""
    for taken in range(1, len(token)):
        if token[taken - 1].isalnum() and len(_plain(token[:taken])) == letters:
            return len(token) - taken
    return 0


def _token_ends(tokens: Sequence[str]) -> list[int]:
    ends: list[int] = (np.cumsum([len(token) + 1 for token in tokens]) - 1).tolist()
    return ends


def _plain(word: str) -> str:
    """Return the letters and digits of a word, lower case; all of it where it has none."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded
