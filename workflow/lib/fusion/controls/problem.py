"""What all controls share: an encoding problem, its fits, and tests of one fit against others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fusion.contrasts.influence import bin_weights, difference
from fusion.controls import added
from fusion.controls.banded import ALPHAS, BandedFit, fit
from fusion.encoding.folds import Folds
from fusion.encoding.spec import Solver
from fusion.ids import Alternative

#: Results of a test: name -> (n_electrodes,).
Test = dict[str, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Electrodes that are fitted together: their responses, and the folds of all fits.

    Attributes
    ----------
    y
        (n_events, n_electrodes, n_bins) responses.
    folds
        Outer and inner folds.
    block
        (n_events,) block of film time, 0 .. n_blocks - 1.
    alphas
        Ridge penalties that are tried.
    solver
        Whose solvers make the fits (``encoding.solver``); those of :meth:`fit_added` are ours.
    """

    y: np.ndarray
    folds: Folds
    block: np.ndarray
    alphas: tuple[float, ...] = ALPHAS
    solver: Solver = "eigen"

    def fit(self, bands: list[np.ndarray], scalings: np.ndarray | None = None) -> BandedFit:
        """Return the fit of all electrodes and bins, see :func:`fusion.controls.banded.fit`.

        Parameters
        ----------
        bands
            (n_events, n_features) features of each band, in their final scale.
        scalings
            (n_scalings, n_bands) weights of the bands; one band is plain ridge and needs none.
        """
        n = len(self.y)
        scalings = np.ones((1, len(bands))) if len(bands) == 1 else scalings
        if self.solver == "himalaya" and scalings is not None:
            # Imported here because himalaya loads scikit-learn and matplotlib.
            from fusion.controls import himalaya_banded

            return himalaya_banded.fit(
                bands,
                self.y.reshape(n, -1),
                self.folds,
                self.block,
                scalings=scalings,
                alphas=self.alphas,
            )
        return fit(
            bands,
            self.y.reshape(n, -1),
            self.folds,
            self.block,
            scalings,
            self.alphas,
            standardise=False,
        )

    def fit_added(
        self, base: np.ndarray, bands: Sequence[np.ndarray], scalings: np.ndarray
    ) -> list[BandedFit]:
        """Return the fits of ``[base, band]`` for each band, see :mod:`fusion.controls.added`."""
        return added.fit(
            base,
            bands,
            self.y.reshape(len(self.y), -1),
            self.folds,
            self.block,
            scalings=scalings,
            alphas=self.alphas,
        )

    def electrodes(self, flat: np.ndarray) -> np.ndarray:
        """Return (..., n_targets) as (..., n_electrodes, n_bins)."""
        return flat.reshape(*flat.shape[:-1], *self.y.shape[1:])


def versus(
    problem: Problem,
    a: BandedFit,
    others: Sequence[BandedFit],
    alternative: Alternative = "greater",
) -> Test:
    """Test a fit against the mean of others, bins weighted by their validation scores.

    Returns
    -------
    dict
        (n_electrodes,) arrays: those of :func:`fusion.contrasts.influence.difference`, and the
        held-out correlations ``r_a`` and ``r_b``.
    """
    z_val = np.mean([b.z_val for b in others], axis=0)
    weights = bin_weights(problem.electrodes(a.z_val), problem.electrodes(z_val))
    z = problem.electrodes(a.z - np.mean([b.z for b in others], axis=0))
    influence = problem.electrodes(a.influence - np.mean([b.influence for b in others], axis=0))
    result = difference(z, influence, weights, alternative)
    result["r_a"] = over_bins(problem, np.tanh(a.z), weights)
    result["r_b"] = over_bins(problem, np.mean([np.tanh(b.z) for b in others], axis=0), weights)
    return result


def above_zero(problem: Problem, a: BandedFit) -> Test:
    """Test whether the score of a fit is above zero; as :func:`versus`, without ``r_b``."""
    weights = own_weights(problem, a)
    result = difference(
        problem.electrodes(a.z), problem.electrodes(a.influence), weights, "greater"
    )
    result["r_a"] = over_bins(problem, np.tanh(a.z), weights)
    return result


def own_weights(problem: Problem, a: BandedFit) -> np.ndarray:
    """Return the bin weights of one fit by its own validation scores.

    Shape (n_folds, n_electrodes, n_bins).
    """
    z_val = problem.electrodes(a.z_val)
    return bin_weights(z_val, z_val)


def over_bins(problem: Problem, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over bins and the mean over folds of (n_folds, n_targets) values.

    Shape (n_electrodes,).
    """
    return np.asarray((problem.electrodes(values) * weights).sum(-1).mean(0))


def ranked(
    problem: Problem, fits: Mapping[str, BandedFit], rank: int
) -> tuple[BandedFit, np.ndarray]:
    """Return the fit at a rank by validation score, fold by fold and electrode by electrode.

    Parameters
    ----------
    problem
        What the fits share.
    fits
        Name -> fit.
    rank
        1 for the largest mean validation z over an electrode's bins.

    Returns
    -------
    fit : BandedFit
        Put together from those that were chosen.
    name : np.ndarray
        (n_electrodes,) the choice over all folds.
    """
    merit = np.stack([problem.electrodes(one.z_val).mean(-1) for one in fits.values()])
    choice = np.argsort(-merit, axis=0, kind="stable")[rank - 1]
    overall = np.argsort(-merit.mean(1), axis=0, kind="stable")[rank - 1]
    wide = np.repeat(choice, problem.y.shape[2], axis=1)

    def take(name: str) -> np.ndarray:
        stacked = np.stack([getattr(one, name) for one in fits.values()])
        at = wide[None, :, None, None] if stacked.ndim == 5 else wide[None]
        return np.asarray(np.take_along_axis(stacked, at, 0)[0])

    names = ("z", "z_val", "scaling", "alpha", "dof", "influence")
    picked = {name: take(name) for name in names}
    return (
        BandedFit(**picked, split=np.tanh(picked["z"])[None]),
        np.array(list(fits), object)[overall],
    )
