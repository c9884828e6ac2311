"""One encoding job: all electrodes of a subject on one model, in as few fits as their recordings allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from fusion.encoding.fit import Fit, Settings, fit_electrodes
from fusion.encoding.folds import contiguous_blocks, film_blocks
from fusion.encoding.inputs import Activations, Recording, electrode_groups, read_responses
from fusion.errors import InputError


@dataclass
class SubjectFit:
    """The fits of a subject.

    Attributes
    ----------
    fits
        One fit a group of electrodes (electrodes that share their recordings).
    electrodes, rows
        Names of each group's electrodes, and positions of its events among all of the subject's.
    labels
        ``event``, ``stimulus``, ``recording`` and ``fold`` of all events.
    """

    fits: list[Fit]
    electrodes: list[np.ndarray]
    rows: list[np.ndarray]
    labels: dict[str, np.ndarray]


def fit_subject(
    recordings: list[Recording], activations: Activations, settings: Settings, progress: Callable[[int], object] = lambda targets: None
) -> SubjectFit:
    """Fit all electrodes of a subject.

    Held-out blocks are cut once, from the events of all recordings, so that an event is in the same fold for every
    electrode, and for every recording in which its film was shown.

    Parameters
    ----------
    recordings
        The subject's recordings.
    activations
        The layers.
    settings
        How.
    progress
        Called with the number of targets that have been finished.

    Raises
    ------
    InputError
        If there are too few events for the folds, or features are not finite.
    """
    labels = {
        "event": np.concatenate([r.event for r in recordings]),
        "stimulus": np.concatenate([np.full(len(r.event), r.stimulus) for r in recordings]),
        "recording": np.concatenate([np.full(len(r.event), r.name) for r in recordings]),
    }
    onset_s = np.concatenate([r.onset_s for r in recordings])
    block = (
        contiguous_blocks(onset_s, labels["stimulus"], settings.folds) if settings.split == "film_time" else film_blocks(labels["stimulus"])
    )
    ends = np.cumsum([0, *(len(r.event) for r in recordings)])
    labels["fold"] = np.full(len(onset_s), -1, np.int16)
    fits, electrodes, rows = [], [], []
    for names, positions in electrode_groups(recordings):
        own = [recordings[k] for k in positions]
        at = np.concatenate([np.arange(ends[k], ends[k + 1]) for k in positions])
        try:
            fit = fit_electrodes(
                {layer: partial(activations.read, layer, own) for layer in activations.layers},
                read_responses(own, names),
                onset_s[at],
                labels["stimulus"][at],
                settings,
                recording=labels["recording"][at],
                fold=block[at],
                progress=progress,
            )
        except ValueError as error:
            raise InputError(
                own[0].path, f"{len(at)} events", str(error), "more events, fewer folds or a shorter gap (section encoding)"
            ) from error
        labels["fold"][at] = fit.fold
        fits.append(fit)
        electrodes.append(names)
        rows.append(at)
    return SubjectFit(fits, electrodes, rows, labels)
