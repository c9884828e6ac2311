"""The waveform of a film's sound on the film's clock: decoded once, written as it comes, read in
windows.

Sample k of the file is the sound at k / 16,000 s of film time. Files hold mono float32 at 16 kHz,
which is what networks of speech take.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import h5netcdf
import numpy as np
import xarray as xr

from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.stimuli import film

RATE_HZ = 16_000
#: Rounded timestamps wobble by a millisecond or two; only a larger gap is filled with silence.
WOBBLE = RATE_HZ // 20
CHUNK = 2 * RATE_HZ
BLOCK = 60 * RATE_HZ


def decode(path: str | Path, zero_s: float) -> Iterator[np.ndarray]:
    """Yield the film's first audio stream as mono float32 at 16 kHz, piece by piece.

    The first sample is second 0 of the film: sound that starts later begins with silence, and what
    lies before is left out. Gaps between timestamps are filled with silence.

    Parameters
    ----------
    path
        The film.
    zero_s
        Second 0 of the film on the container's clock.

    Raises
    ------
    InputError
        If the sound cannot be decoded.
    """
    with film.open_film(path) as container:
        if not container.streams.audio:
            return
        written = 0
        try:
            for piece in _mono(container):
                samples = piece.to_ndarray().reshape(-1)
                if piece.pts is not None and piece.time_base is not None:
                    start = round((float(piece.pts * piece.time_base) - zero_s) * RATE_HZ)
                    late = start - written
                    if late > (WOBBLE if written else 0):
                        yield np.zeros(late, np.float32)
                        written += late
                    elif late < 0 and not written:
                        samples = samples[-late:]
                written += len(samples)
                if len(samples):
                    yield samples
        except av.error.FFmpegError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                path,
                f"sound after {written / RATE_HZ:.3f} s",
                f"damaged data ({reason})",
                "sound that FFmpeg decodes, or none",
            ) from None


def _mono(container: Any) -> Iterator[av.AudioFrame]:
    """Yield the first audio stream as mono float32 at 16 kHz; a stream may change its layout."""
    layout, resampler = None, None
    for frame in container.decode(container.streams.audio[0]):
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if now != layout:
            if resampler is not None:
                yield from resampler.resample(None)
            layout, resampler = now, av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
        assert resampler is not None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def write(file: h5netcdf.File, pieces: Iterator[np.ndarray]) -> int:
    """Write the waveform to an open labelled file as it is decoded; return the number of samples.

    Adds the variable ``waveform`` (sample,) and the attribute ``rate_hz``. No more than
    ``BLOCK`` samples (a minute) are held in memory.
    """
    file.attrs["rate_hz"] = RATE_HZ
    file.dimensions["sample"] = None
    waveform = labelled.add(
        file, "waveform", ("sample",), attrs={"units": "full scale"}, chunks=(CHUNK,)
    )
    total, held, waiting = 0, 0, list[np.ndarray]()

    def flush() -> None:
        nonlocal total, held
        if held:
            file.resize_dimension("sample", total + held)
            waveform[total : total + held] = np.concatenate(waiting)
            total, held = total + held, 0
            waiting.clear()

    for piece in pieces:
        waiting.append(piece)
        held += len(piece)
        if held >= BLOCK:
            flush()
    flush()
    return total


def blocks(waveform: xr.DataArray) -> Iterator[np.ndarray]:
    """Yield the waveform from the start, a minute at a time."""
    for start in range(0, len(waveform), BLOCK):
        yield waveform[start : start + BLOCK].to_numpy()


def stops(onset_s: np.ndarray, after_s: float = 0.0) -> np.ndarray:
    """Return the sample (n_events,) before which each event's window of sound ends.

    Parameters
    ----------
    onset_s
        (n_events,) film time.
    after_s
        Seconds after the event that are heard too; 0 for a causal window.
    """
    return np.round((np.asarray(onset_s, float) + after_s) * RATE_HZ).astype(np.int64)


def windows(waveform: xr.DataArray, stop: np.ndarray, samples: int) -> np.ndarray:
    """Return the windows of sound (n_events, samples) that end right before the samples ``stop``.

    Before second 0 of the film, and after the end of its sound, there is silence.
    """
    out = np.zeros((len(stop), samples), np.float32)
    for row, end in zip(out, np.asarray(stop).tolist(), strict=True):
        first, last = max(0, end - samples), min(end, len(waveform))
        if last > first:
            row[first - end + samples : last - end + samples] = waveform[first:last].to_numpy()
    return out
