"""Banded ridge of one base with each of several small bands added to it.

:func:`fit` returns what :func:`fusion.controls.banded.fit` returns for ``[base, band]``, one band
after the other. The base's Gram matrix is decomposed once a training set, for all bands, scalings
and penalties; an added band then costs a system of its own size (its Schur complement):

    w1 = (G11 + l1 - G10 M G01)^-1 (b1 - G10 M b0),  w0 = M (b0 - G01 w1),  M = (G00 + l0)^-1

where G = X'X and b = X'y are cut into base (0) and band (1), and l0, l1 are the penalties that each
of them pays: alpha / gamma.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fusion.controls.banded import BATCH, BandedFit, Moments, TestFold, checked, chosen_on
from fusion.encoding.folds import Folds


@dataclass(frozen=True)
class Base:
    """The base on one training set, decomposed.

    Attributes
    ----------
    s, u
        (n_base,) eigenvalues and (n_base, n_base) eigenvectors of its Gram matrix.
    gram
        (n_features, n_features) Gram matrix of base and bands.
    cross
        (n_features, n_targets) products with the targets.
    """

    s: np.ndarray
    u: np.ndarray
    gram: np.ndarray
    cross: np.ndarray

    @classmethod
    def of(cls, gram: np.ndarray, cross: np.ndarray, n_base: int) -> Base:
        """Return the base of a training set."""
        s, u = np.linalg.eigh(gram[:n_base, :n_base])
        return cls(np.maximum(s, 0), u, gram, cross)


class Added:
    """One band beside a base on one training set.

    Parameters
    ----------
    base
        The base.
    band
        Features of the band in the Gram matrix.
    """

    def __init__(self, base: Base, band: slice):
        n_base = len(base.s)
        self.base, self.band = base, band
        self.coupling = base.u.T @ base.gram[:n_base, band]
        self.own = base.gram[band, band]


class Solver:
    """Solutions of base and band at one pair of penalties.

    Parameters
    ----------
    added
        Base and band.
    penalties
        (2,) what base and band pay.
    """

    def __init__(self, added: Added, penalties: np.ndarray):
        self.added, self.penalties = added, penalties
        self.paid = added.base.s + penalties[0]
        #: M G01 in the base's eigenbasis.
        self.reduced = added.coupling / self.paid[:, None]
        schur = added.own - added.coupling.T @ self.reduced
        schur[np.diag_indices_from(schur)] += penalties[1]
        self.inverse = np.linalg.inv(schur)

    def of_band(self, right: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """Return the band's weights, given those that the base would have alone."""
        return np.asarray(self.inverse @ (right - self.added.coupling.T @ alone))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return (X'X + penalty)^-1 right, of the base in its eigenbasis on both sides.

        Shape (n_base + n_band, n_targets).
        """
        n_base = len(self.paid)
        alone = right[:n_base] / self.paid[:, None]
        own = self.of_band(right[n_base:], alone)
        return np.vstack([alone - self.reduced @ own, own])

    def dof(self) -> float:
        """Return the effective degrees of freedom, trace of X'X (X'X + penalty)^-1."""
        base = (1 / self.paid).sum() + np.sum(self.inverse * (self.reduced.T @ self.reduced))
        band = np.trace(self.inverse)
        n_features = len(self.paid) + len(self.inverse)
        return float(n_features - self.penalties[0] * base - self.penalties[1] * band)


def fit(
    base: np.ndarray,
    bands: Sequence[np.ndarray],
    y: np.ndarray,
    folds: Folds,
    block: np.ndarray,
    *,
    scalings: np.ndarray,
    alphas: Sequence[float],
) -> list[BandedFit]:
    """Return the banded fits of ``[base, band]`` for every band, features in their final scale.

    Parameters
    ----------
    base
        (n_events, n_base) features that all fits share.
    bands
        (n_events, n_band) features of each band.
    y
        (n_events, n_targets) targets.
    folds
        Outer and inner folds of the events.
    block
        (n_events,) block of film time.
    scalings
        (n_scalings, 2) positive weights of base and band that are searched.
    alphas
        Penalties that are searched.

    Raises
    ------
    ValueError
        If the arrays have different numbers of events, values are not finite, or a weight is not
        positive.
    """
    if not (scalings > 0).all():
        raise ValueError("the weights of base and band must be positive")
    x, y = checked([base, *bands], y, block)
    ends = np.cumsum([base.shape[1], *(band.shape[1] for band in bands)])
    at = [slice(a, b) for a, b in zip(ends, ends[1:], strict=False)]
    moments, tried = Moments(x, y, folds, False), np.asarray(alphas, float)
    penalties = tried / scalings[:, :, None]
    scores = search(moments, at, folds, penalties)
    fits = [chosen_on(own, tried, 2, block) for own in scores]
    for f, held in enumerate(folds.outer):
        _, _, _, gram, cross, _ = moments.of(held.train)
        shared = Base.of(gram, cross, ends[0])
        for found, band in zip(fits, at, strict=True):
            _test_fold(f, folds, moments, Added(shared, band), penalties, tried, block, found)
    return fits


def search(
    moments: Moments, bands: Sequence[slice], folds: Folds, penalties: np.ndarray
) -> np.ndarray:
    """Return the mean validation correlation of every band, scaling and penalty.

    Parameters
    ----------
    moments
        Of base and bands side by side, and the targets.
    bands
        Where the bands are; the base is before the first.
    folds
        Their inner fits are used.
    penalties
        (n_scalings, 2, n_alphas) what base and band pay.

    Returns
    -------
    np.ndarray
        (n_bands, n_folds, n_scalings, n_alphas, n_targets).
    """
    n_base, n_targets = bands[0].start, moments.y.shape[1]
    n_scalings, _, n_alphas = penalties.shape
    total = np.zeros((len(bands), len(folds.outer), n_scalings, n_alphas, n_targets), "float32")
    times = Counter(f for held in folds.inner for f in held.scored)
    for held in folds.inner:
        _, _, _, gram, cross, _ = moments.of(held.train)
        base = Base.of(gram, cross, n_base)
        added = [Added(base, band) for band in bands]
        right = base.u.T @ cross[:n_base]
        scored = []
        for f, test in held.scored.items():
            x, y = moments.x[test], moments.y[test]
            x, y = x - x.mean(0), y - y.mean(0)
            in_basis = (x[:, :n_base] @ base.u).astype("float32")
            scored.append((f, in_basis, x.astype("float32"), y, np.einsum("nt,nt->t", y, y)))
        for k, a in np.ndindex(n_scalings, n_alphas):
            alone = right / (base.s + penalties[k, 0, a])[:, None]
            of_base = [in_basis @ alone.astype("float32") for _, in_basis, *_ in scored]
            for b, one in enumerate(added):
                solver = Solver(one, penalties[k, :, a])
                own = solver.of_band(cross[one.band], alone).astype("float32")
                reduced = solver.reduced.astype("float32")
                for (f, in_basis, x, y, power), fitted in zip(scored, of_base, strict=True):
                    # What the band holds beyond the base, times its weights.
                    both = fitted + (x[:, one.band] - in_basis @ reduced) @ own
                    scale = np.sqrt(np.einsum("nt,nt->t", both, both) * power)
                    product = np.einsum("nt,nt->t", both, y)
                    r = np.divide(product, scale, out=np.zeros(n_targets), where=scale > 1e-12)
                    total[b, f, k, a] += r / times[f]
    return total


def _test_fold(
    f: int,
    folds: Folds,
    moments: Moments,
    added: Added,
    penalties: np.ndarray,
    alphas: np.ndarray,
    block: np.ndarray,
    found: BandedFit,
) -> None:
    """Fill in one outer fold of one band."""
    n_base = len(added.base.s)
    keep = np.r_[np.arange(n_base), np.arange(added.band.start, added.band.stop)]
    owner = np.repeat([0, 1], [n_base, len(keep) - n_base])
    score = TestFold(f, folds.outer[f], moments, block, keep, np.ones(len(keep)), owner)
    index = (found.alpha[f][:, None] == alphas).argmax(1)
    choices = [
        (found.scaling[f] == k) & (index == a)
        for k, a in np.unique(np.stack([found.scaling[f], index]), axis=1).T
    ]
    solvers = []
    for chosen in choices:
        first = int(chosen.argmax())
        solver = Solver(added, penalties[found.scaling[f, first], :, index[first]])
        found.dof[f, chosen] = solver.dof()
        solvers.append(solver)

    def solve(right: np.ndarray, targets: np.ndarray) -> np.ndarray:
        out = np.empty(right.shape, "float32")
        in_basis = np.vstack([added.base.u.T @ right[:n_base], right[n_base:]])
        for chosen, solver in zip(choices, solvers, strict=True):
            own = chosen[targets]
            if own.any():
                out[:, own] = solver.solve(in_basis[:, own])
        out[:n_base] = turn @ out[:n_base]
        return out

    def of_test(targets: np.ndarray, residual: np.ndarray) -> np.ndarray:
        return solve(score.x_test.T @ residual, targets)

    turn = added.base.u.astype("float32")
    right = added.base.cross[keep]
    for start in range(0, len(index), BATCH):
        targets = np.arange(start, min(start + BATCH, len(index)))
        score.add(
            found,
            targets,
            solve(right[:, targets], targets),
            partial(of_test, targets),
        )
