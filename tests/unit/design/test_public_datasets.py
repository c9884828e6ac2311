"""Configs of public datasets need paths only: each is read on a tree of its layout."""

import shutil

import pytest
from helpers.runs import REPOSITORY
from helpers.scripts import design_for

from fusion.design import checks
from fusion.design.schema import read_yaml


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


@pytest.mark.parametrize("name", ["ds003688.yaml", "ds005574.yaml"])
def test_a_missing_root_is_the_only_thing_that_is_wrong(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPOSITORY / "config" / name, tmp_path)
    with pytest.raises(Exception, match="key root"):
        design_for(tmp_path / name)
