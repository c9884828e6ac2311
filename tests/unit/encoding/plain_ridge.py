"""Ridge encoding as a plain loop in float64: the oracle of the engine's tests."""

import numpy as np
from sklearn.linear_model import Ridge


def pearson(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a**2).sum(0) * (b**2).sum(0))


def predict(features, targets, train, rows, alpha):
    """Predictions of scikit-learn's Ridge on features standardised on the training events."""
    mean, scale = features[train].mean(0), features[train].std(0)
    scale = np.where(scale > 0, scale, 1)
    model = Ridge(alpha=alpha, solver="cholesky" if features.shape[1] < len(train) else "svd")
    model.fit((features[train] - mean) / scale, targets[train])
    return model.predict((features[rows] - mean) / scale).reshape(len(rows), -1)


def fit(features, targets, folds, alphas, halves=False):
    """Validation curves (fold, alpha, target), chosen penalties (fold, target), test r (fold,
    target), predictions.
    """
    count = len(folds.outer)
    curves = [[] for _ in range(count)]
    for held in folds.inner:
        for f, rows in held.scored.items():
            curves[f].append(
                [
                    pearson(predict(features, targets, held.train, rows, a), targets[rows])
                    for a in alphas
                ]
            )
    curves = np.stack([np.mean(own, axis=0) for own in curves])
    if halves:
        curves[:] = curves.mean(0)
    choice = curves.argmax(1)
    r, predictions = np.zeros(choice.shape), np.full(targets.shape, np.nan)
    for f, held in enumerate(folds.outer):
        rows = held.scored[f]
        for a in np.unique(choice[f]):
            at = choice[f] == a
            predictions[np.ix_(rows, at)] = predict(
                features, targets[:, at], held.train, rows, alphas[a]
            )
        r[f] = pearson(predictions[rows], targets[rows])
    return curves, choice, r, predictions


def assert_same_choice(curves, choice, found, tolerance=2e-6):
    """The same penalties, except where two are equally good."""
    best = np.take_along_axis(curves, choice[:, None], 1)
    other = np.take_along_axis(curves, found[:, None], 1)
    assert (best - other).max() < tolerance
    assert (choice == found).mean() > 0.9
