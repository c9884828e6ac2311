"""Banded ridge by an exact search over band scalings, with the score's split over bands and its
block influence.

Features come in bands; band b is multiplied by sqrt(gamma_b) before one ridge penalty alpha is paid
for all of them (Dupre la Tour et al., 2022, NeuroImage 264:119728; himalaya calls the gammas kernel
weights). For a declared list of scalings every combination of scaling and alpha is tried on
validation folds, for each target on its own, and nothing is sampled twice:

* a training set's Gram matrix is made once; a scaling multiplies its rows and columns;
* one eigendecomposition for each training set and scaling serves all alphas and targets;
* the training set without folds f and g validates f for g and g for f, so k nested folds need k (k
- 1) / 2 inner fits;
* validation correlations come from the validation fold's moments, never from its predictions:
  <y, Xw> = w'X'y and |Xw|^2 = w'X'Xw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fusion.encoding.folds import Folds, Held

ALPHAS = tuple(10.0**k for k in range(7))
BATCH = 128


@dataclass(frozen=True)
class BandedFit:
    """What a fit of one set of bands says about every target (F folds, T targets, B bands, K
    blocks, R scalings).

    All is kept fold by fold: with nested validation a fold's validation scores come from its own
    training events, and whoever chooses or weighs by them must do so within the fold."""

    z: np.ndarray
    """(F, T) atanh of the test correlation."""
    z_val: np.ndarray
    """(F, T) atanh of the inner folds' mean correlation at the chosen scaling and alpha."""
    split: np.ndarray
    """(B, F, T) product measure: each band's part of the test correlation; sums to it."""
    scaling: np.ndarray
    """(F, T) index of the chosen scaling."""
    alpha: np.ndarray
    """(F, T) chosen alpha."""
    dof: np.ndarray
    """(F, T) effective degrees of freedom, sum of s / (s + alpha)."""
    influence: np.ndarray
    """(F, 2, K, T) block sums of the influence of each event on the mean over folds of z: as a test
    and as a training event."""
    prediction: np.ndarray = field(default_factory=lambda: np.empty((0, 0), "float32"))
    """(n_events, n_targets) out-of-fold predictions, NaN where an event is never held out; empty of
    a fit that was put together from several."""


class Moments:
    """Gram matrix and cross-products of every set of events that a plan of folds asks for.

    Events that belong to the same sets are an atom; products are made once for each atom, and those
    of a set are sums over its atoms.

    Products with targets are made in float32: their error is far below that of any score, and there
    are many targets.

    Parameters
    ----------
    x
        (n, p) features, float64.
    y
        (n, T) targets.
    folds
        The plan.
    standardise
        Divide features by their SD over the events of a set.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, folds: Folds, standardise: bool):
        self.mean_x, self.mean_y, self.standardise = x.mean(0), y.mean(0), standardise
        self.x, self.y = x - self.mean_x, (y - self.mean_y).astype("float32")
        sets = {
            np.sort(events).tobytes(): events
            for held in (*folds.outer, *folds.inner)
            for events in (held.train, *held.scored.values())
        }
        member = np.zeros((len(x), len(sets)), bool)
        for k, events in enumerate(sets.values()):
            member[events, k] = True
        signatures, atom = np.unique(member, axis=0, return_inverse=True)
        self.atoms_of = {key: np.flatnonzero(signatures[:, k]) for k, key in enumerate(sets)}
        parts = [
            self._products(np.flatnonzero(atom.reshape(-1) == k)) for k in range(len(signatures))
        ]
        self.gram, self.cross, self.power, self.sum_x, self.sum_y = (
            np.stack(part) for part in zip(*parts, strict=True)
        )

    def _products(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        x, y = self.x[rows], self.y[rows]
        return (
            x.T @ x,
            x.T.astype("float32") @ y,
            np.einsum("nt,nt->t", y, y),
            x.sum(0),
            np.ones(len(rows), "float32") @ y,
        )

    def of(self, events: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return (mean_x, 1 / sd_x, mean_y, X'X, X'y, y'y) of a set, centred (products unscaled);
        constant features get 0.
        """
        atoms, n = self.atoms_of[np.sort(events).tobytes()], len(events)
        gram, cross, power, sum_x, sum_y = (
            part[atoms].sum(0)
            for part in (self.gram, self.cross, self.power, self.sum_x, self.sum_y)
        )
        mean_x, mean_y = sum_x / n, sum_y / n
        gram = gram - np.outer(sum_x, mean_x)
        cross = cross - np.outer(sum_x.astype("float32"), mean_y)
        power = np.maximum(power - n * mean_y**2, 0)
        variance = np.diag(gram) / n
        alive = variance > 1e-12 * max(variance.max(initial=0.0), 1e-300)
        inverse = (
            np.where(alive, 1 / np.sqrt(np.where(alive, variance, 1)), 0.0)
            if self.standardise
            else np.ones(len(variance))
        )
        return mean_x, inverse, mean_y, gram, cross, power


