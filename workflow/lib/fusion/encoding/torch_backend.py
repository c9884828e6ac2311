"""The primitives of the fits in torch: on a GPU where there is one, else on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from fusion.encoding.arrays import Array


class Torch:
    """torch; ``device`` is chosen at construction."""

    name = "torch"
    xp: Any = torch

    def __init__(self, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # TF32 keeps 10 bits of the mantissa: far too few for a correlation.
        torch.backends.cuda.matmul.allow_tf32 = False

    def _put(self, array: Array, dtype: torch.dtype) -> torch.Tensor:
        if not torch.is_tensor(array):
            array = torch.from_numpy(np.require(array, requirements=["C", "W"]))
        made: torch.Tensor = array.to(device=self.device, dtype=dtype).contiguous()
        return made

    def single(self, array: Array) -> torch.Tensor:
        """Return the array in float32 on the device."""
        return self._put(array, torch.float32)

    def double(self, array: Array) -> torch.Tensor:
        """Return the array in float64 on the device."""
        return self._put(array, torch.float64)

    def index(self, array: Array) -> torch.Tensor:
        """Return an array of indices on the device."""
        return self._put(np.asarray(array), torch.int64)

    def host(self, array: Array) -> np.ndarray:
        """Return the array as numpy."""
        return np.asarray(array.cpu() if torch.is_tensor(array) else array)

    def eigh(self, matrix: Array) -> tuple[Array, Array]:
        """Return eigenvalues (ascending) and eigenvectors of a symmetric float64 matrix."""
        values, vectors = torch.linalg.eigh(matrix)
        return values, vectors

    def gram(self, rows: Array) -> Array:
        """Return ``rows.T @ rows``."""
        return rows.T @ rows

    def solve_spd(self, matrix: Array, right: Array) -> Array | None:
        """Return ``inv(matrix) @ right`` by Cholesky, None if rounding left ``matrix`` not positive
        definite.
        """
        factor, info = torch.linalg.cholesky_ex(matrix)
        return torch.cholesky_solve(right, factor) if int(info) == 0 else None

    def inverse_spd(self, matrix: Array) -> Array:
        """Return the inverse of a symmetric positive definite matrix."""
        return torch.cholesky_inverse(torch.linalg.cholesky(matrix))

    def column_dot(self, a: Array, b: Array) -> Array:
        """Return the dot products of the columns of ``a`` and ``b``."""
        return torch.einsum("ij,ij->j", a, b)

    def segment_sums(self, array: Array, starts: Array) -> Array:
        """Return sums over runs of rows; ``starts`` are the first rows, ascending, the first of
        them 0.
        """
        ends = torch.cat([starts[1:], starts.new_tensor([len(array)])])
        labels = torch.repeat_interleave(
            torch.arange(len(starts), device=self.device), ends - starts
        )
        return torch.zeros(
            (len(starts), array.shape[1]), dtype=array.dtype, device=self.device
        ).index_add_(0, labels, array)
