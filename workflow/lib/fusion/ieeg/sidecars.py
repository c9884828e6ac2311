"""The files that describe a BIDS iEEG recording, read and checked."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.ieeg.segments import JOINTS, SKIP, Seam, Segments
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, require_unique
from fusion.io.text import read_json

log = logging.getLogger(__name__)

TO_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
UNIT_WORDS = {"millimet": "mm", "centimet": "cm", "met": "m"}
REGION_COLUMNS = (
    "region",
    "DKT",
    "dkt",
    "DesikanKilliany",
    "desikan_killiany",
    "Destrieux",
    "destrieux",
    "anatomy",
    "anatomical_label",
)


@dataclass
class Positions:
    """Electrode positions of one space.

    Attributes
    ----------
    table
        One row an electrode: electrode, x, y, z (mm; NaN where unknown), region, hemisphere (``L``,
        ``R`` or NaN).
    space
        Name of the coordinate system, ``n/a`` if there are no positions.
    notes
        What was repaired or left out.
    """

    table: pd.DataFrame
    space: str
    notes: list[str] = field(default_factory=list)


def pick(sidecars: list[str], suffix: str) -> Path | None:
    """Return the sidecar with this ending that lies deepest and has most entities (BIDS
    inheritance), or None.
    """
    found = [Path(p) for p in sidecars if Path(p).name.endswith(suffix)]
    return max(found, key=lambda p: (len(p.parts), len(entities(p.name)), p.name), default=None)


def read_info(sidecars: list[str]) -> dict[str, Any]:
    """Return ``*_ieeg.json``, inherited from the top of the dataset down; ``{}`` if there is
    none.
    """
    found = sorted(
        (Path(p) for p in sidecars if Path(p).name.endswith("ieeg.json")),
        key=lambda p: (len(p.parts), len(entities(p.name))),
    )
    merged: dict[str, Any] = {}
    for path in found:
        merged.update(read_json(path))
    return merged


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
    require_unique(table["name"], path, "channel")
    table["type"] = table["type"].fillna("MISC").str.strip().str.upper()
    status = (
        table["status"].astype(str).str.strip().str.lower()
        if "status" in table
        else pd.Series("good", index=table.index)
    )
    if unknown := sorted(set(status) - {"good", "bad", "nan", "n/a"}):
        raise InputError(path, "column 'status'", repr(unknown[0]), "good, bad or n/a")
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
                " data file, which is used"
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
    table = read_tsv(path, columns=("onset", *columns), dtype={"trial_type": str, "value": str})
    onset = pd.to_numeric(table["onset"], errors="coerce")
    if (wrong := onset.isna() & table["onset"].notna()).any():
        raise InputError(
            path,
            f"row {int(wrong.argmax()) + 2}, column 'onset'",
            repr(table["onset"][wrong].iloc[0]),
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
        at = row["onset"] - segments.onset_s
        inside = (at > 0.5 / segments.sfreq) & (at < (segments.count - 0.5) / segments.sfreq)
        if not inside.any():
            continue  # the data file has a pause there already
        k = int(inside.argmax())
        sample = int(segments.first[k]) + round(at[k] * segments.sfreq)
        filler = round(lost * segments.sfreq) if skip and lost > 0 else 0
        found.append(
            Seam(sample, 0.0, filler) if skip else Seam(sample, lost if lost > 0 else np.nan)
        )
    return found


def read_positions(sidecars: list[str], space: str | None = None) -> Positions:
    """Read the electrodes table of one space, in mm.

    Parameters
    ----------
    sidecars
        Files that describe the recording.
    space
        The space wanted; None takes a standard (MNI) space before any other.

    Raises
    ------
    InputError
        If the wanted space is not there, or a table lacks a column.
    """
    found: dict[str, tuple[tuple[int, int], Path, dict[str, Any]]] = {}
    tables = [Path(p) for p in sidecars if Path(p).name.endswith("electrodes.tsv")]
    for path in tables:
        system = _coordsystem(path, sidecars, alone=len(tables) == 1)
        name = space_of(path, system)
        depth = (len(path.parts), len(entities(path.name)))
        if name not in found or depth > found[name][0]:
            found[name] = (depth, path, system)
    empty = pd.DataFrame(columns=["electrode", "x", "y", "z", "region", "hemisphere"])
    if not found:
        return Positions(empty, "n/a", ["no electrodes.tsv"])
    if space is not None and space not in found:
        raise InputError(
            "config",
            "key ieeg.space",
            repr(space),
            f"a space of this recording: {', '.join(sorted(found))}",
        )
    name = space or min(found, key=lambda s: (not is_mni(s), s in ("Other", "n/a"), s))
    _, path, system = found[name]
    notes = (
        [f"of {len(found)} spaces ({', '.join(sorted(found))}) took {name}"]
        if len(found) > 1
        else []
    )
    table = read_tsv(path, columns=("name", "x", "y", "z"), dtype={"name": str})
    table = table[table["name"].notna()]
    table["name"] = table["name"].str.strip()
    require_unique(table["name"], path, "electrode")
    xyz = table[["x", "y", "z"]].apply(pd.to_numeric, errors="coerce").to_numpy(float, copy=True)
    at_zero = (xyz == 0).all(axis=1)
    if at_zero.any():
        notes.append(f"{at_zero.sum()} electrodes at 0, 0, 0 taken as without a position")
        xyz[at_zero] = np.nan
    xyz[~np.isfinite(xyz).all(axis=1)] = np.nan
    xyz *= _scale_to_mm(xyz, system.get("iEEGCoordinateUnits"), path, notes)
    region = next((c for c in REGION_COLUMNS if c in table), None)
    side = next((c for c in ("hemisphere", "hemi", "Hemisphere") if c in table), None)
    out = pd.DataFrame(
        {"electrode": table["name"].to_numpy(), "x": xyz[:, 0], "y": xyz[:, 1], "z": xyz[:, 2]}
    )
    out["region"] = (
        table[region].astype(object).to_numpy() if region else np.full(len(table), np.nan, object)
    )
    out["hemisphere"] = hemisphere(
        table[side].to_numpy() if side else [None] * len(table), xyz[:, 0], name
    )
    return Positions(out, name, notes)


def is_mni(space: str) -> bool:
    """Return whether a coordinate system is one of the MNI152 family, so that a standard atlas and
    brain may be used.
    """
    return space.startswith(("MNI152", "ICBM152", "ICBM452", "IXI549", "fMRIPrep")) or space in (
        "MNI",
        "MNIColin27",
        "NIHPD",
    )


def hemisphere(column: Iterable[Any], x: np.ndarray, space: str) -> list[Any]:
    """Return ``L``, ``R`` or NaN per electrode: from the table, else from the sign of x where the
    axes are known to be RAS.
    """
    spelled = {"l": "L", "left": "L", "lh": "L", "r": "R", "right": "R", "rh": "R"}
    known_axes = is_mni(space) or space in (
        "ACPC",
        "ScanRAS",
        "Talairach",
        "MNI305",
        "fsaverage",
        "fsaverageSym",
    )
    sides = []
    for label, value in zip(column, x, strict=True):
        side = spelled.get(str(label).strip().lower())
        if side is None and known_axes and np.isfinite(value) and value != 0:
            side = "L" if value < 0 else "R"
        sides.append(side or np.nan)
    return sides


def space_of(electrodes: Path, system: Mapping[str, Any]) -> str:
    """Return the space of an electrodes table: by coordsystem.json and by the file's name.

    ``Other`` names no space: where only one of the two says it, the other counts.

    Raises
    ------
    InputError
        If the two name different spaces.
    """
    by_name = entities(electrodes.name).get("space")
    by_json = system.get("iEEGCoordinateSystem")
    by_json = str(by_json).strip() if by_json not in (None, "", "n/a") else None
    if by_name and by_json and "Other" not in (by_name, by_json) and by_name != by_json:
        raise InputError(
            electrodes,
            "space",
            f"{by_name} in the file's name and {by_json} in coordsystem.json",
            "one space",
        )
    named = [space for space in (by_json, by_name) if space and space != "Other"]
    return named[0] if named else by_json or by_name or "n/a"


def _coordsystem(electrodes: Path, sidecars: list[str], alone: bool) -> dict[str, Any]:
    """Return the coordsystem.json that belongs to an electrodes table: same folder or above, no
    entity against it.

    One without a space in its name belongs to every table only where there is one (``alone``);
    among several it belongs to that of the space that it names.
    """
    has = entities(electrodes.name)
    fitting = []
    for path in (Path(p) for p in sidecars if Path(p).name.endswith("coordsystem.json")):
        own = entities(path.name)
        if not all(has.get(k) == v for k, v in own.items()):
            continue
        names_none = "space" in has and "space" not in own and not alone
        if names_none and read_json(path).get("iEEGCoordinateSystem") not in (
            has["space"],
            "Other",
        ):
            continue
        fitting.append(path)
    best = max(fitting, key=lambda p: (len(p.parts), len(entities(p.name))), default=None)
    return read_json(best) if best else {}


def from_file(places: pd.DataFrame) -> Positions:
    """Return the positions that a data file itself holds, whose space it does not name.

    Parameters
    ----------
    places
        electrode, x, y, z.
    """
    xyz = places[["x", "y", "z"]].to_numpy(float, copy=True)
    xyz[(xyz == 0).all(axis=1) | ~np.isfinite(xyz).all(axis=1)] = np.nan
    notes = ["positions are those of the data file, which names no space"]
    largest = np.nanmax(np.abs(xyz)) if np.isfinite(xyz).any() else np.nan
    # NWB asks for micrometres; most files hold millimetres
    xyz *= 1e-3 if largest > 300 else _scale_to_mm(xyz, None, Path("data file"), notes)
    table = pd.DataFrame({"electrode": places["electrode"].to_numpy()})
    for k, axis in enumerate("xyz"):
        table[axis] = xyz[:, k]
    table["region"] = np.full(len(table), np.nan, object)
    table["hemisphere"] = np.full(len(table), np.nan, object)
    return Positions(table, "Other", notes)


def _scale_to_mm(xyz: np.ndarray, unit: str | None, path: Path, notes: list[str]) -> float:
    """Return what turns the coordinates into mm; a unit that is not named is guessed from the size
    of a head.
    """
    largest = np.nanmax(np.abs(xyz)) if np.isfinite(xyz).any() else np.nan
    words = str(unit).strip().lower()
    unit = next((u for w, u in UNIT_WORDS.items() if words.startswith(w)), unit)
    if unit not in TO_MM:
        if unit == "pixels":
            notes.append("positions are pixels of a picture, left out")
            return np.nan
        guessed = "m" if largest < 1 else "mm"
        notes.append(f"unit of the positions is {unit or 'not given'}, taken as {guessed}")
        return TO_MM[guessed]
    if np.isfinite(largest) and not 1 <= largest * TO_MM[unit] <= 300:
        raise InputError(
            path,
            "columns x, y, z",
            f"up to {largest:.6g} {unit}",
            "positions within a head; check iEEGCoordinateUnits",
        )
    return TO_MM[unit]
