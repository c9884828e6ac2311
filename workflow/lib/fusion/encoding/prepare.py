"""Responses and features made ready for fitting: finite, centred, of unit scale."""

from __future__ import annotations

import numpy as np

#: Columns are worked on this many at a time, to keep temporary arrays small.
CHUNK = 4096


def drift_regressors(onset_s: np.ndarray, recording: np.ndarray, period_s: float | bool) -> np.ndarray:
    """Return (event, regressor) what is slower than ``period_s`` in each recording: a constant and cosines of film time.

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


def remove_drift(responses: np.ndarray, regressors: np.ndarray) -> None:
    """Regress ``regressors`` (event, regressor) out of ``responses`` (event, target), in place."""
    basis = np.linalg.qr(regressors)[0]
    for start in range(0, responses.shape[1], CHUNK):
        chunk = responses[:, start : start + CHUNK]
        chunk -= (basis @ (basis.T @ chunk.astype(np.float64))).astype(np.float32)


def scale_targets(responses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre targets and scale them to unit variance, in place; broken ones become 0.

    Parameters
    ----------
    responses
        (event, target) float32, overwritten.

    Returns
    -------
    mean, scale
        (target,) float64; the scale of a constant target is 1.
    state
        (target,) 0 = sound, 1 = constant, 2 = with values that are not finite.
    """
    targets = responses.shape[1]
    mean, scale, state = np.zeros(targets), np.ones(targets), np.zeros(targets, dtype=np.int8)
    for start in range(0, targets, CHUNK):
        part = slice(start, min(start + CHUNK, targets))
        chunk = responses[:, part]
        broken = ~np.isfinite(chunk).all(axis=0)
        chunk[:, broken] = 0
        mean[part] = chunk.mean(axis=0, dtype=np.float64)
        chunk -= mean[part].astype(np.float32)
        deviation = np.sqrt(np.mean(np.square(chunk), axis=0, dtype=np.float64))
        constant = deviation <= 1e-6 * np.abs(mean[part]) + 1e-30
        scale[part] = np.where(constant, 1, deviation)
        chunk[:, constant] = 0
        chunk /= scale[part].astype(np.float32)
        state[part] = np.where(broken, 2, constant.astype(np.int8))
    return mean, scale, state


def scale_features(features: np.ndarray, name: str) -> np.ndarray:
    """Return (event, feature) float32 features standardised over all events, without the constant ones.

    Standardisation over the training events, which the fit asks for, is folded into its algebra; this one only keeps
    float32 sums accurate and cancels out.

    Raises
    ------
    ValueError
        If a value is not finite, or no feature varies.
    """
    features = np.asarray(features)
    if features.ndim != 2 or not np.isfinite(features).all():
        found = f"shape {features.shape}" if features.ndim != 2 else f"{int((~np.isfinite(features)).sum())} values that are not finite"
        raise ValueError(f"layer {name}: {found}; expected finite features (event, feature)")
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features.astype(np.float64) - mean
    deviation = np.sqrt(np.mean(centred**2, axis=0))
    varies = deviation > 1e-6 * np.abs(mean) + 1e-30
    if not varies.any():
        raise ValueError(f"layer {name}: every feature is constant; expected features that vary")
    return (centred[:, varies] / deviation[varies]).astype(np.float32)
