"""What the controls read: responses in a window, networks and low-level features, joined by ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.controls.bands import principal
from fusion.controls.problem import Problem
from fusion.controls.spec import Activated, FittingSpec
from fusion.encoding.inputs import Activations, Recording
from fusion.encoding.prepare import clipped
from fusion.encoding.trials import Trials, bins_apart
from fusion.ids import FitId
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled

FilePath = str | Path
Networks = dict[FitId, Activations]


@dataclass(frozen=True)
class Group:
    """Electrodes of a subject that share their recordings, and so are fitted together.

    Attributes
    ----------
    problem
        Responses (n_events, n_electrodes, n_bins), folds and blocks.
    trials
        Their trials, in the order of the events.
    electrodes
        (n_electrodes,) names.
    bins_ms
        (n_bins,) latencies of the bins taken.
    blocks
        (n_blocks,) labels of the blocks.
    """

    problem: Problem
    trials: Trials
    electrodes: np.ndarray
    bins_ms: np.ndarray
    blocks: np.ndarray

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """Recordings whose events, one after the other, are the rows of the problem."""
        return self.trials.recordings


def groups(paths: Sequence[FilePath], spec: FittingSpec) -> Iterator[Group]:
    """Yield the electrodes of a subject in the folds and blocks of the encoding fits.

    Parameters
    ----------
    paths
        Responses files of all recordings of the subject.
    spec
        Window, folds, blocks and penalties.

    Yields
    ------
    Group
        Electrodes that share their recordings.

    Raises
    ------
    InputError
        If there are too few events for the folds.
    """
    trials = Trials.read(paths)
    held_out = trials.held_out(spec)
    take = bins_apart(trials.bins_ms.astype(float), spec.window_ms, spec.bin_width_ms)
    for group in trials.groups:
        own = group.trials
        flat = clipped(group.responses(take), own.recording, spec.clip_mad).reshape(len(own), -1)
        flat = prepared(flat, own.drift(spec.drift_cosines_s))
        labels, block = own.blocks(spec.block_s)
        yield Group(
            Problem(
                flat.reshape(len(own), len(group.electrodes), -1),
                own.folds(spec, held_out[group.rows]),
                block,
                spec.alphas,
                spec.solver,
            ),
            own,
            group.electrodes,
            trials.bins_ms[take].astype(float),
            labels,
        )


def prepared(responses: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    """Return responses without regressors, of unit variance; 0 where broken or constant.

    Parameters
    ----------
    responses
        (n_events, n_targets).
    regressors
        (n_events, n_regressors), a constant among them.

    Returns
    -------
    np.ndarray
        (n_events, n_targets) float64.
    """
    y = np.asarray(responses, "float64")
    y = np.where(np.isfinite(y).all(0), y, 0.0)
    y = y - y[0]
    before = y.std(0)
    basis = np.linalg.qr(regressors)[0]
    y -= basis @ (basis.T @ y)
    sd = y.std(0)
    return np.asarray(y / np.where(sd > 1e-6 * before, sd, np.inf))


def networks(held: Sequence[Activated], paths: Sequence[FilePath]) -> Networks:
    """Return the activations of each fit; ``held`` says what every file holds."""
    files: dict[FitId, list[tuple[str, str, str]]] = {}
    for one, path in zip(held, paths, strict=True):
        files.setdefault(one.fit, []).append((one.film, str(one.fit), str(path)))
    return {fit: Activations(rows) for fit, rows in files.items()}


def components(
    activations: Iterable[Activations], recordings: Sequence[Recording], n_dims: int
) -> np.ndarray:
    """Return principal components of all layers of one or several networks.

    Shape (n_events, n_components), at the events of the recordings.
    """
    return principal(
        [network.read(layer, recordings) for network in activations for layer in network.layers],
        n_dims,
    )


def band_components(
    found: Networks,
    bands: Mapping[str, Sequence[FitId]],
    recordings: Sequence[Recording],
    n_dims: int,
) -> dict[str, np.ndarray]:
    """Return band -> principal components of its fits; bands without fits are left out."""
    return {
        band: components([found[fit] for fit in fits], recordings, n_dims)
        for band, fits in bands.items()
        if fits
    }


def read_lowlevel(paths: Mapping[str, FilePath]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return low-level features of films, and the names of the features that all films have.

    Parameters
    ----------
    paths
        Film -> file.

    Returns
    -------
    tables : dict
        Film -> table, a row an event; missing values are the feature's mean.
    names : list of str
        Its columns.
    """
    tables: dict[str, pd.DataFrame] = {}
    for film, path in paths.items():
        with open_labelled(path) as file:
            features = file["features"].transpose("event", "feature").values.astype("float64")
            tables[film] = pd.DataFrame(
                features,
                index=file["event"].values.astype(str),
                columns=file["feature"].values.astype(str),
            )
    names = [
        str(name)
        for name in next(iter(tables.values()))
        if all(name in table and table[name].notna().any() for table in tables.values())
    ]
    return {film: table[names].fillna(table[names].mean()) for film, table in tables.items()}, names


def at_events(films: Mapping[str, pd.DataFrame], recordings: Sequence[Recording]) -> np.ndarray:
    """Return the rows of films' tables at the events of recordings, (n_events, n_features).

    Raises
    ------
    InputError
        If an event is not in its film's table.
    """
    rows = []
    for recording in recordings:
        table = films[recording.stimulus]
        at = table.index.get_indexer(pd.Index(recording.event))
        if (at < 0).any():
            raise InputError(
                recording.path,
                "event",
                f"{recording.event[at < 0][0]!r}, which the features of {recording.stimulus} lack",
                "events of that film",
            )
        rows.append(table.to_numpy()[at])
    return np.concatenate(rows)


def by_electrode(
    parts: Iterable[Group], control: Callable[[Group], pd.DataFrame], **ids: str
) -> pd.DataFrame:
    """Run a control on each group and return one table, with electrodes by name.

    Parameters
    ----------
    parts
        The groups.
    control
        Returns a table whose column ``electrode`` holds positions in the group.
    **ids
        Columns that are put before all others.
    """
    tables = []
    for group in parts:
        table = control(group)
        table["electrode"] = group.electrodes[table["electrode"].to_numpy()]
        tables.append(table)
    joined = pd.concat(tables, ignore_index=True)
    for k, (name, value) in enumerate(ids.items()):
        joined.insert(k, name, value)
    return joined
