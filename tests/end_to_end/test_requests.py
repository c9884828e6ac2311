"""What the jobs of a run asked for is held against what they took."""

import subprocess
import sys

import pytest
from helpers.runs import SMALL


@pytest.mark.slow
def test_no_job_takes_more_than_it_asks_for(finished):
    command = [sys.executable, "benchmarks/resources.py", str(SMALL)]
    ran = subprocess.run(command, cwd=finished, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    table = [line.split(" | ") for line in ran.stdout.splitlines() if line.startswith("| ")]
    measured = {row[0].removeprefix("| "): row[1:] for row in table[2:]}
    for rule in ("preprocess", "encode", "contrasts", "figures", "report"):
        memory, _, disk, *_ = measured[rule]
        assert memory and disk, rule
