"""Data that is broken, empty or too small: a defined result and a warning, or an error, never
silence.
"""

import tracemalloc

import numpy as np
import pytest

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings

N = 200


def problem(p=15, electrodes=4):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((N, p))
    responses = features[:, :3] @ rng.standard_normal((3, electrodes * 2)) + rng.standard_normal(
        (N, electrodes * 2)
    )
    return (
        features,
        responses.reshape(N, electrodes, 2).astype(np.float32),
        np.arange(N) * 1.0,
        np.full(N, "film"),
    )


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_constant_responses_score_zero_and_leave_the_others_alone(form):
    features, responses, onset, film = problem()
    settings = Settings(clip_mad=False, gap_s=3, form=form)
    sound = fit_electrodes({"x": features}, responses, onset, film, settings)
    broken = responses.copy()
    broken[:, 1] = 7.3
    with pytest.warns(UserWarning, match="2 of 8 electrode-bins have constant responses"):
        fit = fit_electrodes({"x": features}, broken, onset, film, settings)
    assert (fit.r_test[:, :, 1] == 0).all()
    assert (fit.influence[:, :, :, 1] == 0).all()
    assert np.allclose(fit.predictions[:, 1], 7.3)
    assert np.allclose(fit.r_test[:, :, [0, 2, 3]], sound.r_test[:, :, [0, 2, 3]], atol=1e-6)
    assert (fit.state[1] == 1).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_responses_that_are_not_finite_have_no_score_and_say_so(bad):
    features, responses, onset, film = problem()
    sound = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3)
    )
    responses[5, 2, 0] = bad
    with pytest.warns(
        UserWarning, match="1 of 8 electrode-bins have responses that are not finite"
    ):
        fit = fit_electrodes(
            {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3)
        )
    for values in (fit.r_test, fit.r_val, fit.z_val):
        assert np.isnan(values[0, :, 2, 0]).all()
        assert np.isfinite(np.delete(values.reshape(5, 8), 4, axis=1)).all()
    assert np.isnan(fit.influence[..., 2, 0]).all()
    assert np.allclose(fit.r_test[:, :, [0, 1, 3]], sound.r_test[:, :, [0, 1, 3]], atol=1e-6)


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_responses_constant_in_one_block_only(form):
    features, responses, onset, film = problem()
    responses[:40, 0] = 1.0
    responses[40:, 1] = -2.0
    fit = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3, form=form)
    )
    assert (fit.r_test[0, 0, 0] == 0).all(), "nothing to predict in the first block"
    assert (fit.r_test[0, 1:, 0] > 0.2).all()
    assert np.isfinite(fit.r_test).all()
    assert np.isfinite(fit.influence).all()
    assert np.abs(fit.r_test[0, :, 1]).max() < 1e-6, "nothing to learn from, or nothing to predict"


def test_constant_features_are_left_out_with_a_warning():
    features, responses, onset, film = problem()
    padded = np.c_[features, np.full((N, 3), 4.2)]
    with pytest.warns(UserWarning, match="3 of 18 features are constant"):
        fit = fit_electrodes(
            {"x": padded}, responses, onset, film, Settings(clip_mad=False, gap_s=3)
        )
    plain = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3)
    )
    assert np.array_equal(fit.r_test, plain.r_test)


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_a_feature_that_varies_only_while_held_out_predicts_nothing(form):
    features, responses, onset, film = problem()
    spike = np.zeros((N, 1))
    spike[3:9, 0] = 1.0
    with_spike, without = (
        fit_electrodes(
            {"x": x}, responses, onset, film, Settings(clip_mad=False, gap_s=3, form=form)
        )
        for x in (np.c_[features, spike], features)
    )
    assert np.allclose(with_spike.r_test[:, 0], without.r_test[:, 0], atol=1e-5), (
        "it is constant when block 0 is held out"
    )
    assert np.isfinite(with_spike.r_test).all()


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.full((N, 4), 1.0), "every feature is constant"),
        (np.full((N, 4), np.nan), "not finite"),
        (np.zeros(N), "shape"),
        (np.ones((N - 1, 4)), "rows; expected 200"),
    ],
)
def test_useless_layers_are_errors(features, words):
    _, responses, onset, film = problem()
    with pytest.raises(ValueError, match=words):
        fit_electrodes({"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3))


def test_more_features_than_events():
    features, responses, onset, film = problem(p=900)
    fit = fit_electrodes({"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=3))
    assert fit.forms == {"x": "dual"}
    assert np.isfinite(fit.r_test).all()


def test_duplicated_events_stay_on_one_side():
    features, responses, onset, film = problem()
    twice = {"x": np.repeat(features, 2, axis=0)}
    fit = fit_electrodes(
        twice,
        np.repeat(responses, 2, axis=0),
        np.repeat(onset, 2),
        np.repeat(film, 2),
        Settings(clip_mad=False, gap_s=0),
    )
    assert (fit.fold[::2] == fit.fold[1::2]).all()
    once = fit_electrodes(
        {"x": features}, responses, onset, film, Settings(clip_mad=False, gap_s=0, alphas=(50.0,))
    )
    double = fit_electrodes(
        twice,
        np.repeat(responses, 2, axis=0),
        np.repeat(onset, 2),
        np.repeat(film, 2),
        Settings(clip_mad=False, gap_s=0, alphas=(100.0,)),
    )
    assert np.allclose(once.r_test, double.r_test, atol=1e-5), (
        "twice the events at twice the penalty is the same fit"
    )


def test_memory_does_not_grow_with_the_number_of_layers():
    rng = np.random.default_rng(0)
    n, electrodes, bins = 400, 20, 20
    responses = rng.standard_normal((n, electrodes, bins)).astype(np.float32)

    def peak(layers):
        features = {
            f"l{k}": lambda: rng.standard_normal((n, 100), dtype=np.float32) for k in range(layers)
        }
        tracemalloc.start()
        fit_electrodes(
            features,
            responses,
            np.arange(n) * 1.0,
            np.full(n, "film"),
            Settings(clip_mad=False, validation="halves", keep_predictions=False),
        )
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(2), peak(8)
    scores = 6 * 5 * electrodes * bins * (3 * 4 + 1)
    assert many - few < 2 * scores + 2**20, (
        f"{few / 2**20:.1f} MB for 2 layers, {many / 2**20:.1f} MB for 8"
    )
