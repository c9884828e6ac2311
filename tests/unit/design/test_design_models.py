"""Which activations are made: what a contrast, a control or a figure asks for, and nothing else."""

import copy
import subprocess
import sys

import pytest
import yaml
from helpers.scripts import REPOSITORY, design_for

from fusion.design import paths
from fusion.ids import FitId
from fusion.models.spec import ActivationsSpec, Shown, WeightsSpec

DEMO = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())


def design(**changes):
    config = copy.deepcopy(DEMO)
    for key, value in changes.items():
        holder = config
        *keys, last = key.split("__")
        for part in keys:
            holder = holder.setdefault(part, {})
        holder[last] = value
    return design_for(config)


def test_the_demo_needs_a_job_a_network():
    activations = design().activations
    assert activations.models("random_activations") == (
        "demo_slip|demo_slip_clip|demo_slip_simclr|demo_text|demo_audio"
    )
    assert activations.kind("demo_slip_joint") == "activations"
    assert activations.models("shuffled_activations") == "none"
    assert activations.models("all_activations") == "none"
    assert set(activations.outputs("random_activations")) == {
        f"{alignment}_{init}_true"
        for alignment in ("language", "vision")
        for init in ("trained", "random0")
    }
    assert set(activations.outputs("activations")) == {
        "language_trained_true",
        "vision_trained_true",
    }


def test_outputs_are_the_files_that_other_stages_read():
    outputs = design().activations.outputs("random_activations")
    for name, pattern in outputs.items():
        shown = Shown.parse(name)
        assert str(shown) == name
        assert paths.fill(pattern, stimulus="film", model="net") == paths.fill(
            paths.ACTIVATIONS,
            stimulus="film",
            alignment=shown.alignment,
            model="net",
            init=shown.init,
            pairing=shown.pairing,
        )


def test_parts_of_a_concatenation_are_made_with_its_inits():
    made = design(
        models=["demo_linear"],
        random_inits=2,
        contrasts={"x": {"a": "demo_linear-random1", "b": "nothing"}},
        controls={"joint_networks": {}},
    ).activations
    assert FitId("demo_text", "random1") in made.asked
    assert FitId("demo_slip_simclr") in made.asked
    assert {fit.model for fit in made.asked} == {"demo_text", "demo_slip_simclr"}
    assert made.kind("demo_text") == "random_activations"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "activations"),
        ({"events__shuffled_pairings": 2}, "activations"),
        (
            {
                "events__shuffled_pairings": 2,
                "controls__joint_networks": {"slip": {"model": "demo_slip_joint"}},
            },
            "shuffled_activations",
        ),
        (
            {
                "models": [*DEMO["models"], "demo_slip_joint"],
                "events__shuffled_pairings": 2,
                "controls__joint_networks": {"slip": {"model": "demo_slip_joint"}},
            },
            "all_activations",
        ),
        ({"controls__interaction": False}, "activations"),
    ],
)
def test_what_a_joint_network_is_run_with(changes, kind):
    made = design(**changes).activations
    assert made.kind("demo_slip_joint") == kind
    pairings = {Shown.parse(name).pairing for name in made.outputs(kind)}
    assert ("shuffled1" in pairings) == (kind in ("shuffled_activations", "all_activations"))
    # Random inits with shuffled texts only where a contrast names one.
    crossed = [
        name for name in made.outputs("all_activations") if "random" in name and "shuffled" in name
    ]
    assert not crossed


def test_random_inits_with_shuffled_texts_where_a_contrast_names_them():
    contrasts = {"x": {"a": "demo_slip-random0-shuffled1", "b": "nothing"}}
    made = design(events__shuffled_pairings=2, contrasts=contrasts).activations
    assert made.kind("demo_slip") == "all_activations"
    assert "vision_random0_shuffled1" in made.outputs("all_activations")


def test_a_text_model_reads_no_frames():
    made = design()
    text = made.activations.inputs("film", "demo_text")
    image = made.activations.inputs("film", "demo_slip")
    assert "frames" not in text
    assert image["frames"] == "<shared>/frames/film.nc"
    assert image["events_vision"] == ["<shared>/events/film_vision.tsv"]


def test_specs_hold_one_model_only():
    made = design()
    spec = ActivationsSpec.read(made.activations.spec("film", "demo_slip"))
    assert made.weights.spec("demo_slip")["checkpoint"] == "resources/demo/slip.pt"
    assert spec.row.layers == {"visual.blocks.*": "cls", "visual.norm": "cls"}
    made.study.zoo["demo_text"]["layers"] = {"another": "mean"}
    assert ActivationsSpec.read(made.activations.spec("film", "demo_slip")) == spec
    weights = WeightsSpec.read(made.weights.spec("demo_slip_joint"))
    assert weights.tokenizer == "resources/demo/bpe.txt.gz"
    files = made.weights.inputs("demo_text")["checkpoint"]
    assert any(path.endswith("resources/demo/text/model.safetensors") for path in files)


def test_which_fits_are_run_does_not_make_a_file_stale():
    """An analysis that asks for more must not make what another has made out of date."""
    spec = design().activations.spec("film", "demo_slip")
    more = design(random_inits=3).activations.spec("film", "demo_slip")
    assert spec == more


def test_every_file_that_a_job_reads_has_a_rule(tmp_path):
    """The paper's comparisons on the demo's networks: a dry run finds a maker for everything."""
    config = DEMO | {
        "random_inits": 2,
        "events": {"shuffled_pairings": 2},
        "controls": {
            "floor_pairs": [["demo_slip", "demo_slip_joint"]],
            "joint_networks": {"slip": {"model": "demo_slip_joint"}},
        },
        "contrasts": DEMO["contrasts"]
        | {"shuffled": {"a": "demo_slip", "b": "demo_slip-trained-shuffled1"}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all"]
    command += ["-s", REPOSITORY / "Snakefile", "-d", tmp_path]
    command += ["--configfile", tmp_path / "config.yaml"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
