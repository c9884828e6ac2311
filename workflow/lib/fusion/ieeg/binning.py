"""Event-locked responses: means over bins, from one cumulative sum a channel."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from fusion.ids import Alignment
from fusion.ieeg import clock as film_clock
from fusion.ieeg.brainvision import Vectorized
from fusion.ieeg.spec import ResponsesSpec
from fusion.io import labelled
from fusion.io.errors import InputError

log = logging.getLogger(__name__)

#: Share of the events of a recording's stretch of film below which something is wrong.
SURVIVING = 0.5
OFF = "not on the film's clock"


@dataclass(frozen=True)
class Bins:
    """Bins around an event: centres (ms) and the samples, relative to the event's, at which each
    starts and stops.
    """

    centre_ms: np.ndarray
    start: np.ndarray
    stop: np.ndarray


@dataclass(frozen=True)
class Locked:
    """The events of one alignment in a recording.

    Attributes
    ----------
    alignment
        Kind of event.
    kept
        event, onset_s (film time), sample.
    dropped
        Reason -> how many events were dropped.
    marked
        (n_events, n_electrodes) bool, whether an artefact lies in the window.
    """

    alignment: Alignment
    kept: pd.DataFrame
    dropped: dict[str, int]
    marked: np.ndarray


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
    events: pd.DataFrame, clock: pd.DataFrame, pieces: pd.DataFrame, grid: Bins
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the events whose window lies in one segment of the recording and of the film, and how
    many were dropped.

    Parameters
    ----------
    events
        event, onset_s (film time).
    clock
        As :func:`fusion.ieeg.clock.on_samples` returns it.
    pieces
        Segments of the recording: sample, samples, kept.
    grid
        The bins.

    Returns
    -------
    kept : pandas.DataFrame
        event, onset_s, sample (nearest to the event).
    dropped : dict
        reason -> count, only reasons that occur.
    """
    onset = events["onset_s"].to_numpy(float)
    at, row = film_clock.to_sample(clock, onset)
    played = row >= 0
    sample = np.rint(np.where(played, at, 0)).astype(np.int64)
    first, last = sample + grid.start.min(), sample + grid.stop.max()
    ends = film_clock.limits(clock)
    kept_pieces = pieces[pieces["kept"].astype(bool)]
    starts = kept_pieces["sample"].to_numpy(np.int64)
    stops = starts + kept_pieces["samples"].to_numpy(np.int64)
    piece = ends["piece"].to_numpy(int)[row] if len(ends) else np.zeros(len(onset), int)
    low = np.rint(ends["first"].to_numpy(float)[row]) if len(ends) else np.zeros(len(onset))
    high = np.rint(ends["last"].to_numpy(float)[row]) if len(ends) else np.zeros(len(onset))
    in_piece = played & (first >= starts[piece]) & (last <= stops[piece])
    # beyond the first and the last segment there is nothing, beyond others there is a seam
    leaves = played & (
        ((first < starts[piece]) & (piece == 0))
        | ((last > stops[piece]) & (piece == len(starts) - 1))
    )
    whole = in_piece & (first >= low) & (last <= high)
    paused = ~played & film_clock.in_a_pause(clock, onset)
    dropped = {
        OFF: int((~played & ~paused).sum()),
        "in a pause of the recording": int(paused.sum()),
        "window leaves the recording": int(leaves.sum()),
        "window touches a seam": int((played & ~in_piece & ~leaves).sum()),
        "window crosses a gap": int((in_piece & ~whole).sum()),
    }
    kept = pd.DataFrame(
        {
            "event": events["event"].to_numpy()[whole],
            "onset_s": onset[whole],
            "sample": sample[whole],
        }
    )
    return kept, {reason: count for reason, count in dropped.items() if count}


