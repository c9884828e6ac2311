"""Null worlds made of recorded responses: films are turned against the recordings, everything is
refitted and tested.

Bursts, drift, spikes and what electrodes have in common stay as they were recorded; only what links
them to the film is broken. Effects of known size planted into the same responses tell how large an
effect would have been found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.fits import scores_of
from fusion.contrasts.frame import contrast_table, window_bins
from fusion.contrasts.shift import shifted_rows
from fusion.contrasts.spec import Comparison
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.inputs import Activations
from fusion.encoding.spec import Settings
from fusion.encoding.trials import Group, Trials
from fusion.io.errors import InputError
from fusion.seeds import rng_for
from fusion.simulation.spec import RecordedSpec

log = logging.getLogger(__name__)

KEPT = ["electrode", "contrast", "effect", "se", "p", "p_max", "n_blocks"]
#: Directions of a layer that a planted effect mixes, and that its rivals may explain it by.
LEADING = 20
#: A planted response peaks in the middle of the window; its SD is this part of the window.
WIDTH = 0.2
#: Scales the median absolute deviation of Gaussian noise to its SD.
MAD_TO_SD = 1.4826

Layers = Mapping[str, Callable[[], np.ndarray]]
#: Fit -> its layers, read when their turn comes, at the events of a group of electrodes.
Networks = Mapping[str, Layers]


def networks_of(
    group: Group, activations: Mapping[str, Activations]
) -> dict[str, dict[str, Callable[[], np.ndarray]]]:
    """Return the layers of every fit at the events of a group."""

    def reader(own: Activations, layer: str) -> Callable[[], np.ndarray]:
        return lambda: own.read(layer, group.trials.recordings)

    return {
        fit: {layer: reader(own, layer) for layer in own.layers} for fit, own in activations.items()
    }


def leading(layer: np.ndarray, rng: np.random.Generator, most: int = LEADING) -> np.ndarray:
    """Return the leading principal components of a layer, (n_events, at most ``most``), each of
    unit variance.

    They are taken from a random sketch (Halko, Martinsson and Tropp, 2011), so that wide layers
    cost one product.
    """
    x = np.asarray(layer, float)
    x = x - x.mean(0)
    sd = x.std(0)
    x = x[:, sd > 0] / sd[sd > 0]
    size = min(most + 10, *x.shape)
    basis = np.linalg.qr(x @ rng.standard_normal((x.shape[1], size)))[0]
    u, _, _ = np.linalg.svd(basis.T @ x, full_matrices=False)
    parts = (basis @ u)[:, : min(most, size)]
    return np.asarray(parts / parts.std(0))


def unique_course(
    comparison: Comparison,
    networks: Networks,
    n_electrodes: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (n_events, n_electrodes) what a layer of side a follows and side b does not, of unit
    variance.

    A fit of side a and one of its layers are drawn; electrodes follow random mixtures of the
    layer's leading components, without what the leading components of side b's layers explain.
    Columns are zero where nothing is left.
    """
    asked, rival = comparison.a, comparison.b
    if asked.is_nothing:
        asked, rival = rival, asked
    fit = asked.names[int(rng.integers(len(asked.names)))]
    layers = list(networks[fit])
    own = leading(networks[fit][layers[int(rng.integers(len(layers)))]](), rng, 10)
    course = own @ rng.standard_normal((own.shape[1], n_electrodes))
    others = [
        leading(layer(), rng)
        for name in rival.names
        if name != fit
        for layer in networks[name].values()
    ]
    course /= course.std(0)
    if others:
        basis = np.linalg.qr(np.hstack([x - x.mean(0) for x in others])[:, : len(own) // 4])[0]
        course = course - course.mean(0)
        course -= basis @ (basis.T @ course)
    sd = course.std(0)
    return np.asarray(np.where(sd > 0.05, course / np.where(sd > 0, sd, 1), 0))


def planted(responses: np.ndarray, course: np.ndarray, size: float) -> np.ndarray:
    """Return responses with an effect added: a bump over bins whose height follows a course.

    Parameters
    ----------
    responses
        (n_events, n_electrodes, n_bins) of the window.
    course
        (n_events, n_electrodes) of unit variance; 0 adds nothing.
    size
        SD of what is added at the peak, over the robust SD of the responses.
    """
    n_bins = responses.shape[2]
    place = (np.arange(n_bins) + 0.5) / n_bins - 0.5
    bump = np.exp(-0.5 * (place / WIDTH) ** 2)
    middle = np.median(responses, axis=0)
    spread = MAD_TO_SD * np.median(np.abs(responses - middle), axis=0)
    return np.asarray(responses + size * course[:, :, None] * (spread * bump), np.float32)


def first_minutes(onset_s: np.ndarray, stimulus: np.ndarray, minutes: float) -> np.ndarray:
    """Return (n_kept,) the events of the first ``minutes``, film after film."""
    left, kept = 60 * minutes, []
    for film in np.unique(stimulus):
        rows = np.flatnonzero(stimulus == film)
        since = onset_s[rows] - onset_s[rows].min()
        kept.append(rows[since <= left])
        left -= min(since.max(), left)
    return np.sort(np.concatenate(kept))


def film_minutes(onset_s: np.ndarray, stimulus: np.ndarray) -> float:
    """Return the minutes of film between first and last events, over films."""
    return float(sum(np.ptp(onset_s[stimulus == film]) for film in np.unique(stimulus)) / 60)


def some_electrodes(trials: Trials, most: int | None) -> list[Group]:
    """Return the groups of a subject's electrodes, thinned out evenly to ``most`` together."""
    names = [name for group in trials.groups for name in group.electrodes]
    if most is not None and most < len(names):
        at = np.linspace(0, len(names) - 1, most).round().astype(int)
        names = [names[k] for k in at]
    chosen = [
        replace(group, electrodes=np.array([e for e in group.electrodes if e in set(names)]))
        for group in trials.groups
    ]
    return [group for group in chosen if len(group.electrodes)]


@dataclass(frozen=True)
class Worlds:
    """Electrodes that share their recordings, whose null worlds are made.

    Attributes
    ----------
    group
        The electrodes.
    networks
        Fit -> its layers at the group's events.
    responses
        (n_events, n_electrodes, n_bins).
    bins_ms
        (n_bins,) latencies of the bins' centres.
    spec
        What is turned, planted, fitted and tested.
    """

    group: Group
    networks: Networks
    responses: np.ndarray
    bins_ms: np.ndarray
    spec: RecordedSpec

    def of_turn(self, turn: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of one world after the other: null, shorter films, planted effects."""
        own, spec = self.group.trials, self.spec
        rng = rng_for(
            spec.seed,
            *("recorded", spec.subject, spec.alignment, turn),
            *(r.name for r in own.recordings),
        )
        try:
            source = shifted_rows(own.onset_s, own.stimulus, spec.min_shift_s, rng)
        except ValueError as error:
            raise InputError(
                own.recordings[0].path,
                "film time",
                str(error),
                "a longer film or a smaller calibration.recorded.min_shift_s",
            ) from error
        turned = {
            fit: {layer: partial(_rows_of, read, source) for layer, read in layers.items()}
            for fit, layers in self.networks.items()
        }
        everything, whole = np.arange(len(own)), film_minutes(own.onset_s, own.stimulus)
        for minutes in (whole, *(m for m in spec.minutes if m < whole)):
            kept = first_minutes(own.onset_s, own.stimulus, minutes)
            try:
                found = self._tested(turned, everything if minutes == whole else kept, rng)
            except ValueError as error:
                if minutes == whole:
                    raise own.too_few(error) from error
                log.warning("%g minutes of film are too few: %s", minutes, error)
                continue
            yield found.assign(turn=turn, size=0.0, minutes=minutes, planted=False)
        if not spec.sizes:
            return
        courses, carried = self._courses(turned, turn, rng)
        for size in spec.sizes:
            found = self._tested(turned, everything, rng, planted(self.responses, courses, size))
            found = found[found["contrast"] == found["electrode"].map(carried)]
            yield found.assign(turn=turn, size=size, minutes=whole, planted=True)

    def _courses(
        self, turned: Networks, turn: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, dict[str, str]]:
        """Return what is planted (n_events, n_electrodes), and electrode -> contrast.

        Electrodes take turns: each carries the effect of one contrast.
        """
        comparisons, names = self.spec.comparisons, self.group.electrodes
        takes = (np.arange(len(names)) + turn) % len(comparisons)
        courses = np.zeros(self.responses.shape[:2])
        for k, comparison in enumerate(comparisons):
            if (takes == k).any():
                courses[:, takes == k] = unique_course(
                    comparison, turned, int((takes == k).sum()), rng
                )
        there = (courses != 0).any(axis=0)
        carried = {e: comparisons[k].name for e, k in zip(names[there], takes[there], strict=True)}
        return courses, carried

    def _tested(
        self,
        turned: Networks,
        kept: np.ndarray,
        rng: np.random.Generator,
        responses: np.ndarray | None = None,
    ) -> pd.DataFrame:
        """Return :data:`KEPT` of all contrasts, refitted on some events."""
        own, spec = self.group.trials, self.spec
        settings = Settings(**spec.settings.plain(), keep_predictions=False)
        y = (self.responses if responses is None else responses)[kept]
        fits = {}
        for name, layers in turned.items():
            fit = fit_electrodes(
                {layer: partial(_rows_of, read, kept) for layer, read in layers.items()},
                y,
                own.onset_s[kept],
                own.stimulus[kept],
                settings,
                recording=own.recording[kept],
            )
            fits[name] = scores_of(fit, name, list(self.group.electrodes), self.bins_ms)
        tables = []
        for one in spec.comparisons:
            names = dict.fromkeys(name for side in one.operands for name in side.names)
            procedure = Calibrated(spec.calibrated, rng)
            some = [fits[name] for name in names]
            windows = {spec.window_name: spec.window}
            tables.append(contrast_table(some, one, windows, procedure, spec.validation)[KEPT])
        return pd.concat(tables, ignore_index=True)


def _rows_of(read: Callable[[], np.ndarray], rows: np.ndarray) -> np.ndarray:
    return np.asarray(read()[rows])


def subject_worlds(
    trials: Trials,
    activations: Mapping[str, Activations],
    spec: RecordedSpec,
    progress: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Return the p-values of every contrast at a subject's electrodes in null worlds, and with
    planted effects.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        Fit -> its layers.
    spec
        What is turned, planted, fitted and tested.
    progress
        Called after each world.

    Returns
    -------
    pd.DataFrame
        ``subject, alignment, turn, size`` (0 in null worlds), ``minutes, planted`` (whether the
        effect of the row's contrast was planted at the electrode) and :data:`KEPT`.

    Raises
    ------
    InputError
        If a film is shorter than two smallest turns.
    """
    tables = []
    bins = np.flatnonzero(window_bins(trials.bins_ms, spec.window_name, spec.window))
    if len(bins) > 1:
        step = max(1, round(spec.step_ms / float(np.diff(trials.bins_ms[bins]).min())))
        bins = bins[::step]
    for group in some_electrodes(trials, spec.electrodes):
        responses = np.ascontiguousarray(group.responses(bins))
        networks = networks_of(group, activations)
        worlds = Worlds(group, networks, responses, trials.bins_ms[bins], spec)
        for turn in range(spec.turns):
            for found in worlds.of_turn(turn):
                tables.append(found)
                progress()
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "subject", spec.subject)
    table.insert(1, "alignment", spec.alignment)
    return table
