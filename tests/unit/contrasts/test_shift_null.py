"""The circular-shift null: what it turns, that it finds a planted score, and its level without
one.
"""

import numpy as np
import pytest

from fusion.contrasts import shift
from fusion.encoding.spec import Settings
from fusion.simulation import geometry, planted

SETTINGS = Settings(alphas=(10.0, 1000.0), gap_s=5.0)


def test_every_film_is_turned_on_its_own_and_far_enough():
    onset = np.r_[np.arange(100) * 2.0, np.arange(50) * 4.0]
    film = np.array(["a"] * 100 + ["b"] * 50)
    mixed = np.random.default_rng(0).permutation(150)
    for seed in range(20):
        rows = shift.shifted_rows(onset[mixed], film[mixed], 60.0, np.random.default_rng(seed))
        assert sorted(rows) == list(range(150)) and (film[mixed][rows] == film[mixed]).all()
        apart = np.abs(onset[mixed][rows] - onset[mixed])
        assert (apart >= 60).all()
    with pytest.raises(ValueError, match="less than two shifts"):
        shift.shifted_rows(np.arange(50.0), np.full(50, "a"), 30.0, np.random.default_rng(0))


def test_planted_scores_are_found_and_empty_ones_are_not():
    rng = np.random.default_rng(2)
    own = geometry.synthetic(rng, 600, np.arange(0.0, 1001, 250), 20, high_pass_hz=0.1)
    streams = planted.latents(rng, own.clock_s, 6, (30.0, 2.0))
    values = planted.signal(rng, streams, {"v": 1.0}, 20) * (np.arange(20) < 5)
    responses = planted.respond(rng, own, values, 1.5, 0.0)
    found = shift.shift_null(
        {"layer": streams["v"]},
        responses,
        own.onset_s,
        own.stimulus,
        SETTINGS,
        shifts=25,
        min_shift_s=30.0,
        rng=rng,
    )
    assert (found["p"][:5] == 1 / 26).all()
    assert np.mean(found["p"][5:] < 0.05) < 0.25 and found["p"][5:].mean() > 0.3
    assert (np.abs(found["null_mean"]) < 0.05).all()
