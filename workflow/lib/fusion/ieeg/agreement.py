"""Two sources of one quantity: which one is taken, when they contradict, and what is said (the
table in docs/recordings.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeGuard

import numpy as np
import pandas as pd

from fusion.ieeg.formats.opened import Opened
from fusion.ieeg.segments import Segments
from fusion.io.errors import InputError

#: Drift over the whole recording that two rates may have (s).
DRIFT_S = 0.001
COUNTS = {"SEEGChannelCount": "SEEG", "ECOGChannelCount": "ECOG"}


def rate(
    opened: Opened, info: Mapping[str, Any], rates: Mapping[str, float]
) -> tuple[float, list[str]]:
    """Return the sampling rate (Hz) of a recording, and notes.

    Parameters
    ----------
    opened
        The data file.
    info
        Content of ``*_ieeg.json``.
    rates
        Neural channel -> rate by channels.tsv.

    Raises
    ------
    InputError
        If file and sidecar drift apart and neither is a rounded form of the other.
    """
    sfreq, notes = opened.sfreq, []
    stated = info.get("SamplingFrequency")
    values = list(rates.values())
    sources = {
        "ieeg.json": float(stated) if _is_number(stated) else None,
        "channels.tsv": max(set(values), key=values.count) if values else None,
    }
    if opened.unsure_rate and not any(sources.values()):
        raise InputError(
            opened.path,
            "record duration",
            "0, so that the sampling rate is not known",
            "seconds, or SamplingFrequency in ieeg.json",
        )
    for name, said in sources.items():
        if said is None or said <= 0 or _drift(said, sfreq, opened.samples) <= DRIFT_S:
            continue
        if opened.rounds(said):
            notes.append(
                f"the data file rounds its sampling interval ({opened.sfreq:.6g} Hz):"
                f" {said:.10g} Hz by {name} is used"
            )
            sfreq = said
        elif said == round(opened.sfreq, _decimals(said)):
            notes.append(
                f"{name} rounds the sampling rate ({said:g} Hz): {opened.sfreq:.10g} Hz by the"
                " data file is used"
            )
        elif name == "channels.tsv" and abs(said / sfreq - 1) > 1e-3:
            continue  # these channels are left out, one by one
        elif name == "ieeg.json" and said in values:
            continue  # the rate of other channels of the file
        else:
            late = _drift(said, opened.sfreq, opened.samples)
            raise InputError(
                opened.path,
                "sampling rate",
                f"{opened.sfreq:.8g} Hz in the data file and {said:.8g} Hz in {name}, {late:.3g} s"
                " apart at its end",
                "the same rate in both",
            )
    return sfreq, notes


def notes(
    info: Mapping[str, Any],
    channels: pd.DataFrame,
    segments: Segments,
    line_hz: float | None,
) -> list[str]:
    """Return where a sidecar says something else than what is used.

    Parameters
    ----------
    info
        Content of ``*_ieeg.json``.
    channels
        channels.tsv.
    segments
        Where the recording is continuous.
    line_hz
        Line frequency that is used (Hz).
    """
    out = []
    stated = info.get("PowerLineFrequency")
    if _is_number(stated) and line_hz and abs(float(stated) - line_hz) > 0.5:
        out.append(
            f"line frequency: {line_hz:g} Hz by the config is used, ieeg.json says {stated:g} Hz"
        )
    length = info.get("RecordingDuration")
    held = segments.samples / segments.sfreq
    span = segments.end_s - float(segments.onset_s[0])
    if _is_number(length) and min(abs(held - length), abs(span - length)) > 1:
        which = "shorter" if held < length else "longer"
        out.append(f"{abs(held - length):.6g} s {which} than ieeg.json says")
    kind = str(info.get("RecordingType", "")).strip().lower()
    if kind == "discontinuous" and len(segments) == 1:
        out.append("ieeg.json calls the recording discontinuous, no pause is marked")
    if kind == "continuous" and len(segments) > 1:
        out.append(f"ieeg.json calls the recording continuous, it has {len(segments)} segments")
    if segments.unknown:
        out.append(
            f"the length of {segments.unknown} pauses is not known and taken as 0: times after"
            " them are early"
        )
    for key, kind in COUNTS.items():
        found = int((channels["type"] == kind).sum())
        if _is_number(info.get(key)) and int(info[key]) != found:
            out.append(f"{key} is {info[key]} in ieeg.json, channels.tsv has {found}")
    reference = str(info.get("iEEGReference", "")).lower()
    if any(word in reference for word in ("bipolar", "average", "laplacian", "car")):
        out.append(f"re-referenced already, by ieeg.json: {info['iEEGReference']}")
    return out


def check_onsets(events: pd.DataFrame, segments: Segments, path: str) -> None:
    """Raise ``InputError`` if onsets are counted without the pauses.

    A column ``sample`` proves it: after a pause an onset that is its sample over the rate lies
    before the time at which that sample was recorded.

    Parameters
    ----------
    events
        events.tsv.
    segments
        Where the recording is continuous.
    path
        The file.
    """
    if len(segments) == 1 or "sample" not in events:
        return
    sample = pd.to_numeric(events["sample"], errors="coerce").to_numpy(float)
    onset = events["onset"].to_numpy(float)
    known = np.isfinite(sample)
    time = segments.time_of(sample[known])
    late = np.abs(time - sample[known] / segments.sfreq) > 0.1
    joined = np.abs(onset[known] - sample[known] / segments.sfreq) < 2 / segments.sfreq
    if late.any() and joined[late].all():
        raise InputError(
            path,
            "column 'onset'",
            "onsets that leave out the pauses (each is its sample over the rate)",
            "seconds from the first sample, pauses included, or ieeg.onsets: samples",
        )


def check_time(
    opened: Opened, info: Mapping[str, Any], segments: Segments, onsets: Literal["time", "samples"]
) -> None:
    """Raise ``InputError`` for a recording whose samples have no known time, or that was cut short.

    Parameters
    ----------
    opened
        The data file.
    info
        Content of ``*_ieeg.json``.
    segments
        Where the recording is continuous.
    onsets
        How the dataset counts onsets.
    """
    kind = str(info.get("RecordingType", "")).strip().lower()
    if kind == "epoched":
        raise InputError(
            opened.path,
            "ieeg.json, RecordingType",
            "epoched",
            "a recording that runs through a film",
        )
    if kind == "discontinuous" and len(segments) == 1 and onsets == "time":
        raise InputError(
            opened.path,
            "ieeg.json, RecordingType",
            "discontinuous, but the data file shows no pause: times after one are not known",
            "pauses in the data file, or rows BAD_ACQ_SKIP or boundary in events.tsv, or"
            " RecordingType: continuous; with ieeg.onsets: samples no time is needed",
        )
    length, held = info.get("RecordingDuration"), segments.samples / segments.sfreq
    span = segments.end_s - float(segments.onset_s[0])
    if not opened.promised and _is_number(length) and max(held, span) < length - 1:
        raise InputError(
            opened.path,
            "",
            f"{held:.6g} s; ieeg.json says {length:.6g} s, and the file itself does not say",
            "a whole recording (this one is cut short), or RecordingDuration corrected or left out",
        )


def _drift(a: float, b: float, samples: int) -> float:
    return abs(1 / a - 1 / b) * samples


def _decimals(value: float) -> int:
    text = f"{value:.10g}"
    return len(text.partition(".")[2])


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
