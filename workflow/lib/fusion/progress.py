"""How far a run is and when it ends: a line a minute, from the times that were measured.

Standard library only. Nothing here may stop a run: what goes wrong is noted and the lines end.
"""

from __future__ import annotations

import csv
import heapq
import logging
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

EVERY_S = 60.0
Measured = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True)
class Left:
    """A job that is not done.

    Attributes
    ----------
    rule, network
        Its rule, and the model that it runs or fits (empty without one).
    threads
        Threads that it takes.
    limit_s
        Time limit of its rule (s).
    after
        Ids of jobs that come before it.
    ran_s
        How long it has been running (s); None if it is not.
    """

    rule: str
    network: str = ""
    threads: int = 1
    limit_s: float = 0.0
    after: frozenset[Hashable] = frozenset()
    ran_s: float | None = None


@dataclass
class Benchmarks:
    """Wall times by Snakemake's benchmark files, each file read once.

    Attributes
    ----------
    folders
        Folders ``<rule>/**/<job>.tsv``.
    """

    folders: Callable[[], Iterable[Path]]
    _read: dict[Path, tuple[str, str, list[float]]] = field(default_factory=dict)

    def seconds(self) -> dict[str, dict[str, list[float]]]:
        """Return rule -> name of the job -> wall seconds."""
        out: dict[str, dict[str, list[float]]] = {}
        for folder in self.folders():
            for file in sorted(folder.glob("*/**/*.tsv")):
                if file not in self._read:
                    rule = file.relative_to(folder).parts[0]
                    self._read[file] = (rule, file.stem, _seconds_in(file))
                rule, name, some = self._read[file]
                if some:
                    out.setdefault(rule, {}).setdefault(name, []).extend(some)
        return out


def _seconds_in(file: Path) -> list[float]:
    with open(file, encoding="utf-8", newline="") as table:
        cells = [row.get("s") for row in csv.DictReader(table, delimiter="\t")]
    return [float(cell) for cell in cells if cell and re.fullmatch(r"[\d.]+(e[+-]?\d+)?", cell)]


def measured_seconds(folders: Iterable[Path]) -> dict[str, dict[str, list[float]]]:
    """Return rule -> name of the job -> wall seconds, from Snakemake's benchmark files
    (``<folder>/<rule>/*.tsv``).
    """
    return Benchmarks(lambda: folders).seconds()


def seconds_of(measured: Measured, rule: str, network: str) -> list[float]:
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


def expected(jobs: Mapping[Hashable, Left], measured: Measured) -> dict[Hashable, float | None]:
    """Return how long each job takes (s): the median of its rule and network, else of its rule;
    None if neither was ever measured.
    """
    known: dict[tuple[str, str], float | None] = {}
    out = {}
    for name, job in jobs.items():
        key = (job.rule, job.network)
        if key not in known:
            own = seconds_of(measured, *key) or seconds_of(measured, job.rule, "")
            known[key] = statistics.median(own) if own else None
        out[name] = known[key]
    return out


def seconds_left(
    jobs: Mapping[Hashable, Left], seconds: Mapping[Hashable, float], capacity: int
) -> float:
    """Return when the last job ends (s from now), if each begins as soon as it can.

    Parameters
    ----------
    jobs
        What is not done.
    seconds
        How long each takes (s).
    capacity
        Threads at a time.
    """
    waiting = {name: set(job.after) & jobs.keys() for name, job in jobs.items()}
    then: dict[Hashable, list[Hashable]] = {name: [] for name in jobs}
    for name, before in waiting.items():
        for one in before:
            then[one].append(name)
    # Running jobs hold their threads already; the longest of the others begin first.
    order = {name: k for k, name in enumerate(sorted(jobs, key=lambda n: -seconds[n]))}
    ready = [(jobs[n].ran_s is None, order[n], n) for n, before in waiting.items() if not before]
    heapq.heapify(ready)
    running: list[tuple[float, int, Hashable, int]] = []
    free, now = capacity, 0.0
    while ready or running:
        while ready and (free >= min(jobs[ready[0][2]].threads, capacity) or not running):
            _, place, name = heapq.heappop(ready)
            threads = min(jobs[name].threads, capacity)
            free -= threads
            left = max(seconds[name] - (jobs[name].ran_s or 0.0), 0.0)
            heapq.heappush(running, (now + left, place, name, threads))
        now, _, done, threads = heapq.heappop(running)
        free += threads
        for name in then[done]:
            waiting[name].discard(done)
            if not waiting[name]:
                heapq.heappush(ready, (True, order[name], name))
    return now


