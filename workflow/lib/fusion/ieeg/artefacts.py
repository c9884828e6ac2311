"""Stretches of a clean signal that are no brain signal: by amplitude, steps, line noise, silence.

Each electrode is judged by its own robust spread, window by window. What is found is carried by
``mne.Annotations`` and written as a table; by default nothing is dropped for it, as the fits are
robust.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fusion.ieeg.segments import Segments
from fusion.ieeg.spec import ArtefactsSpec

if TYPE_CHECKING:
    from mne import Annotations

COLUMNS = ["onset", "duration", "trial_type", "channel", "sample"]
KINDS = ("amplitude", "step", "line", "flat")
#: A window is flat if its peak-to-peak value is below this share of the electrode's usual one.
FLAT = 1e-3
#: Windows looked at together.
BLOCK = 256
MAD = 0.6744897501960817


def find(
    x: np.ndarray,
    segments: Sequence[slice],
    sfreq: float,
    line_hz: float | None,
    spec: ArtefactsSpec,
) -> list[tuple[int, int, str]]:
    """Return the stretches of one signal that are marked: first sample, samples, kind.

    Windows of ``spec.window_s`` that follow on each other make one stretch.

    Parameters
    ----------
    x
        (n_samples,) clean signal.
    segments
        Continuous pieces; no window crosses a seam.
    sfreq
        Sampling rate (Hz).
    line_hz
        Line frequency; None where it is unknown.
    spec
        Criteria.
    """
    width = max(2, round(spec.window_s * sfreq))
    starts = np.concatenate(
        [np.arange(s.start, s.stop - width + 1, width) for s in segments]
    ).astype(int)
    if not len(starts):
        return []
    view = np.lib.stride_tricks.sliding_window_view(x, width)
    middle = float(np.median(x))
    spread = float(np.median(np.abs(x - middle))) / MAD
    lag = max(1, round(0.01 * sfreq))
    away, steps, range_ = (np.empty(len(starts)) for _ in range(3))
    excess = np.zeros(len(starts))
    for k in range(0, len(starts), BLOCK):
        windows = view[starts[k : k + BLOCK]].astype(np.float64)
        away[k : k + BLOCK] = np.abs(windows - middle).max(axis=1)
        steps[k : k + BLOCK] = np.abs(windows[:, lag:] - windows[:, :-lag]).max(axis=1)
        range_[k : k + BLOCK] = np.ptp(windows, axis=1)
        if line_hz and line_hz + 10 < sfreq / 2:
            excess[k : k + BLOCK] = line_excess(windows, sfreq, line_hz)
    few = view[starts[:: max(1, len(starts) // BLOCK)]].astype(np.float64)
    usual_step = float(np.median(np.abs(few[:, lag:] - few[:, :-lag]))) / MAD
    marks = {
        "amplitude": away > spec.amplitude_sd * spread,
        "step": steps > spec.step_sd * usual_step,
        "flat": range_ <= FLAT * float(np.median(range_)),
    }
    marks["line"] = excess > spec.line_ratio
    found = []
    for kind in KINDS:
        hit = np.flatnonzero(marks[kind])
        for run in np.split(hit, np.flatnonzero(np.diff(hit) > 1) + 1):
            for part in _within(run, starts, width):
                found.append((int(starts[part[0]]), int(width * len(part)), kind))
    return sorted(found)


def _within(run: np.ndarray, starts: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Yield pieces of a run of windows that touch: a seam parts it."""
    if len(run):
        yield from np.split(run, np.flatnonzero(np.diff(starts[run]) != width) + 1)


def line_excess(windows: np.ndarray, sfreq: float, line_hz: float) -> np.ndarray:
    """Return the amplitude at the line frequency over the median of its neighbourhood (3 to 8 Hz
    away), (n_windows,).
    """
    n = windows.shape[1]
    taper = np.hanning(n)
    frequencies = np.fft.rfftfreq(n, 1 / sfreq)
    near = np.abs(frequencies - line_hz)
    at, around = near <= 1.5, (near >= 3) & (near <= 8)
    spectrum = np.abs(np.fft.rfft(windows * taper, axis=1))
    floor = np.median(spectrum[:, around], axis=1)
    excess: np.ndarray = spectrum[:, at].max(axis=1) / np.maximum(floor, 1e-30)
    return excess


