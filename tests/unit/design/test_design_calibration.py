"""What calibration jobs read, and what shapes them: decided without a workflow."""

from pathlib import Path
from typing import get_args

import pytest

from fusion.design.config import read_yaml
from fusion.design.load import load
from fusion.io.errors import InputError
from fusion.simulation.noise import NOISES
from fusion.simulation.spec import (
    CalibrateSpec,
    ComparisonSpec,
    NoiseName,
    RatesSpec,
    RecordedSpec,
    SideSpec,
    WorldSpec,
)

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def demo():
    return read_yaml(REPOSITORY / "config/config.yaml")


def world_spec(config, world, alignment="language"):
    design = load(config, REPOSITORY)
    return WorldSpec.read(design.calibrate_world.spec(alignment=alignment, world=world))


def test_all_worlds_read_one_recording(demo):
    design = load(demo, REPOSITORY)
    first = next(iter(design.study.recordings))
    expected = {"responses": f"<shared>/responses/{first}_vision.nc"}
    assert design.calibrate_world.inputs(alignment="vision", world="none") == expected
    other = load(demo | {"calibration": {"recording": "sub-02_task-film_run-1"}}, REPOSITORY)
    found = other.calibrate_world.inputs(alignment="vision", world="none")["responses"]
    assert found == "<shared>/responses/sub-02_task-film_run-1_vision.nc"


def test_effects_and_minutes_vary_one_at_a_time_where_there_is_an_effect(demo):
    config = demo | {"calibration": {"effect": 1.0, "effects": [2.0], "minutes": [5, 10]}}
    assert world_spec(config, "none").cases == ((1.0, None),)
    assert world_spec(config, "mixed").cases == (
        (1.0, None),
        (2.0, None),
        (1.0, 5),
        (1.0, 10),
    )


def test_contrasts_in_full_names_and_only_those_of_the_alignment(demo):
    contrasts = {
        "one": {"a": "demo_slip", "b": "nothing"},
        "two": {
            "a": {"rank": 2, "of": ["demo_slip", "demo_text"]},
            "b": "demo_slip-random0",
            "alignments": ["vision"],
        },
    }
    found = world_spec(demo | {"contrasts": contrasts}, "none", "vision").simulation
    assert found.contrasts == {
        "one": ComparisonSpec(SideSpec(1, ("demo_slip-trained-true",)), None, "greater"),
        "two": ComparisonSpec(
            SideSpec(2, ("demo_slip-trained-true", "demo_text-trained-true")),
            SideSpec(1, ("demo_slip-random0-true",)),
            "greater",
        ),
    }
    assert found.fits == (
        "demo_slip-trained-true",
        "demo_text-trained-true",
        "demo_slip-random0-true",
    )
    assert list(world_spec(demo | {"contrasts": contrasts}, "none").simulation.contrasts) == ["one"]
    assert found.parts["demo_linear"] and found.modality["demo_slip"] == "vision-language"


def test_what_is_only_written_does_not_shape_a_world(demo):
    spec = world_spec(demo, "none")
    assert not {"keep_predictions", "backend"} & spec.encoding.keys()
    assert spec == world_spec(demo | {"encoding": {"keep_predictions": False}}, "none")
    assert spec != world_spec(demo | {"encoding": {"gap_s": 5}}, "none")


def test_noise_is_the_config_s_and_named_by_the_library(demo):
    assert world_spec(demo, "none").simulation.noise == "gaussian"
    other = world_spec(demo | {"calibration": {"noise": "bursts"}}, "none")
    assert other.simulation.noise == "bursts"
    schema = read_yaml(REPOSITORY / "workflow/schemas/config.schema.yaml")
    asked = schema["properties"]["calibration"]["properties"]["noise"]["enum"]
    assert asked == list(NOISES) == list(get_args(NoiseName))


def test_band_limited_amplitude_keeps_its_drift(demo):
    ieeg = {"high_pass_hz": 0.2}
    assert world_spec(demo | {"ieeg": ieeg}, "drift").high_pass_hz == 0.2
    band = demo | {"ieeg": ieeg | {"high_gamma_hz": [70, 150]}}
    assert world_spec(band, "drift").high_pass_hz is False


def test_rates_read_every_world_of_every_alignment(demo):
    design = load(demo, REPOSITORY)
    inputs = design.calibrate.inputs()
    assert len(inputs["worlds"]) == 4 and len(inputs["recorded"]) == 2
    assert len(inputs["schemas"]) == len(design.calibrate.outputs()["tables"]) == 3
    assert CalibrateSpec.read(design.calibrate.spec()).simulated == RatesSpec(0.05, "bh")


def recorded(config, **given):
    section = {"calibration": {"recorded": given}}
    return load(config | section, REPOSITORY).calibrate_recorded


def test_recordings_give_null_worlds_of_the_fits_that_are_asked(demo):
    one = recorded(demo, turns=3, subjects=["02"], contrasts=["slip_vs_simclr"], minutes=[2])
    assert one.subjects == ("02",) and len(one.tables()) == 2
    spec = RecordedSpec.read(one.spec(subject="02", alignment="vision"))
    assert [fit for fit, _, _ in spec.features] == [
        "demo_slip-trained-true",
        "demo_slip_simclr-trained-true",
    ]
    inputs = one.inputs(subject="02", alignment="vision")
    assert len(inputs["activations"]) == len(spec.features)
    assert (spec.turns, spec.minutes, spec.parts) == (3, (2,), {})
    every = recorded(demo)
    linear = RecordedSpec.read(every.spec(subject="01", alignment="language"))
    assert list(linear.parts) == ["demo_linear"]
    assert len([fit for fit, _, _ in linear.features if fit == "demo_linear-trained-true"]) == 2


def test_without_turns_there_are_no_recorded_worlds(demo):
    design = load(demo | {"calibration": {"recorded": {"turns": 0}}}, REPOSITORY)
    assert design.calibrate.tables == ("calibration",)
    assert "contrasts" not in design.calibrate.inputs()


@pytest.mark.parametrize(
    "given", [{"subjects": ["09"]}, {"contrasts": ["slip_vs_nobody"]}], ids=["subject", "contrast"]
)
def test_unknown_names_are_errors_before_anything_runs(demo, given):
    with pytest.raises(InputError, match=next(iter(given))):
        recorded(demo, **given).tables()
