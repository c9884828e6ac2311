"""Block influence against refits with one event weighted a little more or less, and against leaving
blocks out.
"""

import numpy as np
import pytest

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.folds import make_folds
from fusion.encoding.spec import Settings

N, P = 240, 12


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((N, P))
    targets = features[:, :4] @ rng.standard_normal((4, 4)) + 3 * rng.standard_normal((N, 4))
    return features, targets, np.arange(N) * 1.0, np.full(N, "film")


def weighted_z(features, target, held, fold, alpha, weight):
    """atanh r of one fold when every event counts ``weight`` times; features keep their scale."""
    train, rows = held.train, held.scored[fold]
    scaled = (features - features[train].mean(0)) / features[train].std(0)
    w = weight[train]
    x = scaled[train] - np.average(scaled[train], axis=0, weights=w)
    y = target[train] - np.average(target[train], weights=w)
    # The penalty grows with the weights, as it would with more events: the training part is then
    # centred.
    beta = np.linalg.solve(x.T @ (w[:, None] * x) + alpha * np.eye(x.shape[1]), x.T @ (w * y))
    predicted, v = scaled[rows] @ beta, target[rows]
    wt = weight[rows]
    predicted, v = predicted - np.average(predicted, weights=wt), v - np.average(v, weights=wt)
    return np.arctanh(
        (wt * predicted * v).sum() / np.sqrt((wt * predicted**2).sum() * (wt * v**2).sum())
    )


@pytest.mark.parametrize("form", ["primal", "dual"])
@pytest.mark.parametrize("validation", ["nested", "halves"])
def test_influence_is_the_derivative_of_the_score(problem, form, validation):
    features, targets, onset, film = problem
    settings = Settings(
        clip_mad=False,
        validation=validation,
        gap_s=3,
        block_s=1.0,
        form=form,
        alphas=(1.0, 30.0, 1000.0),
    )
    fit = fit_electrodes({"x": features}, targets.reshape(N, 2, 2), onset, film, settings)
    folds = make_folds(onset, film, validation=validation, gap_s=3)
    assert len(fit.blocks) == N, "every event is its own block here"
    found = fit.influence.reshape(5, 2, N, 4)
    for t in (0, 3):
        expected = np.zeros((5, N))
        for f, held in enumerate(folds.outer):
            alpha = settings.alphas[fit.choice.reshape(5, 4)[f, t]]
            for event in range(0, N, 3):
                z = []
                for step in (1e-5, -1e-5):
                    weight = np.ones(N)
                    weight[event] += step
                    z.append(weighted_z(features, targets[:, t], held, f, alpha, weight))
                expected[f, event] = (z[0] - z[1]) / 2e-5 / 5
            train = np.zeros(N, bool)
            train[held.train] = True
            expected[f, train] -= expected[f, train & (np.arange(N) % 3 == 0)].mean()
            some = np.flatnonzero(np.arange(N) % 3 == 0)
            difference = expected[f, some] - found[f, :, some, t].sum(1)
            # The centring is a mean over all training events here over a third of them: allow that,
            # not more.
            assert (
                np.abs(difference - difference[train[some]].mean() * train[some]).max()
                < 2e-3 * np.abs(expected[f]).max()
            )


def test_parts_have_the_support_they_should_and_sum_to_nothing(problem):
    features, targets, onset, film = problem
    fit = fit_electrodes(
        {"x": features},
        targets.reshape(N, 2, 2),
        onset,
        film,
        Settings(clip_mad=False, gap_s=3, block_s=1.0),
    )
    folds = make_folds(onset, film, gap_s=3)
    for f, held in enumerate(folds.outer):
        tested, trained = (
            np.flatnonzero(np.abs(fit.influence[f, part]).sum((1, 2))) for part in (0, 1)
        )
        assert set(tested) == set(held.scored[f])
        assert set(trained) <= set(held.train)
    scale = np.abs(fit.influence).max()
    assert np.abs(fit.influence.sum(2)).max() < 1e-4 * scale, (
        "influence is a derivative with respect to weights that sum to one"
    )


def test_longer_blocks_are_sums_of_shorter_ones(problem):
    features, targets, onset, film = problem
    short, long = (
        fit_electrodes(
            {"x": features},
            targets.reshape(N, 2, 2),
            onset,
            film,
            Settings(clip_mad=False, gap_s=3, block_s=s),
        ).influence
        for s in (4, 20)
    )
    assert np.allclose(short.reshape(5, 2, -1, 5, 2, 2).sum(3), long, atol=1e-7)


def test_blocks_predict_what_leaving_them_out_does(problem):
    """First order against a true refit without the block: the same direction and size."""
    features, targets, onset, film = problem
    settings = Settings(clip_mad=False, gap_s=3, block_s=4.0, alphas=(30.0,))
    responses = targets.reshape(N, 2, 2)
    fold = make_folds(onset, film, gap_s=3).fold
    full = fit_electrodes({"x": features}, responses, onset, film, settings, fold=fold)
    block = (onset // 4).astype(int)
    change = []
    for k in range(0, len(full.blocks), 4):
        kept = block != k
        less = fit_electrodes(
            {"x": features[kept]},
            responses[kept],
            onset[kept],
            film[kept],
            settings,
            fold=fold[kept],
        )
        change.append(full.z - less.z)
    change, forecast = np.array(change).ravel(), full.influence.sum((0, 1))[::4].ravel()
    assert np.corrcoef(change, forecast)[0, 1] > 0.97
    assert 0.85 < np.linalg.lstsq(forecast[:, None], change, rcond=None)[0][0] < 1.2
