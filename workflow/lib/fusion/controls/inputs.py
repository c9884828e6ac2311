"""What the controls read: responses in a window, networks and low-level features, lined up by the
ids of film and event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.controls.bands import principal
from fusion.controls.battery import Design
from fusion.encoding.inputs import Activations, Recording
from fusion.encoding.spec import FoldSpec
from fusion.encoding.trials import Trials
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled


@dataclass(frozen=True)
class Group:
    """Electrodes of a subject that share their recordings, and so are fitted together.

    Attributes
    ----------
    design
        Responses (n, E, B), folds and blocks.
    recordings
        Their recordings; rows of the design are the recordings' events, one after the other.
    electrodes
        (E,) names.
    bins_ms
        (B,) latencies of the bins taken.
    blocks
        (K,) labels of the blocks.
    onset_s, stimulus
        (n,) film time and film of the events.
    """

    design: Design
    recordings: list[Recording]
    electrodes: np.ndarray
    bins_ms: np.ndarray
    blocks: np.ndarray
    onset_s: np.ndarray
    stimulus: np.ndarray


def window_bins(bins_ms: np.ndarray, window_ms, bin_width_ms: float) -> np.ndarray:
    """Return indices of a window's bins that do not overlap: the first, and each that begins where
    the last one taken ends.

    Overlapping bins repeat each other; a control tests the same window with far fewer of them.

    Raises
    ------
    InputError
        If the window holds no bin.
    """
    taken: list[int] = []
    for k in np.flatnonzero((bins_ms >= window_ms[0] - 1e-6) & (bins_ms <= window_ms[1] + 1e-6)):
        if not taken or bins_ms[k] - bins_ms[taken[-1]] >= bin_width_ms - 1e-6:
            taken.append(int(k))
    if not taken:
        raise InputError(
            "config",
            "key controls.window",
            f"the window {list(window_ms)}",
            f"one that holds bins ({bins_ms[0]:g} to {bins_ms[-1]:g} ms)",
        )
    return np.array(taken)


def groups(paths: list[str], spec: dict) -> Iterator[Group]:
    """Yield the electrodes of a subject, by the recordings that have them, in the folds and blocks
    of the encoding fits.

    Parameters
    ----------
    paths
        Responses files of all recordings of the subject.
    spec
        ``window_ms, bin_width_ms, folds, split, validation, gap_s, block_s, alphas,
        drift_cosines_s``.

    Raises
    ------
    InputError
        If there are too few events for the folds.
    """
    trials = Trials.read(paths)
    how = FoldSpec.take(spec)
    held_out = trials.held_out(how)
    take = window_bins(trials.bins_ms.astype(float), spec["window_ms"], spec["bin_width_ms"])
    for group in trials.groups:
        own = group.trials
        flat = group.responses(take).reshape(len(own), -1)
        flat = prepared(flat, own.drift(spec["drift_cosines_s"]))
        folds = own.folds(how, held_out[group.rows])
        labels, block = own.blocks(spec["block_s"])
        design = Design(
            flat.reshape(len(own), len(group.electrodes), -1), folds, block, tuple(spec["alphas"])
        )
        yield Group(
            design,
            list(own.recordings),
            group.electrodes,
            trials.bins_ms[take].astype(float),
            labels,
            own.onset_s,
            own.stimulus,
        )


def prepared(responses: np.ndarray, regressors: np.ndarray) -> np.ndarray:
    """Return responses (n, T) float64 less ``regressors`` (n, d; a constant among them), of unit
    variance; 0 where broken or constant.
    """
    y = np.asarray(responses, "float64")
    y = np.where(np.isfinite(y).all(0), y, 0.0)
    y = y - y[0]
    before = y.std(0)
    basis = np.linalg.qr(regressors)[0]
    y -= basis @ (basis.T @ y)
    sd = y.std(0)
    return y / np.where(sd > 1e-6 * before, sd, np.inf)


def networks(pairs: list[list[str]], paths: list[str]) -> dict[str, Activations]:
    """Return the activations of each fit; ``pairs`` holds [fit, film] of every path."""
    files: dict[str, list] = {}
    for (fit, film), path in zip(pairs, paths, strict=True):
        files.setdefault(fit, []).append((film, fit, path))
    return {fit: Activations(rows) for fit, rows in files.items()}


def components(
    activations: list[Activations], recordings: list[Recording], n_dims: int
) -> np.ndarray:
    """Return the principal components (n, d) of all layers of one or several networks at the
    recordings' events.
    """
    return principal(
        [network.read(layer, recordings) for network in activations for layer in network.layers],
        n_dims,
    )


def read_lowlevel(paths: dict[str, str]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return each film's low-level features (rows are events) and the names of the features that
    all films have.
    """
    tables = {}
    for film, path in paths.items():
        with open_labelled(path) as file:
            features = file["features"].transpose("event", "feature").values.astype("float64")
            tables[film] = pd.DataFrame(
                features,
                index=file["event"].values.astype(str),
                columns=file["feature"].values.astype(str),
            )
    names = [
        name
        for name in next(iter(tables.values()))
        if all(name in table and table[name].notna().any() for table in tables.values())
    ]
    return {film: table[names].fillna(table[names].mean()) for film, table in tables.items()}, names


def at_events(films: dict[str, pd.DataFrame], recordings: list[Recording]) -> np.ndarray:
    """Return the rows (n, feature) of films' tables at the recordings' events.

    Raises
    ------
    InputError
        If an event is not in its film's table.
    """
    rows = []
    for recording in recordings:
        table = films[recording.stimulus]
        at = table.index.get_indexer(recording.event)
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
    parts: list[Group], control: Callable[[Group], pd.DataFrame], **ids: str
) -> pd.DataFrame:
    """Run a control on each group and return one table, electrodes by name, with columns ``ids``
    before all others.
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
