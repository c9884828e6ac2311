"""The files that describe a BIDS iEEG recording, read and checked."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, require_unique

log = logging.getLogger(__name__)

TO_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
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


def read_json(path: Path) -> dict:
    """Read a JSON sidecar; ``InputError`` if it is not one."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error), "a JSON file") from None
    if not isinstance(content, dict):
        raise InputError(path, "", f"a {type(content).__name__}", "a JSON object")
    return content


def read_info(sidecars: list[str]) -> dict:
    """Return ``*_ieeg.json``, inherited from the top of the dataset down; ``{}`` if there is
    none.
    """
    found = sorted(
        (Path(p) for p in sidecars if Path(p).name.endswith("ieeg.json")),
        key=lambda p: (len(p.parts), len(entities(p.name))),
    )
    merged = {}
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


def stated_rates(channels: pd.DataFrame, types: list[str]) -> dict[str, float]:
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
    found = {}
    for path in (Path(p) for p in sidecars if Path(p).name.endswith("electrodes.tsv")):
        system = _coordsystem(path, sidecars)
        name = system.get("iEEGCoordinateSystem") or entities(path.name).get("space") or "n/a"
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


def hemisphere(column, x: np.ndarray, space: str) -> list:
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


def _coordsystem(electrodes: Path, sidecars: list[str]) -> dict:
    """Return the coordsystem.json that belongs to an electrodes table: same folder or above, no
    entity against it.
    """
    has = entities(electrodes.name)
    fitting = [
        path
        for path in (Path(p) for p in sidecars if Path(p).name.endswith("coordsystem.json"))
        if all(has.get(k) == v for k, v in entities(path.name).items())
    ]
    best = max(fitting, key=lambda p: (len(p.parts), len(entities(p.name))), default=None)
    return read_json(best) if best else {}


def _scale_to_mm(xyz: np.ndarray, unit: str | None, path: Path, notes: list[str]) -> float:
    """Return what turns the coordinates into mm; a unit that is not named is guessed from the size
    of a head.
    """
    largest = np.nanmax(np.abs(xyz)) if np.isfinite(xyz).any() else np.nan
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
