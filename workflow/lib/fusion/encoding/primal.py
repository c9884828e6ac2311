"""Ridge fits in feature space, for layers with fewer features than training events.

One pass over the events gives cross-products of features and responses for the pieces that all
training and held-out sets are made of; everything else happens in the eigenbasis of each training
set, shared by all penalties and targets. Algebra without targets is float64, products with targets
float32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fusion.encoding.arrays import Array, ArrayLibrary
from fusion.encoding.folds import Folds, Held
from fusion.encoding.moments import Quadratic, plan_quadratic, shrinkage, squared_norms
from fusion.encoding.prepare import Targets
from fusion.encoding.scores import FLAT, correlation
from fusion.encoding.streams import joint_projection


def contiguous(rows: np.ndarray, backend: ArrayLibrary) -> Array | slice:
    """Return ``rows`` as a slice where they are consecutive (no copy is then made), else as indices
    on the backend.
    """
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return backend.index(rows)


@dataclass
class Basis:
    """The eigenbasis of one training set; q directions of the p features have variance in it.

    Attributes
    ----------
    rotation
        (p, q) float64: features minus ``mean`` times this are standardised on the training set and
        rotated.
    mean
        (p,) float64 mean of the features over the training events.
    eigenvalues
        (q,) float64.
    weights
        (q, alpha) float32, 1 / (eigenvalue + alpha).
    turn
        (q, p + 1) float32: times the cross-products of features and a column of ones with the
        responses, it gives the cross-products of the standardised, rotated features with the
        centred responses.
    """

    rotation: np.ndarray
    mean: np.ndarray
    eigenvalues: np.ndarray
    weights: Array
    turn: Array


@dataclass
class Scored:
    """One set of events that a training set is scored on."""

    fold: int
    rows: Array
    features: Array
    quadratic: Quadratic | None


def training_basis(
    features: np.ndarray,
    total: np.ndarray,
    sums: np.ndarray,
    train: np.ndarray,
    alphas: np.ndarray,
    backend: ArrayLibrary,
    first: int | None = None,
) -> Basis:
    """Return the eigenbasis of the training events' standardised features.

    Parameters
    ----------
    features
        (event, p) float64.
    total
        (p, p) float64 Gram of all events: the training Gram is what remains without the others.
    sums
        (p,) float64 sums over all events.
    train
        Indices of the training events.
    alphas
        (alpha,) penalties.
    backend
        Where the arrays go.
    first
        Number of features of the first of two streams that are projected together
        (:mod:`fusion.encoding.streams`); None for features that are fitted as they are.
    """
    away = np.ones(len(features), dtype=bool)
    away[train] = False
    others = features[away]
    mean = (sums - others.sum(axis=0)) / len(train)
    gram = total - others.T @ others - len(train) * np.outer(mean, mean)
    variance = np.diag(gram) / len(train)
    # A feature that is constant in training (up to rounding) predicts nothing; standardising it
    # would blow up noise.
    scale = np.where(
        variance > 1e-10 * np.maximum(np.diag(total) / len(features), 1e-300),
        1 / np.sqrt(np.maximum(variance, 1e-300)),
        0.0,
    )
    gram = gram * scale[:, None] * scale[None, :]
    turn = None
    if first is not None:
        turn = joint_projection(gram / len(train), first)
        gram = turn.T @ gram @ turn
    values, vectors = backend.eigh(backend.double(gram))
    values, vectors = backend.host(values), backend.host(vectors)
    # Directions without training variance get no weight from any penalty: leaving them out is
    # exact.
    kept = values > max(values[-1], 0) * len(values) * np.finfo(float).eps
    values, vectors = values[kept], vectors[:, kept]
    rotation = scale[:, None] * (vectors if turn is None else turn @ vectors)
    return Basis(
        rotation=rotation,
        mean=mean,
        eigenvalues=values,
        weights=backend.single(shrinkage(values, alphas).T),
        turn=backend.single(np.concatenate([rotation, -(mean @ rotation)[None, :]]).T),
    )


class Primal:
    """All fits of one layer in feature space.

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
    first
        As for :func:`training_basis`.
    """

    #: Targets are best handed over in batches of about this many: the working set stays in cache.
    batch = 512

    def __init__(
        self,
        features: np.ndarray,
        folds: Folds,
        alphas: np.ndarray,
        backend: ArrayLibrary,
        first: int | None = None,
    ) -> None:
        self.backend, self.folds, self.alphas = backend, folds, np.asarray(alphas, float)
        self.features = features
        wide = features.astype(np.float64)
        total, sums = wide.T @ wide, wide.sum(axis=0)
        shared = folds.inner[0].blocks == folds.outer[0].blocks
        self.outer_basis = [
            training_basis(wide, total, sums, held.train, self.alphas, backend, first)
            for held in folds.outer
        ]
        self.inner_basis = (
            self.outer_basis
            if shared
            else [
                training_basis(wide, total, sums, held.train, self.alphas, backend, first)
                for held in folds.inner
            ]
        )
        self.inner = [
            self._validation(wide, held, basis)
            for held, basis in zip(folds.inner, self.inner_basis, strict=True)
        ]
        self.outer = [self._test(wide, f, basis) for f, basis in enumerate(self.outer_basis)]
        self.spectra = [backend.single(basis.eigenvalues) for basis in self.outer_basis]
        self.penalties = backend.single(self.alphas)
        self.has_limit = bool(np.isinf(self.alphas).any())
        self.train_rows = [contiguous(held.train, backend) for held in folds.outer]
        self._plan_pieces(folds.outer if shared else (*folds.outer, *folds.inner))
        self._training_features: dict[int, Array] = {}

    def _validation(self, wide: np.ndarray, held: Held, basis: Basis) -> list[Scored]:
        found = []
        for f, rows in held.scored.items():
            rotated = (wide[rows] - wide[rows].mean(axis=0)) @ basis.rotation
            plan = plan_quadratic(rotated.T @ rotated, basis.eigenvalues, self.alphas, self.backend)
            found.append(
                Scored(f, contiguous(rows, self.backend), self.backend.single(rotated), plan)
            )
        return found

    def _test(self, wide: np.ndarray, f: int, basis: Basis) -> Scored:
        rows = self.folds.outer[f].scored[f]
        return Scored(
            f,
            contiguous(rows, self.backend),
            self.backend.single((wide[rows] - basis.mean) @ basis.rotation),
            None,
        )

    def _plan_pieces(self, helds: tuple[Held, ...]) -> None:
        """Cut the events into pieces of which every training set is a union."""
        member = np.zeros((len(self.features), len(helds)), dtype=bool)
        for k, held in enumerate(helds):
            member[held.train, k] = True
        kinds, kind = np.unique(member, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        used = [m for m in range(len(kinds)) if kinds[m].any()]
        rows = [np.flatnonzero(kind == m) for m in used]
        # A feature that is 1 everywhere gives the sums of the responses in the same product.
        extended = np.concatenate(
            [self.features, np.ones((len(self.features), 1), np.float32)], axis=1
        )
        self.pieces = [
            (contiguous(r, self.backend), self.backend.single(extended[r].T)) for r in rows
        ]
        self.unions = self.backend.single(kinds[used].T)
        self.train_counts = self.backend.single([[len(held.train)] for held in helds])

    def load(self, targets: Targets, columns: slice) -> None:
        """Take in a batch of targets: ``fusion.encoding.prepare.Targets``, and which of them."""
        xp = self.backend.xp
        self.responses = responses = self.backend.single(targets.batch(columns))
        p, t = self.features.shape[1] + 1, responses.shape[1]
        products = xp.empty(
            (len(self.pieces), p, t), dtype=responses.dtype, device=responses.device
        )
        squares = xp.empty((len(self.pieces), t), dtype=responses.dtype, device=responses.device)
        for m, (rows, transposed) in enumerate(self.pieces):
            piece = responses[rows]
            xp.matmul(transposed, piece, out=products[m])
            squares[m] = self.backend.column_dot(piece, piece)
        self.crosses = (self.unions @ products.reshape(len(self.pieces), p * t)).reshape(-1, p, t)
        self.means = self.crosses[:, -1] / self.train_counts
        # Relative to the overall variance of 1: a target that does not vary in training cannot be
        # learnt.
        self.learnable = (self.unions @ squares) / self.train_counts - self.means**2 > FLAT
        self._rotated: dict[int, Array] = {}

    def _outer_rotated(self, f: int) -> Array:
        if f not in self._rotated:
            self._rotated[f] = self.outer_basis[f].turn @ self.crosses[f]
        return self._rotated[f]

    def curves(self) -> Iterator[tuple[int, Array]]:
        """Yield (fold, (alpha, target) validation r) for every validation set, inner fits in
        order.
        """
        shared = self.inner_basis is self.outer_basis
        for k, (basis, sets) in enumerate(zip(self.inner_basis, self.inner, strict=True)):
            rotated = (
                self._outer_rotated(k)
                if shared
                else basis.turn @ self.crosses[len(self.outer_basis) + k]
            )
            for scored in sets:
                held_out = self.responses[scored.rows]
                cross = scored.features.T @ held_out
                cross *= rotated
                products = basis.weights.T @ cross
                assert scored.quadratic is not None, "validation sets have a plan"
                norms = squared_norms(
                    scored.quadratic, rotated, scored.features, basis.weights, self.backend
                )
                spread = self.backend.column_dot(held_out, held_out) - held_out.sum(
                    axis=0
                ) ** 2 / len(held_out)
                learnable = self.learnable[k if shared else len(self.outer_basis) + k]
                yield (
                    scored.fold,
                    correlation(products, norms, spread, len(held_out), self.backend.xp)
                    * learnable,
                )

    def chunks(self, width: int) -> list[slice]:
        """Return the parts of the batch that are scored at a time: one, since batches are small."""
        return [slice(0, self.responses.shape[1])]

    def open(self, f: int, chunk: slice) -> None:
        """Turn to fold ``f`` and the targets of ``chunk``: nothing to prepare."""

    def level(self, f: int) -> Array:
        """Return (target,) the training mean of the responses, which predictions leave out."""
        return self.means[f]

    def held_out(self, f: int) -> Array:
        """Return (test event, target) the responses of fold ``f``."""
        return self.responses[self.outer[f].rows]

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
            The targets wanted, of the batch.
        """
        return self.outer[f].features @ self._weights(f, choice, columns)

    def _divisor(self, f: int, choice: Array) -> Array:
        """Return (q, target) eigenvalue + alpha, or the sum of eigenvalues for an infinite alpha.

        Half the time of a gather from ``Basis.weights``.
        """
        divisor = self.spectra[f][:, None] + self.penalties[choice]
        if self.has_limit:
            divisor[:, self.backend.xp.isinf(self.penalties[choice])] = self.spectra[f].sum()
        return divisor

    def _weights(self, f: int, choice: Array, columns: Array | slice) -> Array:
        """Return (q, target) ridge weights of fold ``f`` in its eigenbasis."""
        weights = self._outer_rotated(f)[:, columns] / self._divisor(f, choice)
        if not self.learnable[f].all():
            weights *= self.learnable[f][columns]
        return weights

    def training_products(
        self, f: int, choice: Array, gradient: Array, columns: Array | slice = slice(None)
    ) -> tuple[Array, Array]:
        """Return what the training part of the influence is made of, for fold ``f``.

        Parameters
        ----------
        f
            Outer fold.
        choice
            (target,) index of the penalty of each target wanted.
        gradient
            (test event, target) derivative of the score with respect to the predictions.
        columns
            The targets wanted, of the batch.

        Returns
        -------
        leverage
            (training event, target) gradient with respect to a training event's residual, g' (X'X +
            alpha I)^-1 x_j.
        residual
            (training event, target) response minus prediction.
        """
        if f not in self._training_features:
            rows, basis = self.folds.outer[f].train, self.outer_basis[f]
            self._training_features[f] = self.backend.single(
                (self.features[rows] - basis.mean) @ basis.rotation
            )
        features = self._training_features[f]
        leverage = features @ (self.outer[f].features.T @ gradient / self._divisor(f, choice))
        residual = self.responses[self.train_rows[f]][:, columns] - self.means[f][columns]
        weights = self._weights(f, choice, columns)
        if self.has_limit:
            # In the limit predictions vanish beside the responses; only their direction is left.
            weights[:, self.backend.xp.isinf(self.penalties[choice])] = 0
        residual -= features @ weights
        return leverage, residual
