"""The fits that a contrast compares: their scores and block influences, lined up by id, and the
choice among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fusion.io.errors import InputError

PARTS = ("test", "training")


@dataclass(frozen=True)
class Fit:
    """One fit of one subject and alignment, at the layers chosen on validation. F folds, E
    electrodes, B bins, K blocks.

    Attributes
    ----------
    name
        model-init-pairing.
    electrodes, blocks
        Ids of electrodes (E) and of film-time blocks (K).
    bins
        Latencies of the bins' centres (B), ms.
    z, z_val
        atanh r on test events, and its mean over the validation events that belong to the fold (F,
        E, B).
    influence
        Influence of each block on the mean over folds of ``z``, by fold, summed over its events as
        test and as training events (F, 2, K, E, B): an array, or anything that gives one when
        sliced, so that a file is read piece by piece.
    layers
        Layer of each electrode (E).
    n_events
        Events that were held out once.
    rows
        Where each electrode is in ``influence`` (E), -1 for none; None if the order is the same.
    """

    name: str
    electrodes: tuple[str, ...]
    blocks: tuple[str, ...]
    bins: np.ndarray
    z: np.ndarray
    z_val: np.ndarray
    influence: object
    layers: tuple[str, ...]
    n_events: int
    rows: np.ndarray | None = None


def fit_from(dataset, file) -> Fit:
    """Return the fit in ``dataset`` (an open ``influence.nc``), held against its contract;
    influences stay in the file.

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
    return Fit(
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


def align(fits: list[Fit]) -> list[Fit]:
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


def _over(fit: Fit, electrodes: tuple[str, ...]) -> Fit:
    """Return ``fit`` over ``electrodes``."""
    place = {name: i for i, name in enumerate(fit.electrodes)}
    rows = np.array([place.get(name, -1) for name in electrodes], int)

    def spread(values):
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


def influence_of(fit: Fit, electrodes: slice, in_window: np.ndarray) -> np.ndarray:
    """Return (F, 2, K, electrodes of the slice, bins of the window) influences, NaN where the fit
    lacks an electrode.
    """
    wanted = range(*electrodes.indices(len(fit.electrodes)))
    rows = np.arange(wanted.start, wanted.stop) if fit.rows is None else fit.rows[electrodes]
    out = np.full(
        (len(fit.z), 2, len(fit.blocks), len(rows), int(in_window.sum())), np.nan, np.float32
    )
    there = rows >= 0
    if there.any():
        first, last = rows[there].min(), rows[there].max() + 1
        bins = np.flatnonzero(in_window)
        piece = np.asarray(fit.influence[:, :, :, first:last, bins[0] : bins[-1] + 1])
        out[:, :, :, there] = piece[:, :, :, rows[there] - first][
            ..., in_window[bins[0] : bins[-1] + 1]
        ]
    return out


def choose(z_val: np.ndarray, rank: int) -> np.ndarray:
    """Return, per fold and electrode, the index of the candidate at ``rank`` (1 = best) by
    validation score.

    A fold's validation scores come from its own training events only, so its test events have no
    say. Ties go to the candidate named first.

    Parameters
    ----------
    z_val
        Validation z, mean over the bins of a window (n_candidates, F, E).
    rank
        1 for the best, 2 for the second best, ..

    Returns
    -------
    np.ndarray
        (F, E) int; -1 where fewer than ``rank`` candidates have scores.
    """
    usable = np.isfinite(z_val)
    if rank > len(z_val):
        return np.full(z_val.shape[1:], -1)
    order = np.argsort(-np.where(usable, z_val, -np.inf), axis=0, kind="stable")
    return np.where(usable.sum(axis=0) >= rank, order[rank - 1], -1)
