"""Where electrodes are: the tables of one or several spaces, in mm, and the names of spaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.ids import entities
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, require_unique
from fusion.io.text import read_json

TO_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
UNIT_WORDS = {"millimet": "mm", "centimet": "cm", "met": "m"}
ATLASES = ("DKT", "dkt", "DesikanKilliany", "desikan_killiany", "Destrieux", "destrieux")
REGION_COLUMNS = ("region", *ATLASES, "anatomy", "anatomical_label")
#: Spaces beside the MNI family in which x points to the right.
RAS = ("ACPC", "ScanRAS", "Talairach", "MNI305", "fsaverage", "fsaverageSym")


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
    # regions may be numbers of an atlas: labels, too
    text = dict.fromkeys(("name", *REGION_COLUMNS), str)
    table = read_tsv(path, columns=("name", "x", "y", "z"), dtype=text, literal=True)
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
    known_axes = is_mni(space) or space in RAS
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