class Marks:
    """Collects what is found while clean signals pass by."""

    def __init__(self, segments: Segments, line_hz: float | None, spec: ArtefactsSpec) -> None:
        self.segments, self.line_hz, self.spec = segments, line_hz, spec
        self.rows: list[tuple[float, float, str, str, int]] = []
        self.electrodes = 0

    def watch(self, names: Sequence[str], signals: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield the signals, (n_samples,) each, one a name, and mark each."""
        sfreq, pieces = self.segments.sfreq, self.segments.slices
        start = self.segments.start
        for name, x in zip(names, signals, strict=True):
            for sample, count, kind in find(x, pieces, sfreq, self.line_hz, self.spec):
                k = int(np.searchsorted(start, sample, side="right")) - 1
                onset = float(self.segments.onset_s[k] + (sample - start[k]) / sfreq)
                self.rows.append((onset, count / sfreq, f"BAD_{kind}", name, sample))
            self.electrodes += 1
            yield x

    @property
    def annotations(self) -> Annotations:
        """What was found, as MNE carries it."""
        # Imported on use: only cleaning pays for it.
        from mne import Annotations

        onset, duration, kind, channel, sample = (
            zip(*self.rows, strict=True) if self.rows else 5 * [()]
        )
        names = [(name,) for name in channel]
        extras = [{"sample": at} for at in sample]
        return Annotations(onset, duration, kind, ch_names=names, extras=extras)

    @property
    def table(self) -> pd.DataFrame:
        """One row a stretch, in the order of time: onset and duration (s), kind, electrode, first
        sample.
        """
        marks = self.annotations
        channel = [name for names in marks.ch_names for name in names]
        sample = [extra["sample"] for extra in marks.extras]
        columns = (marks.onset, marks.duration, marks.description, channel, sample)
        found = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
        return found.sort_values(["onset", "channel"], kind="stable", ignore_index=True)

    @property
    def share(self) -> float:
        """Share of all windows of all electrodes that is marked, by whatever kind."""
        marked = 0.0
        for _, rows in self.table.groupby("channel"):
            marked += _covered(rows)
        whole = self.electrodes * self.segments.samples / self.segments.sfreq
        return marked / whole if whole else 0.0


def _covered(rows: pd.DataFrame) -> float:
    """Return the length of stretches of one electrode together, overlaps counted once (s)."""
    total, reach = 0.0, -np.inf
    for onset, duration in rows[["onset", "duration"]].to_numpy(float):
        stop = onset + duration
        total += max(0.0, stop - max(onset, reach))
        reach = max(reach, stop)
    return total


def at_events(
    marks: pd.DataFrame,
    electrodes: Sequence[str],
    sample: np.ndarray,
    window: tuple[int, int],
    sfreq: float,
) -> np.ndarray:
    """Return whether the window of each event touches a marked stretch, (n_events, n_electrodes)
    bool.

    Parameters
    ----------
    marks
        As :attr:`Marks.table` gives it.
    electrodes
        Names, in the order of the result.
    sample
        (n_events,) sample of each event.
    window
        First sample and last sample + 1 of a window, relative to the event.
    sfreq
        Sampling rate (Hz).
    """
    out = np.zeros((len(sample), len(electrodes)), bool)
    column = {name: k for k, name in enumerate(electrodes)}
    first, last = sample + window[0], sample + window[1]
    start = marks["sample"].to_numpy(float)
    stop = start + np.rint(marks["duration"].to_numpy(float) * sfreq)
    for name, a, b in zip(marks["channel"].astype(str), start, stop, strict=True):
        if name in column:
            out[:, column[name]] |= (first < b) & (last > a)
    return out
