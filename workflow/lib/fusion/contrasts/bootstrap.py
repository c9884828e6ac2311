"""The paper's uncertainty: refit on resampled events, with every network resampled alike.

A resample is a count per event. Fitting with counts as weights is the same as fitting with copies,
and copies of an event stay in the event's own fold, so nothing leaks. Events that were not drawn
cost nothing: a resample has 63% of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.linalg

from fusion.contrasts.spec import BootstrapSpec
from fusion.encoding.folds import Folds
from fusion.encoding.inputs import Activations
from fusion.encoding.prepare import clipped, scale_targets
from fusion.encoding.trials import Trials
from fusion.io.errors import InputError
from fusion.seeds import rng_for


def resample_counts(rng: np.random.Generator, n_events: int, resamples: int) -> np.ndarray:
    """Return how often each event is drawn in each resample (resamples, n_events) int16."""
    return rng.multinomial(n_events, np.full(n_events, 1 / n_events), size=resamples).astype(
        np.int16
    )


def weighted_r(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return Pearson's r of the columns of ``a`` and ``b`` (n, T) with weights (n); 0 where either
    is constant.
    """
    share = weight / weight.sum()
    a, b = a - share @ a, b - share @ b
    products, norms = share @ (a * b), np.sqrt((share @ a**2) * (share @ b**2))
    r = np.divide(products, norms, out=np.zeros_like(products), where=norms > 1e-12)
    return np.asarray(r)


def ridge_predictions(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, wanted: list[np.ndarray], alphas: np.ndarray
) -> list[np.ndarray]:
    """Return predictions of weighted ridge fits for every penalty.

    Features are standardised by their weighted mean and SD; the intercept is left out (it does not
    change a correlation).

    Parameters
    ----------
    x, y
        Features (n, p) and responses (n, T) of the training events.
    weight
        Their weights (n), all positive.
    wanted
        Features of the sets of events to predict, each (m, p).
    alphas
        Penalties (A).

    Returns
    -------
    list of np.ndarray
        One (A, m, T) per set.
    """
    share = weight / weight.sum()
    mean = share @ x
    scale = np.sqrt(share @ (x - mean) ** 2)
    varies = scale > 1e-6 * np.abs(mean) + 1e-30
    root = np.sqrt(weight)[:, None]
    rows = root * ((x - mean) / np.where(varies, scale, 1.0) * varies)
    targets = root * y
    primal = rows.shape[1] <= rows.shape[0]
    values, vectors = scipy.linalg.eigh(
        rows.T @ rows if primal else rows @ rows.T, driver="evd", check_finite=False
    )
    values = np.maximum(values, 0)
    rotated = vectors.T @ (rows.T @ targets if primal else targets)
    out = []
    for features in wanted:
        scaled = (features - mean) / np.where(varies, scale, 1.0) * varies
        basis = scaled @ vectors if primal else scaled @ (rows.T @ vectors)
        out.append(np.stack([basis @ (rotated / (values + alpha)[:, None]) for alpha in alphas]))
    return out


