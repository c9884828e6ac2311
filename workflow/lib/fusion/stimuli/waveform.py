"""The waveform of a film's sound on the film's clock: written as it is decoded, read in windows.

Sample k of the file is the sound at k / 16,000 s of film time. Files hold mono float32 at 16 kHz,
which is what networks of speech take.
"""

from __future__ import annotations

from collections.abc import Iterator

import h5netcdf
import numpy as np
import xarray as xr

from fusion.io import labelled

RATE_HZ = 16_000
CHUNK = 2 * RATE_HZ
BLOCK = 60 * RATE_HZ


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
