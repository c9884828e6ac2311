"""Is a score above zero? The null in which film and brain are shifted against each other,
everything refitted.

Slow drift of film and brain makes scores of empty electrodes vary more than any formula within one
alignment of the two can know. Shifting the features circularly keeps the autocorrelation of both
and breaks what links them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fusion.contrasts.influence import bin_weights
from fusion.encoding.fit import Settings, fit_electrodes
from fusion.encoding.scores import fisher


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
    features: Mapping[str, np.ndarray], responses: np.ndarray, onset_s, stimulus, settings: Settings
) -> np.ndarray:
    """Return the score (E) of a fit over the bins it is given: mean over folds of
    validation-weighted z, as in a contrast with nothing.
    """
    fit = fit_electrodes(features, responses, onset_s, stimulus, settings)
    z, z_val = fisher(fit.of_layer(fit.r_test)), fit.of_layer(fit.z_val)
    return (z * bin_weights(z_val, np.zeros_like(z_val))).sum(axis=2).mean(axis=0)


def shift_null(
    features: Mapping[str, np.ndarray],
    responses: np.ndarray,
    onset_s: np.ndarray,
    stimulus: np.ndarray,
    settings: Settings,
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
    settings = Settings(**{**vars(settings), "keep_predictions": False, "influence": False})
    score = window_score(features, responses, onset_s, stimulus, settings)
    null = []
    for _ in range(shifts):
        rows = shifted_rows(onset_s, stimulus, min_shift_s, rng)
        turned = {name: values[rows] for name, values in features.items()}
        null.append(window_score(turned, responses, onset_s, stimulus, settings))
        progress()
    null = np.array(null)
    p = (1 + (null >= score).sum(axis=0)) / (shifts + 1)
    return {
        "score": score,
        "null_mean": null.mean(axis=0),
        "null_sd": null.std(axis=0, ddof=1),
        "p": np.where(np.isfinite(score), p, np.nan),
    }
