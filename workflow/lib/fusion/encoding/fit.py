"""Ridge encoding fits of one subject: every electrode, bin, layer, penalty and fold.

:func:`fit_electrodes` is the engine's front door: arrays in, a :class:`Fit` out. Layers are taken
one at a time, so memory does not grow with their number; targets in batches of whole electrodes.
For every layer the penalty is chosen on validation events; what only the chosen layer needs
(predictions, influence) is made when a layer is the best so far."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np

from fusion.encoding.arrays import Array
from fusion.encoding.backend import get_backend
from fusion.encoding.dual import Dual
from fusion.encoding.folds import Folds, film_time_blocks, make_folds
from fusion.encoding.influence import test_part, test_score, training_part
from fusion.encoding.plan import form_of
from fusion.encoding.prepare import Targets, scale_features
from fusion.encoding.primal import Primal
from fusion.encoding.result import Fit
from fusion.encoding.scores import edge_gain, fisher, fisher_slope
from fusion.encoding.spec import DEFAULTS, Settings
from fusion.encoding.streams import Features
from fusion.encoding.visits import some_targets, visits

if TYPE_CHECKING:
    from fusion.encoding.himalaya_solver import Himalaya

log = logging.getLogger(__name__)


def fit_electrodes(
    features: Mapping[str, Features | Callable[[], Features]],
    responses: np.ndarray,
    onset_s: np.ndarray,
    stimulus: np.ndarray,
    settings: Settings = DEFAULTS,
    *,
    recording: np.ndarray | None = None,
    fold: np.ndarray | None = None,
    progress: Callable[[int], object] = lambda targets: None,
) -> Fit:
    """Fit every electrode and bin on every layer.

    Parameters
    ----------
    features
        Layer name -> (event, feature) array, or a function that returns it when its turn comes. Two
        such arrays are two streams that are projected together on the training events
        (:mod:`fusion.encoding.streams`).
    responses
        (event, electrode, bin) float32; rows are the same events as those of the features.
    onset_s
        (event,) film time (s).
    stimulus
        (event,) film of each event.
    settings
        How.
    recording
        (event,) recording of each event, where there are several: responses are centred within
        each.
    fold
        (event,) held-out block of each event, decided elsewhere; else ``settings.folds`` blocks of
        equally many events.
    progress
        Called with the number of targets (electrode x bin x layer) that have been finished.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        If the shapes disagree, a layer is not finite, or there are too few events for the folds.
    """
    fitter = _Fitter(features, responses, onset_s, stimulus, settings, recording, fold, progress)
    for index in fitter.visits(features):
        name = fitter.names[index]
        fitter.add_layer(index, name, features[name])
    return fitter.result()


Solver: TypeAlias = Union[Primal, Dual, "Himalaya"]


class _Fitter:
    """The state of one call of :func:`fit_electrodes`."""

    def __init__(
        self,
        features: Mapping[str, Features | Callable[[], Features]],
        responses: np.ndarray,
        onset_s: np.ndarray,
        stimulus: np.ndarray,
        settings: Settings,
        recording: np.ndarray | None,
        fold: np.ndarray | None,
        progress: Callable[[int], object],
    ) -> None:
        responses = np.asarray(responses)
        n, self.electrodes, self.bins = responses.shape
        onset_s, stimulus = np.asarray(onset_s, float), np.asarray(stimulus).astype(str)
        recording = np.asarray(recording).astype(str) if recording is not None else np.full(n, "")
        if not len(onset_s) == len(stimulus) == len(recording) == n:
            raise ValueError(
                f"{n} rows of responses, {len(onset_s)} onsets, {len(stimulus)} stimuli,"
                f" {len(recording)} recordings; expected as many"
            )
        self.settings, self.progress, self.backend = (
            settings,
            progress,
            get_backend(settings.backend),
        )
        # In film order, training sets, held-out sets and blocks are runs of rows.
        self.order = np.lexsort((onset_s, stimulus))
        onset_s, stimulus, recording = (
            onset_s[self.order],
            stimulus[self.order],
            recording[self.order],
        )
        self.folds: Folds = make_folds(
            onset_s,
            stimulus,
            k=settings.folds,
            split=settings.split,
            validation=settings.validation,
            gap_s=settings.gap_s,
            fold=None if fold is None else np.asarray(fold)[self.order],
        )
        self.blocks, self.block = film_time_blocks(onset_s, stimulus, settings.block_s)
        self.targets = Targets.of_film(
            responses.reshape(n, -1), onset_s, recording, settings, self.order
        )
        layers, folds, targets = len(features), len(self.folds.outer), self.electrodes * self.bins
        shape = (layers, folds, targets)
        self.names = list(features)
        self.r_val, self.z_val, self.r_test = (np.zeros(shape, np.float32) for _ in range(3))
        self.choice = np.zeros(shape, np.int8)
        self.edge_gain = np.zeros((2, *shape), np.float32)
        self.best = np.full((folds, self.electrodes), -np.inf)
        self.layer = np.zeros((folds, self.electrodes), np.int16)
        self.influence = (
            np.zeros((folds, 2, len(self.blocks), targets), np.float32)
            if settings.influence
            else None
        )
        self.predictions = (
            np.full((n, targets), np.nan, np.float32) if settings.keep_predictions else None
        )
        self.forms: dict[str, str] = {}

    def visits(self, features: Mapping[str, Features | Callable[[], Features]]) -> Sequence[int]:
        """Return in which order layers are fitted."""
        if len(features) < 3 or (self.influence is None and self.predictions is None):
            return range(len(features))
        some = some_targets(self.electrodes * self.bins)
        return visits(features, self.targets.responses[np.ix_(self.order, some)], self.order)

    def add_layer(self, index: int, name: str, features: Features | Callable[[], Features]) -> None:
        """Fit one layer; keep its predictions and influence where it is the best so far."""
        given = features() if callable(features) else features
        del features
        streams = given if isinstance(given, tuple) else (given,)
        scaled = [self._scaled(name, np.asarray(stream)) for stream in streams]
        del given, streams
        solver = self._solver(
            name,
            scaled[0] if len(scaled) == 1 else np.concatenate(scaled, axis=1),
            scaled[0].shape[1] if len(scaled) > 1 else None,
        )
        del scaled
        per_batch = max(1, round(solver.batch / self.bins)) if solver.batch else self.electrodes
        for first in range(0, self.electrodes, per_batch):
            electrodes = slice(first, min(first + per_batch, self.electrodes))
            columns = slice(electrodes.start * self.bins, electrodes.stop * self.bins)
            solver.load(self.targets, columns)
            self._choose(solver, index, columns)
            better = self._better(index, electrodes, columns)
            for f in range(len(self.folds.outer)):
                for chunk in solver.chunks(self.bins):
                    solver.open(f, chunk)
                    at = slice(columns.start + chunk.start, columns.start + chunk.stop)
                    own = slice(chunk.start // self.bins, chunk.stop // self.bins)
                    self._score(solver, index, f, at, np.repeat(better[f, own], self.bins))
            self.progress(columns.stop - columns.start)

    def _scaled(self, name: str, features: np.ndarray) -> np.ndarray:
        if len(features) != len(self.order):
            raise ValueError(
                f"layer {name}: {len(features)} rows; expected {len(self.order)}, one an event"
            )
        scaled = scale_features(features[self.order], name)
        if constant := features.shape[1] - scaled.shape[1]:
            warnings.warn(
                f"layer {name}: {constant} of {features.shape[1]} features are constant and"
                " left out",
                stacklevel=4,
            )
        return scaled

    def _solver(self, name: str, features: np.ndarray, first: int | None) -> Solver:
        grid = np.array(self.settings.grid)
        if first is not None:
            # The projection is made from the cross-products of the features.
            self.forms[name] = "primal"
            log.info("layer %s: %d + %d features", name, first, features.shape[1] - first)
            return Primal(features, self.folds, grid, self.backend, first)
        if self.settings.solver == "himalaya":
            # Imported here because himalaya loads scikit-learn and matplotlib.
            from fusion.encoding.himalaya_solver import Himalaya

            self.forms[name] = "himalaya"
            return Himalaya(features, self.folds, grid, self.backend)
        form = form_of(features.shape[1], self.folds, self.settings)
        self.forms[name] = form
        log.info("layer %s: %d features, %s form", name, features.shape[1], form)
        return (Primal if form == "primal" else Dual)(features, self.folds, grid, self.backend)

    def _choose(self, solver: Solver, index: int, columns: slice) -> None:
        """Choose penalties by validation r and keep the validation scores."""
        folds = len(self.folds.outer)
        curves: list[list[np.ndarray]] = [[] for _ in range(folds)]
        for f, curve in solver.curves():
            curves[f].append(self.backend.host(curve))
        mean = np.stack([np.mean(own, axis=0) for own in curves])
        if self.settings.validation == "halves":
            mean[:] = mean.mean(axis=0)
        if self.settings.alpha_per == "electrode":
            by_bin = mean.reshape(folds, len(self.settings.grid), -1, self.bins)
            mean = np.broadcast_to(by_bin.mean(axis=3, keepdims=True), by_bin.shape).reshape(
                mean.shape
            )
        choice = mean.argmax(axis=1)
        self.choice[index, :, columns] = choice
        self.edge_gain[:, index, :, columns] = edge_gain(
            mean, is_open=bool(np.isfinite(self.settings.grid[-1]))
        )
        for f in range(folds):
            at_choice = np.stack(
                [np.take_along_axis(curve, choice[f][None], axis=0)[0] for curve in curves[f]]
            )
            self.r_val[index, f, columns] = at_choice.mean(axis=0)
            self.z_val[index, f, columns] = fisher(at_choice).mean(axis=0)

    def _better(self, index: int, electrodes: slice, columns: slice) -> np.ndarray:
        """Return (fold, electrode) whether this layer is the best so far, by mean validation r over
        bins, and note it. Of equal layers the first is.
        """
        merit = (
            self.r_val[index, :, columns].reshape(len(self.folds.outer), -1, self.bins).mean(axis=2)
        )
        if self.settings.validation == "halves":
            merit = np.broadcast_to(merit.mean(axis=0), merit.shape)
        best = self.best[:, electrodes]
        better = (merit > best) | ((merit == best) & (index < self.layer[:, electrodes]))
        self.best[:, electrodes] = np.maximum(self.best[:, electrodes], merit)
        self.layer[:, electrodes][better] = index
        return np.asarray(better)

    def _score(
        self, solver: Solver, index: int, f: int, columns: slice, wanted: np.ndarray
    ) -> None:
        """Score the test events of a fold; keep predictions and influence of the targets that are
        ``wanted``.
        """
        choice = self.choice[index, f, columns].astype(np.int64)
        predicted = solver.predict(f, self.backend.index(choice))
        held_out = solver.held_out(f)
        if wanted.any():
            kept = np.flatnonzero(wanted)
            some = slice(None) if wanted.all() else self.backend.index(kept)
            self._keep(
                solver,
                index,
                f,
                columns,
                kept,
                choice[kept],
                predicted[:, some],
                held_out[:, some],
                some,
            )
        self.r_test[index, f, columns] = self.backend.host(
            test_score(predicted, held_out, self.backend)
        )

    def _keep(
        self,
        solver: Solver,
        index: int,
        f: int,
        columns: slice,
        kept: np.ndarray,
        choice: np.ndarray,
        predicted: Array,
        held_out: Array,
        some: Array | slice,
    ) -> None:
        rows = self.folds.outer[f].scored[f]
        at = columns.start + kept
        if self.predictions is not None:
            level = (
                self.backend.host(solver.level(f)[some]) * self.targets.scale[at]
                + self.targets.mean[at]
            )
            if self.settings.penalise_intercept:
                trained = len(self.folds.outer[f].train)
                level *= trained / (trained + np.array(self.settings.grid)[choice])
            self.predictions[np.ix_(rows, at)] = (
                self.backend.host(predicted) * self.targets.scale[at] + level
            ).astype(np.float32)
        if self.influence is None:
            return
        r, influence, gradient = test_part(predicted, held_out, self.backend)
        slope = fisher_slope(self.backend.host(r)) / len(self.folds.outer)
        train = self.folds.outer[f].train
        for part, (values, events) in enumerate(((influence, rows), (None, train))):
            if values is None:
                values = training_part(
                    *solver.training_products(f, self.backend.index(choice), gradient, some)
                )
            starts = np.flatnonzero(np.diff(self.block[events], prepend=-1))
            sums = self.backend.host(self.backend.segment_sums(values, self.backend.index(starts)))
            target = self.influence[f, part]
            target[:, at] = 0
            target[np.ix_(self.block[events[starts]], at)] = sums * slope

    def result(self) -> Fit:
        """Return everything in the caller's order of events."""
        shape = (len(self.names), len(self.folds.outer), self.electrodes, self.bins)
        state = self.targets.state
        for code, what in (
            (1, "constant responses; their r is 0"),
            (2, "responses that are not finite; they have no score"),
        ):
            if count := int((state == code).sum()):
                warnings.warn(f"{count} of {len(state)} electrode-bins have {what}", stacklevel=3)
        broken = state == 2
        for values in (self.r_val, self.z_val, self.r_test, self.influence, self.predictions):
            if values is not None:
                values[..., broken] = np.nan
        fold = np.empty(len(self.order), np.int16)
        fold[self.order] = self.folds.tested
        predictions = self.predictions
        if predictions is not None:
            if not (self.order == np.arange(len(self.order))).all():
                predictions = predictions[np.argsort(self.order)]
            predictions = predictions.reshape(len(self.order), self.electrodes, self.bins)
        influence = self.influence
        if influence is not None:
            influence = influence.reshape(*influence.shape[:3], self.electrodes, self.bins)
        return Fit(
            layers=self.names,
            alphas=np.array(self.settings.grid),
            blocks=self.blocks,
            fold=fold,
            state=state.reshape(self.electrodes, self.bins),
            r_val=self.r_val.reshape(shape),
            z_val=self.z_val.reshape(shape),
            r_test=self.r_test.reshape(shape),
            choice=self.choice.reshape(shape),
            edge_gain=self.edge_gain.reshape(2, *shape),
            layer=self.layer,
            influence=influence,
            predictions=predictions,
            forms=self.forms,
        )
