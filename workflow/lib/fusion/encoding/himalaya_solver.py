"""Ridge fits by himalaya's solvers: the field's reference, at the price of time.

:class:`Himalaya` has the methods of :class:`fusion.encoding.primal.Primal`, so that everything
around the fits (folds, gaps, choice of penalty and layer, scores, influence) is the same. Weights
come from ``himalaya.ridge.solve_ridge_svd``, or, with more features than training events, from
``himalaya.kernel_ridge.solve_kernel_ridge_eigenvalues``; validation scores from
``himalaya.scoring.correlation_score``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import himalaya.backend
import numpy as np
from himalaya.kernel_ridge import solve_kernel_ridge_eigenvalues
from himalaya.ridge import solve_ridge_svd
from himalaya.scoring import correlation_score

from fusion.encoding.folds import Folds, Held
from fusion.encoding.scores import FLAT


class Himalaya:
    """All fits of one layer by himalaya.

    Parameters
    ----------
    features
        (n_events, n_features) float32, roughly standardised over all events.
    folds
        The training, validation and test sets.
    alphas
        (n_alphas,) penalties.
    backend
        Array library around the fits; himalaya's own follows it: ``numpy``, or ``torch`` with CUDA
        where there is a GPU.
    """

    #: himalaya works on all targets at once; batches bound the memory.
    batch = 512

    def __init__(self, features: np.ndarray, folds: Folds, alphas: np.ndarray, backend: Any):
        self.folds, self.alphas, self.backend = folds, np.asarray(alphas, float), backend
        self.features = features.astype(np.float64)
        self.name = _backend_name(backend)
        with _using(self.name) as own:
            self.himalaya = own
        self._standardised: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}

    def _scaled(self, held: Held) -> np.ndarray:
        """Return all events' features, standardised on the training events of ``held``."""
        if held.blocks not in self._standardised:
            train = self.features[held.train]
            mean, scale = train.mean(axis=0), train.std(axis=0)
            keep = scale**2 > 1e-10 * np.maximum((self.features**2).mean(axis=0), 1e-300)
            inverse = np.where(keep, 1 / np.where(keep, scale, 1.0), 0.0)
            self._standardised[held.blocks] = mean, inverse
        mean, inverse = self._standardised[held.blocks]
        return np.asarray((self.features - mean) * inverse)

    def load(self, targets: Any, columns: slice) -> None:
        """Take in a batch of targets: ``fusion.encoding.prepare.Targets``, and which of them."""
        self.responses = np.asarray(self.backend.host(targets.batch(columns)), np.float64)

    def _weighted(
        self, held: Held, responses: np.ndarray, alpha: np.ndarray, wanted: np.ndarray
    ) -> np.ndarray:
        """Return (n_wanted, n_targets) predictions of ridge fits, without the training mean.

        Parameters
        ----------
        held
            The training events.
        responses
            (n_train, n_targets) of the training events.
        alpha
            (n_targets,) penalty of each target.
        wanted
            Indices of the events to predict.
        """
        scaled = self._scaled(held)
        train, centred = scaled[held.train], responses - responses.mean(axis=0)
        predicted = np.empty((len(wanted), centred.shape[1]))
        limit = np.isinf(alpha)
        predicted[:, limit] = scaled[wanted] @ (train.T @ centred[:, limit]) / (train**2).sum()
        if not limit.all():
            with _using(self.name):
                finite = self._ridge(train, centred[:, ~limit], alpha[~limit])
            predicted[:, ~limit] = scaled[wanted] @ finite
        return predicted

    def _ridge(self, train: np.ndarray, centred: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Return (n_features, n_targets) himalaya's ridge weights."""
        alpha = self.himalaya.asarray(alpha)
        if train.shape[1] <= train.shape[0]:
            weights = solve_ridge_svd(
                self.himalaya.asarray(train), self.himalaya.asarray(centred), alpha, warn=False
            )
            return np.asarray(self.himalaya.to_numpy(weights))
        dual = solve_kernel_ridge_eigenvalues(
            self.himalaya.asarray(train @ train.T), self.himalaya.asarray(centred), alpha
        )
        return np.asarray(train.T @ self.himalaya.to_numpy(dual))

    def _learnable(self, held: Held) -> np.ndarray:
        return np.asarray(self.responses[held.train].var(axis=0) > FLAT)

    def curves(self) -> Iterator[tuple[int, Any]]:
        """Yield (fold, (n_alphas, n_targets) validation r) for every validation set."""
        for held in self.folds.inner:
            train, learnable = self.responses[held.train], self._learnable(held)
            # Every target once for each penalty: himalaya then decomposes the features once.
            alpha = np.repeat(self.alphas, train.shape[1])
            rows = np.concatenate(list(held.scored.values()))
            predicted = self._weighted(held, np.tile(train, len(self.alphas)), alpha, rows)
            start = 0
            for f, scored in held.scored.items():
                own = predicted[start : start + len(scored)]
                start += len(scored)
                measured = np.tile(self.responses[scored], len(self.alphas))
                with _using(self.name):
                    r = correlation_score(
                        self.himalaya.asarray(measured), self.himalaya.asarray(own)
                    )
                curve = np.nan_to_num(np.asarray(self.himalaya.to_numpy(r)))
                yield f, self.backend.single(curve.reshape(len(self.alphas), -1) * learnable)

    def chunks(self, width: int) -> list[slice]:
        """Return the parts of the batch that are scored at a time: all of it."""
        return [slice(0, self.responses.shape[1])]

    def open(self, f: int, chunk: slice) -> None:
        """Turn to fold ``f`` and the targets of ``chunk``: nothing to prepare."""

    def level(self, f: int) -> Any:
        """Return (n_targets,) the training mean of the responses, which predictions leave out."""
        return self.backend.single(self.responses[self.folds.outer[f].train].mean(axis=0))

    def held_out(self, f: int) -> Any:
        """Return (n_test, n_targets) the responses of fold ``f``."""
        return self.backend.single(self.responses[self.folds.outer[f].scored[f]])

    def predict(self, f: int, choice: Any, columns: Any = slice(None)) -> Any:
        """Return (n_test, n_targets) predictions of fold ``f``, without the training mean.

        Parameters
        ----------
        f
            Outer fold.
        choice
            (n_targets,) index of the penalty of each target wanted.
        columns
            The targets wanted, of the batch.
        """
        held = self.folds.outer[f]
        train = self.responses[held.train][:, self._host(columns)]
        alpha = self.alphas[np.asarray(self.backend.host(choice))]
        predicted = self._weighted(held, train, alpha, held.scored[f])
        return self.backend.single(predicted * self._learnable(held)[self._host(columns)])

    def training_products(
        self, f: int, choice: Any, gradient: Any, columns: Any = slice(None)
    ) -> tuple[Any, Any]:
        """Return leverage and residual of the training events (n_train, n_targets).

        As :meth:`fusion.encoding.primal.Primal.training_products`. himalaya's weights for the
        identity as responses are the operator (X'X + alpha I)^-1 X', which gives the leverage.
        """
        held, columns = self.folds.outer[f], self._host(columns)
        choice = np.asarray(self.backend.host(choice))
        gradient = np.asarray(self.backend.host(gradient), np.float64)
        train = self.responses[held.train][:, columns]
        identity = np.eye(len(held.train))
        leverage = np.zeros_like(train)
        for k in np.unique(choice):
            at = choice == k
            alpha = np.full(len(held.train), self.alphas[k])
            # Centring the identity only centres the leverage over events, which is done anyway.
            operator = self._weighted(held, identity, alpha, held.scored[f])
            leverage[:, at] = operator.T @ gradient[:, at]
        alpha = self.alphas[choice]
        fitted = self._weighted(held, train, alpha, held.train) * self._learnable(held)[columns]
        # In the limit of an infinite penalty predictions vanish beside the responses.
        fitted[:, np.isinf(alpha)] = 0
        residual = train - train.mean(axis=0) - fitted
        return self.backend.single(leverage), self.backend.single(residual)

    def _host(self, columns: Any) -> Any:
        return columns if isinstance(columns, slice) else np.asarray(self.backend.host(columns))


@contextmanager
def _using(name: str) -> Iterator[Any]:
    """Set himalaya's backend, which is global, for the length of a block."""
    before = himalaya.backend.get_backend().name
    try:
        yield himalaya.backend.set_backend(name)
    finally:
        himalaya.backend.set_backend(before)


def _backend_name(backend: Any) -> str:
    """Return the name of himalaya's backend that goes with ours."""
    if backend.name == "numpy":
        return "numpy"
    return "torch_cuda" if "cuda" in str(getattr(backend, "device", "cpu")) else "torch"
