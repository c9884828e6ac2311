"""Noise as electrodes in patients have it: what each option does, and that none does nothing."""

import numpy as np
import pytest
from scipy.stats import kurtosis

from fusion.simulation import geometry, planted
from fusion.simulation.noise import NOISES, Noise, amplitude, disturbed, shared

RATE = 20.0


def white(n_minutes=10, n_electrodes=32, seed=0):
    return np.random.default_rng(seed).standard_normal((int(n_minutes * 60 * RATE), n_electrodes))


def pieces(series):
    """Return (n_pieces, n_electrodes) SDs of pieces of 2 s."""
    return series[: len(series) // 40 * 40].reshape(-1, 40, series.shape[1]).std(1)


def test_gaussian_noise_is_left_alone_and_no_number_is_drawn():
    rng, series = np.random.default_rng(1), white()
    state = rng.bit_generator.state
    assert disturbed(rng, NOISES["gaussian"], series, RATE) is series
    assert rng.bit_generator.state == state


def test_bursts_are_as_heavy_as_those_of_recordings():
    """The largest SD of short pieces over their median, within the 5 s that were recorded, is 2.8
    at the median contact and 4 to 8 at the worst ones.
    """
    series = disturbed(np.random.default_rng(1), NOISES["bursts"], white(), RATE)
    sd = pieces(series)
    ratio = sd.max(0) / np.median(sd, 0)
    assert 2.8 < np.median(ratio) < 8
    # Most of the time there is no burst, and the noise is what it was.
    assert np.median(sd) == pytest.approx(1, abs=0.15)
    assert kurtosis(series, fisher=False).mean() > 5


def test_slow_modulation_has_the_spread_that_was_asked_for():
    gain = amplitude(
        np.random.default_rng(2), Noise(modulation=0.6, modulation_s=10), 60_000, 20, RATE
    )
    assert np.log(gain).std() == pytest.approx(0.6, rel=0.1)
    # After one time constant the correlation is 1 / e.
    log = np.log(gain)
    lagged = np.mean([np.corrcoef(x[:-200], x[200:])[0, 1] for x in log.T])
    assert lagged == pytest.approx(np.exp(-1), abs=0.08)


def test_a_seizure_takes_some_electrodes_together():
    gain = amplitude(np.random.default_rng(3), Noise(seizure_share=0.3), 20_000, 200, RATE)
    loud = gain > 4
    assert 0.2 < loud.any(0).mean() < 0.4
    assert loud.any(1).sum() == pytest.approx(40 * RATE, rel=0.05)


def test_spikes_are_sparse_and_heavy_tailed():
    series = disturbed(np.random.default_rng(4), NOISES["spikes"], white(), RATE)
    assert kurtosis(series, fisher=False).max() > 20
    assert np.mean(np.abs(series) > 6) < 0.02
    assert np.percentile(np.abs(series), 68.3) == pytest.approx(1, abs=0.1)


def test_shares_of_the_variance_are_correlations():
    made = shared(np.random.default_rng(5), Noise(common=0.5, on_shaft=0.2), white(30, 64))
    assert made.std(0) == pytest.approx(np.ones(64))
    r = np.corrcoef(made.T)
    shaft = np.arange(64) // 8
    same = (shaft[:, None] == shaft) & ~np.eye(64, dtype=bool)
    other = shaft[:, None] != shaft
    assert r[same].mean() == pytest.approx(0.7, abs=0.08)
    assert r[other].mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("name", list(NOISES))
def test_every_noise_makes_responses(name):
    own = geometry.synthetic(np.random.default_rng(0), 400, np.arange(0, 1001, 200.0), 10)
    found = planted.respond(
        np.random.default_rng(0), own, np.zeros((400, 10)), 0.0, 0.0, NOISES[name]
    )
    plain = planted.respond(np.random.default_rng(0), own, np.zeros((400, 10)), 0.0, 0.0)
    assert np.isfinite(found).all()
    assert np.array_equal(found, plain) == (name == "gaussian")
