"""Runs of the whole workflow that several tests share."""

import shutil
from pathlib import Path

import pytest
from helpers.runs import checkout, made_once, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A checkout in which the small demo has run to its end: shared by all tests, not to be
    changed.
    """
    return made_once(tmp_path_factory, "finished", lambda folder: snakemake(checkout(folder)))


@pytest.fixture
def copy_of_finished(finished, tmp_path):
    """A copy of the finished run, times kept, that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "run", symlinks=True))
