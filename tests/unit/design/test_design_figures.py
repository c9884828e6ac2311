"""Which figures a config gives rise to, and what their jobs read: no workflow is built."""

import pytest
from helpers.runs import REPOSITORY, SMALL
from helpers.scripts import design_for

from fusion.design.figures import Figures, one_on_one, three_way
from fusion.figures.spec import FIGURES, FiguresSpec, FigureTablesSpec, ScoreProfilesSpec
from fusion.ids import Contrast
from fusion.report.spec import ReportSpec


def contrasts(**given):
    rows = {"alternative": "greater", "alignments": None, "role": None}
    return {
        name: Contrast.parse(name, {**rows, **one}, ("language", "vision"))
        for name, one in given.items()
    }


MATCHED = {"a": "slip", "b": "simclr", "role": "matched"}


def test_the_matched_contrast_is_shown_over_time():
    found = one_on_one(contrasts(first={"a": "clip", "b": "text"}, decides=MATCHED))
    assert found.name == "decides"


def test_the_first_contrast_of_two_fits_is_shown_where_the_matched_one_has_many():
    many = {**MATCHED, "b": ["simclr", "text"]}
    made = contrasts(decides=many, alone={"a": "slip", "b": "nothing"}, x={"a": "slip", "b": "t"})
    assert one_on_one(made).name == "x"
    assert one_on_one(contrasts(decides=many)) is None
    assert one_on_one({}) is None


def test_three_networks_are_the_matched_pair_and_one_with_the_same_rival():
    made = contrasts(
        other={"a": "text", "b": "nothing"},
        decides=MATCHED,
        random={"a": "clip-random0", "b": "simclr"},
        clip={"a": "clip", "b": "simclr"},
        both={"a": "clip", "b": "slip"},
    )
    assert [one.name for one in three_way(made)] == ["decides", "clip", "both"]
    del made["both"]
    assert [one.name for one in three_way(made)] == ["decides", "clip"]
    del made["clip"]
    assert three_way(made) == ()
    assert three_way(contrasts(clip={"a": "clip", "b": "simclr"})) == ()


@pytest.fixture(scope="module")
def demo():
    return design_for(REPOSITORY / "config/config.yaml")


def test_the_demo_has_every_figure_whose_table_it_makes(demo):
    missing = set(FIGURES) - set(demo.figures.names)
    assert missing == {"passive"}
    assert list(demo.figures.names) == [name for name in FIGURES if name in demo.figures.names]


def test_figures_are_drawn_from_tables_alone(demo):
    inputs = demo.figures.inputs()
    assert all(path.endswith((".tsv", ".parquet")) for path in inputs.values())
    assert {"sites", "contrasts", "time_course", "leak", "interaction"} <= inputs.keys()


def test_a_figure_without_its_table_is_not_asked_for(demo):
    bare = Figures(demo.study, ())
    assert not {"leak", "partition", "claims", "calibration"} & set(bare.names)
    assert "claims" in Figures(demo.study, ("floors",)).names
    assert "leak" not in bare.inputs()


def test_without_predictions_there_are_no_examples_and_no_folds():
    config = {"encoding": {"keep_predictions": False}}
    design = design_for({**small(), "encoding": {**small()["encoding"], **config["encoding"]}})
    assert not {"examples", "folds"} & set(design.figures.names)
    assert set(design.figure_tables.inputs()) == {"schema", "contrasts", "influence"}
    assert design.figure_tables.spec()["examples"] is None


def test_without_contrasts_nothing_is_compared():
    design = design_for({**small(), "contrasts": {}})
    compared = {"scatter", "slip", "time", "alignments", "effects"}
    assert not compared & set(design.figures.names)
    assert design.figure_tables.spec()["time_course"] is None
    assert design.figures.spec()["effect"] is None


def test_files_and_what_they_are_of_go_together(demo):
    scores = demo.score_profiles
    spec = ScoreProfilesSpec.read(scores.spec())
    for path, ids in zip(scores.inputs()["scores"], spec.fits, strict=True):
        assert path.endswith("/encoding/{}_{}_{}-{}-true/scores.parquet".format(*ids))
    assert not any(model == "demo_linear" and init != "trained" for *_, model, init in spec.fits)
    how = FigureTablesSpec.read(demo.figure_tables.spec()).time_course
    files = demo.figure_tables.inputs()["influence"]
    for path, (subject, alignment, name) in zip(files, how.fits, strict=True):
        assert f"/{subject}_{alignment}_{how.sides[name]}/" in path


def test_specs_travel_as_plain_dicts(demo):
    assert FiguresSpec.read(demo.figures.spec()).plain() == demo.figures.spec()
    assert ReportSpec.read(demo.report.spec()).plain() == demo.report.spec()


def test_every_part_of_the_page_and_every_caption_is_an_input(demo):
    inputs = demo.report.inputs()
    files = [*inputs["captions"], *(inputs[k] for k in inputs if k.startswith("script_"))]
    for path in [*files, inputs["template"], inputs["style"]]:
        assert (REPOSITORY / path).is_file(), path
    assert len(inputs["captions"]) == len(inputs["figures"]) == len(demo.figures.names)


def small():
    from fusion.design.config import read_yaml

    return read_yaml(SMALL)
