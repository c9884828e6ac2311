"""Which controls there are, on which fits they rest, what each job reads: without a workflow."""

import pytest
from helpers.scripts import REPOSITORY, design_for

from fusion.controls.spec import InteractionSpec, NegativeControlsSpec, PartitionSpec
from fusion.design.config import read_yaml
from fusion.ids import FitId

DEMO = read_yaml(REPOSITORY / "config/config.yaml")
ONE = {"subject": "01", "alignment": "language"}
SLIP, CLIP, SIMCLR, TEXT, AUDIO = (
    FitId(f"demo_{name}") for name in ("slip", "slip_clip", "slip_simclr", "text", "audio")
)


def design(**sections):
    """Return the design of the demo with some of its sections changed."""
    changed = {key: {**DEMO.get(key, {}), **value} for key, value in sections.items()}
    return design_for({**DEMO, **changed})


def test_bands_take_all_networks_of_their_modality_or_those_named():
    controls = design().controls
    assert controls.bands == {
        "vision": (SIMCLR,),
        "language": (TEXT,),
        # Neither the concatenation nor the network that is shown both together.
        "multimodal": (SLIP, CLIP),
        "audio": (AUDIO,),
        "video": (),
    }
    named = design(controls={"bands": {"multimodal": ["demo_slip"], "vision": []}}).controls
    assert named.bands == {
        "vision": (),
        "language": (TEXT,),
        "multimodal": (SLIP,),
        "audio": (AUDIO,),
        "video": (),
    }


def test_a_network_of_towers_needs_one_pass_and_others_every_pairing():
    towers = design(events={"shuffled_pairings": 2}).controls
    assert towers.joint_fits == (FitId("demo_slip_joint"),)
    joint = {"slip": {"model": "demo_slip_joint"}}
    fused = design(events={"shuffled_pairings": 2}, controls={"joint_networks": joint}).controls
    pairings = ("true", "shuffled0", "shuffled1")
    assert fused.joint_fits == tuple(FitId("demo_slip_joint", "trained", p) for p in pairings)
    off = design(controls={"interaction": False}).controls
    assert off.joint_fits == () and "interaction" not in off.names


def test_contrasts_of_concatenations_and_of_nothing_are_not_matched():
    controls = design().controls
    assert set(controls.matched) == {
        "multimodal_vs_unimodal",
        "slip_vs_simclr",
        "clip_vs_simclr",
        "slip_vs_clip",
        "rank1_vs_rank2",
        "trained_vs_random",
        "language_vs_audio",
        "multimodal_vs_audio",
    }
    assert FitId("demo_slip", "random0") in controls.matched_fits
    assert not any(fit.model == "demo_linear" for fit in controls.matched_fits)


def test_floors_compare_two_inits_where_there_are_two_and_the_declared_pairs():
    assert design().controls.floor_pairs == ()
    assert design().controls.floor_fits == (SLIP,)
    more = {
        "random_inits": 2,
        "controls": {**DEMO["controls"], "floor_pairs": [["demo_slip", "demo_text"]]},
    }
    found = design_for({**DEMO, **more}).controls
    assert [(pair.floor, pair.a, pair.b) for pair in found.floor_pairs] == [
        ("two random inits", FitId("demo_slip", "random0"), FitId("demo_slip", "random1")),
        ("declared pair", SLIP, TEXT),
    ]
    assert found.floor_fits[0] == SLIP and len(found.floor_fits) == 4


@pytest.mark.parametrize(
    ("switched", "names"),
    [
        ({}, ("partition", "interaction", "leak", "floors")),
        ({"leak": False, "floors": False}, ("partition", "interaction")),
        (
            {"ceiling": True, "passive": True},
            ("partition", "interaction", "leak", "floors", "ceiling", "passive"),
        ),
        ({"joint_networks": {}}, ("partition", "leak", "floors")),
        ({"bands": {"vision": []}}, ("partition", "leak", "floors")),
        (
            {"bands": {band: [] for band in ("vision", "language", "multimodal", "audio")}},
            ("leak", "floors"),
        ),
    ],
)
def test_a_control_is_made_where_it_is_on_and_has_what_it_needs(switched, names):
    assert design(controls=switched).controls.names == names


def test_a_table_has_a_part_a_subject_and_tested_alignment():
    made = design(controls={"dimension_match": True})
    assert len(made.controls.parts("partition")) == 6
    contrasts = {"one": {"a": "demo_slip", "b": "demo_text", "alignments": ["vision"]}}
    only = design_for({**DEMO, "contrasts": contrasts, "controls": {}}).controls
    assert {path.split("_")[1] for path in only.parts("dimension_match")} == {"vision"}
    assert only.parts("passive") == [
        f"<results>/intermediate/controls/film_{one}_passive.parquet"
        for one in ("language", "vision")
    ]


def test_files_and_fits_are_in_one_order():
    rule = design().interaction
    given, spec = rule.inputs(**ONE), InteractionSpec.read(rule.spec(**ONE))
    assert given["activations"] == [
        f"<shared>/activations/{one.film}_language_{one.fit}.nc" for one in spec.activations
    ]
    assert given["events"] == ["<shared>/events/film_language.tsv"]
    assert set(spec.bands) == {"vision", "language"} and spec.seed == DEMO.get("seed", 0)


def test_leak_and_floors_share_a_job_and_can_be_alone():
    both = design().negative_controls
    assert list(both.outputs()) == ["leak", "floors"]
    assert set(both.inputs(**ONE)) == {"responses", "words", "influence", "activations"}
    # What a leak is held against: all networks, also concatenations.
    assert len(both.inputs(**ONE)["influence"]) == len(DEMO["models"])
    alone = design(controls={"floors": False}).negative_controls
    assert list(alone.outputs()) == ["leak"] and "activations" not in alone.inputs(**ONE)
    assert NegativeControlsSpec.read(alone.spec(**ONE)).floors is None
    # A rule needs an output, also where nobody asks for it.
    none = design(controls={"floors": False, "leak": False}).negative_controls
    assert list(none.outputs()) == ["leak", "floors"]


def test_the_window_of_controls_is_their_own_or_the_primary_one():
    def window(**controls):
        return PartitionSpec.read(design(controls=controls).partition.spec(**ONE)).fitting.window_ms

    assert window() == (0, 1000)
    assert window(window="all") == (-2000, 2000)


def test_the_ceiling_reads_others_who_saw_the_film():
    rule = design(controls={"ceiling": True}).ceiling
    others = rule.inputs(**ONE)["others"]
    assert len(others) == 2 and not any("sub-01" in path for path in others)
    assert rule.spec(**ONE)["others"] == ["02", "03"]


def test_what_shapes_one_control_does_not_shape_another():
    plain, more = design(), design(controls={"shifts": 7})
    assert plain.interaction.spec(**ONE) != more.interaction.spec(**ONE)
    for rule in ("partition", "negative_controls"):
        assert getattr(plain, rule).spec(**ONE) == getattr(more, rule).spec(**ONE)


def test_planted_sets_tables_of_electrodes_against_the_truth():
    rule = design(controls={"passive": True}).planted
    assert [path.split("/")[-1] for path in rule.inputs()["tables"]] == [
        "partition.tsv",
        "interaction.tsv",
        "leak.tsv",
        "floors.tsv",
    ]
    assert rule.spec()["controls"] == ["partition", "interaction", "leak", "floors"]
