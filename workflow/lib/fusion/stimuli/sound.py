"""The sound of a film as envelope and mel spectrum, a hundred times a second, in one pass."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np

from fusion.io.errors import InputError
from fusion.stimuli import film

RATE_HZ = 16_000
HOP = 160  # 10 ms
WINDOW = 400  # 25 ms


def spectrum(path, clock: film.FilmClock, bands: int) -> np.ndarray | None:
    """Return the log mel spectrum of the film's sound, with the log envelope in the first column;
    None for a silent film.

    Parameters
    ----------
    path, clock
        The film and its clock.
    bands
        Number of mel bands from 0 to 8 kHz.

    Returns
    -------
    ndarray
        (time, 1 + band) float32; row k covers 25 ms from k * 10 ms of film time: dB relative to
        full scale, no lower than -100.
    """
    window, filters = np.hanning(WINDOW).astype(np.float32), mel_filters(bands, WINDOW, RATE_HZ)
    rows, rest = [], np.zeros(0, np.float32)
    for samples in _samples(path, clock.zero_s):
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
    return filters / np.maximum(filters.sum(0), 1e-12)


def _samples(path, zero_s: float) -> Iterator[np.ndarray]:
    """Yield the sound as mono float32 at ``RATE_HZ``, from second 0 of the film: silence where
    timestamps leave gaps.
    """
    with film.open_film(path) as container:
        if not container.streams.audio:
            return
        written = 0
        try:
            for piece in _mono(container):
                samples = piece.to_ndarray().reshape(-1)
                if piece.pts is not None:
                    start = round((float(piece.pts * piece.time_base) - zero_s) * RATE_HZ)
                    # Rounded timestamps wobble by a millisecond or two; only a real gap is filled.
                    if start > written + RATE_HZ // 20:
                        yield np.zeros(start - written, np.float32)
                        written = start
                    elif start < 0:
                        samples = samples[-start:]
                written += len(samples)
                if len(samples):
                    yield samples
        except av.error.FFmpegError as error:
            where = f"sound after {written / RATE_HZ:.3f} s"
            raise InputError(
                path,
                where,
                f"damaged data ({str(error).splitlines()[0]})",
                "sound that FFmpeg decodes, or none",
            ) from None


def _mono(container) -> Iterator[av.AudioFrame]:
    """Yield the first audio stream as mono float32 at ``RATE_HZ``; broadcasts change their layout
    in midstream.
    """
    layout, resampler = None, None
    for frame in container.decode(container.streams.audio[0]):
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != layout:
            layout, resampler = now, av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        yield from resampler.resample(frame)
