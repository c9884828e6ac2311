"""Film time, recording time and samples: a piecewise linear clock with segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg.segments import Segments
from fusion.ieeg.spec import FilmZero
from fusion.io.errors import InputError


def clock_table(
    rule: FilmZero,
    events: pd.DataFrame | None,
    events_file: Path | None,
    duration_s: float,
    ieeg: str,
) -> pd.DataFrame:
    """Return the knots of the clock: film_s, recording_s, segment.

    Parameters
    ----------
    rule
        Which moment is which second of the film.
    events
        Events of the recording, sorted by onset (s); None if it has none.
    events_file, ieeg
        Their file and the recording's, for messages.
    duration_s
        Length of the recording.

    Notes
    -----
    With ``recording_start`` and ``first_event`` the film runs without a stop, so the whole
    recording is one segment. With ``film_events`` only the pieces in which the film is known to
    play are on the clock; each row of trial_type ``film`` has the film time of its onset in
    ``film_s`` and, where the film's clock drifts against the recording's, that of its end in
    ``film_end_s``. Rows that follow on each other without a jump make one segment.

    Raises
    ------
    InputError
        If the events that the rule needs are missing, or lie outside the recording.
    """
    if rule.rule == "recording_start":
        return _one_piece(0.0, duration_s, rule)
    if events is None or events_file is None:
        raise InputError(
            ieeg, "sidecars", "no events.tsv", f"an events.tsv for film_zero.rule {rule.rule}"
        )
    if rule.rule == "first_event":
        zero = first_event(events, events_file, rule.column, rule.value)
        if not 0 <= zero < duration_s:
            raise InputError(
                events_file,
                "column 'onset'",
                f"film zero at {zero:.6g} s",
                f"a moment within the recording of {duration_s:.6g} s",
            )
        return _one_piece(zero, duration_s, rule)
    return _from_film_events(events, events_file, duration_s)


def first_event(events: pd.DataFrame, file: Path, column: str, value: str | None) -> float:
    """Return the onset of the first event whose ``column`` equals ``value`` (as text, or as a
    number: ``9`` is ``9.0``).
    """
    if column not in events:
        raise InputError(
            file,
            f"column {column!r}",
            f"columns {', '.join(events.columns)}",
            "that column (film_zero.column)",
        )
    if value is None:
        raise InputError(
            "config", "key film_zero.value", "nothing", f"a value of column {column!r} in {file}"
        )
    has = [_same(cell, value) for cell in events[column]]
    if not any(has):
        values = ", ".join(sorted({str(v) for v in events[column].dropna()})[:10])
        raise InputError(
            file,
            f"column {column!r}",
            f"no {value!r} among {values}",
            "that value once at least (film_zero.value)",
        )
    return float(events["onset"].to_numpy()[int(np.argmax(has))])


def _same(cell: Any, value: str) -> bool:
    text = str(cell).strip()
    if text == str(value).strip():
        return True
    try:
        return float(text) == float(value)
    except ValueError:
        return False


def _one_piece(zero: float, duration: float, rule: FilmZero) -> pd.DataFrame:
    """Return the clock of a film, or of the part from ``film_s`` to ``until_s``, without pauses."""
    if not rule.film_s and rule.until_s is None:
        recording = np.unique([0.0, zero, duration])
    else:
        # A part shows nothing of the film before its own first second, nor after its last.
        length = np.inf if rule.until_s is None else rule.until_s - rule.film_s
        recording = np.array([zero, min(zero + length, duration)])
    film = recording - zero + rule.film_s
    return pd.DataFrame({"film_s": film, "recording_s": recording, "segment": 0})


def _from_film_events(
    events: pd.DataFrame, file: Path, duration: float, tolerance_s: float = 0.016
) -> pd.DataFrame:
    for column in ("trial_type", "film_s", "duration"):
        if column not in events:
            raise InputError(
                file,
                f"column {column!r}",
                f"columns {', '.join(events.columns)}",
                "that column, for film_zero.rule film_events",
            )
    pieces = events[events["trial_type"] == "film"]
    if pieces.empty:
        raise InputError(
            file,
            "column 'trial_type'",
            "no row 'film'",
            "rows 'film' with film_s, for film_zero.rule film_events",
        )
    onset, film = (
        pieces["onset"].to_numpy(float),
        pd.to_numeric(pieces["film_s"], errors="coerce").to_numpy(float),
    )
    length = pd.to_numeric(pieces["duration"], errors="coerce").to_numpy(float)
    film_end = film + length
    if "film_end_s" in pieces:
        given = pd.to_numeric(pieces["film_end_s"], errors="coerce").to_numpy(float)
        film_end = np.where(np.isfinite(given), given, film_end)
    if (
        not np.isfinite([onset, film, length]).all()
        or (length <= 0).any()
        or (film_end <= film).any()
    ):
        raise InputError(
            file,
            "rows 'film'",
            "a missing or non-positive duration or film_s",
            "onset, duration > 0 and film_s in each",
        )
    end = onset + length
    if (onset[1:] < end[:-1] - tolerance_s).any() or (film[1:] < film_end[:-1] - tolerance_s).any():
        raise InputError(
            file, "rows 'film'", "rows that overlap", "one piece of the film after the other"
        )
    if onset[0] < 0 or end[-1] > duration + 1:
        raise InputError(
            file,
            "rows 'film'",
            f"film from {onset[0]:.6g} to {end[-1]:.6g} s",
            f"a film within the recording of {duration:.6g} s",
        )
    joined = (np.abs(onset[1:] - end[:-1]) <= tolerance_s) & (
        np.abs(film[1:] - film_end[:-1]) <= tolerance_s
    )
    segment = np.concatenate([[0], np.cumsum(~joined)])
    rows = []
    for k in range(len(onset)):
        rows.append((film[k], onset[k], segment[k]))
        if k + 1 == len(onset) or not joined[k]:
            rows.append((film_end[k], min(end[k], duration), segment[k]))
    return pd.DataFrame(rows, columns=["film_s", "recording_s", "segment"])


def on_samples(clock: pd.DataFrame, segments: Segments) -> pd.DataFrame:
    """Return the clock cut at the seams of the recording.

    Parameters
    ----------
    clock
        Knots: film_s, recording_s, segment.
    segments
        Where the recording is continuous.

    Returns
    -------
    pandas.DataFrame
        The knots with ``sample`` (fractional, among the joined samples) and ``piece`` (the segment
        of the recording). A stretch of film in a pause has none.
    """
    parts = []
    for name, knots in clock.groupby("segment", sort=True):
        film, at = knots["film_s"].to_numpy(float), knots["recording_s"].to_numpy(float)
        for piece, (onset, count, start) in enumerate(
            zip(segments.onset_s, segments.count, segments.start, strict=True)
        ):
            low, high = max(at[0], onset), min(at[-1], onset + count / segments.sfreq)
            if high <= low:
                continue
            inside = at[(at > low) & (at < high)]
            seconds = np.concatenate([[low], inside, [high]])
            parts.append(
                pd.DataFrame(
                    {
                        "film_s": np.interp(seconds, at, film),
                        "recording_s": seconds,
                        "segment": name,
                        "sample": start + (seconds - onset) * segments.sfreq,
                        "piece": piece,
                    }
                )
            )
    columns = ["film_s", "recording_s", "segment", "sample", "piece"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def to_sample(clock: pd.DataFrame, film_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (fractional) sample of film times and the row of :func:`limits` they belong to.

    Where the film did not play or the recorder was paused, the sample is NaN and the row -1.

    Parameters
    ----------
    clock
        As :func:`on_samples` returns it.
    film_s
        (n_times,) film times (s).
    """
    film_s = np.asarray(film_s, float)
    sample, row = np.full(film_s.shape, np.nan), np.full(film_s.shape, -1)
    for k, (_, knots) in enumerate(clock.groupby(["segment", "piece"], sort=True)):
        film = knots["film_s"].to_numpy(float)
        inside = (film_s >= film[0]) & (film_s <= film[-1]) & (row < 0)
        sample[inside] = np.interp(film_s[inside], film, knots["sample"].to_numpy(float))
        row[inside] = k
    return sample, row


