"""The sound of a film as envelope and mel spectrum, a hundred times a second, in one pass."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fusion.stimuli.waveform import RATE_HZ

HOP = 160  # 10 ms
WINDOW = 400  # 25 ms


def spectrum(pieces: Iterable[np.ndarray], bands: int) -> np.ndarray | None:
    """Return the log mel spectrum of a waveform, with the log envelope in the first column; None
    without sound.

    Parameters
    ----------
    pieces
        The waveform from second 0 of the film, in pieces (n_samples,): mono, 16 kHz.
    bands
        Number of mel bands from 0 to 8 kHz.

    Returns
    -------
    ndarray
        (n_times, 1 + bands) float32; row k covers 25 ms from k * 10 ms of film time: dB relative to
        full scale, no lower than -100.
    """
    window, filters = np.hanning(WINDOW).astype(np.float32), mel_filters(bands, WINDOW, RATE_HZ)
    rows, rest = list[np.ndarray](), np.zeros(0, np.float32)
    for samples in pieces:
        rest = np.concatenate([rest, samples])
        n = (len(rest) - WINDOW) // HOP + 1
        if n > 0:
            pieces = np.lib.stride_tricks.sliding_window_view(rest, WINDOW)[: n * HOP : HOP][:n]
            power = np.abs(np.fft.rfft(pieces * window, axis=1)) ** 2 / (window**2).sum()
            rows.append(np.column_stack([(pieces**2).mean(1), power @ filters]))
            rest = rest[n * HOP :]
    return (10 * np.log10(np.concatenate(rows) + 1e-10)).astype(np.float32) if rows else None


def mel_filters(bands: int, window: int, rate_hz: float) -> np.ndarray:
    """Return triangular filters (frequency, band), equally wide in mel (2595 log10(1 + f/700)) from
    0 to half the rate, of sum 1.
    """
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequency = np.fft.rfftfreq(window, 1 / rate_hz)[:, None]
    rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    filters = np.clip(np.minimum(rising, falling), 0, None)
    normal: np.ndarray = filters / np.maximum(filters.sum(0), 1e-12)
    return normal
