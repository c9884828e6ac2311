"""Two streams of features put together by a linear projection that is fitted on training events.

Directions of the two streams are paired so that they vary together over the training events (the
singular vectors of their cross-covariance), and each pair is added up: the projection holds what
pictures and texts of the same moments share linearly. Responses have no part in it."""

from __future__ import annotations

import numpy as np

#: Features of a fit: one array (event, feature), or two streams that are projected together.
Features = np.ndarray | tuple[np.ndarray, np.ndarray]
#: Singular values below this share of the largest are rounding.
SMALLEST = 1e-8


def joint_projection(gram: np.ndarray, first: int) -> np.ndarray:
    """Return (p, k) the projection of the standardised features of both streams.

    Each of its features has unit variance over the training events.

    Parameters
    ----------
    gram
        (p, p) mean products of the standardised features over the training events.
    first
        Number of features of the first stream, which come first.
    """
    u, s, vt = np.linalg.svd(gram[:first, first:], full_matrices=False)
    kept = s > SMALLEST * s[0]
    kept[0] = True
    turn = np.concatenate([u[:, kept], vt[kept].T])
    variance = np.einsum("pk,pk->k", turn, gram @ turn)
    flat = variance <= SMALLEST
    return np.asarray(turn * np.where(flat, 0.0, 1 / np.sqrt(np.where(flat, 1.0, variance))))


def rows_of(features: Features, rows: np.ndarray) -> Features:
    """Return some events of features."""
    if isinstance(features, tuple):
        return features[0][rows], features[1][rows]
    return np.asarray(features[rows])
