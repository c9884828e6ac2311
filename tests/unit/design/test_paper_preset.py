"""The paper's preset asks for what the paper did, on any dataset: one command, four SLIP models,
one layer of each network as it is, every network against its random copies, no controls.
"""

import copy

import pytest
import yaml
from helpers.scripts import REPOSITORY, design_for
from snakemake.utils import update_config

from fusion.contrasts.spec import SitesSpec


@pytest.fixture(scope="module")
def preset():
    """The demo's dataset with the two files of the documented command."""
    demo, contrasts, paper = (
        yaml.safe_load((REPOSITORY / f"config/{name}.yaml").read_text())
        for name in ("config", "contrasts", "paper")
    )
    config = {key: copy.deepcopy(demo[key]) for key in ("dataset", "source", "stimuli")}
    for layer in (contrasts, paper):
        update_config(config, layer)
    return design_for(config)


def test_one_command_is_documented():
    command = "snakemake --configfile config/mine.yaml config/contrasts.yaml config/paper.yaml"
    assert command in (REPOSITORY / "docs/paper.md").read_text()
    assert command in (REPOSITORY / "config/paper.yaml").read_text()


def test_the_networks_are_the_papers(preset):
    study = preset.study
    assert {"slip", "slip_text", "slip_clip", "slip_clip_text", "slip_simclr"} <= set(study.models)
    for model in study.networks:
        row = study.zoo[model]
        if row["origin"].endswith("models_paper.yaml"):
            assert len(row["layers"]) == 1
    activations = study.config["activations"]
    assert (activations["projection"], activations["project_up"]) == ("jl", False)
    assert study.config["events"]["truncate"] == "right"
    linear = study.contrasts["multimodal_vs_linear"]
    names = {fit.model for fit in linear.b.fits}
    assert {"simcse_slip_simclr", "multilin"} <= names
    assert study.is_projected("multilin")


def test_every_network_is_held_against_its_random_copies(preset):
    study = preset.study
    for model in study.networks:
        contrast = study.contrasts[f"{model}_vs_random"]
        assert {fit.init for fit in contrast.b.fits} == {"random0", "random1", "random2"}


def test_the_statistics_are_the_papers_and_no_control_is_made(preset):
    spec = SitesSpec.read(preset.sites.spec())
    assert spec.as_published
    assert (spec.level, spec.correction) == (0.05, "bh")
    assert not preset.controls.names
    settings = preset.study.config["encoding"]
    assert settings["alphas"] == [10.0**k for k in range(-1, 6)]
    assert (settings["folds"], settings["validation"], settings["gap_s"]) == (5, "halves", 0)
    assert settings["penalise_intercept"]
    bins = preset.study.config["responses"]
    assert (bins["window_ms"], bins["bin_width_ms"], bins["step_ms"]) == ([-2000, 2000], 200, 25)
