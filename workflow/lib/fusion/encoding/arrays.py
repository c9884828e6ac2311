"""What fits need of an array library, so that they run on numpy and torch alike."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

#: An array of the library in use: of numpy, or a tensor of torch.
Array = Any


class ArrayLibrary(Protocol):
    """What fits need of an array library."""

    name: str
    xp: Any

    def single(self, array: Array) -> Array:
        """Return the array in float32, C order."""

    def double(self, array: Array) -> Array:
        """Return the array in float64, C order."""

    def index(self, array: Array) -> Array:
        """Return an array of indices."""

    def host(self, array: Array) -> np.ndarray:
        """Return the array as numpy."""

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Return eigenvalues (ascending) and eigenvectors of a symmetric float64 matrix."""

    def gram(self, rows: Array) -> Array:
        """Return ``rows.T @ rows``."""

    def solve_spd(self, matrix: Array, right: Array) -> Array | None:
        """Return ``inv(matrix) @ right``, None if ``matrix`` is not positive definite."""

    def inverse_spd(self, matrix: Array) -> Array:
        """Return the inverse of a symmetric positive definite matrix."""

    def column_dot(self, a: Array, b: Array) -> Array:
        """Return the dot products of the columns of ``a`` and ``b``."""

    def segment_sums(self, array: Array, starts: Array) -> Array:
        """Return sums over runs of rows."""
