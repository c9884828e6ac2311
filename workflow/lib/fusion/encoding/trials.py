"""A subject's trials: the events of all recordings, and the electrodes that share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from fusion.encoding.folds import Folds, cut, film_time_blocks, make_folds
from fusion.encoding.inputs import Recording, read_recordings, read_responses
from fusion.encoding.prepare import drift_regressors
from fusion.encoding.spec import FoldSpec
from fusion.io.errors import InputError


@dataclass(frozen=True)
class Trials:
    """The events of some recordings, one recording after the other.

    Attributes
    ----------
    recordings
        The recordings, in order. Their bins agree.
    """

    recordings: tuple[Recording, ...]

    @classmethod
    def read(cls, paths: Sequence[str | Path], **wanted: str) -> Self:
        """Return the trials of a subject from its responses files.

        Parameters
        ----------
        paths
            The files.
        wanted
            What they should be of: ``subject``, ``alignment``.

        Raises
        ------
        InputError
            If event ids or electrodes of a recording repeat, or recordings differ in their bins.
        """
        return cls(tuple(read_recordings(paths, **wanted)))

    @cached_property
    def event(self) -> np.ndarray:
        """(n_events,) ids, unique within a recording."""
        return np.concatenate([r.event for r in self.recordings])

    @cached_property
    def onset_s(self) -> np.ndarray:
        """(n_events,) film time (s)."""
        return np.concatenate([r.onset_s for r in self.recordings])

    @cached_property
    def stimulus(self) -> np.ndarray:
        """(n_events,) film of each event."""
        return np.concatenate([np.full(len(r.event), r.stimulus) for r in self.recordings])

    @cached_property
    def recording(self) -> np.ndarray:
        """(n_events,) recording of each event."""
        return np.concatenate([np.full(len(r.event), r.name) for r in self.recordings])

    @property
    def bins_ms(self) -> np.ndarray:
        """(n_bins,) latencies of the bins' centres (ms)."""
        return self.recordings[0].bin_ms

    @property
    def films(self) -> list[str]:
        """Films shown, sorted."""
        return sorted({r.stimulus for r in self.recordings})

    def __len__(self) -> int:
        return sum(len(r.event) for r in self.recordings)

    def held_out(self, spec: FoldSpec) -> np.ndarray:
        """Return (n_events,) the fold that holds out each event.

        Folds are cut once, from the events of all recordings. An event is in the same fold for
        every electrode, and for every recording in which its film was shown.
        """
        return cut(self.onset_s, self.stimulus, spec.folds, spec.split)

    def folds(self, spec: FoldSpec, fold: np.ndarray | None = None) -> Folds:
        """Return training, validation and test sets.

        Parameters
        ----------
        spec
            How they are made.
        fold
            (n_events,) as :meth:`held_out` returns it for the trials that these are a part of.

        Raises
        ------
        InputError
            If there are too few events.
        """
        try:
            return make_folds(
                self.onset_s,
                self.stimulus,
                validation=spec.validation,
                gap_s=spec.gap_s,
                fold=self.held_out(spec) if fold is None else fold,
            )
        except ValueError as error:
            raise self.too_few(error) from error

    def too_few(self, error: ValueError) -> InputError:
        """Return what a user can do about events that do not suffice for the folds."""
        return InputError(
            self.recordings[0].path,
            f"{len(self)} events",
            str(error),
            "more events, fewer folds or a shorter gap (section encoding)",
        )

    def blocks(self, block_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_blocks,) labels of the blocks of film time, and (n_events,) each event's."""
        return film_time_blocks(self.onset_s, self.stimulus, block_s)

    def drift(self, period_s: float | bool) -> np.ndarray:
        """Return (n_events, n_regressors) what is slower than ``period_s`` in each recording."""
        return drift_regressors(self.onset_s, self.recording, period_s)

    def responses(
        self, electrodes: np.ndarray, bins: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Return (n_events, n_electrodes, n_bins) float32, of electrodes all recordings have."""
        return read_responses(self.recordings, electrodes, bins)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The electrodes by the recordings that have them."""
        where: dict[str, list[int]] = {}
        for k, recording in enumerate(self.recordings):
            for name in recording.electrode:
                where.setdefault(str(name), []).append(k)
        members: dict[tuple[int, ...], list[str]] = {}
        for name, positions in where.items():
            members.setdefault(tuple(positions), []).append(name)
        ends = np.cumsum([0, *(len(r.event) for r in self.recordings)])
        return tuple(
            Group(
                np.array(names),
                Trials(tuple(self.recordings[k] for k in positions)),
                np.concatenate([np.arange(ends[k], ends[k + 1]) for k in positions]),
            )
            for positions, names in members.items()
        )


@dataclass(frozen=True)
class Group:
    """Electrodes that share their recordings, and so their events. They are fitted together.

    Attributes
    ----------
    electrodes
        (n_electrodes,) names.
    trials
        Their trials.
    rows
        (n_events,) positions of these events among all of the subject's.
    """

    electrodes: np.ndarray
    trials: Trials
    rows: np.ndarray

    def responses(self, bins: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return (n_events, n_electrodes, n_bins) float32."""
        return self.trials.responses(self.electrodes, bins)


def bins_apart(bins_ms: np.ndarray, window_ms: Sequence[float], bin_width_ms: float) -> np.ndarray:
    """Return indices of the bins of a window that do not overlap.

    Each begins where the last one taken ends. Overlapping bins repeat each other: the same window
    is tested with far fewer of them.

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
            "section statistics.windows",
            f"the window {list(window_ms)}",
            f"one that holds bins ({bins_ms[0]:g} to {bins_ms[-1]:g} ms)",
        )
    return np.array(taken)
