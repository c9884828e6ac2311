"""Responses and features made ready for fitting: finite, centred, of unit scale."""

from __future__ import annotations

import numpy as np

#: Columns are worked on this many at a time, to keep temporary arrays small.
CHUNK = 1024


def drift_regressors(
    onset_s: np.ndarray, recording: np.ndarray, period_s: float | bool
) -> np.ndarray:
    """Return (event, regressor) what is slower than ``period_s`` in each recording: a constant and
    cosines of film time.

    Parameters
    ----------
    onset_s
        (event,) film time (s).
    recording
        (event,) recording of each event: each has its own regressors.
    period_s
        Shortest period of a cosine (s); False for the constant alone.
    """
    columns = []
    for name in np.unique(recording):
        rows = np.flatnonzero(recording == name)
        start, length = onset_s[rows].min(), max(np.ptp(onset_s[rows]), 1e-9)
        order = int(2 * length // period_s) if period_s else 0
        for k in range(min(order, len(rows) // 2) + 1):
            column = np.zeros(len(onset_s))
            column[rows] = np.cos(np.pi * k * (onset_s[rows] - start) / length)
            columns.append(column)
    return np.stack(columns, axis=1)


class Targets:
    """The responses of a fit, handed out batch by batch: centred, free of drift, of unit variance.

    Parameters
    ----------
    responses
        (event, target) in any order of events; never changed.
    order
        (event,) the rows in the order wanted.
    regressors
        (event, regressor) what is taken out of every target, in the order wanted; None for its mean
        only.

    Attributes
    ----------
    mean, scale
        (target,) float32: a response is ``scale`` times what is handed out, plus ``mean``; the
        scale of a constant one is 1.
    state
        (target,) 0 = sound, 1 = constant, 2 = with values that are not finite; the latter two are
        handed out as 0.
    """

    def __init__(self, responses: np.ndarray, order: np.ndarray, regressors: np.ndarray | None):
        self.responses, self.order = (
            responses,
            (None if (order == np.arange(len(order))).all() else order),
        )
        self.basis = None if regressors is None else np.linalg.qr(regressors)[0]
        targets = responses.shape[1]
        self.mean, self.scale = np.zeros(targets, np.float32), np.ones(targets, np.float32)
        self.state = np.full(targets, -1, np.int8)

    def batch(self, columns: slice) -> np.ndarray:
        """Return (event, target) float32 of the targets in ``columns``, a fresh array."""
        out = np.empty((len(self.responses), columns.stop - columns.start), np.float32)
        for start in range(columns.start, columns.stop, CHUNK):
            stop = min(start + CHUNK, columns.stop)
            self._fill(out[:, start - columns.start : stop - columns.start], slice(start, stop))
        return out

    def _fill(self, out: np.ndarray, columns: slice) -> None:
        chosen = self.responses[:, columns]
        out[...] = chosen if self.order is None else chosen[self.order]
        if self.basis is None and (self.state[columns] == 0).all():
            out -= self.mean[columns]
            out /= self.scale[columns]
            return
        # The first row is a pivot: sums of what is left of it lose no digits, and a constant target
        # becomes exactly 0.
        pivot = out[0].copy()
        with np.errstate(invalid="ignore", over="ignore"):
            out -= pivot
            mean = out.mean(axis=0)
            out -= mean
            size = np.sqrt(np.einsum("ij,ij->j", out, out) / len(out))
            broken = ~np.isfinite(size)
        if broken.any():
            out[:, broken] = 0
            pivot[broken] = mean[broken] = size[broken] = 0
        if self.basis is not None:
            out -= (self.basis @ (self.basis.T @ out.astype(np.float64))).astype(np.float32)
            left = np.sqrt(np.einsum("ij,ij->j", out, out) / len(out))
            size = np.where(left > 1e-5 * size, left, 0)
        constant = size == 0
        out[:, constant] = 0
        scale = np.where(constant, 1, size)
        out /= scale
        self.mean[columns], self.scale[columns] = pivot + mean, scale
        self.state[columns] = np.where(broken, 2, constant)


def scale_targets(responses: np.ndarray) -> np.ndarray:
    """Return (event, target) float32 responses, centred and of unit variance; constant and broken
    targets are 0.
    """
    return Targets(responses, np.arange(len(responses)), None).batch(slice(0, responses.shape[1]))


def scale_features(features: np.ndarray, name: str) -> np.ndarray:
    """Return (event, feature) float32 features standardised over all events, without the constant
    ones.

    Standardisation over the training events, which the fit asks for, is folded into its algebra;
    this one only keeps float32 sums accurate and cancels out.

    Raises
    ------
    ValueError
        If a value is not finite, or no feature varies.
    """
    features = np.asarray(features)
    if features.ndim != 2 or not np.isfinite(features).all():
        found = (
            f"shape {features.shape}"
            if features.ndim != 2
            else f"{int((~np.isfinite(features)).sum())} values that are not finite"
        )
        raise ValueError(f"layer {name}: {found}; expected finite features (event, feature)")
    centred = features.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    deviation = np.sqrt(np.einsum("ij,ij->j", centred, centred) / len(centred))
    varies = deviation > 1e-6 * np.abs(mean) + 1e-30
    if not varies.any():
        raise ValueError(f"layer {name}: every feature is constant; expected features that vary")
    if not varies.all():
        centred, deviation = centred[:, varies], deviation[varies]
    centred /= deviation
    return centred.astype(np.float32)
