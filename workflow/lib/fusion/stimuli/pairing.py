"""Shuffled pairings: each picture with the text of another moment, each stream in its own order."""

from __future__ import annotations

import numpy as np

from fusion.io.errors import InputError


def shifts(onset_s: np.ndarray, n: int, min_shift_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` different circular shifts, in events, that take every event at least
    ``min_shift_s`` of film time away.

    With a shift m, the picture of event i goes with the text of event (i + m) mod n_events: all
    pictures and all texts are used, each once, and each stream keeps its order but for one seam.

    Parameters
    ----------
    onset_s
        (event,) film time, increasing.
    n
        Number of shifts.
    min_shift_s
        Smallest distance in film time between a picture and its text.
    rng
        Where they are drawn from.

    Raises
    ------
    InputError
        If fewer than ``n`` shifts are possible.
    """
    onset_s = np.asarray(onset_s, float)
    possible = [
        m
        for m in range(1, len(onset_s))
        if np.abs(np.roll(onset_s, -m) - onset_s).min() >= min_shift_s
    ]
    if len(possible) < n:
        found = (
            f"{n}, but {len(possible)} shifts of the {len(onset_s)} events move all of them by"
            f" {min_shift_s:g} s or more"
        )
        raise InputError(
            "config",
            "key events.shuffled_pairings",
            found,
            "fewer pairings or a smaller events.shuffle_min_shift_s",
        )
    return rng.choice(np.array(possible, int), size=n, replace=False)


def shifted(text: np.ndarray, shift: int) -> np.ndarray:
    """Return the texts (event,) of ``shift`` events later, going round at the end."""
    return np.roll(text, -shift)
