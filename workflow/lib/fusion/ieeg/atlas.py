"""Regions from a labelled volume, for electrodes whose table has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from fusion.ieeg.positions import Positions, is_mni
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv


def with_regions(positions: Positions, files: list[str], reach_mm: float) -> Positions:
    """Return ``positions`` with the region of every electrode that has a place and none yet, from
    an atlas in MNI space.

    Parameters
    ----------
    positions
        Electrodes; left as they are, with a note, where their space is not MNI: an atlas in another
        space would be wrong.
    files
        A NIfTI file of integer labels in MNI space (for DKT: Mindboggle's or TemplateFlow's DKT31)
        and a table of their names with columns index and name.
    reach_mm
        An electrode further than this from any labelled voxel gets no region.

    Raises
    ------
    InputError
        If a file is missing or is not what it should be.
    """
    if len(files) != 2:
        raise InputError("config", "key ieeg.atlas", f"only {files[0]}", "both volume and labels")
    volume, labels = files
    wanted = positions.table["region"].isna() & positions.table["x"].notna()
    if not wanted.any():
        return positions
    if not is_mni(positions.space):
        note = f"no region: positions are in {positions.space}, the atlas is in MNI space"
        return Positions(positions.table, positions.space, [*positions.notes, note])
    image, to_world = _load(volume)
    table = read_tsv(labels, columns=("index", "name"), dtype={"name": str}, literal=True)
    names = table.set_index("index")["name"]
    found = nearest_label(
        positions.table.loc[wanted, ["x", "y", "z"]].to_numpy(float), image, to_world, reach_mm
    )
    table = positions.table.copy()
    table.loc[wanted, "region"] = pd.Series(
        names.reindex(found).to_numpy(), index=table.index[wanted], dtype=object
    )
    note = f"region of {int((found > 0).sum())} of {len(found)} electrodes from {Path(volume).name}"
    return Positions(table, positions.space, [*positions.notes, note])


def nearest_label(
    xyz: np.ndarray, image: np.ndarray, to_world: np.ndarray, reach_mm: float
) -> np.ndarray:
    """Return the label (int) of the nearest labelled voxel's centre within ``reach_mm``, else 0.

    Parameters
    ----------
    xyz
        (electrode, 3), mm.
    image
        (i, j, k) integer labels, 0 for none.
    to_world
        (4, 4) affine from voxel to mm.
    reach_mm
        Largest distance.
    """
    voxels = np.argwhere(image > 0)
    tree = cKDTree(voxels @ to_world[:3, :3].T + to_world[:3, 3])
    distance, nearest = tree.query(xyz, distance_upper_bound=reach_mm)
    near = np.isfinite(distance)
    found = np.zeros(len(xyz), int)
    found[near] = image[tuple(voxels[np.asarray(nearest)[near]].T)]
    return found


def _load(volume: str) -> tuple[np.ndarray, np.ndarray]:
    # Imported on use: only recordings that need an atlas pay for it.
    import nibabel

    try:
        image: Any = nibabel.load(volume)
        return np.asarray(image.dataobj).astype(np.int64).squeeze(), image.affine
    except FileNotFoundError:
        raise InputError(
            volume, "", "no such file", "a NIfTI volume of labels (ieeg.atlas.volume)"
        ) from None
    except nibabel.filebasedimages.ImageFileError as error:
        raise InputError(
            volume, "", str(error), "a NIfTI volume of labels (ieeg.atlas.volume)"
        ) from None