def line(jobs: Mapping[Hashable, Left], total: int, measured: Measured, capacity: int) -> str:
    """Return what is done, what is left and when it ends, in a line.

    Parameters
    ----------
    jobs
        What is not done.
    total
        Number of jobs of the run.
    measured
        As from :func:`measured_seconds`.
    capacity
        Threads, or jobs on a cluster, at a time.
    """
    running = Counter(job.rule for job in jobs.values() if job.ran_s is not None)
    said = f"{total - len(jobs)} of {total} jobs done"
    if running:
        shown = ", ".join(f"{rule} {n}" if n > 1 else rule for rule, n in running.most_common(4))
        said += f", {running.total()} running ({shown})"
    takes = expected(jobs, measured)
    unknown = [jobs[name] for name, seconds in takes.items() if seconds is None]
    if len(unknown) < len(jobs):
        seconds = {name: known or 0.0 for name, known in takes.items()}
        left = seconds_left(jobs, seconds, capacity)
        until = time.strftime("%H:%M", time.localtime(time.time() + left))
        day = f" in {left / 86400:.0f} days" if left > 86400 else ""
        said += f"; about {duration(left)} left, until {until}{day}"
    if jobs and len(unknown) == len(jobs):
        return f"{said}; an estimate follows as soon as jobs of their kinds were timed here"
    if unknown:
        limits = {name: known or jobs[name].limit_s for name, known in takes.items()}
        most = duration(seconds_left(jobs, limits, capacity))
        rules = list(dict.fromkeys(job.rule for job in unknown))
        shown = ", ".join(rules[:4]) + (", .." if len(rules) > 4 else "")
        said += f"; {len(unknown)} never timed here ({shown}), by their time limits {most} at most"
    return said


def duration(seconds: float) -> str:
    """Return a length of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


@dataclass
class Reporter:
    """Says a line a minute while a workflow runs, and one when it ends.

    Attributes
    ----------
    workflow
        Snakemake's.
    benchmarks
        Measured times.
    say
        Takes a line.
    every_s
        Seconds between lines.
    """

    workflow: Any
    benchmarks: Benchmarks
    say: Callable[[str], None]
    every_s: float = EVERY_S
    _began: float = field(default_factory=time.monotonic)
    _since: dict[Hashable, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin: a thread that ends with the run, or with the program."""
        self._began = time.monotonic()
        threading.Thread(target=self._run, name="progress", daemon=True).start()

    def end(self, answer: Path | None = None) -> None:
        """Say how the run ended.

        Parameters
        ----------
        answer
            What a person opens next, where it is there; None if the run failed.
        """
        self._over.set()
        try:
            jobs, total = self.jobs()
            took = duration(time.monotonic() - self._began)
            if total < 2:
                return
            if answer is None:
                self.say(
                    f"Stopped after {took}: {total - len(jobs)} of {total} jobs are done. Start the"
                    " same command again: only what is missing runs."
                )
            else:
                shown = f": {answer}" if answer.is_file() else ""
                self.say(f"Done: {total} jobs in {took}{shown}")
        except Exception as error:
            log.debug("no last line: %s", error)

    def jobs(self) -> tuple[dict[Hashable, Left], int]:
        """Return the jobs that are not done, and the number of all."""
        dag = self.workflow.dag
        every = _copied(lambda: dag.needrun_jobs(exclude_finished=False))
        left = {job for job in every if not dag.finished(job)}
        now = time.monotonic()
        running = set()
        for job in _copied(lambda: self.workflow.scheduler.running):
            running |= set(job.jobs) if job.is_group() else {job}
        for job in running:
            self._since.setdefault(job, now)
        jobs: dict[Hashable, Left] = {}
        for job in left:
            limit = job.resources.get("runtime", 0)
            jobs[job] = Left(
                rule=job.rule.name,
                network=job.wildcards_dict.get("model", ""),
                threads=1 if self._nodes else int(job.threads),
                limit_s=60.0 * limit if isinstance(limit, int | float) else 0.0,
                after=frozenset(left.intersection(dag.dependencies[job])),
                ran_s=now - self._since[job] if job in running else None,
            )
        return jobs, len(every)

    @property
    def _nodes(self) -> int:
        """Jobs at a time on a cluster; 0 on one machine."""
        return int(self.workflow.resource_settings.nodes or 0)

    def _run(self) -> None:
        while not self._over.wait(self.every_s):
            try:
                jobs, total = self.jobs()
                capacity = self._nodes or int(self.workflow.resource_settings.cores or 1)
                if jobs:
                    self.say(line(jobs, total, self.benchmarks.seconds(), capacity))
            except Exception as error:
                log.debug("no line: %s", error)


def _copied(items: Callable[[], Iterable[Any]]) -> list[Any]:
    """Return a copy of what another thread may change meanwhile."""
    for _ in range(5):
        try:
            return list(items())
        except RuntimeError:
            continue
    return []
