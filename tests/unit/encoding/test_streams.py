"""Two streams projected together on training events, against scikit-learn's PLSSVD."""

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSSVD
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from fusion.contrasts import bootstrap
from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings
from fusion.encoding.streams import joint_projection

ALPHAS = (1.0, 100.0, 10000.0)


def problem(n=160, widths=(9, 6)):
    """Return two streams that share two directions, and responses that follow them."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((n, 2))
    streams = tuple(
        shared @ rng.standard_normal((2, width)) + rng.standard_normal((n, width)) + 5
        for width in widths
    )
    y = shared @ rng.standard_normal((2, 6)) + rng.standard_normal((n, 6))
    return streams, y


def projected(first, second, train):
    """Return the joint features of all events, by scikit-learn."""
    streams = [StandardScaler().fit(x[train]).transform(x) for x in (first, second)]
    k = min(x.shape[1] for x in streams)
    pls = PLSSVD(n_components=k, scale=False).fit(streams[0][train], streams[1][train])
    joint = streams[0] @ pls.x_weights_ + streams[1] @ pls.y_weights_
    return StandardScaler().fit(joint[train]).transform(joint)


@pytest.mark.parametrize("validation", ["nested", "halves"])
def test_scores_are_those_of_projections_by_scikit_learn(validation):
    (first, second), y = problem()
    n = len(y)
    settings = Settings(
        folds=4, gap_s=0, alphas=ALPHAS, clip_mad=False, validation=validation, block_s=10
    )
    fit = fit_electrodes(
        {"x": (first, second)}, y.reshape(n, 2, 3), np.arange(n) * 1.0, np.full(n, "film"), settings
    )
    blocks = np.array_split(np.arange(n), 4)
    for f, block in enumerate(blocks):
        train = np.setdiff1d(np.arange(n), block)
        test = block if validation == "nested" else block[len(block) // 2 :]
        joint = projected(first, second, train)
        for t in range(6):
            alpha = ALPHAS[fit.choice[0, f].ravel()[t]]
            predicted = Ridge(alpha).fit(joint[train], y[train, t]).predict(joint[test])
            expected = np.corrcoef(predicted, y[test, t])[0, 1]
            assert fit.r_test[0, f].ravel()[t] == pytest.approx(expected, abs=1e-4)
    assert fit.forms == {"x": "primal"}
    # It is another model than the concatenation, and no worse where the streams share the signal.
    beside = fit_electrodes(
        {"x": np.hstack([first, second])},
        y.reshape(n, 2, 3),
        np.arange(n) * 1.0,
        np.full(n, "film"),
        settings,
    )
    assert np.abs(fit.r_test - beside.r_test).max() > 0.01


def test_held_out_events_have_no_part_in_the_projection():
    (first, second), y = problem()
    n = len(y)
    settings = Settings(folds=4, gap_s=0, alphas=(10.0,), clip_mad=False, block_s=10)

    def scores(a, b):
        time, film = np.arange(n) * 1.0, np.full(n, "film")
        return fit_electrodes({"x": (a, b)}, y.reshape(n, 2, 3), time, film, settings).r_test[0]

    held = slice(n - n // 4, n)
    changed = second.copy()
    changed[held] = changed[held][::-1]
    # Scores of the last fold change with its pairing of streams only as predictions do.
    train = np.arange(n - n // 4)
    joint = projected(first, changed, train)
    expected = [
        np.corrcoef(Ridge(10.0).fit(joint[train], y[train, t]).predict(joint[held]), y[held, t])[
            0, 1
        ]
        for t in range(6)
    ]
    assert scores(first, changed)[3].ravel() == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.parametrize("n", [20, 120])
def test_the_bootstrap_projects_too(n):
    (first, second), y = problem()
    train, test = np.arange(n), np.arange(120, 160)
    weight = np.random.default_rng(0).integers(1, 4, n).astype(float)
    both = np.hstack([first, second])
    fit = bootstrap.Trained.on(both[train], y[train], weight, first=9)
    found = fit.predict(both[test], np.array([10.0]))
    copies = np.repeat(train, weight.astype(int))
    rows = np.concatenate([copies, test])
    joint = projected(first[rows], second[rows], np.arange(len(copies)))
    model = Ridge(10.0).fit(joint[: len(copies)], y[copies])
    predicted = model.predict(joint[len(copies) :]) - model.predict(joint[: len(copies)]).mean(0)
    own = found[0] - found[0].mean(0)
    assert own == pytest.approx(predicted - predicted.mean(0), abs=1e-6)


def test_streams_without_anything_in_common_give_no_nonsense():
    gram = np.eye(5)
    turn = joint_projection(gram, 3)
    assert turn.shape == (5, 1)
    assert np.isfinite(turn).all()
