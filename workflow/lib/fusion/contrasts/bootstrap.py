"""The paper's uncertainty: refit on resampled events, with every network resampled alike.

As published, events are drawn with replacement and put in film order, and the copies are cut into
folds anew, by their position. Fitting with counts as weights is the same as fitting with copies,
and events that were not drawn cost nothing: a resample has 63% of the rows. Copies of an event at a
cut may stand on both sides of it: of at most k - 1 events of a film in each resample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.linalg

from fusion.contrasts.spec import BootstrapSpec
from fusion.encoding.folds import make_folds
from fusion.encoding.inputs import Activations
from fusion.encoding.prepare import clipped, scale_targets
from fusion.encoding.spec import FoldSpec
from fusion.encoding.streams import joint_projection
from fusion.encoding.trials import Trials
from fusion.io.errors import InputError
from fusion.seeds import rng_for

#: Eigenvalues nearer than this share of their sum count as equal.
NEAR = 1e-9
#: Largest expected relative error of a squared length that is found for all penalties at once.
TOLERANCE = 1e-8


def resample_counts(rng: np.random.Generator, n_events: int, resamples: int) -> np.ndarray:
    """Return how often each event is drawn in each resample (resamples, n_events) int16."""
    return rng.multinomial(n_events, np.full(n_events, 1 / n_events), size=resamples).astype(
        np.int16
    )


@dataclass(frozen=True)
class Trained:
    """Weighted ridge fits of one training set, for every penalty, in its eigenbasis.

    Features are standardised by their weighted mean and SD; the intercept is left out (it does not
    change a correlation).

    Attributes
    ----------
    mean, size
        (p,) weighted mean of the features, and the inverse of their SD, 0 for constant ones.
    turn
        (p, q) standardised features times this are the basis.
    values
        (q,) eigenvalues.
    rotated
        (q, T) cross-products of the basis with the responses.
    """

    mean: np.ndarray
    size: np.ndarray
    turn: np.ndarray
    values: np.ndarray
    rotated: np.ndarray

    @classmethod
    def on(
        cls, x: np.ndarray, y: np.ndarray, weight: np.ndarray, first: int | None = None
    ) -> Trained:
        """Fit training events.

        Parameters
        ----------
        x, y
            Features (n, p) and responses (n, T).
        weight
            Weights (n), all positive.
        first
            Number of features of the first of two streams that are projected together
            (:mod:`fusion.encoding.streams`), or None.
        """
        share = weight / weight.sum()
        mean = share @ x
        scale = np.sqrt(share @ (x - mean) ** 2)
        varies = scale > 1e-6 * np.abs(mean) + 1e-30
        size = varies / np.where(varies, scale, 1.0)
        root = np.sqrt(weight)[:, None]
        rows = root * ((x - mean) * size)
        turn = None
        if first is not None:
            turn = joint_projection(rows.T @ rows / weight.sum(), first)
            rows = rows @ turn
        primal = rows.shape[1] <= rows.shape[0]
        values, vectors = scipy.linalg.eigh(
            rows.T @ rows if primal else rows @ rows.T, driver="evd", check_finite=False
        )
        targets = root * y
        return cls(
            mean,
            size,
            _times(turn, vectors if primal else rows.T @ vectors),
            np.maximum(values, 0),
            vectors.T @ (rows.T @ targets if primal else targets),
        )

    def predict(self, x: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """Return predictions (A, m, T) of events with features (m, p)."""
        basis = ((x - self.mean) * self.size) @ self.turn
        shrunk = [self.rotated / (self.values + alpha)[:, None] for alpha in alphas]
        return np.stack([basis @ own for own in shrunk])

    def r(self, x: np.ndarray, y: np.ndarray, weight: np.ndarray, alphas: np.ndarray) -> np.ndarray:
        """Return Pearson's r (A, T) of responses and predictions of other events, by their weights;
        0 where either is constant.

        Predictions are not made: with the basis B of the events, the products z of the training
        events and h = 1 / (values + alpha), r needs (h z) . B'y and the length of B (h z) alone.
        """
        root = np.sqrt(weight)[:, None]
        share = weight / weight.sum()
        basis = ((x - self.mean) * self.size) @ self.turn
        basis = root * (basis - share @ basis)
        held_out = root * (y - share @ y)
        shrinkage = 1 / (self.values + alphas[:, None])
        products = shrinkage @ (self.rotated * (basis.T @ held_out))
        norms = squared_lengths(basis, self.values, self.rotated, shrinkage)
        norms = np.sqrt(norms * np.einsum("ij,ij->j", held_out, held_out))
        found = np.zeros_like(products)
        np.divide(products, norms, out=found, where=norms > 1e-12 * weight.sum())
        return np.asarray(found)


def _times(turn: np.ndarray | None, vectors: np.ndarray) -> np.ndarray:
    return vectors if turn is None else np.asarray(turn @ vectors)


def squared_lengths(
    basis: np.ndarray, values: np.ndarray, rotated: np.ndarray, shrinkage: np.ndarray
) -> np.ndarray:
    """Return (A, T) squared lengths of predictions, ``basis @ (shrinkage * rotated)``.

    By one product for all penalties where that is exact enough and cheaper
    (:mod:`fusion.encoding.moments` has the algebra), else penalty by penalty.

    Parameters
    ----------
    basis
        (m, q).
    values
        (q,) eigenvalues, ascending.
    rotated
        (q, T).
    shrinkage
        (A, q) 1 / (values + alpha).
    """
    out = np.empty((len(shrinkage), rotated.shape[1]))
    direct = np.ones(len(shrinkage), bool)
    gram = basis.T @ basis
    if len(values) < len(shrinkage) * len(basis):
        distance = values[None, :] - values[:, None]
        near = np.abs(distance) <= NEAR * (values[None, :] + values[:, None])
        product = np.divide(2 * gram, distance, out=np.zeros_like(gram), where=~near)
        rounding = (shrinkage**2 * values) @ (product**2 @ values)
        size = (shrinkage**2 * values) @ np.diag(gram)
        error = np.finfo(float).eps * np.sqrt(rounding)
        # Nearly equal eigenvalues, as of directions without variance, are left to the direct way.
        direct = (error > TOLERANCE * size) | (near.sum() > len(near))
        if not direct.all():
            spread = (product @ rotated) * rotated
            exact = shrinkage[~direct]
            out[~direct] = exact @ spread + (exact**2 * np.diag(gram)) @ rotated**2
    for a in np.flatnonzero(direct):
        predicted = basis @ (shrinkage[a][:, None] * rotated)
        out[a] = np.einsum("ij,ij->j", predicted, predicted)
    return np.maximum(out, 0)


#: (n_events,) how often each event trains, validates and tests, for one fold.
Sets = tuple[np.ndarray, np.ndarray, np.ndarray]


def cut_again(
    onset_s: np.ndarray, stimulus: np.ndarray, counts: np.ndarray, spec: FoldSpec
) -> list[Sets]:
    """Return the folds of a resample: its copies in film order, cut by their position.

    Parameters
    ----------
    onset_s, stimulus
        (n_events,) film time (s) and film.
    counts
        (n_events,) how often each event was drawn.
    spec
        Number of folds, split and gap; the first half of a held-out block validates.

    Raises
    ------
    ValueError
        If a fold is left without enough events.
    """
    film = np.unique(stimulus, return_inverse=True)[1]
    order = np.lexsort((onset_s, film))
    copies = np.repeat(order, counts[order])
    of_film = film[copies]
    if spec.split == "film":
        fold = np.unique(of_film, return_inverse=True)[1]
    else:
        sizes = [int((of_film == one).sum()) for one in np.unique(of_film)]
        fold = np.concatenate(
            [np.repeat(np.arange(spec.folds), shares(n, spec.folds)) for n in sizes]
        )
    folds = make_folds(
        onset_s[copies], of_film, validation="halves", gap_s=spec.gap_s, fold=fold.astype(np.int16)
    )
    n = len(counts)
    return [
        (
            np.bincount(copies[outer.train], minlength=n),
            np.bincount(copies[inner.scored[f]], minlength=n),
            np.bincount(copies[outer.scored[f]], minlength=n),
        )
        for f, (outer, inner) in enumerate(zip(folds.outer, folds.inner, strict=True))
    ]


def shares(n: int, k: int) -> np.ndarray:
    """Return (k,) sizes of the blocks that ``n`` rows are cut into: the first ones are larger."""
    return np.full(k, n // k) + (np.arange(k) < n % k)


def refit(
    x: np.ndarray,
    y: np.ndarray,
    sets: Iterable[Sets],
    alphas: np.ndarray,
    first: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return validation and test r (T) of one resample: the whole procedure anew, penalties chosen
    again.

    Parameters
    ----------
    x, y
        Features (n, p) and responses (n, T).
    sets
        Of each fold, how often each event trains, validates and tests.
    alphas
        Penalties (A), one is chosen per target by mean validation r over folds.
    first
        As for :meth:`Trained.on`.
    """
    validations: list[np.ndarray] = []
    tests: list[np.ndarray] = []
    for weights in sets:
        train, *scored = (np.flatnonzero(own) for own in weights)
        fit = Trained.on(x[train], y[train], weights[0][train].astype(float), first)
        for into, rows, weight in zip((validations, tests), scored, weights[1:], strict=True):
            into.append(fit.r(x[rows], y[rows], weight[rows].astype(float), alphas))
    validation, test = np.mean(validations, axis=0), np.mean(tests, axis=0)
    best = validation.argmax(axis=0)[None]
    return (
        np.take_along_axis(validation, best, axis=0)[0],
        np.take_along_axis(test, best, axis=0)[0],
    )