def search(
    moments: Moments, sizes: list[int], folds: Folds, scalings: np.ndarray, alphas: np.ndarray
) -> np.ndarray:
    """Return the mean validation correlation (outer fold, scaling, alpha, target) of all nested
    problems at once.

    Parameters
    ----------
    moments
        Of the features, bands side by side, and the targets.
    sizes
        Number of features of each band; they sum to p.
    folds
        Its inner fits are used; one that validates two folds is decomposed once.
    scalings
        (R, B) gammas, not negative.
    alphas
        (A,) positive penalties.
    """
    total = np.zeros((len(folds.outer), len(scalings), len(alphas), moments.y.shape[1]), "float32")
    times = Counter(f for held in folds.inner for f in held.scored)
    for held in folds.inner:
        _, inverse, _, gram, cross, _ = moments.of(held.train)
        scored = [(f, moments.of(test)[3:]) for f, test in held.scored.items()]
        for k, gamma in enumerate(scalings):
            keep, scale = _scale(gamma, sizes, inverse)
            if not len(keep):
                continue
            s, u = _decompose(gram, keep, scale)
            basis = scale[:, None] * u
            rotated = (basis.T @ cross[keep]).astype("float32")
            for f, (test_gram, test_cross, test_power) in scored:
                against = (basis.T @ test_cross[keep]).astype("float32")
                spread = (basis.T @ test_gram[np.ix_(keep, keep)] @ basis).astype("float32")
                for a, alpha in enumerate(alphas):
                    weights = rotated * (1 / (s + alpha)).astype("float32")[:, None]
                    power = np.einsum("pt,pt->t", weights, spread @ weights)
                    product = np.einsum("pt,pt->t", weights, against)
                    scale_of = np.sqrt(np.maximum(power, 0) * test_power)
                    r = np.divide(
                        product, scale_of, out=np.zeros(len(product)), where=scale_of > 1e-12
                    )
                    total[f, k, a] += r / times[f]
    return total


def fit(
    bands: list[np.ndarray],
    y: np.ndarray,
    folds: Folds,
    block: np.ndarray,
    scalings: np.ndarray | None = None,
    alphas: Sequence[float] = ALPHAS,
    standardise: bool = True,
) -> BandedFit:
    """Fit banded ridge to every target, scaling and alpha chosen in the inner folds, scored on the
    outer ones.

    Parameters
    ----------
    bands
        One (n, p_b) array of features for each band.
    y
        (n, T) targets.
    folds
        Outer and inner folds of the events.
    block
        (n,) integer 0 .. K-1: the block of film time an event lies in.
    scalings
        (R, B) gammas to search; None makes :func:`grid` for the number of bands.
    alphas
        (A,) penalties.
    standardise
        Divide features by their SD over the training events.

    Raises
    ------
    ValueError
        If bands and targets have different numbers of events, or values are not finite.
    """
    sizes = [band.shape[1] for band in bands]
    x, y = checked(bands, y, block)
    scalings = grid(len(bands)) if scalings is None else np.asarray(scalings, float)
    penalties = np.asarray(alphas, float)
    moments = Moments(x, y, folds, standardise)
    tried = search(moments, sizes, folds, scalings, penalties)
    found = chosen_on(tried, penalties, len(bands), block)
    for f in range(len(folds.outer)):
        _test_fold(f, folds.outer[f], moments, sizes, scalings, block, found)
    return found


