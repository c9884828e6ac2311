"""The calibrated procedure: a test of the weighted difference of scores by block influences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from fusion.contrasts import influence
from fusion.contrasts.combine import any_of
from fusion.contrasts.fits import FitScores
from fusion.contrasts.frame import Found, Side, same_fit, side, validation_merit
from fusion.contrasts.spec import CalibratedSpec
from fusion.ids import Alternative, Operand

#: A rival predicts an electrode if its own p is below this.
PREDICTS = 0.05


class Calibrated:
    """A test by block influences (:mod:`fusion.contrasts.influence`).

    Parameters
    ----------
    spec
        Weights of bins, number of multipliers, fewest blocks.
    rng
        Source of the multipliers. All windows and electrodes share them.
    """

    def __init__(self, spec: CalibratedSpec, rng: np.random.Generator) -> None:
        self.spec, self._rng = spec, rng
        self._drawn: dict[int, np.ndarray] = {}

    def merit(self, fit: FitScores, in_window: np.ndarray) -> np.ndarray:
        """Return what a fit is worth (see :class:`fusion.contrasts.frame.Procedure`)."""
        return validation_merit(fit, in_window)

    @cached_property
    def _seed(self) -> int:
        return int(self._rng.integers(2**63))

    def _signs(self, n_blocks: int) -> np.ndarray:
        if n_blocks not in self._drawn:
            rng = np.random.default_rng(self._seed)
            self._drawn[n_blocks] = influence.multipliers(rng, self.spec.multipliers, n_blocks)
        return self._drawn[n_blocks]

    def test(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        """Test the difference of two sides (see :class:`fusion.contrasts.frame.Procedure`).

        The best of several fits against nothing is significant if any of them is: ``p`` and
        ``p_max`` are Simes' over the fits, the effect and its interval are those of the best by
        validation. Where the best of several fits has to be beaten, so has every one of them that
        predicts the electrode: ``p`` and ``p_max`` are the largest (see :meth:`against_each`).
        """
        found = self._found(fits, a, b, alternative, in_window)
        alone = a.operand.is_nothing or b.operand.is_nothing
        if b.each and not alone:
            p, p_max = self.against_each(fits, a, b, in_window)
            return replace(found, p=larger(found.p, p), p_max=larger(found.p_max, p_max))
        if a.each or b.each:
            every = [self._found(fits, one, b, alternative, in_window) for one in a.each]
            every += [self._found(fits, a, one, alternative, in_window) for one in b.each]
            found = replace(
                found,
                p=any_of(np.stack([one.p for one in every], axis=1)),
                p_max=any_of(np.stack([one.p_max for one in every], axis=1)),
            )
        return found

    def against_each(
        self, fits: Mapping[str, FitScores], a: Side, b: Side, in_window: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_electrodes,) the largest p and the largest p over bins of side a against each
        rival that predicts the electrode by itself (p below :data:`PREDICTS`), 0 where none does.

        Folds that choose a worse rival by the noise of validation would let a win where it is no
        better than the best: at electrodes that a and one rival predict alike, p below 0.003 was
        twice as frequent as it should be (benchmarks/calibration.md). Beating every rival is an
        intersection-union test (Berger, 1982), which needs no choice; rivals that predict nothing
        are left to the choice on validation, or where there is no signal the test would be
        conservative.

        Parameters
        ----------
        fits, a, b, in_window
            As for :meth:`test`; ``b.each`` are the rivals.
        """
        nothing = side(fits, Operand(()), in_window)
        p, p_max = np.zeros((2, a.z.shape[1]))
        for rival in b.each:
            weights = window_weights(rival, nothing, self.spec.bin_weights)
            parts = influence_difference(fits, rival, nothing, in_window)
            alone = influence.difference(rival.z, parts, weights, "greater", True)
            counts = alone["p"] < PREDICTS
            if not counts.any():
                continue
            z, parts = a.z - rival.z, influence_difference(fits, a, rival, in_window)
            weights = window_weights(a, rival, self.spec.bin_weights)
            own = influence.difference(z, parts, weights, "greater", False)["p"]
            p[counts] = np.fmax(p, own)[counts]
            own = influence.max_over_bins(
                z[:, counts],
                parts[:, :, :, counts],
                "greater",
                self._signs(parts.shape[2]),
            )
            p_max[counts] = np.fmax(p_max[counts], own)
        return p, p_max

    def _found(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        z = a.z - b.z
        weights = window_weights(a, b, self.spec.bin_weights)
        parts = influence_difference(fits, a, b, in_window)
        alone = a.operand.is_nothing or b.operand.is_nothing
        effect = (z * weights).sum(axis=2).mean(axis=0)
        sums = influence.block_sums(parts, weights)
        n_blocks = influence.active_blocks(parts).sum(axis=0)
        found = influence.of_sums(effect, sums, n_blocks, len(z), alternative, alone)
        signs = self._signs(parts.shape[2])
        enough = max(self.spec.min_blocks, len(z) + 1)
        return Found(
            **found,
            p_max=influence.max_over_bins(z, parts, alternative, signs, alone),
            by_bin=z.mean(axis=0),
            reason=reasons(a, b, found["t"], found["n_blocks"], enough),
            sums=sums.astype(np.float32),
        )


def larger(p: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the larger of p-values; what was not tested stays so."""
    return np.where(np.isfinite(p), np.fmax(p, others), p)


def window_weights(a: Side, b: Side, how: str) -> np.ndarray:
    """Return (n_folds, n_electrodes, n_bins) weights of a window's bins, which sum to 1."""
    if how == "equal":
        return np.full(a.z.shape, 1 / a.z.shape[-1])
    return influence.bin_weights(a.merit, b.merit, 2 if how == "validation_squared" else 1)


def influence_difference(
    fits: Mapping[str, FitScores], a: Side, b: Side, in_window: np.ndarray
) -> np.ndarray:
    """Return (n_folds, 2, n_blocks, n_electrodes, n_bins) block influences of a minus b."""
    some = next(iter(fits.values()))
    n_folds, n_electrodes = some.z.shape[:2]
    shape = (n_folds, 2, len(some.blocks), n_electrodes, int(in_window.sum()))
    total = np.zeros(shape, np.float32)
    for own, sign in ((a, 1), (b, -1)):
        for index, name in enumerate(own.operand.names):
            at = own.choice == index
            if at.any():
                # Elsewhere another candidate counts, or none, and then the scores are NaN already.
                part = fits[name].influence[..., in_window]
                total += sign * np.where(at[:, None, None, :, None], part, np.float32(0))
    return total


def reasons(a: Side, b: Side, t: np.ndarray, n_blocks: np.ndarray, enough: int) -> np.ndarray:
    """Return (n_electrodes,) why an electrode was not tested; empty where it was."""
    out = np.full(len(t), "", object)
    out[~np.isfinite(t)] = "no variation between blocks"
    for e in np.flatnonzero((n_blocks < enough) & (n_blocks > 0)):
        out[e] = f"{n_blocks[e]} blocks of film time, fewer than {enough}"
    out[same_fit(a, b) & ~np.isfinite(t)] = "a and b are the same fit"
    for label, own in (("a", a), ("b", b)):
        if not own.operand.is_nothing:
            out[~np.isfinite(own.z).all(axis=(0, 2))] = f"no score for {label}"
            out[(own.choice < 0).any(axis=0)] = f"no fit for {label}"
    return out
