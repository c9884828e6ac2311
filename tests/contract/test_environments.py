"""Environments: one conda file per stage, exact pins, the versions of requirements.txt."""

import re
from pathlib import Path

import pytest
import yaml
from pins import CONDA_SPEC, PIP_SPEC, canonical, locked, pins, specs

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENTS = sorted((REPOSITORY / "envs").glob("*.yaml"))
LOCK = locked(REPOSITORY / "requirements.txt")
# Packages that no conda channel has.
PYPI_ONLY = {"bids-validator-deno", "pymef", "pysubs2", "scenedetect-headless"}


@pytest.fixture(params=ENVIRONMENTS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_the_file_is_a_plain_pinned_environment(path):
    env = yaml.safe_load(path.read_text())
    assert set(env) <= {"name", "channels", "dependencies"}
    conda, pip = specs(path)
    assert all(CONDA_SPEC.fullmatch(spec) for spec in conda), (
        f"not of the form 'name =version': {conda}"
    )
    assert all(PIP_SPEC.fullmatch(spec) for spec in pip), f"not of the form 'name==version': {pip}"
    names = [spec.split(" ")[0] for spec in conda]
    assert names.count("python") == 1, "python is pinned, or the controller's would be used"
    assert len(names) == len(set(names))
    # Snakemake itself is on bioconda.
    bioconda = ["bioconda"] if "snakemake-minimal" in names else []
    assert env["channels"] == ["conda-forge", *bioconda, "nodefaults"]


def test_pip_brings_only_what_conda_cannot(path):
    conda, pip = specs(path)
    assert {spec.split("==")[0] for spec in pip} == PYPI_ONLY & set(pins(path))
    assert any(spec.startswith("pip ") for spec in conda) == bool(pip)


def test_the_pins_are_those_of_the_lock(path):
    for name, version in pins(path).items():
        assert LOCK.get(name) == version, (
            f"{name} {version} in {path.name}, {LOCK.get(name)} in requirements.txt"
        )


def test_the_lock_pins_everything():
    lines = [
        line
        for line in (REPOSITORY / "requirements.txt").read_text().splitlines()
        if line and not line.lstrip().startswith("#")
    ]
    assert all("==" in line for line in lines)


def test_what_is_asked_for_is_in_the_lock():
    asked = [
        re.match(r"[A-Za-z0-9._-]+", line)[0]
        for line in (REPOSITORY / "requirements.in").read_text().splitlines()
        if line and line[0] != "#"
    ]
    assert {canonical(name) for name in asked} <= set(LOCK)
