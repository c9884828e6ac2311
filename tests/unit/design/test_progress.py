"""How far a run is: the end by hand, and the lines of a real Snakemake run."""

import re
import subprocess
import sys
import textwrap

import pytest
from helpers.scripts import LIB

from fusion import progress
from fusion.progress import Left

CHAIN = {"a": Left("one"), "b": Left("one", after=frozenset("a")), "c": Left("two", threads=2)}
SECONDS = {"a": 10.0, "b": 20.0, "c": 5.0}


@pytest.mark.parametrize(
    ("capacity", "end"),
    # One thread: one after the other. Two: c takes both. Three: c runs beside the chain.
    [(1, 35.0), (2, 35.0), (3, 30.0)],
)
def test_the_end_is_that_of_a_schedule_by_hand(capacity, end):
    assert progress.seconds_left(CHAIN, SECONDS, capacity) == end


def test_what_a_running_job_has_done_is_not_left():
    jobs = {**CHAIN, "a": Left("one", ran_s=8.0)}
    assert progress.seconds_left(jobs, SECONDS, 3) == 22.0
    jobs["a"] = Left("one", ran_s=100.0)
    assert progress.seconds_left(jobs, SECONDS, 3) == 20.0


def test_a_line_says_done_running_left_and_what_was_never_timed():
    jobs = {
        "a": Left("encode", "slip", ran_s=30.0),
        "b": Left("encode", "clip", limit_s=7200.0),
        "c": Left("report", limit_s=600.0, after=frozenset("b")),
    }
    measured = {"encode": {"01_language_slip-trained-true": [60.0]}}
    said = progress.line(jobs, 10, measured, 1)
    assert said.startswith(
        "7 of 10 jobs done, 1 running (encode); about 90 s left".replace("90 s", "2 min")
    )
    assert said.endswith("1 never timed here (report), by their time limits 12 min at most")
    unknown = progress.line(jobs, 10, {}, 1)
    assert "about" not in unknown and "time limits" not in unknown


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "3 s"), (90, "2 min"), (3600, "60 min"), (8100, "2 h 15 min")]
)
def test_durations_are_said_as_people_do(seconds, said):
    assert progress.duration(seconds) == said


SNAKEFILE = """
import sys
sys.path.insert(0, {lib!r})
from pathlib import Path
from snakemake.logging import logger
from fusion.progress import Benchmarks, Reporter
reporter = Reporter(workflow, Benchmarks(lambda: [Path("bench")]), logger.info, every_s=0.7)
rule all:
    input: expand("out/{{k}}", k=range(3))
rule nap:
    output: "out/{{k}}"
    benchmark: "bench/nap/{{k}}.tsv"
    resources: runtime=1
    shell: "sleep 1; {fails} touch {{output}}"
onstart: reporter.start()
onsuccess: reporter.end(Path("out/0"))
onerror: reporter.end()
"""


@pytest.mark.parametrize(("fails", "last"), [("", "Done: 4 jobs in"), ("false;", "Stopped after")])
def test_a_run_of_snakemake_says_its_lines(tmp_path, fails, last):
    text = textwrap.dedent(SNAKEFILE).format(lib=str(LIB), fails=fails)
    (tmp_path / "Snakefile").write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    said = ran.stdout + ran.stderr
    assert (ran.returncode == 0) == (not fails)
    assert last in said
    lines = re.findall(r"^\d of 4 jobs done.*", said, re.M)
    assert lines, said
    if not fails:
        assert any("running (nap)" in one and "left, until" in one for one in lines), lines
        assert ": out/0" in said
