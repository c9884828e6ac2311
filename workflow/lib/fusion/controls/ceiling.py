"""Ceilings: how much of an electrode's response the film can explain, where the data can tell.

``repeat``: the subject saw the film twice. The correlation of the two responses is the share of
variance that comes back. No model of the film correlates with one viewing by more than its root.
``other subjects``: what the electrodes of others who saw the film predict of this electrode, a
lower bound of the explainable part. Otherwise ``not estimable``: nothing is ever divided by it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.controls.bands import principal
from fusion.controls.inputs import Group
from fusion.controls.problem import Problem, above_zero
from fusion.controls.spec import CeilingSpec
from fusion.encoding.inputs import Recording, read_recordings, read_responses
from fusion.encoding.trials import bins_apart

log = logging.getLogger(__name__)

#: What two recordings must share of a film to count as two viewings.
LEAST_EVENTS, LEAST_BLOCKS = 10, 3


def read_others(paths: Sequence[str | Path], spec: CeilingSpec) -> dict[str, list[Recording]]:
    """Return subject -> recordings of the others who saw a film of this subject's."""
    others: dict[str, list[Recording]] = {}
    for subject, path in zip(spec.others, paths, strict=True):
        others.setdefault(subject, []).extend(read_recordings([path]))
    return others


def ceiling(group: Group, others: dict[str, list[Recording]], spec: CeilingSpec) -> pd.DataFrame:
    """Return the ceiling of a group's electrodes, by the best method that the data allow.

    Parameters
    ----------
    group
        The electrodes.
    others
        Subject -> recordings of the same films.
    spec
        Window, bins and dimensions.
    """
    if twice := viewings(group):
        first, second, block = twice
        return repeat(first, second, block)
    seen = [
        responses
        for recordings in others.values()
        if (responses := of_other(group, recordings, spec)) is not None
    ]
    log.info(
        "%d electrodes; %d other subjects saw all of these events", len(group.electrodes), len(seen)
    )
    if seen:
        return from_others(group.problem, seen, spec.dimensions)
    return not_estimable(len(group.electrodes))


def viewings(group: Group) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the responses to two viewings of a film, and the block of every event.

    Returns
    -------
    tuple or None
        Two arrays (n_events, n_electrodes, n_bins) and one (n_events,); None if no stretch of a
        film was seen twice. Two parts of a film are no viewings of it.
    """
    recordings = group.recordings
    shared = {
        (i, k): np.intersect1d(one.event, other.event, return_indices=True)[1:]
        for i, one in enumerate(recordings)
        for k, other in enumerate(recordings)
        if i < k and one.stimulus == other.stimulus
    }
    if not shared:
        return None
    first, second = max(shared, key=lambda pair: len(shared[pair][0]))
    left, right = shared[first, second]
    starts = np.cumsum([0, *(len(r.event) for r in recordings)])
    left, right = starts[first] + left, starts[second] + right
    block = np.unique(group.problem.block[left], return_inverse=True)[1]
    if len(left) < LEAST_EVENTS or block.max() + 1 < LEAST_BLOCKS:
        return None
    return group.problem.y[left], group.problem.y[right], block


def of_other(group: Group, recordings: Sequence[Recording], spec: CeilingSpec) -> np.ndarray | None:
    """Return another subject's responses to the events of a group.

    Parameters
    ----------
    group
        The group.
    recordings
        The other subject's recordings.
    spec
        Window and width of the bins.

    Returns
    -------
    np.ndarray or None
        (n_events, n_electrodes, n_bins) of the electrodes that all films have, less their means; 0
        where an event is missing. None if the other subject missed a film.
    """
    parts = []
    for own in group.recordings:
        of_film = [r for r in recordings if r.stimulus == own.stimulus]
        if not of_film:
            return None
        # Of a film shown in parts, the recording that holds these events.
        other = max(of_film, key=lambda r: len(np.intersect1d(r.event, own.event)))
        fitting = spec.fitting
        take = bins_apart(other.bin_ms.astype(float), fitting.window_ms, fitting.bin_width_ms)
        values = np.nan_to_num(
            read_responses([other], other.electrode)[..., take].astype("float64")
        )
        rows = {event: k for k, event in enumerate(other.event)}
        at = np.array([rows.get(event, -1) for event in own.event])
        values = (values - values.mean(0))[at] * (at >= 0)[:, None, None]
        parts.append((list(other.electrode), values))
    shared = [name for name in parts[0][0] if all(name in names for names, _ in parts)]
    if not shared:
        return None
    return np.concatenate(
        [values[:, [names.index(name) for name in shared]] for names, values in parts]
    )


def repeat(first: np.ndarray, second: np.ndarray, block: np.ndarray) -> pd.DataFrame:
    """Return the bound from two viewings: the root of the responses' mean correlation over bins.

    Parameters
    ----------
    first, second
        (n_events, n_electrodes, n_bins) responses to the same events.
    block
        (n_events,) block of film time. The interval is a delete-one-block jackknife of the
        correlation.
    """
    n_blocks = int(block.max()) + 1

    def mean_r(keep: np.ndarray) -> np.ndarray:
        a, b = (x[keep] - x[keep].mean(0) for x in (first, second))
        return np.mean(  # type: ignore[no-any-return]
            (a * b).sum(0) / np.maximum(np.sqrt((a**2).sum(0) * (b**2).sum(0)), 1e-12), axis=1
        )

    r = mean_r(np.ones(len(block), bool))
    left = np.stack([mean_r(block != k) for k in range(n_blocks)])
    se = np.sqrt((n_blocks - 1) / n_blocks * ((left - left.mean(0)) ** 2).sum(0))
    root = [np.sqrt(np.clip(x, 0, 1)) for x in (r, r - 1.96 * se, r + 1.96 * se)]
    reason = np.where(
        r > 0, "root of the correlation of two viewings", "two viewings do not correlate"
    )
    return pd.DataFrame(
        {
            "electrode": np.arange(len(r)),
            "method": "repeat",
            "r": root[0],
            "se": se,
            "ci_low": root[1],
            "ci_high": root[2],
            "reason": reason,
        }
    )


def from_others(problem: Problem, others: list[np.ndarray], n_dims: int) -> pd.DataFrame:
    """Return what other subjects' responses to the same events predict, in the same folds.

    Parameters
    ----------
    problem
        Responses of the subject, folds and blocks.
    others
        (n_events, n_electrodes, n_bins) responses of every other subject.
    n_dims
        Principal components kept of the others' responses.
    """
    test = above_zero(
        problem, problem.fit([principal([x.reshape(len(x), -1) for x in others], n_dims)])
    )
    r = test["r_a"]
    reason = (
        f"predicted from {len(others)} other subject{'s' if len(others) > 1 else ''}; the"
        " explainable part is at least this"
    )
    return pd.DataFrame(
        {
            "electrode": np.arange(len(r)),
            "method": "other subjects",
            "r": r,
            "se": test["se"],
            "ci_low": np.tanh(test["ci_low"]),
            "ci_high": np.tanh(test["ci_high"]),
            "reason": reason,
        }
    )


def not_estimable(n_electrodes: int) -> pd.DataFrame:
    """Return a table without numbers: one viewing by one subject bounds nothing."""
    nothing = np.full(n_electrodes, np.nan)
    return pd.DataFrame(
        {
            "electrode": np.arange(n_electrodes),
            "method": "not estimable",
            "r": nothing,
            "se": nothing,
            "ci_low": nothing,
            "ci_high": nothing,
            "reason": "the film was seen once, by one subject",
        }
    )
