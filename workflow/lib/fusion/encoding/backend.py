"""The array library behind the fits: numpy, or torch on CPU or GPU.

``fusion.encoding`` uses only what both libraries spell alike (``xp``) and the few primitives below.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from fusion.encoding.arrays import Array, ArrayLibrary

#: Rows that are mirrored at a time.
STRIP = 512


def mirror(matrix: Array, xp: Any) -> None:
    """Copy the upper triangle of a square matrix onto the lower one, in place."""
    for first in range(0, len(matrix), STRIP):
        own, after = slice(first, first + STRIP), slice(first + STRIP, None)
        matrix[own, own] = xp.triu(matrix[own, own]) + xp.triu(matrix[own, own], 1).T
        matrix[after, own] = matrix[own, after].T


class Numpy:
    """numpy with its BLAS: the fastest on a CPU."""

    name = "numpy"
    xp: Any = np

    def single(self, array: Array) -> np.ndarray:
        """Return the array in float32, C order."""
        return np.ascontiguousarray(array, dtype=np.float32)

    def double(self, array: Array) -> np.ndarray:
        """Return the array in float64, C order."""
        return np.ascontiguousarray(array, dtype=np.float64)

    def index(self, array: Array) -> np.ndarray:
        """Return an array of indices."""
        return np.asarray(array, dtype=np.int64)

    def host(self, array: Array) -> np.ndarray:
        """Return the array as numpy."""
        return np.asarray(array)

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Return eigenvalues (ascending) and eigenvectors of a symmetric float64 matrix."""
        values, vectors = scipy.linalg.eigh(matrix, driver="evd", check_finite=False)
        return values, vectors

    def gram(self, rows: Array) -> Array:
        """Return ``rows.T @ rows``."""
        return rows.T @ rows

    def solve_spd(self, matrix: Array, right: Array) -> Array | None:
        """Return ``inv(matrix) @ right`` by Cholesky, None if rounding left ``matrix``
        (overwritten) not positive definite.
        """
        found: Any = scipy.linalg.get_lapack_funcs(("potrf", "potrs"), (matrix, right))
        potrf, potrs = found
        # The transpose of a matrix in C order is one in Fortran order, which LAPACK works on
        # without a copy.
        factor, info = potrf(matrix.T, lower=0, overwrite_a=1, clean=0)
        return potrs(factor, right, lower=0)[0] if info == 0 else None

    def inverse_spd(self, matrix: Array) -> Array:
        """Return the inverse of a symmetric positive definite matrix, which is overwritten."""
        found: Any = scipy.linalg.get_lapack_funcs(("potrf", "potri"), (matrix,))
        potrf, potri = found
        factor, info = potrf(matrix.T, lower=0, overwrite_a=1, clean=0)
        if info == 0:
            inverse, info = potri(factor, lower=0, overwrite_c=1)
        if info:
            raise np.linalg.LinAlgError("matrix is not positive definite")
        mirror(inverse, np)
        return inverse.T

    def column_dot(self, a: Array, b: Array) -> Array:
        """Return the dot products of the columns of ``a`` and ``b``."""
        return np.einsum("ij,ij->j", a, b)

    def segment_sums(self, array: Array, starts: Array) -> Array:
        """Return sums over runs of rows; ``starts`` are the first rows, ascending, the first of
        them 0.
        """
        return np.add.reduceat(array, starts, axis=0)


def get_backend(name: str) -> ArrayLibrary:
    """Return the array library called ``name``: ``numpy`` or ``torch``."""
    if name == "numpy":
        return Numpy()
    # Imported here because torch takes seconds to load and most jobs run on numpy.
    from fusion.encoding.torch_backend import Torch

    return Torch()
