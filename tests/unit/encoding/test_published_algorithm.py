"""The paper's preset against the published algorithm, written out as the plain loop that it is."""

import numpy as np

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings

ALPHAS = tuple(10.0**k for k in range(-1, 6))


def published(features, targets, k=5):
    """Contiguous folds without a gap, each held-out block halved; standardised features and a
    column of ones, all penalised.
    """
    blocks = np.array_split(np.arange(len(features)), k)
    validation, test = (
        np.zeros((k, len(ALPHAS), targets.shape[1])),
        np.zeros((k, len(ALPHAS), targets.shape[1])),
    )
    for f, block in enumerate(blocks):
        train = np.setdiff1d(np.arange(len(features)), block)
        mean, scale = features[train].mean(0), features[train].std(0)
        x = np.c_[(features - mean) / scale, np.ones(len(features))]
        halves = block[: len(block) // 2], block[len(block) // 2 :]
        for a, alpha in enumerate(ALPHAS):
            weights = np.linalg.solve(
                x[train].T @ x[train] + alpha * np.eye(x.shape[1]), x[train].T @ targets[train]
            )
            for out, rows in zip((validation, test), halves, strict=True):
                for t in range(targets.shape[1]):
                    out[f, a, t] = np.corrcoef(x[rows] @ weights[:, t], targets[rows, t])[0, 1]
    best = validation.mean(0).argmax(0)
    return (
        best,
        np.take_along_axis(test.mean(0), best[None], 0)[0],
        np.take_along_axis(validation.mean(0), best[None], 0)[0],
    )


def test_the_preset_gives_the_published_scores():
    rng = np.random.default_rng(0)
    n = 203
    for p in (20, 190):
        features = rng.standard_normal((n, p)).cumsum(0) * 0.3 + rng.standard_normal((n, p))
        targets = (
            features[:, :5] @ rng.standard_normal((5, 14)) + 5 * rng.standard_normal((n, 14)) + 3
        )
        settings = Settings(
            clip_mad=False,
            folds=5,
            validation="halves",
            gap_s=0,
            alphas=ALPHAS,
            penalise_intercept=True,
        )
        fit = fit_electrodes(
            {"x": features},
            targets.reshape(n, 2, 7),
            np.arange(n) * 1.0,
            np.full(n, "film"),
            settings,
        )
        best, test, validation = published(features, targets)
        assert (fit.choice[0].reshape(5, -1) == best).all()
        assert np.abs(fit.r_test[0].mean(0).ravel() - test).max() < 1e-4
        assert np.abs(fit.r_val[0].mean(0).ravel() - validation).max() < 1e-4