def rejected(
    kept: pd.DataFrame, marked: np.ndarray, dropped: dict[str, int], reject: float | bool
) -> tuple[pd.DataFrame, np.ndarray, dict[str, int]]:
    """Return events, marks and counts without the events that artefacts spoil.

    Parameters
    ----------
    kept
        event, onset_s, sample.
    marked
        (n_events, n_electrodes) bool.
    dropped
        Reason -> count.
    reject
        Share of marked electrodes beyond which an event is dropped; False keeps all.
    """
    if reject is False:
        return kept, marked, dropped
    spoilt = marked.mean(axis=1) > reject
    if spoilt.any():
        dropped = {**dropped, "artefacts": int(spoilt.sum())}
    return kept[~spoilt].reset_index(drop=True), marked[~spoilt], dropped


def bin_means(signal: np.ndarray, sample: np.ndarray, grid: Bins) -> np.ndarray:
    """Return the mean of a signal in each bin around each event.

    Parameters
    ----------
    signal
        (n_samples,); sums are kept in float64.
    sample
        (n_events,) sample of each event; every window lies inside the signal.

    Returns
    -------
    numpy.ndarray
        (n_events, n_bins) float32.
    """
    return window_means(running_sum(signal), sample, grid)


def running_sum(signal: np.ndarray) -> np.ndarray:
    """Return the sum of the samples before each sample, and of all, (n_samples + 1,) float64."""
    total = np.empty(len(signal) + 1)
    total[0] = 0
    np.cumsum(signal, dtype=np.float64, out=total[1:])
    return total


def window_means(total: np.ndarray, sample: np.ndarray, grid: Bins) -> np.ndarray:
    """Return :func:`bin_means` of the signal whose :func:`running_sum` is ``total``."""
    sums = total[sample[:, None] + grid.stop] - total[sample[:, None] + grid.start]
    means: np.ndarray = (sums / (grid.stop - grid.start)).astype(np.float32)
    return means


def check_some(
    kept: pd.DataFrame, dropped: dict[str, int], events_file: str, recording: str
) -> None:
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


def check_share(
    kept: pd.DataFrame,
    dropped: dict[str, int],
    events: pd.DataFrame,
    clock: pd.DataFrame,
    spec: ResponsesSpec,
) -> str:
    """Return a warning if most events of the recording's stretch of film cannot be used, empty if
    all is well.

    The stretch is what the config says: the whole film, or from ``film_s`` to the next part; rows
    ``film`` of events.tsv say it themselves.

    Parameters
    ----------
    kept, dropped
        As :func:`place` returns them.
    events
        All events of the film: event, onset_s.
    clock
        As :func:`fusion.ieeg.clock.on_samples` returns it.
    spec
        The recording, its stretch, and whether this stops the run.

    Raises
    ------
    InputError
        If fewer than ``SURVIVING`` of them are left, and ``spec.strict``.
    """
    onset, zero = events["onset_s"].to_numpy(float), spec.film_zero
    if zero.rule == "film_events":
        asked = (film_clock.to_sample(clock, onset)[1] >= 0) | film_clock.in_a_pause(clock, onset)
    else:
        asked = (onset >= zero.film_s) & (onset < (zero.until_s or np.inf))
    expected = int(asked.sum())
    if len(kept) >= SURVIVING * expected:
        return ""
    lost = {why: n for why, n in dropped.items() if why != OFF}
    off = expected - len(kept) - sum(lost.values())
    why = ", ".join(f"{n} {reason}" for reason, n in {OFF: off, **lost}.items() if n > 0)
    key = f"stimuli.{spec.stimulus}"
    found = f"{len(kept)} of {expected} events of its stretch of the film can be used ({why})"
    accepted = (
        f"half of them at least; {key}.film_zero may name a later moment, or the recording be of"
        f" another film ({key}.recordings) or of a part of it ({key}.film_zero.film_s); if it was"
        f" stopped early, {key}.implausible: report"
    )
    if sum(lost.values()) > off:
        accepted = (
            "half of them at least: fewer pauses, or a shorter responses.window_ms; if it is right"
            f" as it is, {key}.implausible: report"
        )
    if spec.strict:
        raise InputError(spec.recording, "events", found, accepted)
    return f"found {found}; expected {accepted}"


