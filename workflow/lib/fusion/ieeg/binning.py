"""Event-locked responses: means over bins, from one cumulative sum a channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.ieeg import clock as film_clock
from fusion.io.errors import InputError


@dataclass(frozen=True)
class Bins:
    """Bins around an event: centres (ms) and the samples, relative to the event's, at which each
    starts and stops.
    """

    centre_ms: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def bins(window_ms: tuple[float, float], bin_width_ms: float, step_ms: float, sfreq: float) -> Bins:
    """Return bins with centres from the first to the last of ``window_ms`` every ``step_ms``.

    An edge at t ms is the sample nearest to it: round(t / 1000 * sfreq), the same for every event.

    Raises
    ------
    ValueError
        If a bin would hold no sample or the window has no bin.
    """
    first, last = window_ms
    count = int(np.floor((last - first) / step_ms + 1e-9)) + 1
    if count < 1:
        raise ValueError(f"no bin between {first} and {last} ms")
    centre = first + step_ms * np.arange(count)
    start = np.rint((centre - bin_width_ms / 2) / 1000 * sfreq).astype(np.int64)
    stop = np.rint((centre + bin_width_ms / 2) / 1000 * sfreq).astype(np.int64)
    if (stop <= start).any():
        raise ValueError(f"a bin of {bin_width_ms} ms holds no sample at {sfreq} Hz")
    return Bins(centre, start, stop)


def place(
    events: pd.DataFrame, clock: pd.DataFrame, grid: Bins, sfreq: float, samples: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the events whose window lies in the recording and in one segment, with ``sample``, and
    how many were dropped.

    Parameters
    ----------
    events
        event, onset_s (film time).
    clock
        film_s, recording_s, segment.
    grid
        The bins.
    sfreq, samples
        Rate (Hz) and length of the recording.

    Returns
    -------
    kept : pandas.DataFrame
        event, onset_s, sample (nearest to the event).
    dropped : dict
        reason -> count, only reasons that occur.
    """
    onset = events["onset_s"].to_numpy(float)
    recording, segment = film_clock.to_recording(clock, onset)
    played = segment >= 0
    sample = np.rint(np.where(played, recording, 0) * sfreq).astype(np.int64)
    first, last = sample + grid.start.min(), sample + grid.stop.max()
    inside = played & (first >= 0) & (last <= samples)
    ends = film_clock.limits(clock)
    whole = inside.copy()
    if played.any():
        low = np.rint(ends.loc[segment[played], "first"].to_numpy() * sfreq)
        high = np.rint(ends.loc[segment[played], "last"].to_numpy() * sfreq)
        whole[played] &= (first[played] >= low) & (last[played] <= high)
    dropped = {
        "not on the film's clock": int((~played).sum()),
        "window leaves the recording": int((played & ~inside).sum()),
        "window crosses a gap": int((inside & ~whole).sum()),
    }
    kept = pd.DataFrame(
        {
            "event": events["event"].to_numpy()[whole],
            "onset_s": onset[whole],
            "sample": sample[whole],
        }
    )
    return kept, {reason: count for reason, count in dropped.items() if count}


def bin_means(signal: np.ndarray, sample: np.ndarray, grid: Bins) -> np.ndarray:
    """Return the mean of ``signal`` in each bin around each event, (event, bin) float32.

    Parameters
    ----------
    signal
        (time,); sums are kept in float64.
    sample
        Sample of each event; every window lies inside the signal.
    """
    total = np.empty(len(signal) + 1)
    total[0] = 0
    np.cumsum(signal, dtype=np.float64, out=total[1:])
    sums = total[sample[:, None] + grid.stop] - total[sample[:, None] + grid.start]
    return (sums / (grid.stop - grid.start)).astype(np.float32)


def check_some(kept: pd.DataFrame, dropped: dict[str, int], events_file, recording: str) -> None:
    """Raise ``InputError`` if no event is left, with why the events were dropped."""
    if kept.empty:
        why = (
            ", ".join(f"{count} {reason}" for reason, count in dropped.items())
            or "the table is empty"
        )
        raise InputError(
            events_file,
            "",
            f"no event whose window lies in {recording} ({why})",
            "an event with its window inside the recording",
        )


def batches(count: int, bytes_each: int, limit: int = 256 * 2**20) -> list[range]:
    """Return consecutive ranges of ``count`` electrodes whose responses fit in ``limit`` bytes, one
    electrode at least.
    """
    size = max(1, limit // max(bytes_each, 1))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]
