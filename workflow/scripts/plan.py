"""Print what a run would cost: jobs, peak memory, disk, core hours and GPU hours per rule."""

import os
import shutil
from pathlib import Path

import pandas as pd
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    RerunTrigger,
    ResourceSettings,
)

from fusion import plan
from fusion.io.logs import log_to

terminal = os.dup(1)
log = log_to(snakemake.log[0])


def resource(job, name, otherwise=0):
    value = job.resources.get(name, otherwise)
    return value if isinstance(value, int | float) else otherwise


with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(cores=10_000),
        config_settings=ConfigSettings(configfiles=[Path(snakemake.params.spec["config"])]),
        snakefile=Path("Snakefile"),
    )
    # Code is tracked by hashes in params, as the profiles say.
    triggers = frozenset(RerunTrigger) - {RerunTrigger.CODE}
    workflow.dag(DAGSettings(targets={"all"}, rerun_triggers=triggers)).execute_workflow(
        executor="dryrun"
    )
    dag = workflow._workflow.dag
    made = pd.DataFrame(
        {
            "rule": job.rule.name,
            "mb": (
                sum(Path(path).stat().st_size for path in job.output if Path(path).is_file()) / 1e6
            ),
        }
        for job in dag.jobs
        if job.output and all(Path(path).exists() for path in job.output)
    )
    jobs = pd.DataFrame(
        {
            "rule": job.rule.name,
            "network": job.wildcards_dict.get("model", ""),
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
    results = Path(snakemake.params.spec["results"])
    written = made.groupby("rule")["mb"].median().to_dict() if len(made) else {}
    table = plan.plan(jobs, plan.measured_seconds(sorted(results.glob("**/benchmarks"))), written)
    os.write(
        terminal, (table.to_string(index=False, float_format="{:,.2f}".format) + "\n").encode()
    )
    plan.check_disk(table, shutil.disk_usage(".").free / 1e6, Path.cwd())
