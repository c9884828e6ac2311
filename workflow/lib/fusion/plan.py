"""What a run will cost, before it runs: jobs, memory, disk and time per rule."""

from __future__ import annotations

import statistics
from pathlib import Path

import pandas as pd

from fusion.io.errors import InputError

COLUMNS = ["rule", "jobs", "threads", "mem_mb", "disk_mb", "core_hours", "gpu_hours", "basis"]


def measured_seconds(folders: list[Path]) -> dict[str, float]:
    """Return rule -> median wall seconds of a job, from Snakemake's benchmark files
    (``<folder>/<rule>/*.tsv``).
    """
    seconds: dict[str, list[float]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/**/*.tsv")):
            table = pd.read_csv(file, sep="\t")
            if "s" in table:
                seconds.setdefault(file.relative_to(folder).parts[0], []).extend(
                    table["s"].dropna()
                )
    return {rule: statistics.median(values) for rule, values in seconds.items() if values}


def plan(
    jobs: pd.DataFrame, seconds: dict[str, float], written_mb: dict[str, float]
) -> pd.DataFrame:
    """Return one row per rule, and a last one for all.

    Parameters
    ----------
    jobs
        One row per job that would run: rule, threads, mem_mb, disk_mb (what the rule announces; 0
        if nothing), gpu, runtime_min (the limit the rule asks for).
    seconds
        Rule -> measured seconds of a job. A rule that was never measured is counted at its time
        limit.
    written_mb
        Rule -> measured size of a job's outputs, which goes before what the rule announces.

    Returns
    -------
    DataFrame
        ``COLUMNS``: jobs (count), threads (largest), mem_mb (largest of one job), disk_mb (sum),
        core_hours and gpu_hours (sums), basis (``measured`` or ``time limit``).
    """
    rows = []
    for rule, group in jobs.groupby("rule", sort=False):
        hours = seconds[rule] / 3600 if rule in seconds else group["runtime_min"] / 60
        rows.append(
            {
                "rule": rule,
                "jobs": len(group),
                "threads": group["threads"].max(),
                "mem_mb": group["mem_mb"].max(),
                "disk_mb": (
                    len(group) * written_mb[rule] if rule in written_mb else group["disk_mb"].sum()
                ),
                "core_hours": (group["threads"] * hours).sum(),
                "gpu_hours": (group["gpu"] * hours).sum(),
                "basis": "measured" if rule in seconds else "time limit",
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    total = {
        "rule": "all",
        "basis": "",
        "threads": table["threads"].max(),
        "mem_mb": table["mem_mb"].max(),
    }
    total |= {name: table[name].sum() for name in ("jobs", "disk_mb", "core_hours", "gpu_hours")}
    return pd.concat([table, pd.DataFrame([total])[COLUMNS]], ignore_index=True)


def check_disk(table: pd.DataFrame, free_mb: float, folder) -> None:
    """Raise ``InputError`` if what the plan writes does not fit into the free space of
    ``folder``.
    """
    needed = float(table["disk_mb"].iloc[-1])
    if needed > free_mb:
        raise InputError(
            folder,
            "free space",
            f"{free_mb:,.0f} MB",
            f"at least {needed:,.0f} MB, which this run would write",
        )
