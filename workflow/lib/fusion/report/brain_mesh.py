"""A cortex small enough to travel inside a page: nilearn's fsaverage, made coarser along its own
subdivision.
"""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
from nilearn.datasets import load_fsaverage

# Vertices of FreeSurfer's icosahedra: the first 10 * 4^k + 2 vertices of a finer one are the next
# coarser one.
ORDER4 = 2562


def coarser(faces: np.ndarray, keep: int) -> np.ndarray:
    """Return the faces of the next coarser icosahedron.

    Every vertex from ``keep`` on was put in the middle of an edge between two of the first
    ``keep``; every coarse face therefore has one fine face made of three such middles, and its
    corners are the ends that they share.

    Parameters
    ----------
    faces
        (4 n, 3) vertex indices of the finer mesh.
    keep
        Number of vertices of the coarser mesh.

    Returns
    -------
    numpy.ndarray
        (n, 3) indices below ``keep``, in the winding of the fine faces.
    """
    ends: dict[int, set[int]] = {}
    for face in faces:
        for middle in face[face >= keep]:
            ends.setdefault(int(middle), set()).update(int(v) for v in face[face < keep])
    inner = faces[(faces >= keep).all(axis=1)]
    corners = [
        [(ends[int(a)] & ends[int(b)]).pop() for a, b in combinations_in_order(face)]
        for face in inner
    ]
    return np.array(corners, dtype=faces.dtype)


def combinations_in_order(face) -> list[tuple[int, int]]:
    """Return the three pairs of a face's vertices, going round it."""
    a, b, c = face
    return [(a, b), (b, c), (c, a)]


@cache
def cortex() -> dict[str, str | int]:
    """Return both hemispheres as one mesh: ``vertices`` (int16, tenths of mm) and ``faces``
    (uint16), little-endian, base64.
    """
    pial = load_fsaverage("fsaverage5")["pial"]
    vertices, faces, offset = [], [], 0
    for part in ("left", "right"):
        mesh = pial.parts[part]
        vertices.append(np.asarray(mesh.coordinates)[:ORDER4])
        faces.append(coarser(np.asarray(mesh.faces), ORDER4) + offset)
        offset += ORDER4
    packed = (np.vstack(vertices) * 10).round().astype("<i2")
    return {"vertices": encoded(packed), "faces": encoded(np.vstack(faces).astype("<u2"))}


def encoded(array: np.ndarray) -> str:
    """Return an array's bytes in base64."""
    return base64.b64encode(array.tobytes()).decode()
