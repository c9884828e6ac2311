"""Responses and features made ready for fitting: finite, centred, of unit scale."""

from __future__ import annotations

import numpy as np

from fusion.encoding.spec import FitSpec

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


def recording_rows(recording: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each recording, by name."""
    return [np.flatnonzero(recording == name) for name in np.unique(recording)]


def clip_bounds(values: np.ndarray, clip_mad: float) -> np.ndarray:
    """Return (2, n_targets) float32 median minus and plus ``clip_mad`` median absolute deviations.

    A target whose median absolute deviation is zero, or that is not finite, gets infinite bounds.

    Parameters
    ----------
    values
        (n_events, n_targets) responses of one recording.
    clip_mad
        Half-width of the band in median absolute deviations; that of Gaussian noise is 0.67 SD.
    """
    with np.errstate(invalid="ignore"):
        middle = np.median(values, axis=0)
        spread = np.median(np.abs(values - middle), axis=0)
        usable = np.isfinite(values.sum(axis=0, dtype=np.float64)) & (spread > 0)
    half = np.where(usable, clip_mad * spread, np.inf)
    middle = np.where(usable, middle, 0)
    return np.stack([middle - half, middle + half]).astype(np.float32)


def clipped(responses: np.ndarray, recording: np.ndarray, clip_mad: float | bool) -> np.ndarray:
    """Return responses clipped as fits clip them: around the median of each recording and target.

    Bursts, spikes and seizures then weigh no more than ordinary events. Bounds come from responses
    alone, never from features, so that no knowledge of a model enters.

    Parameters
    ----------
    responses
        (n_events, ..).
    recording
        (n_events,) recording of each event.
    clip_mad
        As for :func:`clip_bounds`; False returns the responses as they are.
    """
    if not clip_mad:
        return responses
    out = responses.reshape(len(responses), -1).copy()
    for rows in recording_rows(np.asarray(recording)):
        for start in range(0, out.shape[1], CHUNK):
            own = out[rows, start : start + CHUNK]
            out[rows, start : start + CHUNK] = own.clip(*clip_bounds(own, clip_mad))
    return out.reshape(responses.shape)


class Targets:
    """The responses of a fit, handed out batch by batch: clipped, centred, free of drift, of unit
    variance.

    Parameters
    ----------
    responses
        (event, target) in any order of events; never changed.
    order
        (event,) the rows in the order wanted.
    regressors
        (event, regressor) what is taken out of every target, in the order wanted; None for its mean
        only.
    recording
        (event,) recording of each event in the order wanted; None if there is one.
    clip_mad
        As for :func:`clip_bounds`; False does not clip.

    Attributes
    ----------
    mean, scale
        (target,) float32: a response is ``scale`` times what is handed out, plus ``mean``; the
        scale of a constant one is 1.
    state
        (target,) 0 = sound, 1 = constant, 2 = with values that are not finite; the latter two are
        handed out as 0.
    """

    def __init__(
        self,
        responses: np.ndarray,
        order: np.ndarray,
        regressors: np.ndarray | None,
        recording: np.ndarray | None = None,
        clip_mad: float | bool = False,
    ) -> None:
        self.responses = responses
        self.order = None if (order == np.arange(len(order))).all() else order
        self.basis = None if regressors is None else np.linalg.qr(regressors)[0]
        self.clip_mad = clip_mad
        self.parts = [np.arange(len(responses))] if recording is None else recording_rows(recording)
        targets = responses.shape[1]
        self.bounds = np.full((len(self.parts), 2, targets), np.nan, np.float32)
        self.mean, self.scale = np.zeros(targets, np.float32), np.ones(targets, np.float32)
        self.state = np.full(targets, -1, np.int8)

    @classmethod
    def of_film(
        cls,
        responses: np.ndarray,
        onset_s: np.ndarray,
        recording: np.ndarray,
        settings: FitSpec,
        order: np.ndarray | None = None,
    ) -> Targets:
        """Return the targets of a fit: each recording is clipped, centred and freed of drift.

        Parameters
        ----------
        responses
            (n_events, n_targets).
        onset_s, recording
            (n_events,) film time (s) and recording of each event, in the order wanted.
        settings
            Which clipping and which drift.
        order
            (n_events,) the rows in the order wanted; None if they are in it.
        """
        several = len(np.unique(recording)) > 1
        drift = settings.drift_cosines_s
        return cls(
            responses,
            np.arange(len(responses)) if order is None else order,
            drift_regressors(onset_s, recording, drift) if several or drift else None,
            recording if several else None,
            settings.clip_mad,
        )

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
        if self.clip_mad:
            self._clip(out, columns)
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

    def _clip(self, out: np.ndarray, columns: slice) -> None:
        known = (self.state[columns] >= 0).all()
        for rows, bounds in zip(self.parts, self.bounds, strict=True):
            own = out if len(self.parts) == 1 else out[rows]
            if not known:
                bounds[:, columns] = clip_bounds(own, self.clip_mad)
            np.clip(own, *bounds[:, columns], out=own)
            if own is not out:
                out[rows] = own


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
