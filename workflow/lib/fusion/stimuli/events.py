"""Events of an alignment: when, which picture, which text."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from fusion.ids import Alignment
from fusion.io.errors import InputError
from fusion.seeds import rng_for
from fusion.stimuli import pairing, sentences
from fusion.stimuli.film import FilmClock
from fusion.stimuli.spec import EventsSpec

log = logging.getLogger(__name__)

COLUMNS = ["event", "onset_s", "frame", "frame_s", "text", "word", "sentence_id"]


def of_alignment(
    alignment: Alignment,
    words: pd.DataFrame,
    cuts: pd.DataFrame | None,
    clock: FilmClock,
    spec: EventsSpec,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the events of an alignment with their shuffled texts, and what became of all.

    Parameters
    ----------
    alignment
        ``language`` (word onsets) or ``vision`` (scene cuts).
    words, cuts, clock
        As for :func:`language` and :func:`vision`; cuts are needed for vision only.
    spec
        What makes an event.

    Returns
    -------
    events : DataFrame
        As from :func:`language`, and for every shuffled pairing k ``text_shuffled{k}`` and the
        event that text is from, ``event_shuffled{k}``.
    counts : DataFrame
        reason, count.
    """
    if alignment == "language":
        table, counts = language(words, clock, spec)
    else:
        assert cuts is not None, "events of cuts need cuts"
        table, counts = vision(words, cuts, clock, spec)
    rng = rng_for(spec.seed, "pairing", spec.stimulus, alignment)
    onset_s = table["onset_s"].to_numpy()
    shifts = pairing.shifts(onset_s, spec.shuffled_pairings, spec.shuffle_min_shift_s, rng)
    for k, shift in enumerate(shifts):
        table[f"text_shuffled{k}"] = pairing.shifted(table["text"].to_numpy(), shift)
        table[f"event_shuffled{k}"] = pairing.shifted(table["event"].to_numpy(), shift)
        log.info("%s: text_shuffled%d has the texts of %d events later", alignment, k, shift)
    return table, counts


