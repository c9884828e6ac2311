"""Sites for other programs: a table after BIDS' electrodes.tsv, a volume, surface labels, a
notebook.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.datasets import load_fsaverage, load_mni152_template
from scipy.spatial import cKDTree

from fusion.contrasts.spec import SITE_VERDICTS, VERDICTS
from fusion.figures import space
from fusion.io.atomic import whole

#: Electrodes are balls of this radius in the volume (mm).
RADIUS_MM = 3.0
#: A site is on the surface if a vertex is that near (mm); depth electrodes are not.
NEAR_MM = 10.0
#: Verdict -> its number in the volume; 0 is no electrode.
CODES = {verdict: k + 1 for k, verdict in enumerate(VERDICTS)}
MESH = "fsaverage5"

ELECTRODES = {
    "name": "Name of the electrode contact point.",
    "x": "Coordinate (mm) in the space of the column space.",
    "y": "Coordinate (mm) in the space of the column space.",
    "z": "Coordinate (mm) in the space of the column space.",
    "size": "Surface area of the electrode; not known here.",
    "subject": "Subject.",
    "space": "Coordinate system.",
    "hemisphere": "Hemisphere: L or R.",
    "region": "Anatomical region.",
    "verdict": "The highest rung of the ladder of evidence that holds, or what it follows.",
    "q": "False-discovery q-value of what the verdict claims.",
    "reason": "Why.",
}


def electrodes(sites: pd.DataFrame) -> pd.DataFrame:
    """Return one row per electrode, columns as BIDS' electrodes.tsv has them, then the verdict."""
    table = sites.rename(columns={"electrode": "name"}).assign(size=np.nan)
    return table[list(ELECTRODES)]


def dictionary() -> dict[str, dict[str, str]]:
    """Return the columns of :func:`electrodes` in words."""
    units = {axis: {"Units": "mm"} for axis in "xyz"}
    return {name: {"Description": text, **units.get(name, {})} for name, text in ELECTRODES.items()}


def volume(sites: pd.DataFrame, resolution_mm: int = 2) -> nib.Nifti1Image:
    """Return the electrodes with coordinates in an MNI space as balls in the MNI152 template, each
    with the number of its verdict (:data:`CODES`); where balls meet, the nearest electrode's.
    """
    template = load_mni152_template(resolution=resolution_mm)
    made = np.zeros(template.shape, np.uint8)
    shown = sites[space.on_template(sites)]
    if len(shown):
        grid = np.stack(np.meshgrid(*map(np.arange, made.shape), indexing="ij"), -1).reshape(-1, 3)
        affine = np.asarray(template.affine)
        centres = grid @ affine[:3, :3].T + affine[:3, 3]
        tree = cKDTree(shown[["x", "y", "z"]].to_numpy(float))
        distance, nearest = map(np.asarray, tree.query(centres, distance_upper_bound=RADIUS_MM))
        inside = np.isfinite(distance)
        codes = shown["verdict"].map(CODES).to_numpy(np.uint8)
        made.reshape(-1)[inside] = codes[nearest[inside]]
    image = nib.Nifti1Image(made, template.affine)  # type: ignore[no-untyped-call]
    image.header["descrip"] = b"verdicts of electrodes, see volume.json"
    image.header["xyzt_units"] = 2  # mm
    return image


def surface_label(sites: pd.DataFrame, hemisphere: str) -> str:
    """Return a FreeSurfer label of the vertices of fsaverage5's pial surface nearest to the sites
    (:data:`fusion.contrasts.spec.SITE_VERDICTS`) of a hemisphere (``left``, ``right``).

    The value of a vertex is the number of the verdict.
    """
    mesh = load_fsaverage(MESH)["pial"].parts[hemisphere]
    vertices = np.asarray(mesh.coordinates)
    shown = sites[space.on_template(sites) & sites["verdict"].isin(SITE_VERDICTS)]
    shown = shown[(shown["x"] < 0) == (hemisphere == "left")]
    lines: dict[int, str] = {}
    if len(shown):
        found = cKDTree(vertices).query(shown[["x", "y", "z"]].to_numpy(float))
        distance, at = map(np.asarray, found)
        for k, near, verdict in zip(at, distance <= NEAR_MM, shown["verdict"], strict=True):
            if near:
                x, y, z = vertices[k]
                lines[int(k)] = f"{k} {x:.3f} {y:.3f} {z:.3f} {CODES[verdict]:.6f}"
    head = f"#!ascii label , from subject {MESH} vox2ras=TkReg"
    return "\n".join([head, str(len(lines)), *lines.values()]) + "\n"