def to_recording(clock: pd.DataFrame, film_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return recording time (s, NaN where the film did not play) and segment (-1) of film times."""
    film_s = np.asarray(film_s, float)
    recording, segment = np.full(film_s.shape, np.nan), np.full(film_s.shape, -1)
    for name, knots in clock.groupby("segment", sort=True):
        film = knots["film_s"].to_numpy(float)
        inside = (film_s >= film[0]) & (film_s <= film[-1]) & (segment < 0)
        at = knots["recording_s"].to_numpy(float)
        recording[inside] = np.interp(film_s[inside], film, at)
        segment[inside] = name
    return recording, segment


def limits(clock: pd.DataFrame) -> pd.DataFrame:
    """Return, for each stretch of film within one segment of the recording, the samples that a
    window of it may not leave: segment, piece, first, last.
    """
    ends = clock.groupby(["segment", "piece"], sort=True)["sample"].agg(["first", "last"])
    return ends.reset_index()


def in_a_pause(clock: pd.DataFrame, film_s: np.ndarray) -> np.ndarray:
    """Return whether the film played at these times while the recorder was paused, (n_times,)
    bool.
    """
    film_s = np.asarray(film_s, float)
    played = np.zeros(film_s.shape, bool)
    for _, knots in clock.groupby("segment"):
        played |= (film_s >= knots["film_s"].min()) & (film_s <= knots["film_s"].max())
    paused: np.ndarray = played & (to_sample(clock, film_s)[1] < 0)
    return paused
