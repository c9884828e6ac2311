"""Ridge fits in event space, for layers with as many features as training events or more.

For every training set and penalty the matrix B = K_hr (K_rr + alpha I)^-1, which turns training
responses into held-out predictions, is made once by Cholesky and then applied to all targets
(float32). The cost that depends on the number of targets does not depend on the number of features.
A float32 factor of a nearly singular kernel is useless: factors are float64 except for penalties so
large that the residual of the solution proves float32 to be enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusion.encoding.arrays import Array, ArrayLibrary
from fusion.encoding.backend import mirror
from fusion.encoding.folds import Folds
from fusion.encoding.prepare import Targets
from fusion.encoding.primal import contiguous
from fusion.encoding.scores import FLAT, correlation

#: Features enter the kernels this many at a time.
FEATURE_CHUNK = 1024
#: Rows of a kernel that are made at a time, from the diagonal on: what lies below is its mirror
#: image.
KERNEL_BLOCK = 512
#: Targets are predicted this many at a time.
TARGET_CHUNK = 4096
#: Largest relative error of predictions for which a float32 solution is kept; no correlation can
#: move by more.
TOLERANCE = 1e-5
#: Rows of a solution that its residual is computed for.
CHECKED = 16


def training_kernels(
    features: np.ndarray, train: np.ndarray, held_out: np.ndarray, backend: ArrayLibrary
) -> tuple[Array, Array]:
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
    rows, n = np.concatenate([train, held_out]), len(train)
    kernel = backend.double(np.zeros((n, len(rows))))
    for start in range(0, features.shape[1], FEATURE_CHUNK):
        chunk = features[rows, start : start + FEATURE_CHUNK].astype(np.float64)
        chunk -= chunk[:n].mean(axis=0)
        variance = np.einsum("ij,ij->j", chunk[:n], chunk[:n]) / n
        # Relative to the overall variance of 1: a feature that is constant in training predicts
        # nothing.
        chunk *= np.where(variance > 1e-10, 1 / np.sqrt(np.maximum(variance, 1e-300)), 0.0)
        chunk = backend.double(chunk)
        for first in range(0, n, KERNEL_BLOCK):
            last = min(first + KERNEL_BLOCK, n)
            kernel[first:last, first:] += chunk[first:last] @ chunk[first:].T
    within, across = kernel[:, :n], kernel[:, n:]
    mirror(within, backend.xp)
    return within, backend.double(across.T)


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

    def __init__(
        self, features: np.ndarray, folds: Folds, alphas: np.ndarray, backend: ArrayLibrary
    ) -> None:
        self.backend, self.folds, self.alphas, self.features = (
            backend,
            folds,
            np.asarray(alphas, float),
            features,
        )
        self.shared = folds.inner[0].blocks == folds.outer[0].blocks
        #: The largest penalty for which a float32 solution was not good enough.
        self._needs_double = 0.0
        self._fold = -1
        self._kernels: tuple[Array, Array] | None = None
        self._smoothers: dict[tuple[int, int], Array] = {}
        self._remainders: dict[tuple[int, int], Array] = {}

    def load(self, targets: Targets, columns: slice) -> None:
        """Take in the targets: ``fusion.encoding.prepare.Targets``, and which of them."""
        self.targets, self.columns = targets, columns

    def chunks(self, width: int) -> list[slice]:
        """Return the parts of the batch that are scored at a time, each a whole number of ``width``
        targets.
        """
        count, step = self.columns.stop - self.columns.start, max(1, TARGET_CHUNK // width) * width
        return [slice(start, min(start + step, count)) for start in range(0, count, step)]

    def _read(self, chunk: slice) -> Array:
        return self.backend.single(
            self.targets.batch(
                slice(self.columns.start + chunk.start, self.columns.start + chunk.stop)
            )
        )

    def open(self, f: int, chunk: slice) -> None:
        """Turn to fold ``f`` and the targets of ``chunk``; the methods below then speak of
        these.
        """
        self.responses = self._read(chunk)
        self.trained, self.means = self._centred(self.responses, self.folds.outer[f].train)
        self.learnable = (
            self.backend.column_dot(self.trained, self.trained) > len(self.trained) * FLAT
        )
        if self._fold != f:
            self._fold, self._kernels = f, None
            for kept in (self._remainders, *(() if self.shared else (self._smoothers,))):
                kept.clear()

    def _opened(self) -> tuple[Array, Array]:
        """Return the kernels of the fold that is open, made when first asked for."""
        if self._kernels is None:
            held = self.folds.outer[self._fold]
            self._kernels = training_kernels(
                self.features, held.train, held.scored[self._fold], self.backend
            )
        return self._kernels

    def _centred(self, responses: Array, train: np.ndarray) -> tuple[Array, Array]:
        trained = responses[contiguous(train, self.backend)]
        mean = trained.mean(axis=0)
        return trained - mean, mean

    def held_out(self, f: int) -> Array:
        """Return (test event, target) the responses of fold ``f``."""
        return self.responses[contiguous(self.folds.outer[f].scored[f], self.backend)]

    def level(self, f: int) -> Array:
        """Return (target,) the training mean of the responses, which predictions leave out."""
        return self.means

    def _penalised(self, within: Array, alpha: float, dtype: Any) -> Array:
        """Return a fresh K + alpha I."""
        matrix = self.backend.xp.asarray(within, dtype=dtype, copy=True)
        diagonal = self.backend.index(np.arange(len(matrix)))
        matrix[diagonal, diagonal] += alpha
        return matrix

    def _smooth(self, within: Array, across: Array, alpha: float) -> Array:
        """Return (held-out event, training event) float32 B.

        For an infinite penalty it is K_hr / trace(K_rr): correlations do not depend on its scale.
        """
        backend = self.backend
        if np.isinf(alpha):
            return backend.single(across / float(backend.host(within.diagonal()).sum()))
        if alpha > self._needs_double:
            found = backend.solve_spd(
                self._penalised(within, alpha, backend.xp.float32), backend.single(across).T
            )
            if found is not None and self._accurate(found.T, within, across, alpha):
                return backend.single(found.T)
            self._needs_double = alpha
        found = backend.solve_spd(self._penalised(within, alpha, backend.xp.float64), across.T)
        if found is None:
            raise np.linalg.LinAlgError(
                f"penalty {alpha:g} is too small for these features; expected a larger one"
            )
        return backend.single(found.T)

    def _accurate(self, smoother: Array, within: Array, across: Array, alpha: float) -> bool:
        """Return whether B is within ``TOLERANCE`` of K_hr (K_rr + alpha I)^-1, from the residual
        of some of its rows.

        What a residual R says of B is R (K + alpha I)^-1, which is at most 1 / alpha times as
        large."""
        some = self.backend.index(np.unique(np.linspace(0, len(smoother) - 1, CHECKED).astype(int)))
        rows = self.backend.double(smoother[some])
        residual = across[some] - rows @ within - alpha * rows
        return bool((residual**2).sum() <= (TOLERANCE * alpha) ** 2 * (rows**2).sum())

    def curves(self) -> Iterator[tuple[int, Array]]:
        """Yield (fold, (alpha, target) validation r) for every validation set, inner fits in
        order.
        """
        for k, held in enumerate(self.folds.inner):
            rows = [*held.scored.values()]
            if self.shared:
                rows.append(self.folds.outer[k].scored[k])
            within, across = training_kernels(
                self.features, held.train, np.concatenate(rows), self.backend
            )
            bounds = np.cumsum([0, *(len(r) for r in rows)])
            # The largest penalty first: where float32 is not enough for one, it is not for those
            # below.
            smoothers = [self._smooth(within, across, alpha) for alpha in self.alphas[::-1]][::-1]
            del within, across
            if self.shared:
                for a, smoother in enumerate(smoothers):
                    # A copy, or the rows that are kept for the test keep all others alive.
                    self._smoothers[k, a] = self.backend.xp.asarray(
                        smoother[int(bounds[-2]) :], copy=True
                    )
            count = self.columns.stop - self.columns.start
            scores = [np.empty((len(self.alphas), count), np.float32) for _ in held.scored]
            for chunk in self.chunks(1):
                responses = self._read(chunk)
                trained, _ = self._centred(responses, held.train)
                for values, own, first, last in zip(
                    scores, rows, bounds[:-1], bounds[1:], strict=False
                ):
                    held_out = responses[contiguous(own, self.backend)]
                    for a, smoother in enumerate(smoothers):
                        values[a, chunk] = self._validation_r(
                            smoother[int(first) : int(last)], trained, held_out
                        )
            yield from zip(held.scored, scores, strict=True)

    def _validation_r(self, smoother: Array, trained: Array, held_out: Array) -> np.ndarray:
        predicted = smoother @ trained
        predicted -= predicted.mean(axis=0)
        r = correlation(
            self.backend.column_dot(predicted, held_out),
            self.backend.column_dot(predicted, predicted),
            self.backend.column_dot(held_out, held_out) - held_out.sum(axis=0) ** 2 / len(held_out),
            len(held_out),
            self.backend.xp,
        )
        return self.backend.host(
            r * (self.backend.column_dot(trained, trained) > len(trained) * FLAT)
        )

    def _smoother(self, f: int, a: int) -> Array:
        if (f, a) not in self._smoothers:
            self._smoothers[f, a] = self._smooth(*self._opened(), self.alphas[a])
        return self._smoothers[f, a]

    def _remainder(self, f: int, a: int) -> Array:
        """Return (training event, training event) float32 alpha (K + alpha I)^-1, which turns
        responses into residuals.
        """
        if (f, a) not in self._remainders:
            inverse = self.backend.inverse_spd(
                self._penalised(self._opened()[0], self.alphas[a], self.backend.xp.float64)
            )
            inverse *= self.alphas[a]
            self._remainders[f, a] = self.backend.single(inverse)
        return self._remainders[f, a]

    def _by_penalty(
        self, choice: Array, columns: Array | slice
    ) -> Iterator[tuple[int, Array, Array]]:
        """Yield (penalty, positions in ``choice`` of the targets that use it, the same positions in
        the chunk).
        """
        choice = self.backend.host(choice)
        for a in np.unique(choice):
            at = self.backend.index(np.flatnonzero(choice == a))
            yield int(a), at, at if isinstance(columns, slice) else columns[at]

    def predict(self, f: int, choice: Array, columns: Array | slice = slice(None)) -> Array:
        """Return (test event, target) predictions of fold ``f``, without the training mean of the
        responses.

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
        predicted = self.backend.xp.empty(
            (len(rows), len(choice)), dtype=self.responses.dtype, device=self.responses.device
        )
        for a, at, own in self._by_penalty(choice, columns):
            predicted[:, at] = self._smoother(f, a) @ self.trained[:, own]
        predicted *= self.learnable[columns]
        return predicted

    def training_products(
        self, f: int, choice: Array, gradient: Array, columns: Array | slice = slice(None)
    ) -> tuple[Array, Array]:
        """Return (training event, target) leverage and residual of fold ``f``; see
        ``Primal.training_products``.
        """
        shape = (len(self.trained), len(choice))
        leverage, residual = (
            self.backend.xp.empty(shape, dtype=self.trained.dtype, device=self.trained.device)
            for _ in range(2)
        )
        for a, at, own in self._by_penalty(choice, columns):
            leverage[:, at] = self._smoother(f, a).T @ gradient[:, at]
            if np.isinf(self.alphas[a]):
                # In the limit predictions vanish beside the responses.
                residual[:, at] = self.trained[:, own]
            else:
                residual[:, at] = self._remainder(f, a) @ self.trained[:, own]
        return leverage, residual
