"""Runs of the whole workflow that several tests share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_once import made_once

REPOSITORY = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "small.yaml"


def checkout(folder: Path) -> Path:
    """Copy the repository's files (tracked, or new and not ignored) to ``folder``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    return folder


def snakemake(
    folder: Path, *arguments: str, config=SMALL, env=None, check=True
) -> subprocess.CompletedProcess:
    """Run Snakemake in ``folder`` on the small demo; its output is returned, and shown if it
    fails.
    """
    # One BLAS thread a job, as many jobs as cores: what a test measures does not depend on the
    # machine.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **(env or {})}
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--configfile",
        str(config),
        *arguments,
    ]
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if check and ran.returncode:
        pytest.fail(
            f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stdout[-6000:]}", pytrace=False
        )
    return ran


def tables(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every table a person or a program would open."""
    results = folder / "results" / "small"
    found = [
        *results.glob("*.tsv"),
        *results.glob("*.parquet"),
        *results.glob("contrasts/*.parquet"),
        *results.glob("encoding/*/scores.parquet"),
    ]
    return {str(path.relative_to(results)): path.read_bytes() for path in sorted(found)}


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
