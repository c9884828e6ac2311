"""Configs of public datasets need paths only: each is read on a tree of its layout."""

import json
import shutil

import pytest
from helpers.runs import REPOSITORY
from helpers.scripts import design_for

from fusion.design import checks
from fusion.design.schema import read_yaml
from fusion.io.errors import InputError


def podcast(folder):
    """The layout of ds005574, its signals empty."""
    for k in range(1, 10):
        place = folder / f"sub-{k:02d}" / "ieeg"
        place.mkdir(parents=True)
        for part in ("ieeg.edf", "ieeg.json", "channels.tsv"):
            (place / f"sub-{k:02d}_task-podcast_{part}").touch()
        for space in ("Other", "MNI152NLin2009aSym"):
            for part in ("electrodes.tsv", "coordsystem.json"):
                (place / f"sub-{k:02d}_space-{space}_{part}").touch()
    words = folder / "stimuli/whisper-medium"
    words.mkdir(parents=True)
    (words / "transcript.tsv").write_text("\tword_idx\tword\tstart\tend\n0\t0\tAct\t3.7\t3.9\n")
    return folder


def test_ds005574_is_words_alone(tmp_path):
    config = read_yaml(REPOSITORY / "config/ds005574.yaml")
    study = design_for({**config, "root": str(podcast(tmp_path / "ds005574"))}).study
    assert len(study.recordings) == 9
    assert study.alignments == ("language",)
    assert not study.unclaimed
    checks.check_files(study, "config/ds005574.yaml")
    assert set(study.contrasts) == {"any_vs_nothing", "language_vs_nothing"}


def treebank(folder, trials):
    """The layout of the Brain Treebank release, its signals empty."""
    for number, trial, slug, scenes in trials:
        stem = f"sub_{number}_trial{trial:03d}"
        for path, text in {
            f"all_subject_data/{stem}.h5": "",
            f"electrode_labels/sub_{number}/electrode_labels.json": "[]",
            f"subject_timings/{stem}_timings.csv": "",
            f"subject_metadata/{stem}_metadata.json": json.dumps({"filename": slug}),
            f"transcripts/{slug}/features.csv": "",
            **({f"scene_annotations/{slug}/cuts.csv": ""} if scenes else {}),
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder


TRIALS = [(1, 0, "fantastic-mr-fox", True), (2, 4, "avengers-infinity-war", False),
          (3, 0, "cars-2", True), (5, 0, "fantastic-mr-fox", True)]  # fmt: skip


def treebank_config(tmp_path, trials=TRIALS):
    for _, _, slug, _ in trials:
        (tmp_path / f"{slug}.mp4").touch()
    config = read_yaml(REPOSITORY / "config/treebank.yaml")
    config["stimuli"]["{film}"]["video"] = str(tmp_path / "{slug}.mp4")
    return {**config, "root": str(treebank(tmp_path / "release", trials))}


def test_every_film_of_a_treebank_release_is_made_from_its_own_list(tmp_path):
    study = design_for(treebank_config(tmp_path)).study
    assert study.stimuli == ("avengersinfinitywar", "cars2", "fantasticmrfox")
    assert len(study.recordings) == 4
    assert not study.unclaimed
    films = study.config["stimuli"]
    assert films["cars2"]["video"] == str(tmp_path / "cars-2.mp4")
    assert films["cars2"]["scene_cuts"]["file"] == "stimuli/cars2_cuts.tsv"
    assert films["avengersinfinitywar"]["scene_cuts"]["file"] is None
    assert study.recordings_of("05") == ["sub-05_task-fantasticmrfox_run-01"]


def test_films_of_trials_that_take_no_part_are_not_asked_for(tmp_path):
    config = treebank_config(tmp_path)
    (tmp_path / "cars-2.mp4").unlink()
    with pytest.raises(InputError, match="stimuli.cars2.video"):
        design_for(config)
    assert design_for({**config, "recordings": {"subject": [1, 2]}}).study.stimuli == (
        "avengersinfinitywar",
        "fantasticmrfox",
    )
    own = {**config["stimuli"]["{film}"], "video": str(tmp_path / "fantastic-mr-fox.mp4")}
    own |= {"recordings": {"task": "cars2"}, "scene_cuts": {"file": None}}
    own |= {"transcript": {"file": "stimuli/cars2_words.tsv"}}
    both = {**config, "stimuli": {**config["stimuli"], "cars2": own}}
    assert len(design_for(both).study.stimuli) == 3


def test_films_are_listed_by_a_treebank_release_only(tmp_path):
    given = {**treebank_config(tmp_path), "source": "bids"}
    with pytest.raises(InputError, match="source treebank"):
        design_for(given)


@pytest.mark.parametrize("name", ["ds003688.yaml", "ds005574.yaml", "dandi000623.yaml"])
def test_a_missing_root_is_the_only_thing_that_is_wrong(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPOSITORY / "config" / name, tmp_path)
    with pytest.raises(Exception, match="key root"):
        design_for(tmp_path / name)
