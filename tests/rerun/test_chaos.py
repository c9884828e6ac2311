"""One run that meets everything: a full disk, another folder, a read-only clone, other locales,
time zones, hash seeds, cores and threads, killed and stopped jobs and controllers, a second
controller. It ends with the files of a run that met nothing, byte for
byte.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from helpers.runs import SMALL, checkout, made

MINUTE = 60
#: What each start of the workflow is under: number of cores, and variables of the environment.
SURROUNDINGS = [
    (1, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONHASHSEED": "1"}),
    (2, {"LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "OMP_NUM_THREADS": "2"}),
    (1, {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "OPENBLAS_NUM_THREADS": "2"}),
    (2, {"LANG": "", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"}),
]
#: Who is hit, once a job runs, and by what.
HITS = [
    ("job", signal.SIGKILL),
    ("controller", signal.SIGKILL),
    ("job", signal.SIGTERM),
    ("controller", signal.SIGTERM),
    ("everyone", signal.SIGSTOP),
]


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


def send(number: int, pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Place:
    """A clone that cannot be written to, and a working folder elsewhere."""

    def __init__(self, clone: Path, folder: Path, locales: Path) -> None:
        self.clone, self.folder, self.starts = clone, folder, 0
        self.fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LOCPATH": str(locales)}

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start the workflow under the next of the surroundings."""
        cores, variables = SURROUNDINGS[self.starts % len(SURROUNDINGS)]
        self.starts += 1
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores)]
        command += ["--snakefile", str(self.clone / "workflow/Snakefile")]
        command += ["--configfile", str(SMALL), "--rerun-incomplete", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self.fixed, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run the workflow to its end; return its status and what it said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=15 * MINUTE)
        return process.returncode, said

    def hit(self, victim: str, number: int) -> None:
        """Start the workflow, wait for a job, and hit the victim; whatever is left is killed."""
        controller = self.start("--nolock", "--keep-going", "results/small/sites.tsv")
        end = time.monotonic() + MINUTE
        while not jobs(controller.pid) and controller.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.4)
        everyone = [controller.pid, *descendants(controller.pid)]
        chosen = {"job": jobs(controller.pid)[:1], "controller": [controller.pid]}
        send(number, chosen.get(victim, everyone))
        if number == signal.SIGSTOP:
            time.sleep(1)
            send(signal.SIGCONT, everyone)
            time.sleep(1)
            send(signal.SIGTERM, [controller.pid])
        with suppress(subprocess.TimeoutExpired):
            controller.communicate(timeout=5)
        send(signal.SIGKILL, [controller.pid, *descendants(controller.pid), *everyone])
        controller.communicate()


def locales(folder: Path) -> Path:
    """Make the locales of the surroundings, where the machine has what they are made of."""
    folder.mkdir()
    for name in ("de_DE", "tr_TR"):
        with suppress(FileNotFoundError):
            command = ["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")]
            subprocess.run(command, capture_output=True)
    return folder


@contextmanager
def mounted(place: Path, *options: str):
    """Mount something at a folder; yields whether that could be done."""
    able = os.geteuid() == 0 and sys.platform == "linux"
    done = (
        able and not subprocess.run(["mount", *options, str(place)], capture_output=True).returncode
    )
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
def test_a_run_that_meets_everything_ends_with_the_same_files(finished, tmp_path):
    clone, folder = checkout(tmp_path / "clone"), tmp_path / "ein Ordner é"
    disk = tmp_path / "another disk"
    for one in (folder, disk):
        one.mkdir()
    (folder / "results").symlink_to(disk, target_is_directory=True)
    place = Place(clone, folder, locales(tmp_path / "locales"))
    with (
        mounted(disk, "-t", "tmpfs", "-o", "size=3m", "tmpfs") as small,
        mounted(clone, "--bind", "-o", "ro", str(clone)),
    ):
        if small:
            status, _ = place.run("results/small/sites.tsv")
            assert status
            logs = [path.read_text(errors="replace") for path in (folder / "logs").rglob("*.log")]
            # numpy says how much of an array was written
            assert any("No space left on device" in log or " written" in log for log in logs)
            subprocess.run(["mount", "-o", "remount,size=2g", str(disk)], check=True)
        for victim, number in HITS:
            place.hit(victim, number)
        assert place.run("--unlock")[0] == 0
        first = place.start()
        end = time.monotonic() + MINUTE
        while not jobs(first.pid) and first.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        if first.poll() is None:
            status, said = place.run()
            assert status
            assert "locked" in said
        said, _ = first.communicate(timeout=15 * MINUTE)
        assert first.returncode == 0, said[-6000:]
        expected, found = made(finished / "results/small"), made(folder / "results/small")
        assert not list(disk.rglob(".part-*")), "something is left behind"
        assert found == expected
        # A copy elsewhere is as sound.
        assert len(expected) > 40
        shutil.copytree(disk, tmp_path / "copy/results", symlinks=True)
        assert made(tmp_path / "copy/results/small") == expected
