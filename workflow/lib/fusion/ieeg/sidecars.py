"""The files that describe a BIDS iEEG recording, read and checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.ieeg.segments import JOINTS, SKIP, Seam, Segments
from fusion.io.errors import InputError, going_on
from fusion.io.tables import read_tsv, require_unique
from fusion.io.text import read_json

log = logging.getLogger(__name__)

#: Keys of ieeg.json that are compared as numbers: smallest, largest, unit.
BOUNDS = {
    "PowerLineFrequency": (10.0, 1000.0, "Hz"),
    "SamplingFrequency": (1.0, 1e6, "Hz"),
    "RecordingDuration": (1e-3, 1e7, "s"),
}
#: How far a row of events.tsv may lie from the seam that it means, rounded as onsets are (s).
ROUNDED_S = 0.02
#: Type of a channel for which channels.tsv gives none.
NO_TYPE = "NOT GIVEN"


def pick(sidecars: list[str], suffix: str) -> Path | None:
    """Return the sidecar with this ending that lies deepest and has most entities (BIDS
    inheritance), or None.
    """
    found = [Path(p) for p in sidecars if Path(p).name.endswith(suffix)]
    return max(found, key=lambda p: (len(p.parts), len(entities(p.name)), p.name), default=None)


def read_info(sidecars: list[str]) -> dict[str, Any]:
    """Return ``*_ieeg.json``, inherited from the top of the dataset down; ``{}`` if there is
    none.

    Raises
    ------
    InputError
        If a number is none that its key can have.
    """
    found = sorted(
        (Path(p) for p in sidecars if Path(p).name.endswith("ieeg.json")),
        key=lambda p: (len(p.parts), len(entities(p.name))),
    )
    merged: dict[str, Any] = {}
    for path in found:
        content = read_json(path)
        merged |= content | {
            key: _bounded(content[key], path, key) for key in BOUNDS if key in content
        }
    return merged


def _bounded(value: Any, path: Path, key: str) -> Any:
    """Return a number of ``*_ieeg.json``; what is no number stays as it is.

    Raises
    ------
    InputError
        If it cannot be what the key says; 0 stands for unknown.
    """
    low, high, unit = BOUNDS[key]
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    if isinstance(value, bool) or not (number == 0 or low <= number <= high):
        raise InputError(
            path, f"key {key}", repr(value), f"n/a, or a number from {low:g} to {high:g} ({unit})"
        )
    return number


def read_channels(sidecars: list[str], ieeg: str) -> pd.DataFrame:
    """Read channels.tsv: name, type (upper case), status (``good`` or ``bad``), status_description,
    group, sampling_frequency.

    Raises
    ------
    InputError
        If there is none, it has no row, lacks a column that BIDS requires, or names a channel
        twice.
    """
    path = pick(sidecars, "channels.tsv")
    if path is None:
        raise InputError(
            ieeg, "sidecars", "no channels.tsv", "a channels.tsv beside the recording or above it"
        )
    table = read_tsv(
        path,
        columns=("name", "type"),
        dtype={"name": str, "type": str, "group": str, "status_description": str, "units": str},
        literal=True,
    )
    if table.empty:
        raise InputError(path, "", "no rows", "one row a channel")
    if table["name"].isna().any():
        raise InputError(
            path,
            f"row {int(table['name'].isna().argmax()) + 2}, column 'name'",
            "nothing",
            "a channel name",
        )
    table["name"] = table["name"].str.strip()
    with going_on():
        require_unique(table["name"], path, "channel")
    table["type"] = table["type"].fillna(NO_TYPE).str.strip().str.upper()
    status = (
        table["status"].astype(object).fillna("n/a").astype(str).str.strip().str.lower()
        if "status" in table
        else pd.Series("good", index=table.index)
    )
    for unknown in sorted(set(status) - {"good", "bad", "n/a"}):
        with going_on():
            raise InputError(path, "column 'status'", repr(unknown), "good, bad or n/a")
    table["status"] = np.where(status == "bad", "bad", "good")
    for column in ("status_description", "group"):
        if column not in table:
            table[column] = np.nan
        table[column] = table[column].astype(object)
    rate = (
        table["sampling_frequency"]
        if "sampling_frequency" in table
        else pd.Series(np.nan, index=table.index)
    )
    table["sampling_frequency"] = pd.to_numeric(rate, errors="coerce")
    return table


def stated_rates(channels: pd.DataFrame, types: Sequence[str]) -> dict[str, float]:
    """Return channel -> sampling rate (Hz) for the good neural channels for which channels.tsv
    gives one.
    """
    chosen = channels[
        channels["type"].isin(types)
        & (channels["status"] == "good")
        & channels["sampling_frequency"].gt(0)
    ]
    return dict(zip(chosen["name"], chosen["sampling_frequency"].astype(float), strict=True))


def channel_notes(channels: pd.DataFrame, units_in_file: dict[str, str]) -> list[str]:
    """Return what channels.tsv says that cannot be so: units that are not the data file's, cut-offs
    in each other's column.

    Neither is used: signals are scaled by the data file's own units, and no cut-off enters the
    cleaning."""
    notes = []
    if untyped := int((channels["type"] == NO_TYPE).sum()):
        notes.append(f"{untyped} channels have no type in channels.tsv and are left out")
    if "units" in channels:
        stated = {
            n: _unit(u)
            for n, u in zip(channels["name"], channels["units"], strict=True)
            if isinstance(u, str)
        }
        differ = [
            n
            for n, u in stated.items()
            if n in units_in_file and units_in_file[n] != "n/a" and u != _unit(units_in_file[n])
        ]
        if differ:
            by_table, by_file = stated[differ[0]], _unit(units_in_file[differ[0]])
            notes.append(
                f"{len(differ)} channels are in {by_table} by channels.tsv, in {by_file} by the"
                " data file, which is used where it fits the amplitude"
            )
    if {"low_cutoff", "high_cutoff"} <= set(channels.columns):
        low, high = (
            pd.to_numeric(channels[c], errors="coerce") for c in ("low_cutoff", "high_cutoff")
        )
        if swapped := int(((low > high) | ((high > 0) & (high < 1))).sum()):
            notes.append(
                f"low_cutoff and high_cutoff of {swapped} channels look swapped (they are not used)"
            )
    return notes


def _unit(unit: str) -> str:
    unit = unit.strip().replace("\u03bc", "\u00b5")
    return "\u00b5" + unit[1:] if unit.startswith("u") else unit


def read_events(
    sidecars: list[str], columns: tuple[str, ...] = ()
) -> tuple[pd.DataFrame | None, Path | None]:
    """Read events.tsv, sorted by onset, and its path; ``(None, None)`` if there is none.

    Raises
    ------
    InputError
        If ``onset`` or one of ``columns`` is missing, or an onset is not a number.
    """
    path = pick(sidecars, "events.tsv")
    if path is None:
        return None, None
    text = {"trial_type": str, "value": str}
    table = read_tsv(path, columns=("onset", *columns), dtype=text, literal=True)
    onset = pd.to_numeric(table["onset"], errors="coerce")
    for row in np.flatnonzero(onset.isna() & table["onset"].notna()):
        with going_on():
            raise InputError(
                path,
                f"row {row + 2}, column 'onset'",
                repr(table["onset"].iloc[row]),
                "seconds",
            )
    table["onset"] = onset
    if table["onset"].isna().any():
        log.warning("%s: %d rows without an onset are left out", path, table["onset"].isna().sum())
        table = table[table["onset"].notna()]
    if not table["onset"].is_monotonic_increasing:
        log.warning("%s: onsets are not in order; sorted", path)
        table = table.sort_values("onset", kind="stable")
    return table.reset_index(drop=True), path


def seams_in(events: pd.DataFrame | None, segments: Segments) -> list[Seam]:
    """Return the seams that rows of events.tsv mark and the data file does not.

    A row ``BAD_ACQ_SKIP`` stands for a stretch that the file fills; ``boundary`` for a joint.

    Parameters
    ----------
    events
        As :func:`read_events` returns it.
    segments
        Where the data file is continuous, by itself.
    """
    if events is None or "trial_type" not in events:
        return []
    found = []
    for row in events.to_dict("records"):
        text = str(row["trial_type"]).rpartition("/")[2].strip()
        lost = float(pd.to_numeric(str(row.get("duration")), errors="coerce"))
        skip, joint = text.upper() == SKIP, text.lower() in JOINTS
        if not (skip or joint):
            continue
        at, length = row["onset"] - segments.onset_s, segments.count / segments.sfreq
        near = max(0.5 / segments.sfreq, ROUNDED_S)
        inside = (at > near) & (at < length - near)
        if not inside.any():
            continue  # the data file has a pause there already
        k = int(inside.argmax())
        sample = int(segments.first[k]) + round(at[k] * segments.sfreq)
        filler = round(lost * segments.sfreq) if skip and lost > 0 else 0
        found.append(
            Seam(sample, 0.0, filler) if skip else Seam(sample, lost if lost > 0 else np.nan)
        )
    return found
