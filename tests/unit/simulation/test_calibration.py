"""Simulated worlds: geometry, planted truth, and a quick look at the level of every procedure."""

import numpy as np
import pandas as pd
import pytest
from scipy.signal import welch

from fusion.contrasts.correct import q_values
from fusion.encoding.spec import Settings
from fusion.ids import FitId
from fusion.simulation import calibration, geometry, planted, rates
from fusion.simulation.spec import ComparisonSpec, RatesSpec, SideSpec, SimulationSpec, WorldSpec

MODALITY = {"slip": "vision-language", "simclr": "vision", "beit": "vision", "text": "language"}
PARTS = {"linear": ("simclr", "text")}


def operand(*models, rank=1):
    return SideSpec(rank, tuple(str(FitId.parse(model)) for model in models))


SPEC = SimulationSpec(
    fits=("slip-trained-true", "simclr-trained-true", "beit-trained-true"),
    modality=MODALITY,
    parts=PARTS,
    width=8,
    noise="gaussian",
    contrasts={
        "slip_vs_simclr": ComparisonSpec(operand("slip"), operand("simclr"), "greater"),
        "simclr_vs_beit": ComparisonSpec(operand("simclr"), operand("beit"), "two-sided"),
        "slip_vs_nothing": ComparisonSpec(operand("slip"), None, "greater"),
    },
    window="after",
    windows={"after": (0, 1000)},
    validation="nested",
    bin_weights="validation",
    multipliers=200,
    min_blocks=8,
    seed=3,
)
RATES = RatesSpec(level=0.05, correction="bh")


def words(n=800, step=200.0, electrodes=40):
    return geometry.synthetic(
        np.random.default_rng(0), n, np.arange(-2000.0, 2001, step), electrodes
    )


def run(world, repetitions, own=None, effect=1.0):
    settings = Settings(keep_predictions=False, alphas=(10.0, 1000.0, 1e5))
    runs = calibration.run_world(
        own or words(),
        planted.kinds_of(world),
        range(repetitions),
        SPEC,
        effect=effect,
        settings=settings,
    )
    results = pd.concat(runs, ignore_index=True).assign(world=world)
    return rates.rates(results, RATES, ["world"]).set_index(["contrast", "procedure"])


@pytest.mark.parametrize("world", ["none", "equal_drift"])
def test_contrasts_keep_their_level_where_the_bin_wise_test_does_not(world):
    found = run(world, 8)
    for contrast in ("slip_vs_simclr", "simclr_vs_beit"):
        assert found.loc[(contrast, "calibrated"), "nulls"] == 320
        assert found.loc[(contrast, "calibrated"), "fpr_05"] < 0.09
        assert found.loc[(contrast, "calibrated"), "fpr_01"] < 0.035
        assert found.loc[(contrast, "calibrated, any bin"), "fpr_05"] < 0.09
        assert found.loc[(contrast, "bin-wise (paper)"), "fpr_05"] > 0.15


def test_what_is_planted_is_found_and_what_is_not_is_not():
    found = run("mixed", 2, effect=2.0)["power_05"].xs("calibrated", level="procedure")
    assert found["slip_vs_nothing"] > 0.9 and found["slip_vs_simclr"] > 0.6
    truth = run("vision", 1)["alternatives"].xs("calibrated", level="procedure")
    assert truth.to_dict() == {"slip_vs_simclr": 0, "simclr_vs_beit": 0, "slip_vs_nothing": 40}


def test_simulations_do_not_depend_on_what_else_runs():
    own = words(300, electrodes=4)
    settings = Settings(keep_predictions=False, alphas=(100.0,))
    kinds = planted.kinds_of("vision")
    both = pd.concat(
        calibration.run_world(own, kinds, range(2), SPEC, effect=1.0, settings=settings)
    )
    second = pd.concat(
        calibration.run_world(own, kinds, range(1, 2), SPEC, effect=1.0, settings=settings)
    )
    assert (
        both[both["repetition"] == 1].reset_index(drop=True).equals(second.reset_index(drop=True))
    )


@pytest.mark.parametrize(
    ("a", "b", "alternative", "world", "expected"),
    [
        (operand("slip"), operand("simclr"), "greater", "vision", False),
        (operand("slip"), operand("simclr"), "greater", "language", True),
        (operand("slip"), operand("simclr"), "two-sided", "equal", False),
        (operand("simclr"), operand("slip"), "greater", "language", False),
        (operand("simclr"), operand("slip"), "two-sided", "language", True),
        (operand("slip"), operand("simclr", "text"), "greater", "language", False),
        (operand("slip"), operand("simclr", "text"), "greater", "additive", True),
        (operand("slip"), operand("linear"), "greater", "additive", False),
        (operand("slip"), operand("linear"), "greater", "better_vision", True),
        (operand("slip"), operand("linear"), "greater", "interaction", True),
        (operand("slip", "simclr"), operand("slip", "simclr", rank=2), "greater", "vision", False),
        (operand("slip", "text"), operand("slip", "text", rank=2), "greater", "vision", True),
        (operand("slip"), operand("slip-random0-true"), "greater", "vision", True),
        (operand("slip"), operand("slip-trained-shuffled0"), "greater", "none", False),
        (operand("text"), None, "greater", "vision", False),
    ],
)
def test_the_truth_of_a_contrast_follows_from_what_models_know(a, b, alternative, world, expected):
    contrast = ComparisonSpec(a, b, alternative)
    assert planted.differs(contrast, planted.WORLDS[world], SPEC) is expected


