"""Ridge fits in event space, for layers with as many features as training events or more.

For every training set and penalty the matrix B = K_hr (K_rr + alpha I)^-1, which turns training responses into held-out
predictions, is made once (Cholesky, float64: a float32 factor of a nearly singular kernel is useless) and then applied
to all targets (float32). The cost that depends on the number of targets does not depend on the number of features.
"""

from __future__ import annotations

import numpy as np

from fusion.encoding.folds import Folds, Held
from fusion.encoding.primal import contiguous
from fusion.encoding.scores import FLAT, correlation

#: Features enter the kernels this many at a time.
FEATURE_CHUNK = 1024
#: Targets are predicted this many at a time.
TARGET_CHUNK = 4096


def training_kernels(features: np.ndarray, train: np.ndarray, held_out: np.ndarray, backend):
    """Return the kernels of features standardised on the training events.

    Parameters
    ----------
    features
        (event, p) float32.
    train, held_out
        Indices of events.
    backend
        Where the kernels are made.

    Returns
    -------
    within
        (training event, training event) float64.
    across
        (held-out event, training event) float64.
    """
    xp = backend.xp
    within = across = None
    for start in range(0, features.shape[1], FEATURE_CHUNK):
        chunk = features[:, start : start + FEATURE_CHUNK].astype(np.float64)
        mean, variance = chunk[train].mean(axis=0), chunk[train].var(axis=0)
        # Relative to the overall variance of 1: a feature that is constant in training predicts nothing.
        chunk -= mean
        chunk *= np.where(variance > 1e-10, 1 / np.sqrt(np.maximum(variance, 1e-300)), 0.0)
        trained, tested = backend.double(chunk[train]), backend.double(chunk[held_out])
        if within is None:
            within, across = trained @ trained.T, tested @ trained.T
        else:
            within += xp.matmul(trained, trained.T)
            across += xp.matmul(tested, trained.T)
    return within, across


