"""Responses are clipped within each recording and target, and fits use what is clipped."""

import numpy as np
import pytest

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.prepare import Targets, clip_bounds, clipped
from fusion.encoding.spec import Settings


def test_bounds_are_the_median_and_its_absolute_deviations():
    values = np.array([[0.0], [1.0], [2.0], [3.0], [100.0]])
    assert clip_bounds(values, 2.0)[:, 0].tolist() == [0.0, 4.0]
    assert clipped(values, np.zeros(5), 2.0)[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert clipped(values, np.zeros(5), False) is values


def test_each_recording_has_its_own_bounds():
    rng = np.random.default_rng(0)
    recording = np.repeat(["a", "b"], 50)
    values = rng.standard_normal((100, 2, 3)) * np.where(recording == "a", 1, 50)[:, None, None]
    found = clipped(values, recording, 2.0)
    for name in "ab":
        own = values[recording == name].reshape(50, -1)
        low, high = clip_bounds(own, 2.0)
        assert np.allclose(found[recording == name].reshape(50, -1), own.clip(low, high))


def test_constant_and_broken_targets_stay_what_they_are():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((60, 4)).astype(np.float32)
    values[:, 1] = 5
    values[3, 2] = np.nan
    values[4, 3] = np.inf
    targets = Targets(values, np.arange(60), None, None, 2.0)
    first = targets.batch(slice(0, 4))
    assert targets.state.tolist() == [0, 1, 2, 2]
    assert np.array_equal(first, targets.batch(slice(0, 4)))
    mostly = np.where(np.arange(60) < 40, 0, rng.standard_normal(60))[:, None]
    assert np.isinf(clip_bounds(mostly, 2.0)).all(), "no spread to speak of: not clipped"


def test_a_fit_on_clipped_responses_is_a_fit_of_what_was_clipped_before():
    rng = np.random.default_rng(2)
    n, recording = 200, np.repeat(["b", "a"], 100)
    features = rng.standard_normal((n, 5))
    responses = features[:, :2, None] + rng.standard_normal((n, 2, 3))
    responses[rng.random(n) < 0.05] *= 30
    onset = np.arange(n) * 2.0
    film = np.full(n, "film")
    order = rng.permutation(n)
    given = [x[order] for x in (features, responses, onset, film)]
    robust = fit_electrodes({"x": given[0]}, *given[1:], Settings(), recording=recording[order])
    before = clipped(responses.astype(np.float32), recording, 2.0)[order]
    plain = fit_electrodes(
        {"x": given[0]}, before, *given[2:], Settings(clip_mad=False), recording=recording[order]
    )
    raw = fit_electrodes(
        {"x": given[0]}, *given[1:], Settings(clip_mad=False), recording=recording[order]
    )
    assert np.allclose(robust.r_test, plain.r_test, atol=1e-5)
    assert np.allclose(robust.predictions, plain.predictions, atol=1e-4)
    assert robust.r.mean() > raw.r.mean() + 0.05
    assert robust.r_test == pytest.approx(plain.r_test, abs=1e-5)
