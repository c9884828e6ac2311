"""The array library behind the fits: numpy, or torch on CPU or GPU.

``fusion.encoding`` uses only what both libraries spell alike (``xp``) and the few primitives below.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg


class Numpy:
    """numpy with its BLAS: the fastest on a CPU."""

    name = "numpy"
    xp = np

    def single(self, array) -> np.ndarray:
        """Return the array in float32, C order."""
        return np.ascontiguousarray(array, dtype=np.float32)

    def double(self, array) -> np.ndarray:
        """Return the array in float64, C order."""
        return np.ascontiguousarray(array, dtype=np.float64)

    def index(self, array) -> np.ndarray:
        """Return an array of indices."""
        return np.asarray(array, dtype=np.int64)

    def host(self, array) -> np.ndarray:
        """Return the array as numpy."""
        return np.asarray(array)

    def eigh(self, matrix):
        """Return eigenvalues (ascending) and eigenvectors of a symmetric float64 matrix."""
        return scipy.linalg.eigh(matrix, driver="evd", check_finite=False)

    def gram(self, rows):
        """Return ``rows.T @ rows``."""
        return rows.T @ rows

    def solve_spd(self, matrix, right):
        """Return ``inv(matrix) @ right`` by Cholesky; ``matrix`` is symmetric positive definite and may be overwritten."""
        factor = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        return scipy.linalg.cho_solve(factor, right, check_finite=False)

    def inverse_spd(self, matrix):
        """Return the inverse of a symmetric positive definite matrix, which may be overwritten."""
        factor, info = scipy.linalg.lapack.dpotrf(matrix, lower=1, overwrite_a=1)
        inverse, info = scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1) if info == 0 else (None, info)
        if info:
            raise np.linalg.LinAlgError("matrix is not positive definite")
        return np.tril(inverse) + np.tril(inverse, -1).T

    def column_dot(self, a, b):
        """Return the dot products of the columns of ``a`` and ``b``."""
        return np.einsum("ij,ij->j", a, b)

    def segment_sums(self, array, starts):
        """Return sums over runs of rows; ``starts`` are the first rows, ascending, the first of them 0."""
        return np.add.reduceat(array, starts, axis=0)


def get_backend(name: str):
    """Return the array library called ``name``: ``numpy`` or ``torch``."""
    if name == "numpy":
        return Numpy()
    # Imported here because torch takes seconds to load and most jobs run on numpy.
    from fusion.encoding.torch_backend import Torch

    return Torch()
