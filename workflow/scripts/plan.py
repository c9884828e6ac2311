"""Print what a run would cost: jobs, memory, disk and hours per rule and network."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    RerunTrigger,
    ResourceSettings,
)

from fusion.io.logs import log_to
from fusion.plan import before, facts, measured, table

terminal = os.dup(1)
log = log_to(snakemake.log[0])
spec = snakemake.params.spec


def resource(job, name, otherwise=0):
    value = job.resources.get(name, otherwise)
    return value if isinstance(value, int | float) else otherwise


def number(value):
    return f"{value:,.3f}" if value >= 1 or not value else f"{value:.2g}"


def listed(value):
    return [str(value)] if isinstance(value, str) else [str(one) for one in value]


with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(cores=10_000),
        config_settings=ConfigSettings(configfiles=[Path(spec["config"])]),
        snakefile=Path("Snakefile"),
    )
    # Code is tracked by hashes in params, as the profiles say.
    triggers = frozenset(RerunTrigger) - {RerunTrigger.CODE}
    workflow.dag(DAGSettings(targets={"all"}, rerun_triggers=triggers)).execute_workflow(
        executor="dryrun"
    )
    dag = workflow._workflow.dag
    everything = [
        before.Job(
            job.rule.name,
            dict(job.wildcards_dict),
            {name: listed(value) for name, value in job.input.items()},
            dict(job.params.get("spec") or {}),
        )
        for job in dag.jobs
        if job.rule.name != "all"
    ]
    jobs = pd.DataFrame(
        {
            "rule": job.rule.name,
            "wildcards": dict(job.wildcards_dict),
            "threads": job.threads,
            "mem_mb": resource(job, "mem_mb"),
            "disk_mb": resource(job, "disk_mb"),
            "gpu": resource(job, "gpu"),
            "runtime_min": resource(job, "runtime"),
        }
        for job in dag.finished_jobs  # what the dry run went through
        if job.rule.name != "all"
    )

if jobs.empty:
    os.write(terminal, b"Nothing to be done: all results are up to date.\n")
else:
    config = yaml.safe_load(Path(spec["config"]).read_text(encoding="utf-8"))
    places = {}
    for model, row in spec["networks"].items():
        record = Path(spec["results"], "intermediate", "weights", f"{model}.json")
        path = json.loads(record.read_text("utf-8"))["path"] if record.is_file() else None
        places[model] = Path(path or row["checkpoint"] or "")
    listed_sizes = pd.read_csv(spec["sizes"], sep="\t", comment="#", index_col="network")
    weights = facts.checkpoint_bytes(spec["networks"], places)
    found = before.of_jobs(everything, config, {}, facts.of_results(Path(spec["results"]), {}))
    events = sum(found.events(film, one) for film in found.films for one in found.alignments)
    projection = config["activations"]["projection"]
    networks = facts.sizes(spec["networks"], listed_sizes, weights, events, projection)
    found = before.of_jobs(
        everything, config, networks, facts.of_results(Path(spec["results"]), networks)
    )
    reference = pd.read_csv(spec["costs"], sep="\t", comment="#", index_col="rule")
    costs = table.Costs(
        {rule: (row["fixed_s"], row["per_unit_s"]) for rule, row in reference.iterrows()},
        [
            one
            for folder in sorted(Path("results").glob("*"))
            for one in measured.of_results(folder, networks)
        ],
    )
    made = table.plan(jobs, found, costs)
    log.info("machine: %.2f times the reference; %d jobs measured", costs.machine,
             len(costs.measured))  # fmt: skip
    shown = made.to_string(index=False, float_format=number, justify="left")
    os.write(terminal, (shown + "\n").encode())
    table.check_disk(made, shutil.disk_usage(".").free / 1e6, Path.cwd())
