"""Contrasts that are written once and made for every network."""

import copy

import yaml
from helpers.scripts import REPOSITORY, design_for

from fusion.design.each_model import expanded

TEMPLATE = {"{model}_vs_random": {"a": "{model}", "b": "{model}-random*"}}


def test_every_network_gets_its_own():
    plain = {"x": {"a": "slip", "b": "nothing"}}
    made = expanded(plain | TEMPLATE, ["slip", "beit"], 2)
    assert made == {
        "x": {"a": "slip", "b": "nothing"},
        "slip_vs_random": {"a": "slip", "b": ["slip-random0", "slip-random1"]},
        "beit_vs_random": {"a": "beit", "b": ["beit-random0", "beit-random1"]},
    }
    ranked = {"{model}_first": {"a": {"rank": 1, "of": ["{model}", "{model}-random*"]}, "b": "x"}}
    assert expanded(ranked, ["slip"], 1)["slip_first"]["a"] == {
        "rank": 1,
        "of": ["slip", "slip-random0"],
    }


def test_without_random_inits_there_is_nothing_to_hold_against():
    assert expanded(TEMPLATE, ["slip"], 0) == {}


def test_a_config_may_ask_for_it():
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    asked = copy.deepcopy(config) | {"contrasts": config["contrasts"] | TEMPLATE}
    contrasts = design_for(asked).study.config["contrasts"]
    networks = ["demo_slip", "demo_slip_clip", "demo_slip_simclr", "demo_text", "demo_audio"]
    assert [name for name in contrasts if name.endswith("_vs_random")][-5:] == [
        f"{name}_vs_random" for name in networks
    ]
    assert contrasts["demo_text_vs_random"]["b"] == ["demo_text-random0"]


def test_the_papers_file_has_one_for_each_of_its_networks():
    shipped = yaml.safe_load((REPOSITORY / "config/contrasts.yaml").read_text())
    names = [name for name in shipped["contrasts"] if name.endswith("_vs_random")]
    assert names == ["{model}_vs_random"]
    assert {"slip_text", "slip_clip_text"} <= set(shipped["models"])
