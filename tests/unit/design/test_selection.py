"""No filter of the config and no guess about the film can leave data out, or shift it, unseen."""

from pathlib import Path

import pytest
import yaml
from helpers.runs import REPOSITORY
from helpers.scripts import design_for

from fusion.design import checks, film_zero, schema, selection
from fusion.ieeg.clock import clock_table, to_recording
from fusion.io.errors import InputError

NAMES = [
    "sub-01_task-film_run-01",
    "sub-01_task-film_run-02",
    "sub-02_task-film_run-01",
    "sub-010_task-rest",
]


def dataset(folder, names=NAMES, trial_types=("start task", "movie onset", "word")):
    """A BIDS tree of zero-byte recordings with events."""
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    (folder / "stimuli/film.mp4").touch()
    (folder / "stimuli/words.tsv").write_text("word\tonset_s\nhello\t1\n")
    for name in names:
        place = folder / name.split("_")[0] / "ieeg"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}_ieeg.edf").touch()
        rows = "".join(f"{5 * k}\t0\t{kind}\n" for k, kind in enumerate(trial_types))
        (place / f"{name}_events.tsv").write_text(f"onset\tduration\ttrial_type\n{rows}")
    return folder


def config(root, film=None, **sections):
    row = {
        "video": "stimuli/film.mp4",
        "transcript": {"file": "stimuli/words.tsv", "format": "words"},
        "recordings": {"task": "film"},
        "film_zero": {"rule": "first_event", "value": "movie onset", "film_s": {1: 0, 2: 0}},
        **(film or {}),
    }
    return {
        "dataset": "x",
        "source": "bids",
        "root": str(root),
        "models": ["demo_slip"],
        "stimuli": {"film": row},
        **sections,
    }


@pytest.fixture
def root(tmp_path):
    return dataset(tmp_path / "bids")


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        ({}, 4),
        ({"subject": "01"}, 2),
        ({"subject": 1}, 2),
        ({"subject": ["01", 2]}, 3),
        ({"run": 1}, 2),
        ({"run": "1"}, 2),
        ({"task": "film", "run": 2}, 1),
        ({"subject": None}, 4),
    ],
)
def test_numbers_mean_what_they_say(chosen, kept):
    assert len(selection.chosen(NAMES, chosen, "c.yaml", "recordings")) == kept


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"subject": "1"}, "'01' (did you mean that?)"),
        ({"subject": ["01", "002"]}, "'02' (did you mean that?)"),
        ({"task": "flim"}, "'film' (did you mean that?)"),
        ({"session": "01"}, "an entity that recordings have"),
        ({"run": 3}, "one of 01, 02"),
        ({"subject": "02", "run": 2}, "together"),
        ({"subject": 8}, "in quotes"),
    ],
)
def test_a_filter_that_chooses_nothing_is_an_error(chosen, says):
    with pytest.raises(InputError) as error:
        selection.chosen(NAMES, chosen, "c.yaml", "recordings")
    assert says in str(error.value)
    assert str(error.value).startswith("c.yaml: key recordings")


def test_a_typo_in_a_film_s_recordings_drops_no_subject(root):
    with pytest.raises(InputError, match=r"key stimuli\.film\.recordings\.task.*'film'"):
        design_for(config(root, {"recordings": {"task": "films"}}))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"calibration": {"recording": "sub-01_task-film_run-1"}}, "sub-01_task-film_run-01"),
        ({"ieeg": {"channel_types": ["SEEG", "ECOGG"]}}, "ECOGG"),
        ({"ieeg": {"channel_types": []}}, "channel_types"),
    ],
)
def test_other_filters_that_match_nothing_are_errors(root, section, says):
    with pytest.raises(InputError) as error:
        design_for({**config(root), **section})
    assert says in str(error.value)


def test_recordings_that_no_film_claims_are_listed(root):
    study = design_for(config(root)).study
    assert list(study.unclaimed) == ["sub-010_task-rest"]
    (note,) = checks.notes(study)
    assert "1 recordings take no part: sub-010_task-rest" in note
    assert not checks.notes(design_for(config(root, recordings={"task": "film"})).study)


def test_filters_that_have_no_recording_in_common_are_an_error(root):
    with pytest.raises(InputError, match="have a recording in common"):
        design_for(config(root, recordings={"task": "rest"}))


def test_two_films_that_claim_one_recording_are_an_error(root):
    given = config(root)
    given["stimuli"]["other"] = given["stimuli"]["film"]
    with pytest.raises(InputError, match="film, other all fit sub-01_task-film_run-01"):
        design_for(given)


# -- where the film begins


def test_without_film_zero_the_config_is_refused_with_the_trial_types(root):
    for zero in (None, {"rule": "first_event"}):
        with pytest.raises(InputError) as error:
            design_for(config(root, {"film_zero": zero}))
        assert "'movie onset'" in str(error.value)
        assert "recording_start" in str(error.value)


def test_several_runs_are_never_taken_for_viewings_or_parts(root):
    with pytest.raises(InputError) as error:
        design_for(config(root, {"film_zero": {"rule": "first_event", "value": "movie onset"}}))
    assert "runs 01 and 02 of sub-01" in str(error.value)
    assert "{01: 0, 02: 0}" in str(error.value)
    single = {"film_zero": {"rule": "first_event", "value": "movie onset"}}
    assert design_for(config(root, single, recordings={"run": 1})).study.recordings


