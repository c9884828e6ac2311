"""What a network is shown under one pairing of frames and texts or under several: everything once,
and which event shows what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.io.errors import InputError


@dataclass(frozen=True)
class Inputs:
    """Distinct inputs, in order of first appearance.

    Attributes
    ----------
    frames
        (frame,) presentation indices.
    texts
        (text,) strings.
    pairs
        (pair, 2) rows of ``frames`` and of ``texts`` that are shown together.
    shown
        Pairing -> kind (``frame``, ``text``, ``pair``) -> (event,) row of that kind.
    """

    frames: np.ndarray
    texts: np.ndarray
    pairs: np.ndarray
    shown: dict[str, dict[str, np.ndarray]]

    def of(self, kind: str) -> np.ndarray:
        """Return the inputs of one kind."""
        return {"frame": self.frames, "text": self.texts, "pair": self.pairs}[kind]


def distinct(events: pd.DataFrame, columns: dict[str, str]) -> Inputs:
    """Return what a network is shown when the events' frames go with the texts of one or several
    columns.

    Parameters
    ----------
    events
        Columns ``frame`` and those of ``columns``; a missing text is an empty one.
    columns
        Pairing -> column of its texts.

    Raises
    ------
    InputError
        If there are no events.
    """
    if events.empty:
        raise InputError(
            "events",
            "",
            "no events",
            "at least one event; see how many words and cuts there were in the table of counts",
        )
    frame, frames = pd.factorize(np.tile(events["frame"].to_numpy(), len(columns)))
    text, texts = pd.factorize(
        np.concatenate(
            [events[column].fillna("").astype(str).to_numpy(object) for column in columns.values()]
        )
    )
    pair, pairs = pd.factorize(frame * len(texts) + text)
    rows = {"frame": frame, "text": text, "pair": pair}
    of_pairing = {kind: values.reshape(len(columns), -1) for kind, values in rows.items()}
    shown = {
        pairing: {kind: values[i] for kind, values in of_pairing.items()}
        for i, pairing in enumerate(columns)
    }
    return Inputs(frames, texts, np.stack([pairs // len(texts), pairs % len(texts)], 1), shown)


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
