"""All electrodes of a subject on one model, in as few fits as their recordings allow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.inputs import Activations
from fusion.encoding.plan import INTERPRETER_MB, memory_mb
from fusion.encoding.result import Fit
from fusion.encoding.spec import Settings
from fusion.encoding.trials import Group, Trials
from fusion.io.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SubjectFit:
    """The fits of a subject on one model.

    Attributes
    ----------
    trials
        The subject's trials.
    fits
        One fit a group of electrodes (``trials.groups``).
    fold
        (n_events,) the fold that tests each event, -1 for none.
    """

    trials: Trials
    fits: tuple[Fit, ...]
    fold: np.ndarray

    @property
    def electrodes(self) -> list[np.ndarray]:
        """Names of each group's electrodes."""
        return [group.electrodes for group in self.trials.groups]

    @property
    def n_events(self) -> int:
        """Number of events that a fold tests."""
        return int((self.fold >= 0).sum())


def fit_subject(
    trials: Trials,
    activations: Activations,
    settings: Settings,
    *,
    responses: Sequence[np.ndarray] | None = None,
    progress: Callable[[int], object] = lambda targets: None,
    available_mb: float = float("inf"),
) -> SubjectFit:
    """Fit all electrodes of a subject.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        The layers.
    settings
        How.
    responses
        (n_events, n_electrodes, n_bins) of each group, for callers that have read them; else they
        are read here.
    progress
        Called with the number of targets that have been finished.
    available_mb
        Memory the job may take (MB). A plan that exceeds it is announced by a warning, before any
        work.

    Raises
    ------
    InputError
        If there are too few events for the folds, or features are not finite.
    """
    held_out = trials.held_out(settings)
    for group in trials.groups:
        announce(group, held_out[group.rows], activations.widths, settings, available_mb)
    fold, fits = np.full(len(trials), -1, np.int16), []
    for k, group in enumerate(trials.groups):
        own = group.trials
        features = {
            layer: partial(activations.features, layer, own.recordings)
            for layer in activations.layers
        }
        try:
            fit = fit_electrodes(
                features,
                responses[k] if responses else group.responses(),
                own.onset_s,
                own.stimulus,
                settings,
                recording=own.recording,
                fold=held_out[group.rows],
                progress=progress,
            )
        except ValueError as error:
            raise InputError(
                own.recordings[0].path,
                f"{len(own)} events",
                str(error),
                "finite features, and events enough for the folds and gap of section encoding",
            ) from error
        fold[group.rows] = fit.fold
        fits.append(fit)
    return SubjectFit(trials, tuple(fits), fold)


def announce(
    group: Group, fold: np.ndarray, widths: list[int], settings: Settings, available_mb: float
) -> None:
    """Log the folds and the memory plan of a group of electrodes before any work.

    Parameters
    ----------
    group
        The electrodes.
    fold
        (n_events,) fold that holds out each event.
    widths
        Number of features of each layer.
    settings
        How the fits are made.
    available_mb
        Memory the job may take (MB).

    Raises
    ------
    InputError
        If there are too few events for the folds.
    """
    folds = group.trials.folds(settings, fold)
    trained = [len(held.train) for held in folds.outer]
    log.info(
        "%d electrodes, %d events: %d to %d train in each of %d folds",
        len(group.electrodes),
        len(group.trials),
        min(trained),
        max(trained),
        len(trained),
    )
    plan = memory_mb(
        folds,
        len(group.electrodes),
        len(group.trials.bins_ms),
        widths,
        len(group.trials.blocks(settings.block_s)[0]),
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
