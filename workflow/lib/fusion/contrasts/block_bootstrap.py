"""Resampling held-out predictions in blocks of film time: offered for comparison, and optimistic.

Predictions stay as they are, so the uncertainty that training adds is left out, and with nothing to
find more electrodes are called different than the level says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.contrasts.calibrated import window_weights
from fusion.contrasts.fits import FitScores
from fusion.contrasts.frame import Found, Side, validation_merit
from fusion.contrasts.spec import BlockBootstrapSpec
from fusion.encoding.prepare import clipped
from fusion.encoding.scores import fisher
from fusion.encoding.trials import Trials
from fusion.ids import Alternative
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled

#: Electrodes worked on at a time.
CHUNK = 4


@dataclass(frozen=True)
class HeldOut:
    """Responses, and the predictions of every fit for the same events.

    Attributes
    ----------
    electrodes
        Names.
    response
        (n_events, n_electrodes, n_bins), NaN where an electrode was not recorded.
    predictions
        Fit -> (n_events, n_electrodes, n_bins), out of fold.
    fold
        (n_events,) the fold that tests each event, -1 for none.
    block
        (n_events,) block of film time of each event, 0 .. n_blocks - 1.
    """

    electrodes: tuple[str, ...]
    response: np.ndarray
    predictions: Mapping[str, np.ndarray]
    fold: np.ndarray
    block: np.ndarray

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max(initial=-1)) + 1

    def at(self, electrodes: Sequence[str]) -> HeldOut:
        """Return the same at some of the electrodes."""
        if tuple(electrodes) == self.electrodes:
            return self
        place = pd.Index(self.electrodes).get_indexer(pd.Index(list(electrodes)))
        predictions = {name: values[:, place] for name, values in self.predictions.items()}
        return HeldOut(
            tuple(electrodes), self.response[:, place], predictions, self.fold, self.block
        )


def read_held_out(
    predictions: Mapping[str, str | Path],
    trials: Trials,
    electrodes: Sequence[str],
    block_s: float,
    clip_mad: float | bool = False,
) -> HeldOut:
    """Return responses and predictions of some electrodes, joined by recording and event.

    Parameters
    ----------
    predictions
        Fit -> ``predictions.nc``.
    trials
        The subject's trials.
    electrodes
        Electrodes wanted, in order.
    block_s
        Length of a block of film time (s).
    clip_mad
        How the responses were clipped before they were fitted.

    Raises
    ------
    InputError
        If a predicted event has no response, or fits differ in their events.
    """
    ids = pd.MultiIndex.from_arrays([trials.recording, trials.event])
    shape = (len(trials), len(electrodes), len(trials.bins_ms))
    measured = np.full(shape, np.nan, np.float32)
    start = 0
    for own in trials.recordings:
        have = set(own.electrode)
        here = [k for k, name in enumerate(electrodes) if name in have]
        stop = start + len(own.event)
        names = np.array([electrodes[k] for k in here])
        measured[start:stop, here] = Trials((own,)).responses(names)
        start = stop
    measured = clipped(measured, trials.recording, clip_mad)
    found, at, fold = {}, None, np.empty(0, int)
    for name, path in predictions.items():
        with open_labelled(path) as file:
            labels = [file[key].values.astype(str) for key in ("recording", "event")]
            rows = ids.get_indexer(pd.MultiIndex.from_arrays(labels))
            if (rows < 0).any() or (at is not None and not np.array_equal(rows, at)):
                raise InputError(
                    path,
                    "event",
                    "events that the responses or the other fits lack",
                    "the events of the responses",
                )
            place = pd.Index(file["electrode"].values.astype(str)).get_indexer(
                pd.Index(list(electrodes))
            )
            values = np.full((len(rows), *shape[1:]), np.nan, np.float32)
            values[:, place >= 0] = file["prediction"][:, place[place >= 0]].values
            found[name] = values
            fold = file["fold"].values if at is None else fold
            at = rows
    block = trials.blocks(block_s)[1]
    return HeldOut(tuple(electrodes), measured[at], found, fold, block[at])


def block_sums(
    prediction: np.ndarray,
    response: np.ndarray,
    fold: np.ndarray,
    block: np.ndarray,
    n_folds: int,
    n_blocks: int,
) -> np.ndarray:
    """Return what correlations are made of, by fold and block.

    Parameters
    ----------
    prediction, response
        (n_events, ..).
    fold, block
        (n_events,) fold and block of each event.

    Returns
    -------
    np.ndarray
        (6, n_blocks, n_folds, ..) counts, sums, squares and products.
    """
    tested = fold >= 0
    u = prediction - prediction[tested].mean(axis=0)
    v = response - response[tested].mean(axis=0)
    cell = block[tested] * n_folds + fold[tested]
    out = np.zeros((6, n_blocks * n_folds, *u.shape[1:]))
    for into, values in zip(out, (np.ones_like(u), u, v, u * u, v * v, u * v), strict=True):
        np.add.at(into, cell, values[tested])
    return out.reshape(6, n_blocks, n_folds, *u.shape[1:])


def resampled_z(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (n_resamples, n_folds, ..) atanh r of every fold for every weighting of the blocks.

    Parameters
    ----------
    sums
        As :func:`block_sums` returns them.
    weights
        (n_resamples, n_blocks) how often each block is drawn.
    """
    n, u, v, uu, vv, uv = np.tensordot(sums, weights.astype(float), axes=(1, 1)).transpose(
        0, sums.ndim - 1, *range(1, sums.ndim - 1)
    )
    n = np.maximum(n, 1)
    spread = np.sqrt(np.maximum(uu - u * u / n, 0) * np.maximum(vv - v * v / n, 0))
    return fisher(np.divide(uv - u * v / n, spread, out=np.zeros_like(uv), where=spread > 1e-12))


