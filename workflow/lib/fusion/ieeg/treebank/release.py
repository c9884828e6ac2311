"""The Brain Treebank release, read: names, bad electrodes, places.

The layout is that of the published release (Wang et al. 2024, arXiv 2411.08343) as its loaders use
it."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import pandas as pd

from fusion.ieeg import names
from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere
from fusion.io.text import parse_json, read_text

FilePath = str | Path

# Lists of corrupted electrodes keyed "subjectN" use the laboratory's numbers: laboratory ->
# release.
LAB_NUMBER = {1: 1, 2: 2, 3: 3, 4: 6, 5: 4, 6: 10, 7: 7, 8: 5, 9: 8, 10: 9}


def read_labels(path: FilePath) -> list[str]:
    """Return the electrode labels of a subject, without marks; the i-th label belongs to
    ``electrode_i`` of the recording.
    """
    raw = parse_json(read_text(path), path)
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise InputError(path, "", "no list of names", "a JSON list of electrode labels")
    labels = [names.normalised(name) for name in raw]
    if twice := sorted({name for name in labels if labels.count(name) > 1}):
        raise InputError(
            path, "", f"{twice[0]!r} twice once marks are stripped", "labels that differ"
        )
    return labels


def read_corrupted(path: FilePath, subject: int) -> set[str]:
    """Return the corrupted electrodes of a subject, without marks, from a list keyed ``sub_N`` or
    ``subjectN``.
    """
    table = parse_json(read_text(path), path)
    if not isinstance(table, dict):
        raise InputError(path, "", f"a {type(table).__name__}", "subject -> list of labels")
    found = set()
    for key, labels in table.items():
        match = re.fullmatch(r"(sub_|subject_?|sub-)0*(\d+)", key)
        if match is None:
            raise InputError(
                path, f"key {key!r}", "an unknown spelling of a subject", "sub_N or subjectN"
            )
        number = int(match[2])
        if (LAB_NUMBER.get(number) if match[1].startswith("subject") else number) == subject:
            found |= {names.normalised(name) for name in labels}
    return found


def electrode_datasets(h5: h5py.File, path: FilePath) -> list[str]:
    """Return the names of the recording's datasets by electrode number (h5py lists ``electrode_10``
    before ``electrode_2``).
    """
    refuse_elsewhere(path)
    if "data" not in h5:
        raise InputError(path, "", f"groups {', '.join(h5) or 'none'}", "a group 'data'")
    numbered = {
        int(m[1]): key for key in h5["data"] if (m := re.fullmatch(r"electrode_(\d+)", key))
    }
    if not numbered:
        raise InputError(
            path,
            "group data",
            f"datasets {', '.join(list(h5['data'])[:3])} ..",
            "electrode_0, electrode_1 ..",
        )
    if sorted(numbered) != list(range(len(numbered))):
        missing = sorted(set(range(max(numbered))) - set(numbered))
        raise InputError(
            path, "group data", f"no electrode_{missing[0]}", "electrode_0 .. without a gap"
        )
    lengths = {h5["data"][key].shape for key in numbered.values()}
    if len(lengths) > 1 or len(next(iter(lengths))) != 1:
        raise InputError(
            path, "group data", f"shapes {sorted(lengths)}", "electrodes of one length"
        )
    return [f"data/{numbered[k]}" for k in range(len(numbered))]


def read_places(coords: FilePath | None, depth: FilePath | None, subject: int) -> pd.DataFrame:
    """Return the places of a subject's electrodes: name, x, y, z, hemisphere, region (DKT),
    destrieux, desikan_killiany.

    Parameters
    ----------
    coords
        ``elec_coords_full.csv`` or None: X, Y, Z in a space that the release does not name;
        Hemisphere 1 is left.
    depth
        ``depth-wm.csv`` of the subject or None: labels of three atlases.
    """
    out = pd.DataFrame(columns=["name"])
    if coords is not None:
        table = read_csv(coords, ("Subject", "Electrode", "X", "Y", "Z"))
        number = table["Subject"].astype(str).str.extract(r"(\d+)$")[0].astype(float)
        table = table[number == subject]
        out = pd.DataFrame({"name": [names.normalised(n) for n in table["Electrode"].astype(str)]})
        for column in "XYZ":
            out[column.lower()] = pd.to_numeric(table[column], errors="coerce").to_numpy()
        if "Hemisphere" in table:
            out["hemisphere"] = (
                pd.to_numeric(table["Hemisphere"], errors="coerce").map({1: "L", 0: "R"}).to_numpy()
            )
        if "Region" in table:
            out["destrieux"] = table["Region"].to_numpy()
        out = out.drop_duplicates("name")
    if depth is not None:
        table = read_csv(depth, ("Electrode",))
        atlas = pd.DataFrame(
            {"name": [names.normalised(n) for n in table["Electrode"].astype(str)]}
        )
        for column, given in (
            ("region", "DKT"),
            ("destrieux", "Destrieux"),
            ("desikan_killiany", "DesikanKilliany"),
        ):
            if given in table:
                atlas[column] = table[given].to_numpy()
        out = atlas.drop_duplicates("name").merge(
            out.drop(columns="destrieux", errors="ignore"), on="name", how="outer"
        )
    columns = ["name", "x", "y", "z", "hemisphere", "region", "destrieux", "desikan_killiany"]
    return out.reindex(columns=columns)


def read_csv(path: FilePath, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table of the release, which has ``columns`` at least."""
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=["", "nan", "NaN", "n/a"])
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "a file of the Brain Treebank release") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error).strip() or "an empty file", "a CSV table") from None
    if missing := [c for c in columns if c not in table]:
        raise InputError(
            path,
            f"column {missing[0]!r}",
            f"columns {', '.join(map(str, table.columns))}",
            "that column",
        )
    return table