def language(
    words: pd.DataFrame, clock: FilmClock, spec: EventsSpec
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return an event per word onset: the first picture at or after it, and what was said up to it.

    Parameters
    ----------
    words
        word, onset_s, offset_s, sentence_id, sentence, in spoken order.
    clock
        The film's clock.
    spec
        What text goes with a word, and which words make events.

    Returns
    -------
    events : DataFrame
        event, onset_s, frame (presentation index), frame_s, text, word, sentence_id; by time.
    counts : DataFrame
        reason, count: how many words there were and what became of them.

    Raises
    ------
    InputError
        If no word is left.
    """
    onset = words["onset_s"].to_numpy(float)
    table = pd.DataFrame(
        {
            "event": [f"w{k:05d}" for k in range(len(words))],
            "onset_s": onset,
            "frame": clock.frame_at(onset),
            "text": said(words, spec.text, spec.text_window_words, spec.previous_sentences),
            "word": words["word"].to_numpy(),
            "sentence_id": words["sentence_id"].to_numpy(),
        }
    )
    stop = {word.casefold() for word in spec.stop_words}
    stopped = table["word"].str.casefold().str.strip(".,;:!?\"'()").isin(stop).to_numpy()
    return _kept(table, clock, stopped, spec.min_spacing_s, "words")


def vision(
    words: pd.DataFrame, cuts: pd.DataFrame, clock: FilmClock, spec: EventsSpec
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return an event per scene cut: the picture just after it, and the sentence closest in time.

    Parameters
    ----------
    words
        As for :func:`language`.
    cuts
        cut_s, frame.
    clock
        The film's clock.
    spec
        Which picture goes with a cut, and how far apart events are.

    Returns
    -------
    events, counts
        As from :func:`language`; ``word`` is missing.

    Raises
    ------
    InputError
        If no cut is left.
    """
    onset = cuts["cut_s"].to_numpy(float)
    # A cut is a picture's own time: by index, so that a rounded time cannot miss it.
    frame = cuts["frame"].to_numpy()
    if spec.frame_offset_s:
        frame = clock.frame_at(clock.seconds[frame] + spec.frame_offset_s)
    spans = words.groupby("sentence_id", sort=False).agg(
        onset=("onset_s", "min"), offset=("offset_s", "max"), text=("sentence", "first")
    )
    closest = (
        sentences.nearest(spans["onset"].to_numpy(), spans["offset"].to_numpy(), onset)
        if len(onset)
        else np.zeros(0, int)
    )
    table = pd.DataFrame(
        {
            "event": [f"c{k:05d}" for k in range(len(cuts))],
            "onset_s": onset,
            "frame": frame,
            "text": spans["text"].to_numpy()[closest],
            "word": None,
            "sentence_id": spans.index.to_numpy()[closest],
        }
    )
    return _kept(table, clock, np.zeros(len(cuts), bool), spec.min_spacing_s, "cuts")


def said(words: pd.DataFrame, text: str, window: int, previous: int) -> list[str]:
    """Return the text at each word.

    Parameters
    ----------
    words
        word, sentence_id, sentence, in spoken order.
    text
        ``sentence_so_far`` (up to and including the word), ``sentence`` (all of it), ``window``
        (the last words, across sentences).
    window
        Words of the window.
    previous
        Whole sentences put before (not for the window).
    """
    spoken = words["word"].tolist()
    if text == "window":
        return [" ".join(spoken[max(0, k + 1 - window) : k + 1]) for k in range(len(spoken))]
    result, whole = [""] * len(spoken), list[str]()
    # Speakers may interrupt each other: the words of a sentence need not be neighbours.
    groups = words.reset_index(drop=True).groupby("sentence_id", sort=False)
    for _, group in groups:
        sentence = group["sentence"].iloc[0]
        own = (
            sentences.prefixes(group["word"].tolist(), sentence)
            if text == "sentence_so_far"
            else [sentence] * len(group)
        )
        before = whole[len(whole) - previous :] if previous else []
        for k, part in zip(group.index, own, strict=True):
            result[k] = " ".join([*before, part])
        whole.append(sentence)
    return result


def spaced(onset_s: np.ndarray, min_spacing_s: float) -> np.ndarray:
    """Return which events are kept so that none follows the one kept before it sooner than
    ``min_spacing_s``; the first stays.
    """
    keep, last = np.ones(len(onset_s), bool), -np.inf
    for k, onset in enumerate(onset_s):
        keep[k] = onset - last >= min_spacing_s
        if keep[k]:
            last = onset
    return keep


def _kept(
    table: pd.DataFrame, clock: FilmClock, stopped: np.ndarray, min_spacing_s: float, what: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    onset_s = table["onset_s"].to_numpy()
    unseen = table["frame"].to_numpy() < 0
    outside = unseen if clock.has_pictures else ~((onset_s >= 0) & (onset_s <= clock.end_s))
    left = table[~outside & ~stopped].sort_values("onset_s", kind="stable", ignore_index=True)
    spaced_out = spaced(left["onset_s"].to_numpy(), min_spacing_s)
    events = left[spaced_out].reset_index(drop=True)
    counts = pd.DataFrame(
        {
            "reason": [
                what,
                "outside the film",
                "stop word",
                "too close to the one before",
                "events",
            ],
            "count": [
                len(table),
                int(outside.sum()),
                int((stopped & ~outside).sum()),
                int((~spaced_out).sum()),
                len(events),
            ],
        }
    )
    if events.empty:
        told = (
            ", ".join(f"{n} {reason}" for reason, n in counts.itertuples(index=False) if n)
            or f"no {what}"
        )
        raise InputError(
            f"{what} of the film",
            "",
            f"no event ({told}; the film lasts {clock.end_s:.3f} s)",
            "at least one event",
        )
    shown = clock.seconds[events["frame"]] if clock.has_pictures else np.nan
    events.insert(3, "frame_s", shown)
    return events[COLUMNS], counts
