"""Ridge fits in event space, for layers with as many features as training events or more.

For every training set and penalty the matrix B = K_hr (K_rr + alpha I)^-1, which turns training responses into held-out
predictions, is made once (Cholesky, float64: a float32 factor of a nearly singular kernel is useless) and then applied
to all targets (float32). The cost that depends on the number of targets does not depend on the number of features.
"""

from __future__ import annotations

import numpy as np

from fusion.encoding.folds import Folds
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

    #: All targets at once: a factorisation costs more than reading the targets again.
    batch = None

    def __init__(self, features: np.ndarray, folds: Folds, alphas: np.ndarray, backend):
        self.backend, self.folds, self.alphas, self.features = backend, folds, np.asarray(alphas, float), features
        self.shared = folds.inner[0].blocks == folds.outer[0].blocks
        self._kernels: tuple | None = None
        self._smoothers: dict[tuple[int, int], object] = {}
        self._remainders: dict[tuple[int, int], object] = {}

    def load(self, targets, columns: slice) -> None:
        """Take in the targets: ``fusion.encoding.prepare.Targets``, and which of them."""
        self.targets, self.columns = targets, columns

    def chunks(self, width: int) -> list[slice]:
        """Return the parts of the batch that are scored at a time, each a whole number of ``width`` targets."""
        count, step = self.columns.stop - self.columns.start, max(1, TARGET_CHUNK // width) * width
        return [slice(start, min(start + step, count)) for start in range(0, count, step)]

    def _read(self, chunk: slice):
        return self.backend.single(self.targets.batch(slice(self.columns.start + chunk.start, self.columns.start + chunk.stop)))

    def open(self, f: int, chunk: slice) -> None:
        """Turn to fold ``f`` and the targets of ``chunk``; the methods below then speak of these."""
        self.responses = self._read(chunk)
        self.trained, self.means = self._centred(self.responses, self.folds.outer[f].train)
        self.learnable = self.backend.column_dot(self.trained, self.trained) > len(self.trained) * FLAT
        if self._kernels is None or self._kernels[0] != f:
            for kept in (self._remainders, *(() if self.shared else (self._smoothers,))):
                kept.clear()
            self._kernels = None
            held = self.folds.outer[f]
            self._kernels = (f, *training_kernels(self.features, held.train, held.scored[f], self.backend))

    def _centred(self, responses, train: np.ndarray):
        trained = responses[contiguous(train, self.backend)]
        mean = trained.mean(axis=0)
        return trained - mean, mean

    def held_out(self, f: int):
        """Return (test event, target) the responses of fold ``f``."""
        return self.responses[contiguous(self.folds.outer[f].scored[f], self.backend)]

    def level(self, f: int):
        """Return (target,) the training mean of the responses, which predictions leave out."""
        return self.means

    def _penalised(self, within, alpha: float):
        return within + alpha * self.backend.xp.eye(len(within), dtype=within.dtype, device=within.device)

    def _smooth(self, within, across, alpha: float):
        """Return (held-out event, training event) float32 B."""
        return self.backend.single(self.backend.solve_spd(self._penalised(within, alpha), across.T).T)

    def curves(self):
        """Yield (fold, (alpha, target) validation r) for every validation set, inner fits in order."""
        for k, held in enumerate(self.folds.inner):
            rows = [*held.scored.values()]
            if self.shared:
                rows.append(self.folds.outer[k].scored[k])
            within, across = training_kernels(self.features, held.train, np.concatenate(rows), self.backend)
            bounds = np.cumsum([0, *(len(r) for r in rows)])
            smoothers = [self._smooth(within, across, alpha) for alpha in self.alphas]
            del within, across
            if self.shared:
                for a, smoother in enumerate(smoothers):
                    self._smoothers[k, a] = self.backend.single(smoother[int(bounds[-2]) :])
            count = self.columns.stop - self.columns.start
            scores = [np.empty((len(self.alphas), count), np.float32) for _ in held.scored]
            for chunk in self.chunks(1):
                responses = self._read(chunk)
                trained, _ = self._centred(responses, held.train)
                for values, own, first, last in zip(scores, rows, bounds[:-1], bounds[1:], strict=False):
                    held_out = responses[contiguous(own, self.backend)]
                    for a, smoother in enumerate(smoothers):
                        values[a, chunk] = self._validation_r(smoother[int(first) : int(last)], trained, held_out)
            yield from zip(held.scored, scores, strict=True)

    def _validation_r(self, smoother, trained, held_out) -> np.ndarray:
        predicted = smoother @ trained
        predicted -= predicted.mean(axis=0)
        r = correlation(
            self.backend.column_dot(predicted, held_out),
            self.backend.column_dot(predicted, predicted),
            self.backend.column_dot(held_out, held_out) - held_out.sum(axis=0) ** 2 / len(held_out),
            len(held_out),
            self.backend.xp,
        )
        return self.backend.host(r * (self.backend.column_dot(trained, trained) > len(trained) * FLAT))

    def _smoother(self, f: int, a: int):
        if (f, a) not in self._smoothers:
            self._smoothers[f, a] = self._smooth(*self._kernels[1:], self.alphas[a])
        return self._smoothers[f, a]

    def _remainder(self, f: int, a: int):
        """Return (training event, training event) float32 alpha (K + alpha I)^-1, which turns responses into residuals."""
        if (f, a) not in self._remainders:
            inverse = self.backend.inverse_spd(self._penalised(self._kernels[1], self.alphas[a]))
            self._remainders[f, a] = self.backend.single(self.alphas[a] * inverse)
        return self._remainders[f, a]

    def _by_penalty(self, choice, columns):
        """Yield (penalty, positions in ``choice`` of the targets that use it, the same positions in the chunk)."""
        choice = self.backend.host(choice)
        for a in np.unique(choice):
            at = self.backend.index(np.flatnonzero(choice == a))
            yield int(a), at, at if isinstance(columns, slice) else columns[at]

    def predict(self, f: int, choice, columns=slice(None)):
        """Return (test event, target) predictions of fold ``f``, without the training mean of the responses.

        Parameters
        ----------
        f
            Outer fold.
        choice
            (target,) index of the penalty of each target wanted.
        columns
            The targets wanted: all of the chunk, or indices.
        """
        rows = self.folds.outer[f].scored[f]
        predicted = self.backend.xp.empty((len(rows), len(choice)), dtype=self.responses.dtype, device=self.responses.device)
        for a, at, own in self._by_penalty(choice, columns):
            predicted[:, at] = self._smoother(f, a) @ self.trained[:, own]
        predicted *= self.learnable[columns]
        return predicted

    def training_products(self, f: int, choice, gradient, columns=slice(None)):
        """Return (training event, target) leverage and residual of fold ``f``; see ``Primal.training_products``."""
        shape = (len(self.trained), len(choice))
        leverage, residual = (self.backend.xp.empty(shape, dtype=self.trained.dtype, device=self.trained.device) for _ in range(2))
        for a, at, own in self._by_penalty(choice, columns):
            leverage[:, at] = self._smoother(f, a).T @ gradient[:, at]
            residual[:, at] = self._remainder(f, a) @ self.trained[:, own]
        return leverage, residual