class Dual:
    """All fits of one layer in event space; the same methods as ``fusion.encoding.primal.Primal``.

    Parameters
    ----------
    features
        (event, p) float32, roughly standardised over all events.
    folds
        The training, validation and test sets.
    alphas
        (alpha,) penalties.
    backend
        Where the work is done.
    """

    #: All targets at once: a factorisation costs more than memory for predictions.
    batch = None

    def __init__(self, features: np.ndarray, folds: Folds, alphas: np.ndarray, backend):
        self.backend, self.folds, self.alphas, self.features = backend, folds, np.asarray(alphas, float), features
        self.shared = folds.inner[0].blocks == folds.outer[0].blocks
        self.train_rows = [contiguous(held.train, backend) for held in folds.outer]
        self._kernels: tuple | None = None
        self._smoothers: dict[tuple[int, int], object] = {}

    def load(self, responses) -> None:
        """Take in all targets: (event, target) float32 on the backend, columns centred, of about unit variance."""
        self.responses = responses
        self.means, self.learnable = zip(*(self._training_moments(rows) for rows in self.train_rows), strict=True)

    def _training_moments(self, rows):
        trained = self.responses[rows]
        mean = trained.mean(axis=0)
        return mean, self.backend.column_dot(trained, trained) / len(trained) - mean**2 > FLAT

    def held_out(self, f: int):
        """Return (test event, target) the responses of fold ``f``."""
        return self.responses[contiguous(self.folds.outer[f].scored[f], self.backend)]

    def _smooth(self, within, across, alpha: float):
        """Return (held-out event, training event) float32 B."""
        penalised = within + alpha * self.backend.xp.eye(len(within), dtype=within.dtype, device=within.device)
        return self.backend.single(self.backend.solve_spd(penalised, across.T).T)

    def curves(self):
        """Yield (fold, (alpha, target) validation r) for every validation set, inner fits in order."""
        for k, held in enumerate(self.folds.inner):
            rows = [*held.scored.values()]
            if self.shared:
                rows.append(self.folds.outer[k].scored[k])
            within, across = training_kernels(self.features, held.train, np.concatenate(rows), self.backend)
            bounds = np.cumsum([0, *(len(r) for r in rows)])
            scores = [np.empty((len(self.alphas), self.responses.shape[1]), np.float32) for _ in held.scored]
            for a, alpha in enumerate(self.alphas):
                smoother = self._smooth(within, across, alpha)
                if self.shared:
                    self._smoothers[k, a] = self.backend.single(smoother[int(bounds[-2]) :])
                for values, own, first, last in zip(scores, rows, bounds[:-1], bounds[1:], strict=False):
                    self._score_validation(values[a], smoother[int(first) : int(last)], held, own)
            yield from zip(held.scored, scores, strict=True)

    def _score_validation(self, out: np.ndarray, smoother, held: Held, rows: np.ndarray) -> None:
        train, scored = contiguous(held.train, self.backend), contiguous(rows, self.backend)
        for start in range(0, len(out), TARGET_CHUNK):
            columns = slice(start, start + TARGET_CHUNK)
            trained = self.responses[train][:, columns]
            mean = trained.mean(axis=0)
            trained = trained - mean
            held_out = self.responses[scored][:, columns]
            predicted = smoother @ trained
            predicted -= predicted.mean(axis=0)
            r = correlation(
                self.backend.column_dot(predicted, held_out),
                self.backend.column_dot(predicted, predicted),
                self.backend.column_dot(held_out, held_out) - held_out.sum(axis=0) ** 2 / len(held_out),
                len(held_out),
                self.backend.xp,
            )
            learnable = self.backend.column_dot(trained, trained) > len(trained) * FLAT
            out[columns] = self.backend.host(r * learnable)

    def _fold_kernels(self, f: int):
        if self._kernels is None or self._kernels[0] != f:
            self._kernels = None
            held = self.folds.outer[f]
            self._kernels = (f, *training_kernels(self.features, held.train, held.scored[f], self.backend))
        return self._kernels[1:]

    def _smoother(self, f: int, a: int):
        if not self.shared:
            for key in [key for key in self._smoothers if key[0] != f]:
                del self._smoothers[key]
        if (f, a) not in self._smoothers:
            self._smoothers[f, a] = self._smooth(*self._fold_kernels(f), self.alphas[a])
        return self._smoothers[f, a]

    def _by_penalty(self, choice):
        """Yield (penalty, positions of the targets that use it), at most TARGET_CHUNK at a time."""
        choice = self.backend.host(choice)
        for a in np.unique(choice):
            at = np.flatnonzero(choice == a)
            for start in range(0, len(at), TARGET_CHUNK):
                yield int(a), self.backend.index(at[start : start + TARGET_CHUNK])

    def _trained(self, f: int, columns, at):
        """Return (training event, target) centred responses of fold ``f`` for the targets at ``at`` of ``columns``."""
        index = at if isinstance(columns, slice) else columns[at]
        return self.responses[self.train_rows[f]][:, index] - self.means[f][index]

    def predict(self, f: int, choice, columns=slice(None)):
        """Return (test event, target) predictions of fold ``f``, without the training mean of the responses.

        Parameters
        ----------
        f
            Outer fold.
        choice
            (target,) index of the penalty of each target wanted.
        columns
            The targets wanted: all, or indices.
        """
        rows = self.folds.outer[f].scored[f]
        predicted = self.backend.xp.empty((len(rows), len(choice)), dtype=self.responses.dtype, device=self.responses.device)
        for a, at in self._by_penalty(choice):
            predicted[:, at] = self._smoother(f, a) @ self._trained(f, columns, at)
        predicted *= self.learnable[f][columns]
        return predicted

    def training_products(self, f: int, choice, gradient, columns=slice(None)):
        """Return (training event, target) leverage and residual of fold ``f``; see ``Primal.training_products``."""
        xp = self.backend.xp
        shape = (len(self.folds.outer[f].train), len(choice))
        leverage, residual = (xp.empty(shape, dtype=self.responses.dtype, device=self.responses.device) for _ in range(2))
        last = None
        for a, at in self._by_penalty(choice):
            if a != last:
                within, _ = self._fold_kernels(f)
                penalised = within + self.alphas[a] * xp.eye(len(within), dtype=within.dtype, device=within.device)
                # The residual of ridge is alpha (K + alpha I)^-1 y.
                remainder = self.backend.single(self.alphas[a] * self.backend.inverse_spd(penalised))
                last = a
            leverage[:, at] = self._smoother(f, a).T @ gradient[:, at]
            residual[:, at] = remainder @ self._trained(f, columns, at)
        return leverage, residual