def checked(
    bands: Sequence[np.ndarray], y: np.ndarray, block: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return bands side by side and targets, float64; raise ``ValueError`` where that fails."""
    x = np.hstack([np.asarray(band, "float64") for band in bands])
    y = np.asarray(y, "float64")
    if len(x) != len(y) or len(block) != len(y):
        raise ValueError(f"bands have {len(x)} events, targets {len(y)}, blocks {len(block)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features and targets must be finite")
    return x, y


def chosen_on(tried: np.ndarray, alphas: np.ndarray, n_bands: int, block: np.ndarray) -> BandedFit:
    """Return a fit with scaling and penalty chosen, and everything else still to be filled in.

    Parameters
    ----------
    tried
        (n_folds, n_scalings, n_alphas, n_targets) validation correlations.
    alphas
        (n_alphas,) penalties.
    n_bands
        Number of bands.
    block
        (n_events,) block of film time.
    """
    flat = tried.reshape(len(tried), -1, tried.shape[-1])
    best = flat.argmax(1)
    r_val = np.take_along_axis(flat, best[:, None], 1)[:, 0].astype("float64")
    return blank(best // len(alphas), alphas[best % len(alphas)], r_val, n_bands, block)


def blank(
    scaling: np.ndarray, alpha: np.ndarray, r_val: np.ndarray, n_bands: int, block: np.ndarray
) -> BandedFit:
    """Return a fit with what was chosen, and everything else still to be filled in.

    Parameters
    ----------
    scaling, alpha, r_val
        (n_folds, n_targets) index of the scaling, penalty, and validation correlation.
    n_bands
        Number of bands.
    block
        (n_events,) block of film time.
    """
    k_folds, n_targets = scaling.shape
    n_blocks = int(block.max()) + 1
    return BandedFit(
        z=np.zeros((k_folds, n_targets)),
        z_val=_atanh(r_val),
        split=np.zeros((n_bands, k_folds, n_targets)),
        scaling=scaling,
        alpha=alpha,
        dof=np.zeros((k_folds, n_targets)),
        influence=np.zeros((k_folds, 2, n_blocks, n_targets), "float32"),
        prediction=np.full((len(block), n_targets), np.nan, "float32"),
    )


def _test_fold(
    f: int,
    held: Held,
    moments: Moments,
    sizes: list[int],
    scalings: np.ndarray,
    block: np.ndarray,
    found: BandedFit,
) -> None:
    """Fill in one outer fold: fit at the chosen scalings and penalties, score, split and
    influence.
    """
    _, inverse, _, gram, cross, _ = moments.of(held.train)
    owner_of = np.repeat(np.arange(len(sizes)), sizes)
    for row in np.unique(found.scaling[f]):
        chosen = np.flatnonzero(found.scaling[f] == row)
        keep, scale = _scale(scalings[row], sizes, inverse)
        if not len(keep):
            continue
        s, u = _decompose(gram, keep, scale)
        basis = u.astype("float32")
        score = TestFold(f, held, moments, block, keep, scale, owner_of[keep])
        rotated = basis.T @ (scale[:, None] * cross[np.ix_(keep, chosen)]).astype("float32")
        in_basis = score.x_test @ basis
        # Few targets at a time: what is made for every event then stays in the cache.
        for start in range(0, len(chosen), BATCH):
            part = slice(start, start + BATCH)
            targets = chosen[part]
            shrink = (1 / (s[:, None] + found.alpha[f, targets])).astype("float32")
            found.dof[f, targets] = (s[:, None] * shrink).sum(0)
            score.add(
                found,
                targets,
                basis @ (rotated[:, part] * shrink),
                partial(_turned, basis, in_basis, shrink),
            )


def _turned(
    basis: np.ndarray, in_basis: np.ndarray, shrink: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    return np.asarray(basis @ ((in_basis.T @ residual) * shrink))


class TestFold:
    """What the targets of an outer fold have in common when they are scored.

    Parameters
    ----------
    f, held
        The fold.
    moments
        Of all features and targets.
    block
        (n_events,) block of film time.
    keep, scale
        Features in use, and what they are multiplied by.
    owner
        (n_kept,) band of each of them.
    """

    def __init__(
        self,
        f: int,
        held: Held,
        moments: Moments,
        block: np.ndarray,
        keep: np.ndarray,
        scale: np.ndarray,
        owner: np.ndarray,
    ):
        self.f, self.moments, self.owner = f, moments, owner
        self.test, self.train = held.scored[f], held.train
        mean_x, _, self.mean_y, *_ = moments.of(held.train)
        self.x_test, self.x_train = (
            ((moments.x[np.ix_(events, keep)] - mean_x[keep]) * scale).astype("float32")
            for events in (self.test, self.train)
        )
        blocks = np.arange(int(block.max()) + 1)[:, None]
        self.in_test, self.in_train = (
            (block[events] == blocks).astype("float32") for events in (self.test, self.train)
        )
        self.share = self.in_train.sum(1, keepdims=True) / len(self.train)

    def add(
        self,
        found: BandedFit,
        targets: np.ndarray,
        weights: np.ndarray,
        solve: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        """Fill in scores, split, influence and predictions of some targets.

        Parameters
        ----------
        found
            Where they go.
        targets
            (n_targets,) positions of the targets.
        weights
            (n_kept, n_targets) of the fit on the training events.
        solve
            Returns (n_kept, n_targets) ``(X'X + penalty)^-1 X_test' r`` for (n_test, n_targets) r.
        """
        f, test, train, mean_y = self.f, self.test, self.train, self.mean_y[targets]
        fitted = self.x_test @ weights
        found.prediction[np.ix_(test, targets)] = fitted + mean_y + self.moments.mean_y[targets]
        v, _ = _standardised(self.moments.y[np.ix_(test, targets)])
        p, sd = _standardised(fitted)
        rho = np.clip(np.mean(v * p, 0, dtype="float64"), -0.999999, 0.999999)
        found.z[f, targets] = np.arctanh(rho)
        against = self.x_test.T @ v / (len(test) * sd)
        for b in np.unique(self.owner):
            found.split[b, f, targets] = (weights * against)[self.owner == b].sum(0)
        # Influence on the correlation, turned into one on the mean over folds of its atanh.
        to_z = (1 / (1 - rho**2) / len(found.z)).astype("float32")
        r = rho.astype("float32")
        as_test = (v * p - r / 2 * (v**2 + p**2)) * (to_z / len(test))
        direction = solve((v - r * p) / (len(test) * sd))
        residual = self.moments.y[np.ix_(train, targets)] - mean_y - self.x_train @ weights
        residual *= self.x_train @ direction
        sums = self.in_train @ residual
        found.influence[f, 0][:, targets] = self.in_test @ as_test
        found.influence[f, 1][:, targets] = (sums - self.share * sums.sum(0)) * to_z


def grid(
    n_bands: int,
    steps: Sequence[int] = (-3, -2, -1, 0, 1, 2, 3),
    base: float = 4.0,
    rng: np.random.Generator | None = None,
    n_random: int = 24,
) -> np.ndarray:
    """Return scalings (R, n_bands) that sum to 1: every combination of ratios for up to three
    bands, a sample beyond.

    The first row gives every band the same weight; each band is also left out, and stands alone.
    With two or three bands the ratio to the first band runs over ``base ** steps``. With more
    bands, all subsets of equal weight and ``n_random`` Dirichlet draws (himalaya's search) are
    tried; ``rng`` is then needed."""
    subsets = [[float(s >> b & 1) for b in range(n_bands)] for s in range(2**n_bands - 1, 0, -1)]
    rows: list[Any] = list(subsets)
    if n_bands == 2:
        rows += [[1.0, base**i] for i in steps]
    elif n_bands == 3:
        rows += [[1.0, base**i, base**j] for i in steps[::2] for j in steps[::2]]
    elif n_bands > 3:
        if rng is None:
            raise ValueError("more than three bands need a random generator")
        rows += [
            *rng.dirichlet(np.ones(n_bands), n_random // 2),
            *rng.dirichlet(np.full(n_bands, 0.3), n_random - n_random // 2),
        ]
    made = np.asarray(rows, float)
    made /= made.sum(1, keepdims=True)
    _, first = np.unique(np.round(made, 12), axis=0, return_index=True)
    return made[np.sort(first)]


def _scale(
    gamma: np.ndarray, sizes: list[int], inverse: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    scale = np.repeat(np.sqrt(gamma), sizes) * inverse
    keep = np.flatnonzero(scale)
    return keep, scale[keep]


def _decompose(
    gram: np.ndarray, keep: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    s, u = np.linalg.eigh(gram[np.ix_(keep, keep)] * scale[:, None] * scale)
    return np.maximum(s, 0), u


def _standardised(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a = a - a.mean(0)
    sd = np.sqrt(np.einsum("nt,nt->t", a, a) / len(a))
    sd = np.where(sd > 1e-12, sd, np.float32(np.inf))
    return a / sd, sd


def _atanh(r: np.ndarray) -> np.ndarray:
    return np.asarray(np.arctanh(np.clip(r, -0.999999, 0.999999)))
