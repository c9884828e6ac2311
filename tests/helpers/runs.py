"""Runs of the whole workflow, in copies of the repository, and what several tests share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from fusion.io import checksums

REPOSITORY = Path(__file__).parents[2]
SMALL = REPOSITORY / "tests/small.yaml"


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


#: What holds the place of a network's files, which the workflow's own clone decides.
WITH_PLACES = ("intermediate/weights/", "intermediate/activations/")
#: What tells of the run itself (dates, run times, places on the machine), and what is drawn or
#: copied from the other files.
OF_THE_RUN = ("report.html", "methods.md", "config.yaml", "figures/", "derivatives/", *WITH_PLACES)


def made(results: Path) -> dict[str, str]:
    """Return path -> SHA-256 of all files that a run has made, but for what tells of the run."""
    return {
        record.path: checksums.digest(path)
        for path, _ in checksums.all_records(results)
        if path.is_file()
        and (record := checksums.check(path))
        and not record.path.startswith(OF_THE_RUN)
    }


def made_once(factory, name: str, make) -> Path:
    """Return a folder of the session's ``tmp_path_factory`` that ``make(folder)`` has filled,
    whatever the number of workers.
    """
    base = factory.getbasetemp()
    base = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = base / name
    with FileLock(base / f"{name}.lock"):
        if not (folder / "done").exists():
            make(folder)
            (folder / "done").touch()
    return folder
