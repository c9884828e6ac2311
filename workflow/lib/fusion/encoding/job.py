"""One encoding job: all electrodes of a subject on one model, in as few fits as their recordings
allow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import contiguous_blocks, film_blocks, film_time_blocks, make_folds
from fusion.encoding.inputs import Activations, Recording, electrode_groups, read_responses
from fusion.encoding.plan import INTERPRETER_MB, memory_mb
from fusion.encoding.result import Fit, Settings
from fusion.io.errors import InputError


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
    recordings: list[Recording],
    activations: Activations,
    settings: Settings,
    progress: Callable[[int], object] = lambda targets: None,
    available_mb: float = float("inf"),
) -> SubjectFit:
    """Fit all electrodes of a subject.

    Held-out blocks are cut once, from the events of all recordings, so that an event is in the same
    fold for every electrode, and for every recording in which its film was shown.

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
    available_mb
        Memory the job may take (MB): a plan that exceeds it is announced by a warning, before any
        work.

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
    onset_s, film = np.concatenate([r.onset_s for r in recordings]), labels["stimulus"]
    block = (
        film_blocks(film)
        if settings.split == "film"
        else contiguous_blocks(onset_s, film, settings.folds)
    )
    labels["fold"] = np.full(len(onset_s), -1, np.int16)
    ends = np.cumsum([0, *(len(r.event) for r in recordings)])
    groups = electrode_groups(recordings)
    rows = [
        np.concatenate([np.arange(ends[k], ends[k + 1]) for k in positions])
        for _, positions in groups
    ]
    fits, bins = [], len(recordings[0].bin_ms)
    try:
        for (names, _), at in zip(groups, rows, strict=True):
            announce(
                len(names),
                bins,
                onset_s[at],
                film[at],
                block[at],
                activations.widths,
                settings,
                available_mb,
            )
        for (names, positions), at in zip(groups, rows, strict=True):
            own = [recordings[k] for k in positions]
            features = {
                layer: partial(activations.read, layer, own) for layer in activations.layers
            }
            where = labels["recording"][at]
            responses = read_responses(own, names)
            fit = fit_electrodes(
                features,
                responses,
                onset_s[at],
                film[at],
                settings,
                recording=where,
                fold=block[at],
                progress=progress,
            )
            labels["fold"][at] = fit.fold
            fits.append(fit)
    except ValueError as error:
        accepted = "finite features, and events enough for the folds and gap of section encoding"
        raise InputError(
            recordings[0].path, f"{len(onset_s)} events", str(error), accepted
        ) from error
    return SubjectFit(fits, [names for names, _ in groups], rows, labels)


def announce(
    count,
    bins,
    onset_s,
    stimulus,
    block,
    widths: list[int],
    settings: Settings,
    available_mb: float,
) -> None:
    """Log the folds and the memory plan of a group of electrodes before any work.

    Parameters
    ----------
    count, bins
        Number of electrodes and of bins.
    onset_s, stimulus, block
        (event,) film time (s), film, held-out block.
    widths
        Number of features of each layer.
    settings
        How the fits are made.
    available_mb
        Memory the job may take (MB).

    Raises
    ------
    ValueError
        If there are too few events for the folds.
    """
    log = logging.getLogger("fusion")
    folds = make_folds(
        onset_s, stimulus, validation=settings.validation, gap_s=settings.gap_s, fold=block
    )
    trained = [len(held.train) for held in folds.outer]
    log.info(
        "%d electrodes, %d events: %d to %d train in each of %d folds",
        count,
        len(onset_s),
        min(trained),
        max(trained),
        len(trained),
    )
    plan = memory_mb(
        folds,
        count,
        bins,
        widths,
        len(film_time_blocks(onset_s, stimulus, settings.block_s)[0]),
        settings,
    )
    total = sum(plan.values()) + INTERPRETER_MB
    log.info(
        "memory plan: %.0f MB (%s)",
        total,
        ", ".join(f"{name} {size:.0f}" for name, size in plan.items()),
    )
    if total > available_mb:
        log.warning(
            "the plan exceeds the %.0f MB of this job; raise mem_mb of rule encode"
            " (--set-resources)",
            available_mb,
        )