def lost_s(pieces: pd.DataFrame) -> float:
    """Return the seconds of all pauses between segments (onset_s, duration_s)."""
    end = pieces["onset_s"] + pieces["duration_s"]
    span = float(end.iloc[-1] - pieces["onset_s"].iloc[0])
    return max(0.0, round(span - float(pieces["duration_s"].sum()), 6))


def batches(count: int, bytes_each: int, limit: int = 256 * 2**20) -> list[range]:
    """Return consecutive ranges of ``count`` electrodes whose responses fit in ``limit`` bytes, one
    electrode at least.
    """
    size = max(1, limit // max(bytes_each, 1))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def write(
    files: Sequence[str],
    locked: Sequence[Locked],
    signals: Vectorized,
    names: list[str],
    grid: Bins,
    sfreq: float,
    pieces: pd.DataFrame,
    spec: ResponsesSpec,
) -> None:
    """Write one file of responses (n_events, n_electrodes, n_bins) an alignment.

    Each electrode is read once. Responses of ``batches`` of electrodes are held in memory.

    Parameters
    ----------
    files
        The files to write, one an alignment.
    locked
        Events of each alignment.
    signals, names, sfreq
        The clean recording, its electrodes and its sampling rate (Hz).
    grid
        The bins.
    pieces
        Segments of the recording.
    spec
        What the files say about themselves.
    """
    with ExitStack() as stack:
        responses, samples = [], [one.kept["sample"].to_numpy() for one in locked]
        for path, one in zip(files, locked, strict=True):
            attrs = {
                "subject": spec.subject,
                "stimulus": spec.stimulus,
                "alignment": one.alignment,
                "recording": spec.recording,
                "sfreq_hz": sfreq,
                "bin_width_ms": spec.bin_width_ms,
                "unit": spec.unit,
                "dropped": json.dumps(one.dropped, sort_keys=True),
                "artefacts_percent": 100 * float(one.marked.mean()),
                "segments": len(pieces),
                "lost_s": lost_s(pieces),
            }
            coords = {
                "event": list(one.kept["event"]),
                "electrode": names,
                "bin_ms": grid.centre_ms,
            }
            file = stack.enter_context(labelled.create(path, coords, attrs))
            onset = one.kept["onset_s"].to_numpy(float)
            said = {"units": "s", "long_name": "film time of the event"}
            labelled.add(file, "onset_s", ("event",), onset, attrs=said)
            told = {"long_name": "an artefact lies in the window"}
            marked = one.marked.astype(np.int8)
            labelled.add(file, "artefact", ("event", "electrode"), marked, attrs=told)
            dims = ("event", "electrode", "bin_ms")
            said = {"units": spec.unit}
            responses.append(labelled.add(file, "response", dims, attrs=said, by="electrode"))
        bytes_each = 4 * len(grid.centre_ms) * sum(map(len, samples))
        progress = tqdm(total=len(names), desc="electrodes", mininterval=5)
        for batch in batches(len(names), bytes_each):
            parts = [
                np.empty((len(at), len(batch), len(grid.centre_ms)), np.float32) for at in samples
            ]
            for k, electrode in enumerate(batch):
                total = running_sum(signals.read(electrode))
                for part, at in zip(parts, samples, strict=True):
                    part[:, k] = window_means(total, at, grid)
                progress.update()
            for response, part in zip(responses, parts, strict=True):
                response[:, batch[0] : batch[-1] + 1] = part
    for one in locked:
        log.info(
            "%s: %d events, %d electrodes, %d bins of %g ms",
            one.alignment,
            len(one.kept),
            len(names),
            len(grid.centre_ms),
            spec.bin_width_ms,
        )