def test_recorded_noise_is_found_again_and_simulated_alike():
    """The spectrum estimated from overlapping windows is that of the noise, and of what is
    simulated from it.
    """
    own = words(900, 100.0, 12)
    rng = np.random.default_rng(1)
    silent = np.zeros((900, 12))
    responses = planted.respond(rng, own, silent, 0.0, 0.0)
    freq, power = geometry.noise_spectrum(responses, own.onset_s, own.stimulus, own.bins_ms)
    expected = np.interp(freq, own.freq_hz, own.power)
    band = (freq > 0.15) & (freq < 2)
    ratio = (power / power[band].sum())[band] / (expected / expected[band].sum())[band]
    assert (
        0.75 < np.median(ratio) < 1.3
        and np.percentile(ratio, 5) > 0.5
        and np.percentile(ratio, 95) < 2
    )
    again = geometry.Geometry(own.onset_s, own.stimulus, own.bins_ms, 200.0, 12, freq, power, 0.1)
    twice = geometry.noise_spectrum(
        planted.respond(rng, again, silent, 0.0, 0.0), own.onset_s, own.stimulus, own.bins_ms
    )[1]
    ratio = (twice / twice[band].sum())[band] / (power / power[band].sum())[band]
    assert 0.75 < np.median(ratio) < 1.3


def test_drift_goes_through_the_high_pass():
    own = words(600, 200.0, 8)
    slow = {}
    for high_pass in (0.1, False):
        passed = geometry.Geometry(
            own.onset_s, own.stimulus, own.bins_ms, 200.0, 8, own.freq_hz, own.power, high_pass
        )
        responses = planted.respond(np.random.default_rng(0), passed, np.zeros((600, 8)), 0.0, 3.0)[
            :, :, 10
        ]
        freq, power = welch(responses, 1 / 0.35, nperseg=256, axis=0)
        slow[high_pass] = power[freq < 0.05].sum() / power.sum()
    assert slow[False] > 0.5 > 0.1 > slow[0.1]


def test_films_of_other_lengths():
    own = words(500)
    rng = np.random.default_rng(0)
    short, long = geometry.lasting(own, 1.0, rng), geometry.lasting(own, 10.0, rng)
    assert short.minutes == pytest.approx(1, abs=0.05) and long.minutes == pytest.approx(
        10, rel=0.1
    )
    assert np.isin(np.diff(long.onset_s).round(9), np.diff(own.onset_s).round(9)).all()
    two = geometry.Geometry(
        np.r_[0.0, 5, 10, 0, 5],
        np.array(["a"] * 3 + ["b"] * 2),
        own.bins_ms,
        200.0,
        1,
        own.freq_hz,
        own.power,
        0.1,
    )
    assert (np.diff(two.clock_s) > 0).all()


def test_rates_by_hand():
    rng = np.random.default_rng(0)
    results = pd.DataFrame(
        {
            "world": "w",
            "contrast": "c",
            "repetition": np.repeat([0, 1], 50),
            "truth": np.tile(np.arange(50) < 20, 2),
        }
    )
    results = results.assign(
        estimate=np.arange(100.0),
        effect=1.0,
        r_a=0.1,
        **{name: rng.random(100) ** 3 for name in rates.PROCEDURES},
    )
    row = rates.rates(results, RATES, ["world"]).iloc[0]
    null = results[~results["truth"]]
    assert row["fpr_05"] == np.mean(null["p"] < 0.05) and row["nulls"] == 60
    shares = []
    for _, own in results.groupby("repetition"):
        found = q_values(own["p"], "bh") < 0.05
        shares.append((found & ~own["truth"]).sum() / max(found.sum(), 1))
    assert row["mean_effect"] == results["estimate"][results["truth"]].mean()
    assert row["fdr"] == pytest.approx(np.mean(shares))


def test_the_planted_effect_and_its_estimate_are_two_columns():
    own = words(800, electrodes=4)
    spec = WorldSpec(
        alignment="language",
        world="vision",
        cases=((1.5, None), (1.5, 3.0)),
        repetitions=1,
        electrodes=4,
        step_ms=200,
        bin_width_ms=200,
        high_pass_hz=0.1,
        simulation=SPEC,
        encoding={},
    )
    settings = Settings(keep_predictions=False, alphas=(100.0,), block_s=10)
    rows = pd.concat(calibration.run_cases(own, spec, settings))
    assert (rows["effect"] == 1.5).all() and (rows["estimate"].abs() < 1).all()
    assert len(rows) == 2 * 3 * 4 and rows["minutes"].nunique() == 2
