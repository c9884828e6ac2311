"""What a network is shown for one file of activations or for several: everything once, and which
event shows what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
import pandas as pd

from fusion.io.errors import InputError

Key = TypeVar("Key")
Kind = Literal["frame", "text", "pair"]


@dataclass(frozen=True)
class Inputs(Generic[Key]):
    """Distinct inputs, in order of first appearance.

    Attributes
    ----------
    frames
        (n_frames,) presentation indices.
    texts
        (n_texts,) strings.
    pairs
        (n_pairs, 2) rows of ``frames`` and of ``texts`` that are shown together.
    shown
        File -> kind -> (n_events,) row of that kind.
    """

    frames: np.ndarray
    texts: np.ndarray
    pairs: np.ndarray
    shown: dict[Key, dict[Kind, np.ndarray]]

    def of(self, kind: Kind) -> np.ndarray:
        """Return the inputs of one kind."""
        by_kind: dict[Kind, np.ndarray] = {
            "frame": self.frames,
            "text": self.texts,
            "pair": self.pairs,
        }
        return by_kind[kind]


def distinct(shown: Mapping[Key, tuple[np.ndarray, Sequence[str]]]) -> Inputs[Key]:
    """Return each frame, text and pair once.

    Parameters
    ----------
    shown
        File -> (n_events,) frames and ``n_events`` texts that are shown together.

    Raises
    ------
    InputError
        If there are no events.
    """
    lengths = [len(frames) for frames, _ in shown.values()]
    if not all(lengths):
        raise InputError(
            "events",
            "",
            "no events",
            "at least one event; see how many words and cuts there were in the table of counts",
        )
    frame, frames = pd.factorize(np.concatenate([frames for frames, _ in shown.values()]))
    text, texts = pd.factorize(
        np.array([text for _, texts in shown.values() for text in texts], object)
    )
    pair, pairs = pd.factorize(frame * len(texts) + text)
    ends = np.cumsum(lengths)[:-1]
    of_file = zip(np.split(frame, ends), np.split(text, ends), np.split(pair, ends), strict=True)
    rows: dict[Key, dict[Kind, np.ndarray]] = {
        key: {"frame": one[0], "text": one[1], "pair": one[2]}
        for key, one in zip(shown, of_file, strict=True)
    }
    return Inputs(frames, texts, np.stack([pairs // len(texts), pairs % len(texts)], 1), rows)


def runs_of(which: np.ndarray, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield stretches of consecutive events that show one of the inputs ``rows``, with the places
    of their inputs in ``rows``.
    """
    place = np.full(max(which.max(), rows.max()) + 1, -1)
    place[rows] = np.arange(len(rows))
    inside = place[which]
    events = np.flatnonzero(inside >= 0)
    for run in np.split(events, np.flatnonzero(np.diff(events) != 1) + 1):
        if len(run):
            yield slice(run[0], run[-1] + 1), inside[run]
