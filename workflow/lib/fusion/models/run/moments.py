"""What a film shows or plays at an event: a frame, a clip, or the sound before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.models.run.inputs import Inputs
from fusion.models.run.network import Network
from fusion.models.spec import ActivationsSpec
from fusion.stimuli import clips, waveform

#: (start, stop) -> what is shown or played at that part of the distinct moments.
Reader = Callable[[int, int], np.ndarray]
#: A clip or a window of sound takes about as much memory as so many images.
IMAGES_OF_ONE = 8


def moments(spec: ActivationsSpec, events: pd.DataFrame) -> np.ndarray:
    """Return what tells the moments of events apart: (n_events,) presentation indices of frames, or
    for a network of sound the samples at which windows end.
    """
    if spec.heard is not None:
        return waveform.stops(events["onset_s"].to_numpy(), spec.heard.sound_after_s)
    return events["frame"].to_numpy()


def prepare(spec: ActivationsSpec, network: Network) -> None:
    """Tell a network of sound how long its window is and which part of it is read, and give
    networks of sound and motion two examples of what they take.

    Raises
    ------
    InputError
        If the part is longer than the window.
    """
    rng = np.random.default_rng(0)
    if spec.clip is not None:
        shape = (2, spec.clip.pictures, 64, 64, 3)
        network.examples = rng.integers(0, 256, shape, dtype=np.uint8)
    if spec.heard is None or network.hearing is None:
        return
    hearing, heard = network.hearing, spec.heard
    hearing.window = round(heard.sound_s * waveform.RATE_HZ)
    hearing.read = round(heard.sound_read_ms / 1000 * waveform.RATE_HZ)
    if not 0 < hearing.read <= hearing.window:
        raise InputError(
            "config",
            "key events.sound_read_ms",
            f"{heard.sound_read_ms:g} of a window of {heard.sound_s:g} s",
            "a last part of events.sound_s",
        )
    network.examples = rng.standard_normal((2, hearing.window), np.float32)


def batch_size(spec: ActivationsSpec, images: int) -> int:
    """Return how many inputs to begin with, where ``images`` images would be."""
    many = spec.heard is not None or spec.clip is not None
    return max(1, images // IMAGES_OF_ONE) if many else images


def reader(spec: ActivationsSpec, store: xr.Dataset | None, inputs: Inputs[Any]) -> Reader:
    """Return how moments are read.

    Parameters
    ----------
    spec
        What the network is given.
    store
        The film's frames or its waveform, open; None for a network of text.
    inputs
        The distinct moments, as ``frames``.

    Raises
    ------
    InputError
        If the store lacks a frame, or the film has no sound.
    """
    if store is None:
        return _nothing
    if spec.heard is not None:
        return _sound(store, inputs.frames, round(spec.heard.sound_s * waveform.RATE_HZ))
    if spec.clip is not None:
        return _pictures(
            store, clips.pictures(store["picture_s"].to_numpy(), inputs.frames, spec.clip)
        )
    return _pictures(store, inputs.frames)


def _pictures(store: xr.Dataset, wanted: np.ndarray) -> Reader:
    """Return the reader of frames (n_moments,), or of clips (n_moments, n_pictures)."""
    kept = store["frame"].to_numpy()
    place = np.minimum(np.searchsorted(kept, wanted), len(kept) - 1)
    if (lost := wanted[kept[place] != wanted]).size:
        raise InputError("frames", "frame", f"no frame {lost.min()}", "all frames of the events")

    def read(start: int, stop: int) -> np.ndarray:
        at, back = np.unique(place[start:stop], return_inverse=True)
        images = labelled.take(store["image"], at)
        return images[back.reshape(place[start:stop].shape)]

    return read


def _sound(store: xr.Dataset, stop: np.ndarray, samples: int) -> Reader:
    sound = store["waveform"]
    if not len(sound):
        raise InputError(
            "sound", "", "a film without sound", "a film with sound, or models that hear nothing"
        )
    return lambda first, last: waveform.windows(sound, stop[first:last], samples)


def _nothing(start: int, stop: int) -> np.ndarray:
    raise InputError("frames", "", "no file", "the film's frames, for a model that sees them")
