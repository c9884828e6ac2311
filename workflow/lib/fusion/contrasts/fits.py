"""The fits that a contrast compares: their scores and block influences, lined up by id, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.errors import InputError

PARTS = ("test", "training")


@dataclass(frozen=True)
class Fit:
    """One fit of one subject and alignment, at the layer that each electrode chose on validation.

    Attributes
    ----------
    name
        model-init-pairing.
    electrodes, blocks
        Ids of electrodes (n_electrodes) and of film-time blocks (n_blocks).
    bins
        Latencies of the bins' centres (n_bins), ms.
    z, z_val, r
        Mean over folds of atanh r on test events, the same on validation events, and of r on test events
        (n_electrodes, n_bins).
    influence
        Influence of each block on ``z``, summed over its events, as test and as training events
        (2, n_blocks, n_electrodes, n_bins).
    layers
        Chosen layer of each electrode (n_electrodes).
    n_events
        Events that were held out once.
    """

    name: str
    electrodes: tuple[str, ...]
    blocks: tuple[str, ...]
    bins: np.ndarray
    z: np.ndarray
    z_val: np.ndarray
    r: np.ndarray
    influence: np.ndarray
    layers: tuple[str, ...]
    n_events: int


def fit_from(dataset, file) -> Fit:
    """Return the fit in ``dataset`` (an open ``influence.nc``), held against its contract.

    Raises
    ------
    InputError
        If an array or attribute is missing, or the parts are not test and training.
    """
    for name in ("influence", "z", "z_val", "r", "layer"):
        if name not in dataset:
            raise InputError(file, f"variable {name!r}", f"variables {', '.join(map(str, dataset.variables))}", "that variable")
    for name in ("fit", "n_events"):
        if name not in dataset.attrs:
            raise InputError(file, f"attribute {name!r}", f"attributes {', '.join(map(str, dataset.attrs))}", "that attribute")
    if tuple(dataset["part"].values) != PARTS:
        raise InputError(file, "coordinate 'part'", str(list(dataset["part"].values)), str(list(PARTS)))
    return Fit(
        name=str(dataset.attrs["fit"]),
        electrodes=tuple(map(str, dataset["electrode"].values)),
        blocks=tuple(map(str, dataset["block"].values)),
        bins=np.asarray(dataset["bin"].values, float),
        z=dataset["z"].transpose("electrode", "bin").values.astype(float),
        z_val=dataset["z_val"].transpose("electrode", "bin").values.astype(float),
        r=dataset["r"].transpose("electrode", "bin").values.astype(float),
        influence=dataset["influence"].transpose("part", "block", "electrode", "bin").values,
        layers=tuple(map(str, dataset["layer"].values)),
        n_events=int(dataset.attrs["n_events"]),
    )


def align(fits: list[Fit]) -> list[Fit]:
    """Return ``fits`` over the same electrodes (those of any fit, sorted by first appearance), NaN where a fit lacks one.

    Blocks without events (no influence in any fit) are left out: they are no samples.

    Raises
    ------
    InputError
        If the fits differ in blocks or bins: their scores would not be paired.
    """
    first = fits[0]
    for fit in fits[1:]:
        for what in ("blocks", "bins"):
            if not np.array_equal(getattr(fit, what), getattr(first, what)):
                raise InputError(
                    f"fit {fit.name}",
                    what,
                    f"{len(getattr(fit, what))} {what}",
                    f"the {len(getattr(first, what))} {what} of fit {first.name}",
                )
    electrodes = tuple(dict.fromkeys(name for fit in fits for name in fit.electrodes))
    filled = np.any([np.any(np.nan_to_num(fit.influence), axis=(0, 2, 3)) for fit in fits], axis=0)
    return [_over(fit, electrodes, filled) for fit in fits]


def _over(fit: Fit, electrodes: tuple[str, ...], keep: np.ndarray) -> Fit:
    """Return ``fit`` over ``electrodes`` and the blocks in ``keep``."""
    blocks = tuple(np.array(fit.blocks, object)[keep])
    influence = fit.influence if keep.all() else fit.influence[:, keep]
    if fit.electrodes == electrodes:
        return Fit(fit.name, electrodes, blocks, fit.bins, fit.z, fit.z_val, fit.r, influence, fit.layers, fit.n_events)
    place = {name: i for i, name in enumerate(fit.electrodes)}
    rows = np.array([place.get(name, -1) for name in electrodes], int)
    absent = rows < 0

    def spread(values, axis):
        if not len(fit.electrodes):
            shape = list(values.shape)
            shape[axis] = len(electrodes)
            return np.full(shape, np.nan, values.dtype)
        taken = np.take(values, np.maximum(rows, 0), axis=axis)
        np.moveaxis(taken, axis, 0)[absent] = np.nan
        return taken

    layers = tuple("" if row < 0 else fit.layers[row] for row in rows)
    return Fit(
        fit.name,
        electrodes,
        blocks,
        fit.bins,
        spread(fit.z, 0),
        spread(fit.z_val, 0),
        spread(fit.r, 0),
        spread(influence, 2),
        layers,
        fit.n_events,
    )


def choose(fits: list[Fit], rank: int, in_window: np.ndarray) -> np.ndarray:
    """Return, per electrode, the index of the fit at ``rank`` (1 = best) by mean validation z over a window's bins.

    Only validation scores are looked at. Ties go to the fit named first.

    Parameters
    ----------
    fits
        Candidates, aligned.
    rank
        1 for the best, 2 for the second best, ..
    in_window
        Bins of the window (n_bins), boolean.

    Returns
    -------
    np.ndarray
        (n_electrodes) int; -1 where fewer than ``rank`` candidates have scores.
    """
    score = np.stack([fit.z_val[:, in_window].mean(axis=1) for fit in fits])
    usable = np.isfinite(score)
    order = np.argsort(-np.where(usable, score, -np.inf), axis=0, kind="stable")
    if rank > len(fits):
        return np.full(score.shape[1], -1)
    return np.where(usable.sum(axis=0) >= rank, order[rank - 1], -1)


def gather(fits: list[Fit], choice: np.ndarray, name: str) -> np.ndarray:
    """Return array ``name`` of the chosen fit of every electrode; NaN where ``choice`` is -1."""
    axis = 2 if name == "influence" else 0
    out = np.full(getattr(fits[0], name).shape, np.nan, getattr(fits[0], name).dtype)
    for index, fit in enumerate(fits):
        rows = choice == index
        np.moveaxis(out, axis, 0)[rows] = np.moveaxis(getattr(fit, name), axis, 0)[rows]
    return out
