"""Fits made again by other libraries: himalaya for everything, scikit-learn for test scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.linear_model import Ridge

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.inputs import Activations
from fusion.encoding.prepare import Targets
from fusion.encoding.result import Fit
from fusion.encoding.spec import Settings
from fusion.encoding.trials import Group


def by_himalaya(
    group: Group, fold: np.ndarray, activations: Activations, settings: Settings
) -> Fit:
    """Return the fit of a group of electrodes by himalaya's solvers.

    Parameters
    ----------
    group
        The electrodes.
    fold
        (n_events,) fold that holds out each event.
    activations
        The layers.
    settings
        How the fits were made.
    """
    trials = group.trials
    features = {layer: activations.read(layer, trials.recordings) for layer in activations.layers}
    return fit_electrodes(
        features,
        group.responses(),
        trials.onset_s,
        trials.stimulus,
        replace(settings, solver="himalaya", keep_predictions=False),
        recording=trials.recording,
        fold=fold,
    )


def by_scikit_learn(
    group: Group, fold: np.ndarray, features: np.ndarray, alphas: np.ndarray, settings: Settings
) -> np.ndarray:
    """Return test r by ``sklearn.linear_model.Ridge`` at given penalties.

    Parameters
    ----------
    group
        The electrodes.
    fold
        (n_events,) fold that holds out each event.
    features
        (n_events, n_features) of one layer.
    alphas
        (n_folds, n_targets) penalties; targets are electrodes x bins. Infinite ones stand for
        weights proportional to X'y.
    settings
        How the fits were made.

    Returns
    -------
    np.ndarray
        (n_folds, n_targets).
    """
    trials = group.trials
    responses = group.responses().reshape(len(trials), -1)
    targets = Targets.of_film(responses, trials.onset_s, trials.recording, settings)
    y = targets.batch(slice(0, responses.shape[1])).astype(float)
    x = features.astype(float)
    r = np.zeros((len(alphas), y.shape[1]))
    for f, held in enumerate(trials.folds(settings, fold).outer):
        train, test = held.train, held.scored[f]
        mean, scale = x[train].mean(axis=0), x[train].std(axis=0)
        varies = scale > 1e-6 * np.maximum(np.sqrt((x**2).mean(axis=0)), 1e-30)
        standard = (x - mean) * np.where(varies, 1 / np.where(varies, scale, 1.0), 0.0)
        finite = np.isfinite(alphas[f])
        predicted = standard[test] @ (standard[train].T @ (y[train] - y[train].mean(axis=0)))
        if finite.any():
            model = Ridge(alpha=alphas[f][finite]).fit(standard[train], y[train][:, finite])
            predicted[:, finite] = model.predict(standard[test]).reshape(len(test), -1)
        r[f] = pearson(predicted, y[test])
    return r


def pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return (n_targets,) Pearson's r of the columns of ``a`` and ``b``; 0 where one is flat."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    norms = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    found = np.divide((a * b).sum(axis=0), norms, out=np.zeros(a.shape[1]), where=norms > 1e-12)
    return np.asarray(found)
