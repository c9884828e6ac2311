"""What is low-level about an event: light, motion, sound, and where in speech and film it falls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fusion.stimuli import frames, sound, waveform
from fusion.stimuli.spec import LowlevelSpec

BLOCK = 64  # pictures read at a time


def describe(
    events: pd.DataFrame,
    visual: pd.DataFrame | None,
    words: pd.DataFrame,
    cuts: pd.DataFrame | None,
    spectrum: np.ndarray | None,
    end_s: float,
    spec: LowlevelSpec,
) -> pd.DataFrame:
    """Return all low-level features of an alignment's events.

    Parameters
    ----------
    events
        onset_s, and word where events are words.
    visual
        As from :func:`visual`; None without pictures.
    words, cuts
        onset_s of all words; cut_s of all cuts, None without pictures.
    spectrum
        As from :func:`fusion.stimuli.sound.spectrum`; None for a film without sound.
    end_s
        Length of the film.
    spec
        Windows.

    Returns
    -------
    DataFrame
        (n_events, n_features), named.
    """
    onset_s = events["onset_s"].to_numpy()
    cut_s = np.zeros(0) if cuts is None else cuts["cut_s"].to_numpy()
    when = temporal(onset_s, cut_s, words["onset_s"].to_numpy(), end_s, spec.rate_window_s)
    if cuts is None:
        when = when.drop(columns=["since_cut_s", "to_cut_s"])
    parts = [when] if visual is None else [visual, when]
    if events["word"].notna().any():
        parts.append(pd.DataFrame({"word_length": letters(events["word"])}))
    if spectrum is not None:
        parts.append(acoustic(spectrum, onset_s, spec.audio_window_s))
    return pd.concat(parts, axis=1)


def visual(store: xr.Dataset, frame: np.ndarray) -> pd.DataFrame:
    """Return light and motion of each event's picture.

    Parameters
    ----------
    store
        ``image`` (frame, y, x, rgb) uint8 and ``motion_energy`` (frame), labelled by presentation
        index.
    frame
        (event,) presentation indices, all of them in ``store``.

    Returns
    -------
    DataFrame
        luminance (mean luma, 0..1), contrast (its standard deviation: RMS contrast), motion_energy.
    """
    kept = store["frame"].to_numpy()
    where = np.searchsorted(kept, frame)
    assert np.array_equal(kept[np.minimum(where, len(kept) - 1)], frame), (
        "a picture of an event is not in the store"
    )
    light = np.empty((len(kept), 2))
    # Pictures of clips, in which no event is, are left out.
    for start in np.unique(where // BLOCK * BLOCK).tolist():
        block = frames.luma(store["image"][start : start + BLOCK].to_numpy())
        light[start : start + BLOCK] = np.column_stack([block.mean((1, 2)), block.std((1, 2))])
    motion = store["motion_energy"].to_numpy()
    return pd.DataFrame(
        {"luminance": light[where, 0], "contrast": light[where, 1], "motion_energy": motion[where]}
    )


def temporal(
    onset_s: np.ndarray,
    cut_s: np.ndarray,
    word_onset_s: np.ndarray,
    end_s: float,
    rate_window_s: float,
) -> pd.DataFrame:
    """Return where events fall.

    Parameters
    ----------
    onset_s
        (event,) film time.
    cut_s
        (cut,) film time of the cuts, increasing.
    word_onset_s
        (word,) film time.
    end_s
        Length of the film.
    rate_window_s
        Width of the window, centred on the event, in which words are counted.

    Returns
    -------
    DataFrame
        since_cut_s (from the cut before, or from the film's start), to_cut_s (to the next cut, or
        to the film's end), word_rate_hz, film_position (0..1).
    """
    edges = np.concatenate([[0.0], np.asarray(cut_s, float), [end_s]])
    # Strictly before and after: at a cut, the shot that ended and the one that begins.
    before = edges[np.maximum(np.searchsorted(edges, onset_s, side="left") - 1, 0)]
    after = edges[np.minimum(np.searchsorted(edges, onset_s, side="right"), len(edges) - 1)]
    spoken, half = np.sort(word_onset_s), rate_window_s / 2
    words = np.searchsorted(spoken, onset_s + half, side="right") - np.searchsorted(
        spoken, onset_s - half, side="left"
    )
    return pd.DataFrame(
        {
            "since_cut_s": onset_s - before,
            "to_cut_s": np.maximum(after - onset_s, 0),
            "word_rate_hz": words / rate_window_s,
            "film_position": onset_s / end_s,
        }
    )


def letters(words: Iterable[Any]) -> np.ndarray:
    """Return the number of letters and digits of each word: (event,)."""
    return np.array([sum(c.isalnum() for c in str(word)) for word in words], float)


def acoustic(
    spectrum: np.ndarray, onset_s: np.ndarray, window_s: tuple[float, float]
) -> pd.DataFrame:
    """Return the mean of the sound's envelope and mel bands in a window relative to each event.

    Parameters
    ----------
    spectrum
        (time, 1 + band), as from :func:`fusion.stimuli.sound.spectrum`.
    onset_s
        (event,) film time.
    window_s
        First and last second of the window relative to the event.

    Returns
    -------
    DataFrame
        envelope_db, mel_00_db ..; a window without sound takes the nearest row.
    """
    step = sound.HOP / waveform.RATE_HZ
    first = np.clip(np.round((onset_s + window_s[0]) / step).astype(int), 0, len(spectrum) - 1)
    last = np.clip(np.round((onset_s + window_s[1]) / step).astype(int), first + 1, len(spectrum))
    total = np.vstack([np.zeros((1, spectrum.shape[1])), np.cumsum(spectrum, axis=0, dtype=float)])
    means = (total[last] - total[first]) / (last - first)[:, None]
    return pd.DataFrame(
        means, columns=["envelope_db", *(f"mel_{k:02d}_db" for k in range(spectrum.shape[1] - 1))]
    )
