"""What a run will cost, before it runs: jobs, memory, disk and time per rule."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.io.errors import InputError

COLUMNS = [
    "rule",
    "network",
    "jobs",
    "threads",
    "mem_mb",
    "disk_mb",
    "core_hours",
    "most_core_hours",
    "gpu_hours",
    "basis",
]


def measured_seconds(folders: list[Path]) -> dict[str, dict[str, list[float]]]:
    """Return rule -> name of the job -> wall seconds, from Snakemake's benchmark files
    (``<folder>/<rule>/*.tsv``).
    """
    seconds: dict[str, dict[str, list[float]]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/**/*.tsv")):
            table = pd.read_csv(file, sep="\t")
            if "s" in table:
                of_rule = seconds.setdefault(file.relative_to(folder).parts[0], {})
                of_rule.setdefault(file.stem, []).extend(table["s"].dropna())
    return seconds


def seconds_of(
    measured: Mapping[str, Mapping[str, list[float]]], rule: str, network: str
) -> list[float]:
    """Return what was measured of a rule, and of a network only its own times.

    Parameters
    ----------
    measured
        As from :func:`measured_seconds`.
    rule
        The rule.
    network
        Model that the job runs or fits; empty for jobs without one.
    """
    # Weights are named by the network, other jobs by film or subject (and alignment) before it.
    before = "" if rule == "weights" else r"[A-Za-z0-9]+_(?:(?:language|vision)_)?"
    own = re.compile(rf"^{before}{re.escape(network)}(-|$)") if network else re.compile("")
    return [s for name, some in measured.get(rule, {}).items() if own.search(name) for s in some]


def plan(
    jobs: pd.DataFrame,
    measured: Mapping[str, Mapping[str, list[float]]],
    written_mb: Mapping[str, float],
) -> pd.DataFrame:
    """Return one row per rule and network, and a last one for all.

    Parameters
    ----------
    jobs
        One row per job that would run: rule, network (empty without one), threads, mem_mb, disk_mb
        (what the rule announces; 0 if nothing), gpu, runtime_min (the limit the rule asks for).
    measured
        Measured seconds, as from :func:`measured_seconds`, of runs on the same dataset. What was
        never measured is counted at its time limit: a network never at the time of another.
    written_mb
        Rule -> measured size of a job's outputs, which goes before what the rule announces.

    Returns
    -------
    DataFrame
        ``COLUMNS``: jobs (count), threads (largest), mem_mb (largest of one job), disk_mb (sum),
        core_hours and gpu_hours (sums), most_core_hours (at the slowest time measured, or at the
        limit), basis (``measured`` or ``time limit``).
    """
    rows = []
    for keys, group in jobs.groupby(["rule", "network"], sort=False):
        rule, network = map(str, keys)
        times = seconds_of(measured, rule, network)
        limit = group["runtime_min"] / 60
        hours = statistics.median(times) / 3600 if times else limit
        most = max(times) / 3600 if times else limit
        rows.append(
            {
                "rule": rule,
                "network": network,
                "jobs": len(group),
                "threads": group["threads"].max(),
                "mem_mb": group["mem_mb"].max(),
                "disk_mb": (
                    len(group) * written_mb[rule] if rule in written_mb else group["disk_mb"].sum()
                ),
                "core_hours": (group["threads"] * hours).sum(),
                "most_core_hours": (group["threads"] * most).sum(),
                "gpu_hours": (group["gpu"] * hours).sum(),
                "basis": "measured" if times else "time limit",
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    total: dict[str, Any] = {
        "rule": "all",
        "network": "",
        "basis": "",
        "threads": table["threads"].max(),
        "mem_mb": table["mem_mb"].max(),
    }
    sums = ("jobs", "disk_mb", "core_hours", "most_core_hours", "gpu_hours")
    total |= {name: table[name].sum() for name in sums}
    return pd.concat([table, pd.DataFrame([total])[COLUMNS]], ignore_index=True)


def check_disk(table: pd.DataFrame, free_mb: float, folder: str | Path) -> None:
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
