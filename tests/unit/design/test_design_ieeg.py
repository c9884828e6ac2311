"""What the rules of the ieeg and demo stages read, and what shapes their results."""

import pytest
from helpers.scripts import REPOSITORY, design_for

from fusion.design import load
from fusion.ieeg.spec import PreprocessSpec, RecordingsSpec, ResponsesSpec

NAME = "sub-01_task-film_run-1"


def demo(**sections):
    given = load.configs.read_yaml(REPOSITORY / "config/config.yaml")
    for key, value in sections.items():
        given[key] = {**given.get(key, {}), **value} if isinstance(value, dict) else value
    return design_for(given)


@pytest.fixture(scope="module")
def design():
    return demo()


def test_preprocess_reads_a_recording_and_all_that_describes_it(design):
    given = design.preprocess.inputs(recording=NAME)
    (ieeg,) = given["ieeg"]
    assert ieeg.endswith(f"sub-01/ieeg/{NAME}_ieeg.vhdr")
    assert {path.rsplit("_", 1)[1] for path in given["sidecars"]} >= {
        "channels.tsv",
        "events.tsv",
        "ieeg.json",
        "ieeg.vmrk",
        "ieeg.eeg",
        "electrodes.tsv",
        "coordsystem.json",
    }
    assert given["atlas"] == []
    spec = PreprocessSpec.read(design.preprocess.spec(recording=NAME))
    assert (spec.subject, spec.stimulus, spec.task) == ("01", "film", "film")
    assert spec.film_zero.value == "film"
    assert spec.cleaning.reference == "laplacian"


def test_an_atlas_is_an_input_and_no_part_of_the_spec(design, tmp_path):
    files = [str(tmp_path / name) for name in ("a.nii", "a.tsv")]
    for path in files:
        open(path, "w").close()
    with_atlas = demo(ieeg={"atlas": dict(zip(("volume", "labels"), files, strict=True))})
    assert with_atlas.preprocess.inputs(recording=NAME)["atlas"] == files
    assert with_atlas.preprocess.spec(recording=NAME) == design.preprocess.spec(recording=NAME)


@pytest.mark.parametrize(
    ("section", "change", "preprocess", "responses"),
    [
        ("ieeg", {"high_pass_hz": 0.5}, True, False),
        ("ieeg", {"zscore": True}, True, True),
        ("ieeg", {"validation": "strict"}, False, False),
        ("responses", {"step_ms": 10}, False, True),
        ("events", {"alignments": ["vision"]}, False, True),
        ("statistics", {"level": 0.1}, False, False),
        ("seed", 7, False, False),
    ],
)
def test_a_change_reaches_the_jobs_that_it_shapes(design, section, change, preprocess, responses):
    other = demo(**{section: change})
    changed = [
        getattr(design, rule).spec(recording=NAME) != getattr(other, rule).spec(recording=NAME)
        for rule in ("preprocess", "responses")
    ]
    assert changed == [preprocess, responses]


def test_one_job_makes_the_responses_of_all_alignments(design):
    given = design.responses.inputs(recording=NAME)
    assert given["events"] == [
        "<shared>/events/film_language.tsv",
        "<shared>/events/film_vision.tsv",
    ]
    spec = ResponsesSpec.read(design.responses.spec(recording=NAME))
    assert spec.alignments == ("language", "vision")
    assert spec.unit == "µV"


def test_recordings_collects_every_recording(design):
    given, names = design.recordings.inputs(), list(design.study.recordings)
    assert len(given["quality"]) == len(names) == 3
    assert len(given["responses"]) == 6
    assert len(given["clean"]) == 15
    assert RecordingsSpec.read(design.recordings.spec()).recordings[NAME] == "01"
    assert design.validate_bids.inputs()["files"]


def test_only_a_release_is_converted(design):
    assert design.convert_treebank.trials == {}
    assert design.convert_treebank_dataset.tables() == []
    assert design.convert_treebank_dataset.inputs() == {"tables": [], "facts": []}


def test_the_demo_writes_the_files_that_its_recordings_are_read_from(design):
    files = set(design.simulate.files())
    for row in design.study.recordings.values():
        assert {p.replace("results/demo/", "<dataset>/") for p in row.files} <= files
    assert demo(simulate={"subjects": 2}).simulate.spec()["subjects"] == ["01", "02"]
    assert design.train_demo_models.spec()["seed"] == 0
