"""Is a score above zero? The null in which film and brain are shifted against each other,
everything refitted.

Slow drift of film and brain makes scores of empty electrodes vary more than any formula within one
alignment of the two can know. Shifting the features circularly keeps the autocorrelation of both
and breaks what links them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from fusion.contrasts.influence import bin_weights
from fusion.contrasts.spec import ShiftNullSpec
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.inputs import Activations
from fusion.encoding.scores import fisher
from fusion.encoding.spec import Settings
from fusion.encoding.streams import Features, rows_of
from fusion.encoding.trials import Trials
from fusion.io.errors import InputError
from fusion.seeds import rng_for


def shifted_rows(
    onset_s: np.ndarray, stimulus: np.ndarray, min_shift_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the rows (n) that stand where each event stands when every film is turned by a random
    number of events.

    Raises
    ------
    ValueError
        If a film is shorter than two smallest shifts.
    """
    order = np.arange(len(onset_s))
    for film in np.unique(stimulus):
        rows = np.flatnonzero(stimulus == film)
        rows = rows[np.argsort(onset_s[rows], kind="stable")]
        times = onset_s[rows]
        least = int(np.searchsorted(times, times[0] + min_shift_s))
        most = len(rows) - int(np.searchsorted(-times[::-1], -(times[-1] - min_shift_s)))
        if least > most:
            raise ValueError(
                f"film {film} lasts {np.ptp(times):.0f} s, less than two shifts of"
                f" {min_shift_s:g} s"
            )
        order[rows] = np.roll(rows, int(rng.integers(least, most + 1)))
    return order


def window_score(
    features: Mapping[str, Features],
    responses: np.ndarray,
    onset_s: np.ndarray,
    stimulus: np.ndarray,
    settings: Settings,
) -> np.ndarray:
    """Return the score (E) of a fit over the bins it is given: mean over folds of
    validation-weighted z, as in a contrast with nothing.
    """
    fit = fit_electrodes(features, responses, onset_s, stimulus, settings)
    z, z_val = fisher(fit.of_layer(fit.r_test)), fit.of_layer(fit.z_val)
    weights = bin_weights(z_val, np.zeros_like(z_val))
    return np.asarray((z * weights).sum(axis=2).mean(axis=0))


def shift_null(
    features: Mapping[str, Features],
    responses: np.ndarray,
    onset_s: np.ndarray,
    stimulus: np.ndarray,
    settings: Settings,
    *,
    shifts: int,
    min_shift_s: float,
    rng: np.random.Generator,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, np.ndarray]:
    """Hold the score of every electrode against refits with circularly shifted features.

    Parameters
    ----------
    features
        Layer -> (n, p).
    responses
        (n, E, bins of the window).
    onset_s, stimulus
        Film time (s) and film of the events (n).
    settings
        How the fits are made.
    shifts
        Number of shifts.
    min_shift_s
        Smallest shift in either direction (s).
    rng
        Source of the shifts.
    progress
        Called after each refit.

    Returns
    -------
    dict
        ``score``, ``null_mean``, ``null_sd`` and ``p``, (1 + null scores that are as large) /
        (shifts + 1), each (E).
    """
    settings = replace(settings, keep_predictions=False, influence=False)
    score = window_score(features, responses, onset_s, stimulus, settings)
    drawn = []
    for _ in range(shifts):
        rows = shifted_rows(onset_s, stimulus, min_shift_s, rng)
        turned = {name: rows_of(values, rows) for name, values in features.items()}
        drawn.append(window_score(turned, responses, onset_s, stimulus, settings))
        progress()
    null = np.array(drawn)
    p = (1 + (null >= score).sum(axis=0)) / (shifts + 1)
    return {
        "score": score,
        "null_mean": null.mean(axis=0),
        "null_sd": null.std(axis=0, ddof=1),
        "p": np.where(np.isfinite(score), p, np.nan),
    }


def subject_null(
    trials: Trials,
    activations: Activations,
    spec: ShiftNullSpec,
    progress: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Hold the scores of a subject's electrodes against refits with circularly shifted features.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        The layers of the fit.
    spec
        How the fit is made, the window, number and smallest size of shifts, and the seed.
    progress
        Called after each refit.

    Returns
    -------
    pd.DataFrame
        ``subject, electrode, alignment, fit, score, null_mean, null_sd, p``.

    Raises
    ------
    InputError
        If a film is shorter than two smallest shifts.
    """
    fit = spec.fit
    first, last = spec.window
    inside = np.flatnonzero((trials.bins_ms >= first) & (trials.bins_ms <= last))
    settings = Settings(**fit.settings.plain())
    tables = []
    for group in trials.groups:
        own = group.trials
        features = {
            layer: activations.features(layer, own.recordings) for layer in activations.layers
        }
        names = (r.name for r in own.recordings)
        try:
            found = shift_null(
                features,
                np.ascontiguousarray(group.responses(inside)),
                own.onset_s,
                own.stimulus,
                settings,
                shifts=spec.shifts,
                min_shift_s=spec.min_shift_s,
                rng=rng_for(spec.seed, "shift", fit.subject, fit.alignment, *names),
                progress=progress,
            )
        except ValueError as error:
            raise InputError(
                own.recordings[0].path,
                "film time",
                str(error),
                "a longer film or a smaller statistics.shift_null.min_shift_s",
            ) from error
        tables.append(pd.DataFrame({"electrode": group.electrodes, **found}))
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "subject", fit.subject)
    table.insert(2, "alignment", fit.alignment)
    table.insert(3, "fit", str(fit.fits[0]))
    return table
