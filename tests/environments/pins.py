"""What the files in envs/ pin, under the names of PyPI."""

import re
from pathlib import Path

import yaml

# conda-forge names that differ from PyPI's.
PYPI_NAME = {"pytorch": "torch", "pytorch-cpu": "torch", "snakemake-minimal": "snakemake"}
CONDA_SPEC = re.compile(r"([A-Za-z0-9._-]+) =([0-9][A-Za-z0-9.]*)")
PIP_SPEC = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.]*)")


def canonical(name: str) -> str:
    """Return a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def specs(path: Path) -> tuple[list[str], list[str]]:
    """Return what ``path`` asks of conda, and what of pip: the few packages that no conda channel
    has.
    """
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    from_pip = [spec for entry in dependencies if isinstance(entry, dict) for spec in entry["pip"]]
    return [entry for entry in dependencies if isinstance(entry, str)], from_pip


def pins(path: Path) -> dict[str, str]:
    """Return PyPI name -> version of every package in ``path``, python and pip aside."""
    conda, pip = specs(path)
    pairs = [CONDA_SPEC.fullmatch(spec).groups() for spec in conda] + [
        PIP_SPEC.fullmatch(spec).groups() for spec in pip
    ]
    return {
        canonical(PYPI_NAME.get(name, name)): version
        for name, version in pairs
        if name not in ("python", "pip")
    }


def locked(path: Path) -> dict[str, str]:
    """Return name -> version of every pin in a requirements file."""
    found = [PIP_SPEC.match(line) for line in path.read_text().splitlines()]
    return {canonical(match[1]): match[2] for match in found if match}
