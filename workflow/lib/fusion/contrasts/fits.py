"""The fits that a contrast compares: their scores and block influences, lined up by id, and the
choice among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fusion.encoding.result import PARTS, Fit
from fusion.encoding.scores import fisher
from fusion.io.errors import InputError


@dataclass(frozen=True)
class FitScores:
    """Scores and block influences of one fit, at the layers chosen on validation.

    Attributes
    ----------
    name
        model-init-pairing.
    electrodes, blocks
        Ids of electrodes and of blocks of film time.
    bins
        (n_bins,) latencies of the bins' centres (ms).
    z, z_val
        (n_folds, n_electrodes, n_bins) atanh r on test events, and its mean over the validation
        events that belong to the fold.
    influence
        (n_folds, 2, n_blocks, n_electrodes, n_bins) influence of each block on the mean over folds
        of ``z``, by fold, summed over its events as test and as training events. An array, or
        anything that gives one when sliced, so that a file is read piece by piece.
    layers
        Layer of each electrode.
    n_events
        Events that were held out once.
    rows
        (n_electrodes,) where each electrode is in ``influence``, -1 for none; None if the order is
        the same.
    """

    name: str
    electrodes: tuple[str, ...]
    blocks: tuple[str, ...]
    bins: np.ndarray
    z: np.ndarray
    z_val: np.ndarray
    influence: Any
    layers: tuple[str, ...]
    n_events: int
    rows: np.ndarray | None = None

    def load(self, electrodes: slice) -> FitScores:
        """Return the fit at some of its electrodes, influences in memory; NaN where it has none."""
        if isinstance(self.influence, np.ndarray) and self.rows is None:
            values = self.influence[:, :, :, electrodes]
        else:
            values = self._read(electrodes)
        return replace(
            self,
            electrodes=self.electrodes[electrodes],
            z=self.z[:, electrodes],
            z_val=self.z_val[:, electrodes],
            influence=values,
            layers=self.layers[electrodes],
            rows=None,
        )

    def _read(self, electrodes: slice) -> np.ndarray:
        wanted = range(*electrodes.indices(len(self.electrodes)))
        rows = np.array(wanted, int) if self.rows is None else self.rows[electrodes]
        shape = (len(self.z), 2, len(self.blocks), len(rows), len(self.bins))
        there = rows >= 0
        if not there.any():
            return np.full(shape, np.nan, np.float32)
        first, last = rows[there].min(), rows[there].max() + 1
        piece = np.asarray(self.influence[:, :, :, first:last])
        if np.array_equal(rows, np.arange(first, last)):
            return piece
        out = np.full(shape, np.nan, np.float32)
        out[:, :, :, there] = piece[:, :, :, rows[there] - first]
        return out


def scores_of(fit: Fit, name: str, electrodes: Sequence[str], bins_ms: np.ndarray) -> FitScores:
    """Return what contrasts need of a fit that was just made.

    Parameters
    ----------
    fit
        The fit, with influence.
    name
        Its name.
    electrodes
        Names of its electrodes.
    bins_ms
        (n_bins,) latencies of the bins' centres (ms).
    """
    return FitScores(
        name,
        tuple(electrodes),
        tuple(map(str, fit.blocks)),
        np.asarray(bins_ms, float),
        fisher(fit.of_layer(fit.r_test)).astype(float),
        fit.of_layer(fit.z_val).astype(float),
        fit.influence,
        tuple(fit.layers[k] for k in fit.chosen),
        int((fit.fold >= 0).sum()),
    )


def read_scores(dataset: xr.Dataset, file: str | Path) -> FitScores:
    """Return the fit in an open ``influence.nc``; influences stay in the file.

    Raises
    ------
    InputError
        If an array or attribute is missing, or its dimensions are not those of the contract.
    """
    scores = ("fold", "electrode", "bin_ms")
    blocks = ("fold", "part", "block", "electrode", "bin_ms")
    dims = {
        "z_fold": scores,
        "z_val_fold": scores,
        "influence_fold": blocks,
        "layer": ("electrode",),
    }
    for name, wanted in dims.items():
        if name not in dataset:
            raise InputError(
                file,
                f"variable {name!r}",
                f"variables {', '.join(map(str, dataset.variables))}",
                "that variable",
            )
        if dataset[name].dims != wanted:
            raise InputError(
                file, f"variable {name!r}", f"dimensions {dataset[name].dims}", str(wanted)
            )
    for name in ("fit", "n_events"):
        if name not in dataset.attrs:
            raise InputError(
                file,
                f"attribute {name!r}",
                f"attributes {', '.join(map(str, dataset.attrs))}",
                "that attribute",
            )
    if tuple(dataset["part"].values) != PARTS:
        raise InputError(
            file, "coordinate 'part'", str(list(dataset["part"].values)), str(list(PARTS))
        )
    return FitScores(
        name=str(dataset.attrs["fit"]),
        electrodes=tuple(map(str, dataset["electrode"].values)),
        blocks=tuple(map(str, dataset["block"].values)),
        bins=np.asarray(dataset["bin_ms"].values, float),
        z=dataset["z_fold"].values.astype(float),
        z_val=dataset["z_val_fold"].values.astype(float),
        influence=dataset["influence_fold"],
        layers=tuple(map(str, dataset["layer"].values)),
        n_events=int(dataset.attrs["n_events"]),
    )


def align(fits: Sequence[FitScores]) -> list[FitScores]:
    """Return ``fits`` over the same electrodes: those of any fit, by first appearance, with NaN
    scores where a fit lacks one.

    Raises
    ------
    InputError
        If the fits differ in blocks, bins or folds: their scores would not be paired.
    """
    first = fits[0]
    for fit in fits[1:]:
        for what in ("blocks", "bins"):
            own, wanted = getattr(fit, what), getattr(first, what)
            if not np.array_equal(own, wanted):
                raise InputError(
                    f"fit {fit.name}",
                    what,
                    f"{len(own)} {what}",
                    f"the {len(wanted)} {what} of fit {first.name}",
                )
        if len(fit.z) != len(first.z):
            raise InputError(
                f"fit {fit.name}",
                "folds",
                f"{len(fit.z)} folds",
                f"the {len(first.z)} folds of fit {first.name}",
            )
    electrodes = tuple(dict.fromkeys(name for fit in fits for name in fit.electrodes))
    return [fit if fit.electrodes == electrodes else _over(fit, electrodes) for fit in fits]


def _over(fit: FitScores, electrodes: tuple[str, ...]) -> FitScores:
    """Return ``fit`` over ``electrodes``."""
    place = {name: i for i, name in enumerate(fit.electrodes)}
    rows = np.array([place.get(name, -1) for name in electrodes], int)

    def spread(values: np.ndarray) -> np.ndarray:
        out = np.full((len(values), len(electrodes), values.shape[2]), np.nan)
        out[:, rows >= 0] = values[:, rows[rows >= 0]]
        return out

    layers = tuple("" if row < 0 else fit.layers[row] for row in rows)
    return replace(
        fit,
        electrodes=electrodes,
        z=spread(fit.z),
        z_val=spread(fit.z_val),
        layers=layers,
        rows=rows,
    )


def choose(z_val: np.ndarray, rank: int) -> np.ndarray:
    """Return the candidate at ``rank`` by validation score, for each fold and electrode.

    A fold's validation scores come from its own training events only, so its test events have no
    say. Ties go to the candidate named first.

    Parameters
    ----------
    z_val
        (n_candidates, n_folds, n_electrodes) validation z, mean over the bins of a window.
    rank
        1 for the best, 2 for the second best, ...

    Returns
    -------
    np.ndarray
        (n_folds, n_electrodes) int; -1 where fewer than ``rank`` candidates have scores.
    """
    usable = np.isfinite(z_val)
    if rank > len(z_val):
        return np.full(z_val.shape[1:], -1)
    order = np.argsort(-np.where(usable, z_val, -np.inf), axis=0, kind="stable")
    return np.where(usable.sum(axis=0) >= rank, order[rank - 1], -1)