@pytest.mark.parametrize("starts", [{"1": 0}, {"1": 0, "2": 30, "3": 60}])
def test_every_run_has_its_second_and_no_other(root, starts):
    zero = {"rule": "first_event", "value": "movie onset", "film_s": starts}
    with pytest.raises(InputError, match="film_zero.film_s"):
        design_for(config(root, {"film_zero": zero}))


def clocks(root, starts):
    zero = {"rule": "first_event", "value": "movie onset", "film_s": starts}
    study = design_for(config(root, {"film_zero": zero})).study
    found = {}
    for name in list(study.recordings)[:2]:
        given = study.config["stimuli"]["film"]["film_zero"]
        rule = film_zero.of_recording(given, name, study.recordings_of(study.subjects[0]))
        from fusion.io.tables import read_tsv

        file = next(Path(p) for p in study.recordings[name].sidecars if p.endswith("events.tsv"))
        found[name[-2:]] = clock_table(rule, read_tsv(file), file, 45.0, "x")
    return found


def test_a_film_that_another_subject_saw_in_parts_does_not_end_where_a_part_does():
    rule = {
        "rule": "first_event",
        "column": "trial_type",
        "value": "film",
        "film_s": {"1": 0, "2": 30},
    }
    parts = ["sub-01_task-film_run-01", "sub-01_task-film_run-02"]
    ends = [film_zero.of_recording(rule, name, parts).until_s for name in parts]
    assert ends == [30.0, None]
    whole = "sub-02_task-film_run-01"
    assert film_zero.of_recording(rule, whole, [whole]).until_s is None


def test_a_film_in_two_runs_has_each_second_in_one_of_them(root):
    found = clocks(root, {1: 0, 2: 30})
    words = [1.0, 29.9, 30.5, 59.0]
    first, _ = to_recording(found["01"], words)
    second, _ = to_recording(found["02"], words)
    assert first[:2].tolist() == pytest.approx([6.0, 34.9])
    assert second[2:].tolist() == pytest.approx([5.5, 34.0])
    assert first[2:].tolist() == pytest.approx([float("nan")] * 2, nan_ok=True)
    assert second[:2].tolist() == pytest.approx([float("nan")] * 2, nan_ok=True)


def test_a_film_seen_twice_has_each_second_in_both(root):
    found = clocks(root, {1: 0, 2: 0})
    for table in found.values():
        assert to_recording(table, [1.0, 30.0])[0].tolist() == pytest.approx([6.0, 35.0])


# -- what is looked at once a run


@pytest.mark.parametrize(
    ("film", "says"),
    [
        ({"film_zero": {"rule": "first_event", "value": "move onset", "film_s": {1: 0, 2: 0}}},
         "'movie onset' (did you mean that?)"),
        ({"film_zero": {"rule": "first_event", "column": "trialtype", "value": "x",
                        "film_s": {1: 0, 2: 0}}}, "column 'trialtype'"),
        ({"film_zero": {"rule": "film_events"}}, "column 'film_s'"),
        ({"transcript": {"file": "stimuli/words.tsv", "format": "textgrid"}}, "looks like table"),
        ({"transcript": {"file": "stimuli/words.tsv", "format": "json"}}, "looks like table"),
        ({"transcript": {"file": "stimuli/words.tsv", "format": "ds003688"}}, "column 'item'"),
        ({"transcript": {"file": "sub-01/ieeg/sub-01_task-film_run-01_events.tsv",
                         "format": "events"}}, "transcript.zero_s"),
    ],
)  # fmt: skip
def test_wrong_values_and_formats_fail_before_the_first_job(root, film, says):
    study = design_for(config(root, film)).study
    with pytest.raises(InputError) as error:
        checks.check_files(study, "c.yaml")
    assert says in str(error.value)


def test_what_is_right_passes(root):
    checks.check_files(design_for(config(root)).study, "c.yaml")


# -- paths


def test_home_and_variables_are_written_out_in_every_path(root, monkeypatch):
    monkeypatch.setenv("DATA", str(root.parent))
    monkeypatch.setenv("HOME", str(root.parent))
    for path in ("$DATA/bids", "${DATA}/bids", "~/bids"):
        assert design_for(config(path)).study.bids_root == root
    film = {"video": "$DATA/bids/stimuli/film.mp4"}
    video = design_for(config("~/bids", film)).study.config["stimuli"]["film"]["video"]
    assert video == f"{root}/stimuli/film.mp4"


def test_a_variable_that_is_not_set_is_named(root):
    with pytest.raises(InputError, match=r"key root: found '\$NOWHERE/x'.*variable NOWHERE"):
        design_for(config("$NOWHERE/x"))


def test_every_key_that_names_a_file_is_a_path():
    text = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    found = schema.with_paths(
        {"root": "~", "ieeg": {"atlas": {"volume": "~/a", "labels": "~/b"}}, "zoo": ["~/z"]},
        text,
        "c",
    )
    assert "~" not in str(found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dataset": 1}, 'put it in quotes: "1"'),
        ({"models": [1]}, 'put it in quotes: "1"'),
        ({"recordings": {"session": True}}, 'put it in quotes: "True"'),
    ],
)
def test_what_yaml_reads_otherwise_is_to_be_quoted(root, change, says):
    with pytest.raises(InputError) as error:
        design_for({**config(root), **change})
    assert says in str(error.value)
