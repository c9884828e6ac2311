"""Null worlds made of recordings: the level they report, and the effects that would be found."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from fusion.contrasts.spec import CalibratedSpec, Comparison
from fusion.encoding.inputs import Recording
from fusion.encoding.spec import FitSpec
from fusion.encoding.trials import Group, Trials
from fusion.ids import Operand
from fusion.io.errors import InputError
from fusion.simulation import detectable, geometry, planted, recorded
from fusion.simulation.noise import Noise
from fusion.simulation.planted import STATIONARY
from fusion.simulation.spec import RecordedRatesSpec, RecordedSpec
from fusion.simulation.worlds import drifting

FITS = ("one-trained-true", "two-trained-true")
SPEC = RecordedSpec(
    subject="01",
    alignment="language",
    features=(),
    parts={},
    comparisons=(
        Comparison("one_vs_two", Operand.parse("one"), Operand.parse("two"), "two-sided"),
        Comparison("one_vs_nothing", Operand.parse("one"), Operand.parse("nothing"), "greater"),
    ),
    window_name="after",
    window=(0, 1000),
    step_ms=250,
    turns=4,
    min_shift_s=30,
    electrodes=None,
    sizes=(),
    minutes=(),
    validation="nested",
    calibrated=CalibratedSpec(multipliers=100),
    settings=FitSpec(alphas=(10.0, 1000.0, 1e5)),
    seed=0,
)
RATES = RecordedRatesSpec("after", 0.05, "bh", (5.0, 20.0), (1, 100))
RUN = pd.DataFrame(
    {
        "contrast": np.repeat([one.name for one in SPEC.comparisons], 4),
        "alignment": "language",
        "window": "after",
        "p": [0.001, 0.004, 0.3, 0.9] * 2,
        "q": [0.004, 0.008, 0.4, 0.9, 1.0, 1.0, 1.0, 1.0],
        "effect": [0.08, 0.06, 0.01, 0.0] * 2,
        "se": 0.02,
    }
)


BURSTS = Noise(bursts_per_min=1.5, burst_s=(5.0, 20.0), burst_gain=(10.0, 30.0))


def worlds_of(noise=STATIONARY, spec=SPEC, electrodes=60, n=800):
    """Return worlds of a film of words in some noise, on two networks of a few slow features."""
    rng = np.random.default_rng(5)
    bins = np.arange(0, 1001, 250.0)
    own = geometry.synthetic(rng, n, bins, electrodes, 0.5, high_pass_hz=0.2)
    y = planted.respond(rng, own, np.zeros((n, electrodes)), 0.0, 0.0, noise)
    layers = [drifting(rng, own.onset_s, 8, (60.0, 10.0)) * np.arange(1, 9) ** -0.75 for _ in FITS]
    networks = {fit: {"layer": partial(np.copy, x)} for fit, x in zip(FITS, layers, strict=True)}
    names = np.array([f"E{k}" for k in range(electrodes)])
    events = np.arange(n).astype(str)
    recording = Recording("y.nc", "sub-01", "film", events, own.onset_s, names, own.bins_ms)
    group = Group(names, Trials((recording,)), np.arange(n))
    return recorded.Worlds(group, networks, y, own.bins_ms, spec)


def turned(worlds):
    rows = [own for turn in range(worlds.spec.turns) for own in worlds.of_turn(turn)]
    return pd.concat(rows, ignore_index=True).assign(subject="01", alignment="language")


def test_on_bursts_the_level_of_a_test_without_clipping_is_reported_as_too_high():
    alone = replace(SPEC, comparisons=SPEC.comparisons[1:], turns=8)
    bare = replace(alone, settings=replace(SPEC.settings, clip_mad=False))
    said = {}
    for name, spec in {"default": alone, "bare": bare}.items():
        worlds = worlds_of(BURSTS, spec, 100)
        worlds = replace(worlds, networks={FITS[0]: worlds.networks[FITS[0]]})
        said[name] = detectable.recorded_rates(turned(worlds), RUN, RATES).iloc[0]
    assert said["bare"]["nulls"] == said["default"]["nulls"] == 800
    assert said["bare"]["level"] == "too high", said["bare"]
    assert said["default"]["level"] == "holds" and said["default"]["fpr_05"] < 0.065


def test_a_turned_film_keeps_the_responses_as_they_were_recorded():
    """Whoever follows the film itself is no site in a null world, and is one without a turn."""
    worlds = worlds_of(spec=replace(SPEC, turns=2), electrodes=12)
    layer = worlds.networks[FITS[0]]["layer"]()
    course = np.repeat((layer[:, :1] / layer[:, 0].std()), 12, axis=1)
    worlds = replace(worlds, responses=recorded.planted(worlds.responses, course, 1.0))
    null = turned(worlds).query("contrast == 'one_vs_nothing'")
    assert (null["p"] < 0.05).mean() < 0.25
    straight = worlds._tested(worlds.networks, np.arange(800), np.random.default_rng(0))
    assert (straight.query("contrast == 'one_vs_nothing'")["p"] < 0.01).mean() > 0.9


def test_planted_effects_are_found_by_their_size_and_only_where_planted():
    spec = replace(SPEC, turns=2, sizes=(0.02, 0.3, 0.8), minutes=(4.0, 500.0))
    rows = turned(worlds_of(spec=spec, electrodes=24))
    planted_rows = rows[rows["planted"]]
    assert len(planted_rows) == 24 * 2 * 3
    assert planted_rows.groupby(["turn", "size"])["electrode"].nunique().eq(24).all()
    table = detectable.recorded_rates(rows, RUN, RATES).set_index("contrast")
    found = planted_rows[planted_rows["contrast"] == "one_vs_nothing"]
    shares = found.assign(hit=found["p"] < 0.0125).groupby("size")["hit"].mean().to_numpy()
    assert shares[0] < 0.3 < 0.9 <= shares[2]
    means = found.groupby("size")["effect"].mean().to_numpy()
    assert means[0] < table.loc["one_vs_nothing", "detectable"] < means[2]
    assert table.loc["one_vs_two", "needed_p"] == 0.004
    assert table.loc["one_vs_nothing", "needed_p"] == 0.05 / 4
    assert set(rows["minutes"].round(1)) == {4.0, rows["minutes"].max().round(1)}
    plan = detectable.planning(rows, table.reset_index(), RATES)
    own = plan[(plan["contrast"] == "one_vs_two") & (plan["electrodes"] == 1)]
    assert own.sort_values("minutes")["detectable"].is_monotonic_decreasing
    assert own["measured"].sum() == 2
    hundred = plan[(plan["contrast"] == "one_vs_two") & (plan["electrodes"] == 100)]
    assert (hundred["detectable"].to_numpy() > own["detectable"].to_numpy()).all()


def test_what_a_rival_explains_is_not_planted():
    rng = np.random.default_rng(0)
    x, y = (drifting(rng, np.arange(300) * 0.5, 6) for _ in range(2))
    networks = {FITS[0]: {"l": lambda: np.hstack([x, y])}, FITS[1]: {"l": lambda: x}}
    course = recorded.unique_course(SPEC.comparisons[0], networks, 20, rng)
    x = x - x.mean(0)
    left = course - x @ np.linalg.lstsq(x, course, rcond=None)[0]
    assert np.allclose(left.std(0), 1) and np.allclose(course.std(0), 1)
    same = {fit: {"l": lambda: x} for fit in FITS}
    assert not recorded.unique_course(SPEC.comparisons[0], same, 5, rng).any()


def test_intervals_grow_where_electrodes_of_a_world_agree():
    null = pd.DataFrame({"subject": "01", "turn": np.repeat(np.arange(20), 50)})
    apart = pd.Series(np.arange(1000) % 20 == 0)
    together = pd.Series(null["turn"] == 0)
    narrow, wide = (detectable.interval(null, hits) for hits in (apart, together))
    assert narrow == pytest.approx(proportion_confint(50, 1000, method="wilson"))
    assert wide[1] - wide[0] > 4 * (narrow[1] - narrow[0])


@pytest.mark.parametrize(
    ("rate", "low", "high", "expected"),
    [
        (0.05, 0.04, 0.06, "holds"),
        (0.09, 0.07, 0.11, "too high"),
        (0.06, 0.055, 0.066, "holds"),
        (0.02, 0.01, 0.025, "conservative"),
        (0.08, 0.03, 0.2, "too few null electrodes to tell"),
    ],
)
def test_what_is_said_of_a_level(rate, low, high, expected):
    assert detectable.said(rate, low, high) == expected


def test_a_film_shorter_than_two_turns_is_an_error():
    with pytest.raises(InputError, match="min_shift_s"):
        next(worlds_of(spec=replace(SPEC, min_shift_s=400.0), electrodes=2).of_turn(0))
