"""Sentences: which words belong to one, and how far each word reaches into its text."""

from __future__ import annotations

import difflib
import unicodedata

import numpy as np
import pysbd

from fusion.io.errors import InputError


def split(words: list[str], language: str = "en") -> np.ndarray:
    """Return the sentence number of each word: (word,) int, from 0, by the splitter pySBD.

    A sentence that begins inside a word begins with the next word.

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
    text = " ".join(words)
    lengths = np.array([len(word) + 1 for word in words])
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
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
    return order[np.argmin(distance, axis=1)]


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
    text = " ".join(tokens)
    # A word that the text lacks at its very beginning reaches nothing: it stands for itself.
    return [text[:end] if end else word for end, word in zip(reach, words, strict=True)]


def _spread(spoken: list[str], written: list[str], tokens: list[str], ends: list[int]) -> list[int]:
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


def _token_ends(tokens: list[str]) -> list[int]:
    return (np.cumsum([len(token) + 1 for token in tokens]) - 1).tolist()


def _plain(word: str) -> str:
    """Return the letters and digits of a word, lower case; all of it where it has none."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in folded if c.isalnum()) or folded
