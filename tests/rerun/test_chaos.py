"""Killed at random, a run that is started again ends with the same tables, byte for byte; so does
one whose disk was full.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.runs import SMALL, checkout, snakemake, tables

KILLS = 20


def descendants(pid: int) -> list[int]:
    """Return the process ids below ``pid``, from /proc."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def jobs(controller: int) -> list[int]:
    """Return the processes that run scripts of the workflow."""
    running = []
    for pid in descendants(controller):
        with suppress(OSError):
            if ".snakemake/scripts" in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
                running.append(pid)
    return running


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def disturbed(folder: Path, dice: random.Random) -> str:
    """Start the workflow and kill one of its jobs, or all of it, after a moment; say what was
    killed.
    """
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--configfile",
        str(SMALL),
        "--rerun-incomplete",
        "--nolock",
        "results/small/sites.tsv",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    controller = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 60
    while not jobs(controller.pid) and controller.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(dice.uniform(0, 2.5))
    if controller.poll() is not None:
        return "finished"
    running = jobs(controller.pid)
    if running and dice.random() < 0.5:
        kill(dice.choice(running))
        with suppress(subprocess.TimeoutExpired):
            controller.wait(5)
        victim = "job"
    else:
        victim = "controller"
    family = [controller.pid, *descendants(controller.pid)]
    for pid in family:
        kill(pid)
    controller.wait()
    return victim


@pytest.mark.slow
def test_random_kills_leave_no_trace(finished, tmp_path):
    folder = checkout(tmp_path / "run")
    dice = random.Random(20)
    killed = []
    while len(killed) < KILLS:
        killed.append(disturbed(folder, dice))
        if killed[-1] == "finished":
            killed.pop()
            # Everything is made: take a random part away, so that there is something left to kill.
            made = sorted(
                path
                for path in (folder / "results/small").rglob("*")
                if path.is_file() and "benchmarks" not in path.parts and "bids" not in path.parts
            )
            for path in dice.sample(made, min(8, len(made))):
                path.unlink()
    assert {"job", "controller"} <= set(killed)
    snakemake(folder)
    assert tables(folder) == tables(finished)


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="a small tmpfs needs root on Linux"
)
def test_a_full_disk_is_one_clear_error_and_room_mends_it(finished, tmp_path):
    folder = checkout(tmp_path / "run")
    results = folder / "results"
    results.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(results)], capture_output=True
    ).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    try:
        ran = snakemake(folder, "--rerun-incomplete", "results/small/sites.tsv", check=False)
        assert ran.returncode
        assert "No space left on device" in ran.stdout
        subprocess.run(["mount", "-o", "remount,size=2g", str(results)], check=True)
        snakemake(folder, "--rerun-incomplete")
        assert tables(folder) == tables(finished)
    finally:
        subprocess.run(["umount", "-l", str(results)], check=True)
