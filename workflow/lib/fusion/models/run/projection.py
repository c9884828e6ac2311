"""Sparse random projection of wide layers, one batch at a time."""

from __future__ import annotations

import hashlib
import math
import warnings
from functools import cached_property, lru_cache
from typing import Any

import numpy as np


def target_size(projection: str | int, n_events: int, eps: float) -> int | None:
    """Return the number of dimensions to project to, or None for no projection.

    ``jl`` is the Johnson-Lindenstrauss size 4 ln(n) / (eps^2 / 2 - eps^3 / 3) of ``n_events``
    points (Dasgupta and Gupta 2003)."""
    if projection == "none":
        return None
    if projection == "jl":
        return int(4 * math.log(max(n_events, 2)) / (eps**2 / 2 - eps**3 / 3))
    return int(projection)


class Projection:
    """A projection of ``width`` features to ``size``, or the identity where it is not needed.

    The matrix is scikit-learn's (Li, Hastie and Church 2006: +-sqrt(1 / density) / sqrt(size) with
    density 1 / sqrt(width)), and depends on width, size and seed only, so that films, models and
    inits of one width share it.

    Parameters
    ----------
    width
        Features of the layer.
    size
        Features wanted; None keeps the layer.
    up
        Whether layers smaller than ``size`` are projected too.
    seed
        Seed of the matrix.
    """

    def __init__(self, width: int, size: int | None, up: bool = False, seed: int = 0):
        self.width, self.seed = width, seed
        self.active = size is not None and (width > size or (up and width < size))
        self.size = size if self.active else width
        if self.active:
            # here, so that threads which project side by side do not all draw it
            _components(self.width, self.size, self.seed)

    @property
    def components(self) -> Any:
        """The matrix, (size, width), as scikit-learn makes it."""
        return _components(self.width, self.size, self.seed)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of where the matrix has entries and of their signs; empty without projection."""
        if not self.active:
            return ""
        matrix = self.components
        signs = np.signbit(matrix.data).astype(np.uint8)
        return hashlib.sha256(
            matrix.indptr.astype("<i8").tobytes()
            + matrix.indices.astype("<i8").tobytes()
            + signs.tobytes()
        ).hexdigest()

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return (item, size) float32 from (item, width)."""
        if not self.active:
            return features
        return np.ascontiguousarray(
            (_by_feature(self.width, self.size, self.seed) @ np.ascontiguousarray(features.T)).T
        )


# Most layers of a network have one width: they share one matrix, whose drawing takes as long as
# projecting thousands of items.
@lru_cache(maxsize=4)
def _components(width: int, size: int, seed: int) -> Any:
    # Imported here: a second that models with small layers need not wait.
    from sklearn.exceptions import DataDimensionalityWarning
    from sklearn.random_projection import SparseRandomProjection

    with warnings.catch_warnings():
        # projecting up is what the user asked for
        warnings.simplefilter("ignore", DataDimensionalityWarning)
        return (
            SparseRandomProjection(size, random_state=seed % 2**32)
            .fit(np.zeros((1, width), np.float32))
            .components_
        )


@lru_cache(maxsize=4)
def _by_feature(width: int, size: int, seed: int) -> Any:
    from scipy.sparse import csc_array

    # By columns, because then the product scatters into a small result instead of gathering from a
    # wide batch.
    return csc_array(_components(width, size, seed), dtype=np.float32)
