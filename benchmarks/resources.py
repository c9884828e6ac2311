"""What the jobs of a finished run asked for, and what they took: memory, disk and time by rule.

    python benchmarks/resources.py [config ...]        # config/config.yaml unless given
    python benchmarks/resources.py --tsv config ...    # rows of benchmarks/resources.tsv

Run it where the run was made: requests are those that its jobs would make again, memory and time
are read from Snakemake's benchmark files, disk from the sizes of the outputs. Each number is that
of the job that comes closest to what it asked for.
"""

import csv
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.plan import facts, work

WHAT = ("mem_mb", "disk_mb", "runtime_min")


def jobs_of(config, folder="."):
    """Return (rule, asked, took, units) of the jobs of a finished run: ``took`` has what is known,
    units of work are those of the plan.
    """
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(config)]),
            snakefile=Path(folder, "Snakefile"),
            workdir=Path(folder),
        )
        api_dag = workflow.dag(DAGSettings(forceall=True))
        api_dag.execute_workflow(executor="dryrun")
        known = facts.of_results(Path(folder, "results", workflow._workflow.config["dataset"]), {})
        found = []
        for job in workflow._workflow.dag.jobs:
            if not job.rule.script:
                continue
            asked = [job.resources.get(name) for name in ("mem_mb", "disk_mb", "runtime")]
            units = work.units(job.rule.name, dict(job.wildcards_dict), known)
            found.append((job.rule.name, dict(zip(WHAT, asked, strict=True)), took(job), units))
    return found


def took(job):
    """Return what a job took, as far as it is known: predictions may be gone by now."""
    sizes = [
        sum(one.stat().st_size for one in ([path, *path.rglob("*")] if path.is_dir() else [path]))
        for path in map(Path, job.output)
        if path.exists()
    ]
    known = {"disk_mb": sum(sizes) / 1e6}
    if job.benchmark and Path(job.benchmark).is_file():
        with open(job.benchmark, encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                known["runtime_min"] = float(row["s"]) / 60
                if row["max_rss"] != "-":  # a job that ended before it was looked at
                    known["mem_mb"] = float(row["max_rss"])
    return known


def closest(jobs):
    """Return rule -> what -> (asked, took) of the job that comes closest to what it asked for."""
    table = {}
    for rule, asked, found, _ in jobs:
        for what, value in found.items():
            best = table.setdefault(rule, {}).get(what)
            if best is None or value / asked[what] > best[1] / best[0]:
                table[rule][what] = (asked[what], value)
    return table


def lines(config):
    """Print rule, units, memory and disk of the largest job of each rule."""
    largest = {}
    for rule, _, found, units in jobs_of(config):
        if "mem_mb" in found:
            row = largest.setdefault(rule, dict.fromkeys(("units", "mem_mb", "disk_mb"), 0.0))
            for key, value in {**found, "units": units}.items():
                if key in row:
                    row[key] = max(row[key], value)
    for rule, row in sorted(largest.items()):
        print(f"{rule}\tunits\t{row['units']:.4g}\t{row['mem_mb']:.0f}\t{row['disk_mb']:.2f}")


def main(configs):
    """Print a table for each config; say in the end which jobs took more than they asked for."""
    over = []
    for config in configs:
        print(f"\n{config}\n")
        print("| rule | memory (MB) | asked | disk (MB) | asked | time (min) | asked |")
        print("| --- |" + " --- |" * 6)
        for rule, row in sorted(closest(jobs_of(config)).items()):
            cells = []
            for what in WHAT:
                asked, value = row.get(what, ("", None))
                if value is not None and value > asked:
                    over.append(f"{config}, {rule}: {what} {value:.4g} of {asked}")
                shown = "" if value is None else f"{value:.{0 if what == 'mem_mb' else 2}f}"
                cells += [shown, str(asked)]
            print(f"| {rule} | " + " | ".join(cells) + " |")
    if over:
        raise SystemExit("\n".join(over))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tsv"]:
        for one in sys.argv[2:]:
            lines(one)
    else:
        main(sys.argv[1:] or ["config/config.yaml"])
