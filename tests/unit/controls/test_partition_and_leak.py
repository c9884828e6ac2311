"""Known answers: what a partition gives to whom, and what the leak meter flags."""

import numpy as np
import pytest
from scipy.signal import butter, lfilter, sosfiltfilt

from fusion.contrasts.spec import Comparison
from fusion.controls.banded import grid
from fusion.controls.dimension import matched
from fusion.controls.floors import compared, layer_pairs
from fusion.controls.leak import (
    BestModel,
    autocorrelation,
    drift_share,
    flagged,
    leak_features,
    meter,
    position,
    rate,
)
from fusion.controls.partition import partition, without
from fusion.controls.problem import Problem
from fusion.encoding.folds import make_folds
from fusion.ids import FitId, Operand


def slow(rng, n, width, tau=20):
    noise = lfilter([1], [1, -np.exp(-1 / tau)], rng.standard_normal((n + 200, width)), axis=0)[
        200:
    ]
    return (noise - noise.mean(0)) / noise.std(0)


@pytest.fixture(scope="module")
def film():
    rng = np.random.default_rng(0)
    n = 1200
    onset_s = 2 + np.cumsum(rng.gamma(4, 0.1, n))
    folds = make_folds(onset_s, np.zeros(n), gap_s=10)
    return rng, onset_s, folds, np.unique(onset_s // 20, return_inverse=True)[1]


def standardised(y):
    return (y - y.mean(0)) / y.std(0)


@pytest.fixture(scope="module")
def partitioned(film):
    rng, onset_s, folds, block = film
    n = len(onset_s)
    bands = {name: slow(rng, n, 4, 3) for name in ("vision", "language", "lowlevel")}
    bands["multimodal"] = np.hstack(
        [bands["vision"] @ rng.standard_normal((4, 4)), slow(rng, n, 4, 3)]
    )
    weights = rng.standard_normal(4)
    signals = [
        bands["vision"] @ weights,
        bands["language"] @ weights,
        bands["multimodal"][:, 4:] @ weights,
        bands["vision"] @ weights + bands["language"] @ weights,
        np.zeros(n),
    ]
    y = np.stack([s[:, None] + 4 * rng.standard_normal((n, 2)) for s in signals], 1)
    table = partition(Problem(standardised(y), folds, block), bands, np.random.default_rng(1), 6)
    return table.set_index(["electrode", "band"])


VISION, LANGUAGE, OWN, BOTH, NOTHING = range(5)


def test_unique_parts_go_to_what_only_one_band_has(partitioned):
    p = partitioned["p"]
    assert (
        p[LANGUAGE, "language"] < 1e-4
        and p[OWN, "multimodal"] < 1e-4
        and p[BOTH, "language"] < 1e-3
    )
    # Vision is in the multimodal band too: alone it predicts, unique it is not.
    assert (
        partitioned["r_alone"][VISION, "vision"] > 0.3
        and partitioned["r_alone"][VISION, "multimodal"] > 0.3
    )
    assert p[VISION, "vision"] > 0.01 and p[VISION, "multimodal"] > 0.01
    assert (p[NOTHING] > 0.01).all()
    assert (
        partitioned["shared"][VISION, "vision"] > 0.8 * partitioned["r_full"][VISION, "vision"] ** 2
    )


def test_product_measure_sums_to_the_score(partitioned):
    for electrode in range(5):
        own = partitioned.loc[electrode]
        np.testing.assert_allclose(own["part"].sum(), own["r_full"].iloc[0], atol=1e-5)
        assert own["r_full"].nunique() == 1
    assert partitioned["part"][BOTH, "language"] > 5 * abs(partitioned["part"][BOTH, "lowlevel"])


def test_signed_squares_add_up(partitioned):
    for electrode in range(5):
        own = partitioned.loc[electrode]
        r = own["r_full"].iloc[0]
        np.testing.assert_allclose(own["unique"].sum() + own["shared"].iloc[0], r * abs(r))
        np.testing.assert_allclose(
            own["unique"], r * abs(r) - own["r_without"] * own["r_without"].abs()
        )


def test_scalings_without_a_band():
    made = without(grid(3), 1)
    assert made.shape[1] == 2
    np.testing.assert_allclose(made.sum(1), 1)
    assert len(np.unique(made, axis=0)) == len(made)


@pytest.fixture(scope="module")
def metered(film):
    """Electrodes: drift alone, words alone, words on some drift, nothing. The model knows the
    words' features.
    """
    _, onset_s, folds, block = film
    rng = np.random.default_rng(5)
    n, fs = len(onset_s), 20.0
    samples = int(onset_s[-1] * fs) + 40
    walk = np.cumsum(rng.standard_normal((samples, 4)), 0)
    walk = walk / walk.std(0)
    features = slow(rng, n, 5, 2)
    at = (onset_s * fs).astype(int)
    passed = sosfiltfilt(butter(4, 0.1, "highpass", fs=fs, output="sos"), walk, axis=0)[at]
    passed = passed / passed.std(0)
    words = standardised(features @ rng.standard_normal((5, 1)))
    noise = rng.standard_normal((n, 4))
    y = np.column_stack(
        [
            walk[at, 0] + 0.1 * noise[:, 0],
            words[:, 0] + 1.5 * noise[:, 1],
            words[:, 0] + passed[:, 2] + noise[:, 2],
            noise[:, 3],
        ]
    )
    y = np.stack([y, y + 0.3 * rng.standard_normal(y.shape)], 2)
    problem = Problem(standardised(y), folds, block)
    fit = problem.fit([features])
    model = BestModel(
        np.full(4, "words", object),
        *(problem.electrodes(getattr(fit, key)) for key in ("z", "z_val", "influence")),
    )
    sets = leak_features(onset_s, np.zeros(n, int), {0: onset_s}, 30.0)
    return meter(problem, sets, model, onset_s, 30.0)


def test_pure_drift_is_flagged_and_an_electrode_that_follows_words_is_not(metered):
    assert list(metered["flagged"]) == [True, False, False, False]
    assert metered["drift_share"][0] > 0.9 and metered["drift_share"][1:].max() < 0.3


def test_models_beat_leaks_where_they_should(metered):
    assert metered["p_model_over_leak"][1] < 1e-4 and metered["r_model"][1] > 0.3
    assert metered["p_model_over_leak"][3] > 0.01
    assert set(metered["leak"]) <= {"position", "word_rate", "autocorrelation"}


def test_flag_rule():
    p = np.array([[0.001, 0.001, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]])
    over, share = np.array([0.9, 0.01, 0.9, np.nan]), np.array([0.1, 0.1, 0.1, 0.8])
    assert list(flagged(p, over, share)) == [True, False, False, True]


def test_drift_share_is_the_adjusted_r2_of_slow_cosines():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(3)
    onset_s = np.sort(rng.uniform(0, 200, 400))
    y = np.cos(np.pi * 3 * onset_s / 200)[:, None] * [1, 0.2, 0] + rng.standard_normal((400, 3))
    x = (onset_s - onset_s[0]) / np.ptp(onset_s)
    n_cosines = int(2 * np.ptp(onset_s) / 30)
    basis = np.column_stack([np.cos(np.pi * k * x) for k in range(1, n_cosines + 1)])
    for t in range(3):
        r2 = LinearRegression().fit(basis, y[:, t]).score(basis, y[:, t])
        expected = 1 - (1 - r2) * 399 / (399 - n_cosines)
        np.testing.assert_allclose(drift_share(y, onset_s, 30.0)[t], expected, atol=1e-9)


def test_leak_features_know_time_only():
    onset_s = np.arange(100) * 0.5
    assert position(onset_s).shape == (100, 8)
    dense = rate(onset_s, onset_s, widths_s=(2.0,))
    assert dense[50, 0] == dense[50, 1] == 0.5
    assert dense[50, 2] == 4 and dense[50, 4] == 8
    bumps = autocorrelation(onset_s, 5.0)
    alike = bumps @ bumps.T
    assert np.argmax(alike[50]) == 50 and alike[50, 0] < 1e-2 * alike[50, 50]
    two = leak_features(
        np.tile(onset_s, 2), np.repeat(["a", "b"], 100), {"a": onset_s, "b": onset_s[::2]}, 5.0
    )
    np.testing.assert_allclose(two["autocorrelation"][:100] @ two["autocorrelation"][100:].T, 0)


def test_shuffled_folds_leak_and_contiguous_ones_do_not(film):
    _, onset_s, folds, block = film
    rng = np.random.default_rng(4)
    y = standardised(slow(rng, len(onset_s), 8, 10))[..., None]
    sets = leak_features(onset_s, np.zeros(len(onset_s), int), {0: onset_s}, 3.0)
    honest = meter(Problem(y, folds, block), sets, None, onset_s, 30.0)
    mixed = make_folds(
        onset_s, np.zeros(len(onset_s)), gap_s=0, fold=rng.permutation(len(onset_s)) % 5
    )
    leaky = meter(Problem(y, mixed, block), sets, None, onset_s, 30.0)
    assert leaky["r_autocorrelation"].mean() > 0.3
    assert abs(honest["r_autocorrelation"].mean()) < 0.1


def test_floors_and_dimension_match_name_what_they_compare(film):
    rng, onset_s, folds, block = film
    n = len(onset_s)
    same, other = slow(rng, n, 4, 3), slow(rng, n, 4, 3)
    y = standardised(
        np.stack(
            [
                same @ rng.standard_normal((4, 1)) + 3 * rng.standard_normal((n, 1))
                for _ in range(6)
            ],
            1,
        )
    )
    problem = Problem(y, folds, block)
    turned = same @ np.linalg.qr(rng.standard_normal((4, 4)))[0]
    table = compared(
        problem, {"a": same, "b": turned, "c": other}, [("same", "a", "b"), ("other", "a", "c")]
    )
    assert (table[table["floor"] == "same"]["effect"].abs() < 0.02).all()
    assert (table[table["floor"] == "other"]["p"] < 0.01).all()
    assert layer_pairs(["x", "y", "z"]) == [("x", "y")] and layer_pairs(["x"]) == []
    assert list(compared(problem, {}, []).columns) == list(table.columns)
    a, c = FitId("a"), FitId("c")
    fits = {a: problem.fit([same]), c: problem.fit([other])}
    comparison = Comparison("contrast", Operand((c, a)), Operand((c, a), 2), "greater")
    found = matched(problem, fits, [comparison])
    assert (found["a"] == str(a)).all() and (found["b"] == str(c)).all()
    assert (found["p"] < 0.01).all()
    assert (found["dof_a"] <= 4).all() and (found["dof_a"] > 0).all()
