"""The demo through a real SLURM, from the recording of one subject on: the same table as on a
laptop, also when a job is cancelled and another runs out of memory.
"""

import subprocess
import threading
import time

import cluster
import pytest
from helpers.runs import snakemake

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(cluster.missing()), reason=cluster.missing()),
]

# What differs from a real cluster: no accounting database, no conda, one partition, and no
# patience.
HERE = [
    "--workflow-profile",
    "slurm",
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--software-deployment-method",
    "env-modules",
    "--latency-wait",
    "10",
    "--max-jobs-per-timespan",
    "100/1s",
    "--set-resources",
    "activations:slurm_partition=cpu",
    "activations:gpu=0",
]


def cancel_one(environment, rule: str, cancelled: list):
    """Cancel the first job of ``rule`` that is seen running."""
    for _ in range(2000):
        listed = cluster.output(["squeue", "-h", "-t", "R", "-o", "%i %k"], environment)
        for line in listed.splitlines():
            number, comment = line.split(maxsplit=1)
            if rule in comment:
                subprocess.run(["scancel", number], env=environment, check=True)
                cancelled.append(number)
                return
        time.sleep(0.2)


def test_the_demo_runs_through_the_profile(copy_of_finished, finished, tmp_path):
    folder = copy_of_finished
    clean = next((folder / "results/small/intermediate/clean").glob("sub-01*.eeg"))
    cancelled = []
    with cluster.running(tmp_path / "slurm") as environment:
        watcher = threading.Thread(
            target=cancel_one, args=(environment, "rule_preprocess", cancelled), daemon=True
        )
        watcher.start()
        ran = snakemake(
            folder,
            *HERE,
            "responses:mem_mb=100 * attempt * attempt",
            "--forcerun",
            str(clean.relative_to(folder)),
            "--",
            "results/small/sites.tsv",
            env=environment,
        )
        watcher.join(5)
    assert "Using workflow specific profile" in ran.stdout or "profile slurm" in ran.stdout
    assert cancelled, "no job was seen to cancel"
    assert "Trying to restart job" in ran.stdout
    assert ran.stdout.count("Trying to restart job") >= 2, "one cancelled, one out of memory"
    assert (folder / "results/small/sites.tsv").read_bytes() == (
        finished / "results/small/sites.tsv"
    ).read_bytes()