class BlockBootstrap:
    """A test by resampling blocks of film time, predictions as they are.

    Parameters
    ----------
    spec
        Weights of bins, resamples, fewest blocks.
    held_out
        Electrodes -> responses and predictions.
    rng
        Source of the resamples. All windows and electrodes share them.
    """

    def __init__(
        self,
        spec: BlockBootstrapSpec,
        held_out: Callable[[Sequence[str]], HeldOut],
        rng: np.random.Generator,
    ) -> None:
        self.spec, self.held_out, self._rng = spec, held_out, rng
        self._weights: np.ndarray | None = None

    def weights(self, n_blocks: int) -> np.ndarray:
        """Return (n_resamples, n_blocks) how often each block is drawn."""
        if self._weights is None:
            even = np.full(n_blocks, 1 / max(n_blocks, 1))
            self._weights = (
                self._rng.multinomial(n_blocks, even, size=self.spec.resamples)
                if n_blocks
                else np.zeros((0, 0))
            )
        return self._weights

    def merit(self, fit: FitScores, in_window: np.ndarray) -> np.ndarray:
        """Return what a fit is worth (see :class:`fusion.contrasts.frame.Procedure`)."""
        return validation_merit(fit, in_window)

    def test(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        """Test the difference of two sides (see :class:`fusion.contrasts.frame.Procedure`).

        There is no ``t`` and no ``p_max``.
        """
        some = next(iter(fits.values()))
        held_out = self.held_out(some.electrodes)
        weights = self.weights(held_out.n_blocks)
        bins = window_weights(a, b, self.spec.bin_weights)
        n_electrodes, n_blocks = len(some.electrodes), held_out.n_blocks
        effect = ((a.z - b.z) * bins).sum(axis=2).mean(axis=0)
        result = {
            key: np.full(n_electrodes, np.nan)
            for key in ("se", "ci_low", "ci_high", "t", "df", "p", "p_max")
        }
        reason = np.where(np.isfinite(effect), "", "no score for a or b").astype(object)
        tested = held_out.response[held_out.fold >= 0][..., in_window]
        reason[~np.isfinite(tested).all(axis=(0, 2))] = "not recorded at all events"
        if n_blocks < max(self.spec.min_blocks, 2):
            least = max(self.spec.min_blocks, 2)
            reason[:] = f"{n_blocks} blocks of film time, fewer than {least}"
        for start in range(0, n_electrodes, CHUNK):
            rows = np.arange(start, min(start + CHUNK, n_electrodes))
            rows = rows[reason[rows] == ""]
            if len(rows):
                draws = _draws(held_out, a, rows, in_window, bins, weights)
                draws -= _draws(held_out, b, rows, in_window, bins, weights)
                tail = (1 + (draws <= 0).sum(axis=0)) / (len(draws) + 1)
                result["se"][rows] = draws.std(axis=0, ddof=1)
                result["ci_low"][rows], result["ci_high"][rows] = np.percentile(
                    draws, [2.5, 97.5], axis=0
                )
                both = 2 * np.minimum(tail, (1 + (draws >= 0).sum(axis=0)) / (len(draws) + 1))
                result["p"][rows] = np.minimum(both, 1) if alternative == "two-sided" else tail
        reason[(a.name == b.name) & (result["se"] == 0)] = "a and b are the same fit"
        return Found(
            effect=effect,
            **result,
            by_bin=(a.z - b.z).mean(axis=0),
            n_blocks=np.full(n_electrodes, n_blocks),
            reason=reason,
        )


def _draws(
    held_out: HeldOut,
    own: Side,
    rows: np.ndarray,
    in_window: np.ndarray,
    bins: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return (n_resamples, n_rows) resampled window scores of one side; 0 where it is nothing."""
    n_folds = len(own.z)
    score = np.zeros((len(weights), len(rows)))
    response = held_out.response[:, rows][..., in_window].astype(float)
    for index, name in enumerate(own.operand.names):
        chosen = own.choice[:, rows] == index
        if not chosen.any():
            continue
        prediction = np.nan_to_num(
            held_out.predictions[name][:, rows][..., in_window].astype(float)
        )
        sums = block_sums(
            prediction, response, held_out.fold, held_out.block, n_folds, weights.shape[1]
        )
        z = resampled_z(sums, weights)
        score += np.einsum("rfeb,feb,fe->re", z, bins[:, rows], chosen.astype(float)) / n_folds
    return score
