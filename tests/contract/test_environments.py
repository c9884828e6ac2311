"""Environments: one conda file per stage, exact pins, the versions of requirements.txt."""

import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
# conda-forge names that differ from PyPI's.
PYPI_NAME = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "snakemake-minimal": "snakemake",
    "open-clip-torch": "open_clip_torch",
    "opencv": "opencv-python-headless",
    "scenedetect": "scenedetect-headless",
}
ENVIRONMENTS = sorted((REPOSITORY / "envs").glob("*.yaml"))


def locked():
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    pins = [re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line) for line in lines]
    return {canonical(pin[1]): pin[2] for pin in pins if pin}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def dependencies(path):
    return [re.fullmatch(r"([A-Za-z0-9._-]+) =([0-9][A-Za-z0-9.]*)", spec) for spec in yaml.safe_load(path.read_text())["dependencies"]]


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda p: p.stem)
def test_the_file_is_a_plain_pinned_environment(path):
    env = yaml.safe_load(path.read_text())
    assert set(env) <= {"name", "channels", "dependencies"}
    assert env["channels"] == ["conda-forge", "nodefaults"]
    assert all(isinstance(spec, str) for spec in env["dependencies"]), "no pip section"
    assert all(dependencies(path)), f"not of the form 'name =version': {env['dependencies']}"
    names = [match[1] for match in dependencies(path)]
    assert names.count("python") == 1, "python is pinned, or the controller's would be used"
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda p: p.stem)
def test_the_pins_are_those_of_the_lock(path):
    lock = locked()
    for match in dependencies(path):
        if match[1] == "python":
            continue
        name = canonical(PYPI_NAME.get(match[1], match[1]))
        assert name in lock, f"{match[1]} is not in requirements.txt"
        assert match[2] == lock[name], f"{match[1]} {match[2]} in {path.name}, {lock[name]} in requirements.txt"


def test_the_lock_pins_everything():
    lines = [line for line in (REPOSITORY / "requirements.txt").read_text().splitlines() if line and not line.lstrip().startswith("#")]
    assert all("==" in line for line in lines)


def test_what_is_asked_for_is_in_the_lock():
    asked = [
        re.match(r"[A-Za-z0-9._-]+", line)[0]
        for line in (REPOSITORY / "requirements.in").read_text().splitlines()
        if line and line[0] != "#"
    ]
    assert {canonical(name) for name in asked} <= set(locked())
