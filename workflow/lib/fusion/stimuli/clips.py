"""Clips: the pictures before an event, at the rate of a network that sees motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusion.stimuli.spec import Clip

#: Times of pictures are rounded to this (s).
ROUNDING_S = 1e-6


def pictures(picture_s: np.ndarray, frame: np.ndarray, clip: Clip) -> np.ndarray:
    """Return which pictures make the clip of each event: (n_events, n_pictures) indices.

    The last picture is the event's own. Each picture before is the one on screen 1 / ``rate_hz``
    earlier. Pictures before the film's start, or more than ``seconds`` before the event, are
    replaced by the first picture after that.

    Parameters
    ----------
    picture_s
        (n_pictures_of_the_film,) film time at which each picture is shown, increasing.
    frame
        (n_events,) presentation index of each event's picture.
    clip
        How many pictures, and how far apart.
    """
    end_s = picture_s[np.asarray(frame, np.int64)]
    back_s = np.arange(clip.pictures - 1, -1, -1) / clip.rate_hz
    if clip.seconds is not None:
        back_s = np.minimum(back_s, clip.seconds)
    times = end_s[:, None] - back_s[None, :]
    return np.maximum(np.searchsorted(picture_s, times + ROUNDING_S, side="right") - 1, 0)


def wanted(picture_s: np.ndarray, frame: np.ndarray, clips: Sequence[Clip]) -> np.ndarray:
    """Return, sorted, all pictures that events need: their own and those of their clips."""
    found = [np.unique(frame), *(np.unique(pictures(picture_s, frame, clip)) for clip in clips)]
    return np.unique(np.concatenate(found))
