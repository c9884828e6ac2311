"""Profiles hold machine facts only, and agree where a difference would change what reruns."""

from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
PROFILES = {
    path.parent.name: yaml.safe_load(path.read_text())
    for path in (REPOSITORY / "profiles").glob("*/profile.yaml")
}


def test_there_are_the_two_documented_profiles():
    assert set(PROFILES) == {"default", "slurm"}


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_tracks_code_by_content(name):
    assert PROFILES[name]["rerun-triggers"] == ["mtime", "params", "input", "software-env"]
    assert PROFILES[name]["rerun-incomplete"] is True


def test_the_default_profile_knows_no_cluster():
    assert not {"executor", "default-resources", "set-resources", "jobs", "cores"} & set(
        PROFILES["default"]
    )


def test_arrays_cannot_deadlock():
    slurm = PROFILES["slurm"]
    assert slurm.get("slurm-array-limit", 0) <= slurm["jobs"]


def test_retries_are_in_the_profile():
    assert PROFILES["slurm"]["retries"] >= 1


def test_every_value_of_the_cluster_profile_has_its_reason():
    lines = (REPOSITORY / "profiles/slurm/profile.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith(("#", " ")):
            assert "#" in line or lines[number - 1].startswith("#"), (
                f"line {number + 1} has no comment: {line}"
            )