def refit(
    x: np.ndarray, y: np.ndarray, counts: np.ndarray, folds: Folds, alphas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return validation and test r (T) of one resample: the whole procedure anew, penalties chosen
    again.

    Parameters
    ----------
    x, y
        Features (n, p) and responses (n, T).
    counts
        How often each event was drawn (n).
    folds
        Folds with validation halves.
    alphas
        Penalties (A), one is chosen per target by mean validation r over folds.
    """
    validations: list[list[np.ndarray]] = []
    tests: list[list[np.ndarray]] = []
    for f, (outer, inner) in enumerate(zip(folds.outer, folds.inner, strict=True)):
        train, *scored = (
            rows[counts[rows] > 0] for rows in (outer.train, inner.scored[f], outer.scored[f])
        )
        predicted = ridge_predictions(
            x[train], y[train], counts[train].astype(float), [x[rows] for rows in scored], alphas
        )
        for into, rows, values in zip((validations, tests), scored, predicted, strict=True):
            into.append([weighted_r(own, y[rows], counts[rows].astype(float)) for own in values])
    validation, test = np.mean(validations, axis=0), np.mean(tests, axis=0)
    best = validation.argmax(axis=0)[None]
    return (
        np.take_along_axis(validation, best, axis=0)[0],
        np.take_along_axis(test, best, axis=0)[0],
    )


def intervals(
    x: np.ndarray,
    y: np.ndarray,
    folds: Folds,
    alphas: np.ndarray,
    counts: np.ndarray,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, np.ndarray]:
    """Return percentile intervals (95%) of validation and test r over resamples.

    Parameters
    ----------
    x, y, folds, alphas
        As for :func:`refit`.
    counts
        Resamples (R, n), the same for every network.
    progress
        Called after each resample.

    Returns
    -------
    dict
        ``r_val_low, r_val_high, r_test_low, r_test_high`` (T).

    Raises
    ------
    ValueError
        If the folds have no validation halves: nested validation is no part of this procedure.
    """
    if any(set(inner.scored) != {f} for f, inner in enumerate(folds.inner)):
        raise ValueError("the refit bootstrap is defined for validation halves only")
    draws = []
    for own in counts:
        draws.append(refit(x, y, own, folds, alphas))
        progress()
    low, high = np.percentile(np.array(draws, np.float32), [2.5, 97.5], axis=0)
    return {
        "r_val_low": low[0],
        "r_val_high": high[0],
        "r_test_low": low[1],
        "r_test_high": high[1],
    }


def subject_intervals(
    trials: Trials,
    activations: Activations,
    layer_of: Mapping[str, str],
    spec: BootstrapSpec,
    progress: Callable[[], object] = lambda: None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the bootstrap intervals of one fit at all electrodes of a subject.

    Parameters
    ----------
    trials
        The subject's trials.
    activations
        The layers of the fit.
    layer_of
        Electrode -> the layer that it uses.
    spec
        Folds, penalties, resamples and seed.
    progress
        Called after each refit.

    Returns
    -------
    electrodes
        (n_electrodes,) names.
    intervals
        As :func:`intervals` returns them, (n_electrodes, n_bins) float32.

    Raises
    ------
    InputError
        If the fit was not validated on halves, or there are too few events.
    """
    settings, ids = spec.fit.settings, (spec.fit.subject, spec.fit.alignment)
    if settings.validation != "halves":
        raise InputError(
            "config",
            "key encoding.validation",
            settings.validation,
            "halves, which the paper's procedure is defined for",
        )
    held_out, alphas = trials.held_out(settings), np.array(settings.alphas)
    names: list[str] = []
    found: list[dict[str, np.ndarray]] = []
    for group in trials.groups:
        own = group.trials
        folds = own.folds(settings, held_out[group.rows])
        # The seed names no model: all networks of a subject are resampled alike.
        rng = rng_for(spec.seed, "bootstrap", *ids, *(r.name for r in own.recordings))
        counts = resample_counts(rng, len(own), spec.resamples)
        for layer in sorted({layer_of[name] for name in group.electrodes}):
            members = np.array([name for name in group.electrodes if layer_of[name] == layer])
            measured = clipped(own.responses(members), own.recording, settings.clip_mad)
            responses = scale_targets(measured.reshape(len(own), -1))
            features = activations.read(layer, own.recordings).astype(float)
            result = intervals(features, responses.astype(float), folds, alphas, counts, progress)
            shape = (len(members), len(trials.bins_ms))
            names += list(members)
            found.append({key: values.reshape(shape) for key, values in result.items()})
    keys = found[0] if found else ()
    joined = {key: np.concatenate([part[key] for part in found]) for key in keys}
    return np.array(names), {key: values.astype(np.float32) for key, values in joined.items()}
