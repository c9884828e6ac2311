"""Labels are matched whole: two that differ stay two, what BIDS does not allow is named."""

import re

import pytest

from fusion.design import recordings
from fusion.design.design import _any_of
from fusion.ids import entities
from fusion.io.errors import InputError

CONFIG = {
    "source": "bids",
    "recordings": {},
    "stimuli": {"film": {"recordings": {"task": "film"}}},
}


def dataset(root, *names):
    for name in names:
        subject = name.split("_task")[0]
        path = root / subject / "ieeg" / f"{name}_ieeg.vhdr"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return recordings.recordings(CONFIG, root)


def test_a_plus_is_allowed_and_tells_two_subjects_apart(tmp_path):
    found = dataset(tmp_path, "sub-P+1_task-film", "sub-P1_task-film", "sub-PP1_task-film")
    assert sorted(row.subject for row in found.values()) == ["P+1", "P1", "PP1"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("sub-P01-1_task-film", "sub-P01-1"),
        ("sub-NYU_01_task-film", "'01'"),
        ("sub-Zoë_task-film", "sub-Zoë"),
        ("sub-１_task-film", "sub-１"),
        ("sub-1_task-film.old", "task-film.old"),
        ("sub-1_task-film_task-rest", "two entities 'task'"),
        ("sub-{x}_task-film", "sub-{x}"),
        ("sub-1_task-<results>", "task-<results>"),
    ],
)
def test_what_bids_does_not_allow_is_named(tmp_path, name, part):
    with pytest.raises(InputError, match="letters, digits and|two entities") as error:
        dataset(tmp_path, name)
    assert part in str(error.value)
    assert "_ieeg.vhdr" in str(error.value)


def test_a_recording_in_the_folder_of_another_subject_is_refused(tmp_path):
    path = tmp_path / "sub-2/ieeg/sub-1_task-film_ieeg.vhdr"
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(InputError, match="found sub-1 in folder sub-2"):
        recordings.recordings(CONFIG, tmp_path)


def test_what_a_desktop_leaves_behind_is_no_recording(tmp_path):
    folder = tmp_path / "sub-1/ieeg"
    folder.mkdir(parents=True)
    (folder / "._sub-1_task-film_ieeg.vhdr").touch()
    (folder / "._sub-1_task-film_channels.tsv").touch()
    assert list(dataset(tmp_path, "sub-1_task-film")) == ["sub-1_task-film"]


def test_entities_of_names():
    assert entities("sub-01_ses-a_task-film_run-1_desc-clean_ieeg.vhdr")["desc"] == "clean"
    assert entities("sub-01_task-film_run-1") == {"sub": "01", "task": "film", "run": "1"}
    assert entities("dataset_description.json") == {}


def test_wildcards_take_labels_literally():
    pattern = _any_of(["P+1", "P.1"])
    assert re.fullmatch(pattern, "P+1")
    assert not re.fullmatch(pattern, "PP1")
    assert not re.fullmatch(pattern, "Px1")