def intervals(
    x: np.ndarray,
    y: np.ndarray,
    folds_of: Callable[[np.ndarray], Iterable[Sets]],
    alphas: np.ndarray,
    counts: np.ndarray,
    *,
    first: int | None = None,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, np.ndarray]:
    """Return means and percentile intervals (95%) of validation and test r over resamples.

    Parameters
    ----------
    x, y, alphas, first
        As for :func:`refit`.
    folds_of
        Counts (n,) of a resample -> its folds, as :func:`cut_again` returns them.
    counts
        Resamples (R, n), the same for every network.
    progress
        Called after each resample.

    Returns
    -------
    dict
        ``r_val_mean, r_val_low, r_val_high, r_test_mean, r_test_low, r_test_high`` (T).
    """
    draws = []
    for own in counts:
        draws.append(refit(x, y, folds_of(own), alphas, first))
        progress()
    r = np.array(draws, np.float32)
    low, high = np.percentile(r, [2.5, 97.5], axis=0)
    mean = r.mean(axis=0, dtype=np.float64)
    return {
        f"r_{name}_{key}": values[k]
        for k, name in enumerate(("val", "test"))
        for key, values in (("mean", mean), ("low", low), ("high", high))
    }


def subject_intervals(
    trials: Trials,
    activations: Activations,
    layer_of: Mapping[str, str],
    spec: BootstrapSpec,
    progress: Callable[[], object] = lambda: None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the bootstrap intervals of one fit at all electrodes of a subject.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        The layers of the fit.
    layer_of
        Electrode -> the layer that it uses.
    spec
        Folds, penalties, resamples and seed.
    progress
        Called after each refit.

    Returns
    -------
    electrodes
        (n_electrodes,) names.
    intervals
        As :func:`intervals` returns them, (n_electrodes, n_bins) float32.

    Raises
    ------
    InputError
        If the fit was not validated on halves, or there are too few events.
    """
    settings, ids = spec.fit.settings, (spec.fit.subject, spec.fit.alignment)
    if settings.validation != "halves":
        raise InputError(
            "config",
            "key encoding.validation",
            settings.validation,
            "halves, which the paper's procedure is defined for",
        )
    alphas = np.array(settings.alphas)
    names: list[str] = []
    found: list[dict[str, np.ndarray]] = []
    for group in trials.groups:
        own = group.trials
        folds_of = partial(cut_again, own.onset_s, own.stimulus, spec=settings)
        # The seed names no model: all networks of a subject are resampled alike.
        rng = rng_for(spec.seed, "bootstrap", *ids, *(r.name for r in own.recordings))
        counts = resample_counts(rng, len(own), spec.resamples)
        for layer in sorted({layer_of[name] for name in group.electrodes}):
            members = np.array([name for name in group.electrodes if layer_of[name] == layer])
            measured = clipped(own.responses(members), own.recording, settings.clip_mad)
            responses = scale_targets(measured.reshape(len(own), -1))
            features = activations.features(layer, own.recordings)
            first = features[0].shape[1] if isinstance(features, tuple) else None
            x = np.concatenate(features, axis=1) if isinstance(features, tuple) else features
            try:
                result = intervals(
                    x.astype(float),
                    responses.astype(float),
                    folds_of,
                    alphas,
                    counts,
                    first=first,
                    progress=progress,
                )
            except ValueError as error:
                raise own.too_few(error) from error
            shape = (len(members), len(trials.bins_ms))
            names += list(members)
            found.append({key: values.reshape(shape) for key, values in result.items()})
    keys = found[0] if found else ()
    joined = {key: np.concatenate([part[key] for part in found]) for key in keys}
    return np.array(names), {key: values.astype(np.float32) for key, values in joined.items()}
