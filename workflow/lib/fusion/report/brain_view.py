"""What the page's script is given: the brain's surface, and what is known of every electrode."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from nilearn.datasets import load_fsaverage

from fusion.figures import names, space
from fusion.figures.names import Labels

#: Matplotlib's marker -> plotly's in three dimensions.
SYMBOLS = {
    "*": "diamond",
    "o": "circle",
    "D": "diamond",
    "^": "square",
    "s": "cross",
    "x": "x",
    "v": "square-open",
    "P": "diamond-open",
    "X": "x",
    "p": "circle-open",
}
#: Of vision-language, vision, language, audio and video networks.
MODALITY_SYMBOLS = ("diamond", "square", "cross", "diamond-open", "square-open")
DIGITS = 3


@cache
def cortex() -> list[dict[str, Any]]:
    """Return the pial surface of fsaverage5, one mesh a hemisphere.

    ``x, y, z`` (mm) and faces ``i, j, k`` are typed arrays as plotly reads them: ``dtype`` and
    little-endian ``bdata`` in base64.
    """
    meshes = []
    for part in ("left", "right"):
        mesh = load_fsaverage("fsaverage5")["pial"].parts[part]
        vertices = np.asarray(mesh.coordinates, "<f4").round(1)
        faces = np.asarray(mesh.faces, "<u2")
        meshes.append(
            {
                "name": part,
                **{axis: packed(vertices[:, k], "f4") for k, axis in enumerate("xyz")},
                **{corner: packed(faces[:, k], "u2") for k, corner in enumerate("ijk")},
            }
        )
    return meshes


def packed(array: np.ndarray, dtype: str) -> dict[str, str]:
    """Return an array as plotly's typed array."""
    return {
        "dtype": dtype,
        "bdata": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
    }


def payload(
    sites: pd.DataFrame,
    contrasts: pd.DataFrame,
    labels: Labels,
    level: float,
) -> dict[str, Any]:
    """Return what is known of every electrode, column by column.

    Parameters
    ----------
    sites
        The table of sites.
    contrasts
        Rows of the primary window.
    labels
        Model -> its name as people write it.
    level
        False-discovery level.

    Returns
    -------
    dict
        ``keys`` and the columns of the sites; ``looks`` of verdicts and of modalities; ``measures``
        (effect, interval and q of every contrast and alignment); ``mesh``, None where no electrode
        can be drawn.
    """
    keys = [f"{s}|{e}" for s, e in zip(sites["subject"], sites["electrode"], strict=True)]
    drawn = space.on_template(sites)
    order = names.verdict_order(sites["verdict"])
    regions = [
        f"{names.region_name(r)} {h if isinstance(h, str) else ''}".strip()
        if isinstance(r, str)
        else ""
        for r, h in zip(sites["region"], sites["hemisphere"], strict=True)
    ]
    return {
        "keys": keys,
        "subject": list(sites["subject"]),
        "electrode": list(sites["electrode"]),
        "shaft": [shaft(str(name)) for name in sites["electrode"]],
        "region": regions,
        "verdict": list(sites["verdict"]),
        "network": networks(sites, labels),
        "modality": modalities(sites),
        "r": rounded(sites["r_best"]) if "r_best" in sites else [None] * len(sites),
        "xyz": [
            [round(float(v), 1) for v in place] if there else None
            for place, there in zip(
                sites[["x", "y", "z"]].itertuples(index=False), drawn, strict=True
            )
        ],
        "verdicts": [look(verdict, order) for verdict in order],
        "modalities": [
            {"name": name, "colour": colour, "symbol": symbol, "size": 7}
            for (name, colour), symbol in zip(
                names.MODALITY_COLOURS.items(), MODALITY_SYMBOLS, strict=True
            )
        ]
        + [{"name": "no signal", "colour": "#A0A0A0", "symbol": "circle", "size": 4}],
        "measures": measures(contrasts, keys),
        "level": level,
        "mesh": cortex() if drawn.any() else None,
    }


def shaft(electrode: str) -> str:
    """Return the shaft of a contact: its name without the number."""
    return re.sub(r"\d+$", "", electrode)


def networks(sites: pd.DataFrame, labels: Labels) -> list[str]:
    """Return the best network of each site with signal; empty where no model predicts it."""
    if "best_model" not in sites:
        return [""] * len(sites)
    there = has_signal(sites)
    return [
        labels.get(model, str(model)) if some and isinstance(model, str) else ""
        for model, some in zip(sites["best_model"], there, strict=True)
    ]


def modalities(sites: pd.DataFrame) -> list[str]:
    """Return the modality of each site's best network; ``no signal`` where no model predicts it."""
    if "best_modality" not in sites:
        return ["no signal"] * len(sites)
    there = has_signal(sites)
    return [
        modality if some and isinstance(modality, str) else "no signal"
        for modality, some in zip(sites["best_modality"], there, strict=True)
    ]


def has_signal(sites: pd.DataFrame) -> pd.Series:
    """Return, per site, whether some model predicts it."""
    return sites["tested"] & ~sites["verdict"].isin(["none", "not tested"])


def measures(contrasts: pd.DataFrame, keys: list[str]) -> list[dict[str, Any]]:
    """Return name, effect, interval and q of every contrast and alignment, in the order of
    ``keys``.
    """
    found = []
    for ids, part in contrasts.groupby(["contrast", "alignment"], sort=False):
        contrast, alignment = map(str, ids)
        own = part.assign(key=part["subject"] + "|" + part["electrode"]).set_index("key")
        own = own[~own.index.duplicated()].reindex(keys)
        found.append(
            {
                "name": f"{names.contrast_name(contrast)}, {alignment} events",
                **{name: rounded(own[name]) for name in ("effect", "ci_low", "ci_high", "q")},
            }
        )
    return found


def rounded(column: pd.Series) -> list[float | None]:
    """Return a column to some digits; None where it is missing."""
    return [None if pd.isna(v) else float(f"{v:.{DIGITS}g}") for v in column]


def look(verdict: str, order: list[str]) -> dict[str, Any]:
    """Return the marker of a verdict, as near to the drawn brain's as plotly has it."""
    base = {"name": verdict, "colour": names.verdict_colour(verdict, order)}
    if verdict == "undecided":
        return base | {"symbol": "circle-open", "size": 5}
    if verdict == "none":
        return base | {"name": "none", "symbol": "circle", "size": 4}
    if verdict == "not tested":
        return base | {"symbol": "x", "size": 3}
    size = 9 if verdict == "interaction" else 7
    return base | {"symbol": SYMBOLS[names.verdict_marker(verdict, order)], "size": size}