CELLS = (
    "# Results of ieeg-fusion\n\nEvery table of an analysis, loaded. Set `results` to its folder.",
    """from pathlib import Path

import pandas as pd

results = Path("{results}")
ids = {{"subject": str, "electrode": str}}

def table(name):
    return pd.read_csv(results / name, sep="\\t", na_values="n/a", keep_default_na=False, dtype=ids)

sites = table("sites.tsv")
evidence = table("tables/evidence.tsv")
regions = table("regions.tsv")
contrasts = pd.read_parquet(results / "tables/contrasts.parquet")
sites.head()""",
    "## The ladder of evidence",
    """rungs = ["signal", "unimodal", "linear", "interaction"]
ladder = pd.DataFrame(
    {{
        "holds": [int((sites[f"q_{{rung}}"] < {level}).sum()) for rung in rungs],
        "tested": [int(sites[f"q_{{rung}}"].notna().sum()) for rung in rungs],
    }},
    index=rungs,
)
ladder""",
    "## What a verdict rests on",
    """best = sites.sort_values("q")[["subject", "electrode"]].iloc[0]
one = (evidence["subject"] == best["subject"]) & (evidence["electrode"] == best["electrode"])
evidence[one]""",
    "## Effects of every contrast in the primary window",
    """primary = contrasts[(contrasts["window"] == "{window}") & contrasts["tested"]]
primary.pivot_table(index="contrast", columns="alignment", values="effect", aggfunc="median")""",
)


def notebook(results: str, level: float, window: str) -> dict[str, Any]:
    """Return a notebook (nbformat 4) that loads every table."""
    given = {"results": results, "level": level, "window": window}
    cells: list[dict[str, Any]] = []
    for k, text in enumerate(CELLS):
        prose = k % 2 == 0
        source = text if prose else text.format(**given)
        kind = {"cell_type": "markdown"} if prose else {"cell_type": "code"}
        code: dict[str, Any] = {} if prose else {"execution_count": None, "outputs": []}
        lines = source.splitlines(keepends=True)
        cells.append({**kind, "id": f"cell{k}", "metadata": {}, **code, "source": lines})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def describe_volume(sites: pd.DataFrame) -> dict[str, Any]:
    """Return what stands in the volume and the labels, and what is left out."""
    return {
        "Space": "MNI152 (nilearn's template, 2 mm)",
        "Values": {str(code): verdict for verdict, code in CODES.items()},
        "Electrodes": int(space.on_template(sites).sum()),
        "LeftOut": space.missing_note(sites) or "none",
        "Labels": f"lh.sites.label and rh.sites.label: vertices of {MESH} within {NEAR_MM:g} mm of"
        f" a site (verdict {' or '.join(SITE_VERDICTS)}); deeper sites are in the volume only."
        " Coordinates of other MNI templates are taken as they are, a few mm off at most.",
    }


def write_text(path: str | Path, text: str) -> None:
    """Write a text whole."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_image(image: nib.Nifti1Image, path: str | Path) -> None:
    """Write a volume whole."""
    with whole(path) as part:
        part.write_bytes(_packed(image))


def _packed(image: nib.Nifti1Image) -> bytes:
    return gzip.compress(image.to_bytes(), mtime=0)


def as_json(value: Mapping[str, Any]) -> str:
    """Return JSON that people can read."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
