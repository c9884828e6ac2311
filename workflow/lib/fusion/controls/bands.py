"""Bands: a network's features on one table of events, reduced to a common number of dimensions."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh


def principal(
    layers: list[np.ndarray], n_dims: int, scales: list[np.ndarray] | None = None
) -> np.ndarray:
    """Return the leading principal components of all layers of a network (or of several networks)
    side by side.

    Each feature is standardised over the events and each layer weighted to the same total variance,
    so that no layer is chosen and none outweighs another by its width. Responses are not seen. With
    the same ``n_dims``, bands of different networks differ in what they hold and not in how much
    they can hold.

    Parameters
    ----------
    layers
        (n, p_l) features of each layer.
    n_dims
        Dimensions kept; fewer where the layers have fewer.
    scales
        For each layer (p_l,) what its features are divided by, instead of their own SDs.

    Returns
    -------
    np.ndarray
        (n, d) float64 scores, largest variance first, each component's sign fixed by its largest
        entry; their mean variance is 1 but components keep their relative variances, so that ridge
        penalises small ones more.

    Raises
    ------
    ValueError
        If there is no layer, layers have different numbers of events, or nothing varies.
    """
    if not layers or len({len(layer) for layer in layers}) != 1:
        raise ValueError(
            f"layers have {[len(layer) for layer in layers]} events; expected one or more of the"
            " same length"
        )
    parts = [
        standard(np.asarray(x, "float64"), None if scales is None else scales[k])
        / np.sqrt(x.shape[1])
        for k, x in enumerate(layers)
    ]
    n, width = len(parts[0]), sum(part.shape[1] for part in parts)
    if width <= n:
        x = np.hstack(parts)
        values, vectors = _leading(x.T @ x, n_dims)
        scores = x @ vectors
    else:
        values, vectors = _leading(sum(part @ part.T for part in parts), n_dims)
        scores = vectors * np.sqrt(np.maximum(values, 0))
    alive = values > 1e-10 * max(values.max(initial=0), 1e-300)
    if not alive.any():
        raise ValueError("no feature varies over the events")
    scores = scores[:, alive] / np.sqrt(values[alive].mean() / n)
    signs = np.sign(scores[np.abs(scores).argmax(0), np.arange(scores.shape[1])])
    return np.asarray(scores * signs)


def standard(x: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
    """Return features (n, p) with mean 0, divided by ``scale`` (p,) or by their own SDs; where that
    is 0 they become 0.
    """
    scale = x.std(0) if scale is None else scale
    alive = scale > 1e-9 * max(scale.max(initial=0), 1e-300)
    return np.asarray((x - x.mean(0)) / np.where(alive, scale, np.inf))


def _leading(gram: np.ndarray, n_dims: int) -> tuple[np.ndarray, np.ndarray]:
    size = len(gram)
    values, vectors = eigh(gram, subset_by_index=[max(0, size - n_dims), size - 1])
    return values[::-1], vectors[:, ::-1]


def towers(image: np.ndarray, text: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a network of two towers joins: both embeddings, and the terms of their
    similarity.

    Such a network (CLIP and its kind) meets itself in one place only, the inner product of the two
    normalised embeddings; its terms, one per dimension, are the joint features it has.

    Parameters
    ----------
    image, text
        (n, d) embeddings of the two towers.
    """
    f, g = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (image, text))
    return {"image": f, "text": g, "agreement": f * g}
