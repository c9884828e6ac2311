"""In which order the layers of a network are fitted: those that seem to predict most come first.

Predictions and influence are made of a layer wherever it is the best so far, so that in the order
of the network, whose layers often get better with depth, they would be made many times over. A
glance at a few events and targets puts the layers in order; what the fits give does not depend on
it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.linalg

from fusion.encoding.prepare import clipped
from fusion.encoding.streams import Features

#: Responses of a glance are clipped here, so that bursts do not decide.
CLIP_MAD = 2.0
#: Events, targets and powers of ten around the mean eigenvalue of a glance.
EVENTS, TARGETS, POWERS = 1200, 200, (-2.0, -1.0, 0.0, 1.0, 2.0)


def some_targets(n_targets: int) -> np.ndarray:
    """Return the targets of a glance, spread over all of them."""
    return np.unique(np.linspace(0, n_targets - 1, min(n_targets, TARGETS)).astype(int))


def visits(
    features: Mapping[str, Features | Callable[[], Features]],
    responses: np.ndarray,
    order: np.ndarray,
) -> list[int]:
    """Return the positions of the layers, the most promising first.

    Parameters
    ----------
    features
        Layer name -> features, or a function that returns them.
    responses
        (n_events, n_targets) some responses, in film order.
    order
        (n_events,) rows of the features in film order.
    """
    merits = []
    responses = responses[:, np.isfinite(responses).all(axis=0)]
    responses = clipped(responses, np.zeros(len(order)), CLIP_MAD)
    for one in features.values():
        given = one() if callable(one) else one
        streams = given if isinstance(given, tuple) else (given,)
        if any(len(stream) != len(order) for stream in streams):
            return list(range(len(features)))
        rows = some_events(len(order))
        x = np.concatenate([np.asarray(stream)[order[rows]] for stream in streams], axis=1)
        merits.append(glance(x, responses[rows]))
    return [int(k) for k in np.argsort(-np.array(merits), kind="stable")]


def some_events(n_events: int) -> np.ndarray:
    """Return the rows of a glance, evenly spread."""
    return np.unique(np.linspace(0, n_events - 1, min(n_events, EVENTS)).astype(int))


def glance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean r of the last third of the events, predicted from the others by ridge; the
    best of a few penalties.

    Features that are not finite promise most: their error is then raised at once.

    Parameters
    ----------
    x, y
        Features (n, p) and responses (n, T), in film order.
    """
    if not np.isfinite(x).all():
        return np.inf
    train = slice(None, 2 * len(x) // 3)
    test = slice(train.stop, None)
    x = x.astype(np.float32)
    x -= x[train].mean(axis=0)
    scale = x[train].std(axis=0)
    x *= np.divide(1, scale, out=np.zeros_like(scale), where=scale > 1e-30)
    centred = y[train] - y[train].mean(axis=0)
    values, vectors = scipy.linalg.eigh(x[train] @ x[train].T, check_finite=False)
    values = np.maximum(values, 0)
    if not values.any() or not y.size:
        return 0.0
    rotated = vectors.T @ centred
    basis = x[test] @ (x[train].T @ vectors)
    measured = y[test] - y[test].mean(axis=0)
    found = []
    for power in POWERS:
        predicted = basis @ (rotated / (values + values.mean() * 10**power)[:, None])
        predicted -= predicted.mean(axis=0)
        size = np.sqrt((predicted**2).sum(axis=0) * (measured**2).sum(axis=0))
        r = np.divide(
            (predicted * measured).sum(axis=0), size, out=np.zeros_like(size), where=size > 0
        )
        found.append(float(r.mean()))
    return max(found)
