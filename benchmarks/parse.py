"""How long Snakemake takes to read the workflow, and to plan the paper's design.

    python benchmarks/parse.py

Reading is `snakemake --list-rules`, less the same with an empty Snakefile (and no config): the
least of several runs of each, in turns. The seconds are CPU seconds, which other work on the
machine changes least. What Snakemake itself spends on turning the rule files into Python, and
Python on compiling that, is measured within one such run. Planning is a dry run of every job. The
designs are the demo, and the paper's (13 models, 3 random inits, shuffled pairings, all its
contrasts) with empty files in place of recordings and films."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "dag"))

import paper_design  # noqa: E402

# Runs inside the process that is measured: adds up what Snakemake's parser and Python's compiler
# take.
COMPILING = """
import sys, time
from snakemake import cli, workflow

spent = {"parser": 0.0, "compiler": 0.0}


def timed(name, function):
    def call(*arguments, **named):
        start = time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[name] += time.process_time() - start

    return call


workflow.parse, workflow.compile = timed("parser", workflow.parse), timed("compiler", compile)
try:
    cli.main(sys.argv[1:])
finally:
    print(f"spent {spent['parser']} {spent['compiler']}")
"""


def run(*command) -> tuple[str, float, float, float]:
    """Return what a command says, its wall seconds, CPU seconds and peak memory (MB)."""
    before = os.times()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            list(map(str, command)), cwd=REPOSITORY, stdout=said, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}:\n{text[-3000:]}")
    return (
        text,
        os.times().elapsed - before.elapsed,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def reading(snakefile, config, *start) -> tuple:
    """List the rules of a Snakefile once."""
    chosen = ["--configfile", config] if config else []
    return run(
        sys.executable,
        *(start or ("-m", "snakemake")),
        "--list-rules",
        "--snakefile",
        snakefile,
        *chosen,
    )


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--plan", type=int, nargs="*", default=[7, 200], help="subjects of the designs to plan"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        empty = Path(scratch, "Snakefile")
        empty.touch()
        configs = {
            subjects: paper_design.write(Path(scratch, str(subjects)), subjects)
            for subjects in {7, 200, *given.plan}
        }
        ours = REPOSITORY / "Snakefile"
        cases = {"nothing": (empty, None), "demo": (ours, None)}
        cases |= {
            f"the paper's, {subjects} subjects": (ours, configs[subjects]) for subjects in (7, 200)
        }
        seconds = {name: [] for name in cases}
        for _ in range(given.repeats):
            for name, case in cases.items():
                seconds[name].append(reading(*case)[2])
        start = min(seconds.pop("nothing"))
        rules = len(re.findall(r"^\w+$", reading(ours, None)[0], re.MULTILINE))
        print(f"Snakemake's own start: {start:.2f} s. {rules} rules.\n")
        print(
            "| design | beyond Snakemake's start (s) | ratio to it | of that, Snakemake's parser"
            " (s) | and Python's compiler (s) |"
        )
        print("| --- | --- | --- | --- | --- |")
        for name, own in seconds.items():
            beyond = min(own) - start
            spent = [
                reading(*cases[name], "-c", COMPILING)[0].rsplit("spent ", 1)[1].split()
                for _ in range(given.repeats)
            ]
            parts = [f"{min(float(row[k]) for row in spent):.2f}" for k in (0, 1)]
            print(
                f"| {name} | {beyond:.2f} | {beyond / start:.2f} | {' | '.join(parts)} |",
                flush=True,
            )
        print(
            "\n| design | jobs | wall (s) | CPU (s) | CPU per job (ms) | peak memory (MB) |\n| ---"
            " | --- | --- | --- | --- | --- |"
        )
        for subjects in given.plan:
            command = [
                "--dry-run",
                "--quiet",
                "reason",
                "--cores",
                "1",
                "--configfile",
                configs[subjects],
            ]
            text, wall, cpu, memory = run(sys.executable, "-m", "snakemake", *command)
            jobs = int(re.search(r"^total +(\d+)", text, re.MULTILINE)[1])
            each = 1000 * (cpu - start) / jobs
            print(
                f"| the paper's, {subjects} subjects | {jobs:,} | {wall:.0f} | {cpu:.0f} |"
                f" {each:.1f} | {memory:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
