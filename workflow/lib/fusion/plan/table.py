"""What a run will cost, before it runs: jobs, memory, disk and time per rule and network."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.io.errors import InputError
from fusion.plan import work
from fusion.plan.facts import Facts
from fusion.plan.measured import Measured

COLUMNS = [
    "rule",
    "network",
    "jobs",
    "threads",
    "mem_mb",
    "disk_mb",
    "core_hours",
    "low",
    "high",
    "gpu_hours",
    "basis",
]
#: How far off an estimate may be that rests on another machine, or on a network's size.
REFERENCE = 3.0
#: How far off one may be that scales what was measured here.
SCALED = 1.5
#: How many cores a GPU replaces where networks run.
GPU_CORES = 20.0


@dataclass(frozen=True)
class Estimate:
    """Seconds of one core that a job takes, the range, and what they rest on."""

    seconds: float
    low: float
    high: float
    basis: str


@dataclass(frozen=True)
class Costs:
    """What a job of a rule costs.

    Attributes
    ----------
    reference
        Rule -> (fixed seconds, seconds a unit) on the machine on which they were measured.
    measured
        Jobs that were run here.
    """

    reference: Mapping[str, tuple[float, float]]
    measured: Sequence[Measured]

    def expected(self, rule: str, units: float) -> float | None:
        """Return the seconds on the reference machine; None for a rule that is not listed."""
        if rule not in self.reference:
            return None
        fixed, per_unit = self.reference[rule]
        return fixed + per_unit * units

    @property
    def machine(self) -> float:
        """How many times as long this machine takes as the reference, by rules without network."""
        ratios = [
            one.seconds / expected
            for one in self.measured
            if not one.network and (expected := self.expected(one.rule, one.units))
        ]
        return statistics.median(ratios) if len(ratios) >= 5 else 1.0

    def of(self, rule: str, network: str, units: float, limit_s: float) -> Estimate:
        """Return what a job takes.

        Parameters
        ----------
        rule, network
            The job's; what was measured of one network says nothing of another.
        units
            Its work (:func:`fusion.plan.work.units`); NaN where it is not known.
        limit_s
            The limit of its time.
        """
        own = [one for one in self.measured if (one.rule, one.network) == (rule, network)]
        expected = self.expected(rule, units)
        if expected is None or not math.isfinite(units):
            if own and not math.isfinite(units):
                own = []
            if not own:
                why = "" if math.isfinite(units) else ": the size of this network is not known yet"
                return Estimate(limit_s, 0.0, limit_s, f"time limit{why}")
            times = [one.seconds for one in own]
            middle = statistics.median(times)
            return Estimate(middle, min(times), SCALED * max(times), f"measured: {_jobs(own)}")
        if own:
            ratios = [one.seconds / (self.expected(rule, one.units) or 1) for one in own]
            middle = sum(one.seconds for one in own) / sum(
                self.expected(rule, one.units) or 0 for one in own
            )
            scale = units / max(max(one.units for one in own), 1e-9) if units else 1.0
            beyond = max(1.0, scale, 1 / scale if scale else 1.0) ** 0.2
            return Estimate(
                expected * middle,
                expected * min(ratios) / (SCALED * beyond),
                expected * max(ratios) * SCALED * beyond,
                f"measured: {_jobs(own)}"
                + (f", times {scale:.3g} in size" if beyond > 1.1 else ""),
            )
        seconds = expected * self.machine
        return Estimate(
            seconds, seconds / REFERENCE, seconds * REFERENCE, "reference, scaled by size"
        )


def _jobs(own: Sequence[Measured]) -> str:
    sets = ", ".join(sorted({one.dataset for one in own}))
    return f"{len(own)} job{'s' if len(own) > 1 else ''} of {sets}"


def plan(jobs: pd.DataFrame, facts: Facts, costs: Costs) -> pd.DataFrame:
    """Return one row per rule and network, and a last one for all.

    Parameters
    ----------
    jobs
        One row per job that would run: rule, wildcards (dict), threads, mem_mb, disk_mb (what the
        rule announces; 0 if nothing), gpu, runtime_min (the limit the rule asks for).
    facts
        What jobs are sized by.
    costs
        What was measured, here and on the reference machine.

    Returns
    -------
    DataFrame
        ``COLUMNS``: jobs (count), threads (largest), mem_mb (largest of one job), disk_mb (sum),
        core_hours with low and high (sums), gpu_hours, basis.
    """
    table = jobs.assign(network=[one.get("model", "") for one in jobs["wildcards"]])
    rows = []
    for keys, group in table.groupby(["rule", "network"], sort=False):
        rule, network = map(str, keys)
        own: list[dict[str, Any]] = [dict(row) for _, row in group.iterrows()]
        found = []
        for one in own:
            units = work.units(rule, one["wildcards"], facts)
            if rule in work.ACTIVATIONS and network not in facts.networks:
                units = math.nan
            found.append(costs.of(rule, network, units, 60 * float(one["runtime_min"])))
        # The same machine speed is off for all jobs of a rule, so that ranges add up.
        gpu = bool(group["gpu"].max())
        hours = [sum(getattr(e, key) for e in found) / 3600 for key in ("seconds", "low", "high")]
        size = facts.networks.get(network)
        basis = found[0].basis
        if size and basis.startswith("reference") and rule in work.ACTIVATIONS:
            basis = f"reference, {size.gmacs:.3g} GMAC an event by {size.basis}"
        memory = [
            max(float(one["mem_mb"]), work.memory_mb(rule, one["wildcards"], facts)) for one in own
        ]
        disk = [
            max(float(one["disk_mb"]), work.disk_mb(rule, one["wildcards"], facts)) for one in own
        ]
        rows.append(
            {
                "rule": rule,
                "network": network,
                "jobs": len(group),
                "threads": group["threads"].max(),
                "mem_mb": max(memory),
                "disk_mb": sum(disk),
                "core_hours": 0.0 if gpu else hours[0],
                "low": 0.0 if gpu else hours[1],
                "high": 0.0 if gpu else hours[2],
                "gpu_hours": hours[0] / GPU_CORES if gpu else 0.0,
                "basis": basis,
            }
        )
    made = pd.DataFrame(rows, columns=COLUMNS)
    total: dict[str, Any] = {
        "rule": "all",
        "network": "",
        "basis": "",
        "threads": made["threads"].max(),
        "mem_mb": made["mem_mb"].max(),
    }
    sums = ("jobs", "disk_mb", "core_hours", "low", "high", "gpu_hours")
    total |= {name: made[name].sum() for name in sums}
    return pd.concat([made, pd.DataFrame([total])[COLUMNS]], ignore_index=True)


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
