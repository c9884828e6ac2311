"""Where a film is in a recording: never guessed, and told apart for parts and for viewings."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fusion.design.recordings import Recording
from fusion.design.schema import did_you_mean
from fusion.ids import entities
from fusion.ieeg.spec import FilmZero
from fusion.io.errors import InputError, going_on


def check(config: Mapping[str, Any], recordings: Mapping[str, Recording], file: str) -> None:
    """Raise ``InputError`` where the config leaves open when a film begins in a recording.

    Parameters
    ----------
    config
        The resolved config.
    recordings
        The recordings that take part.
    file
        The config, for messages.
    """
    for film, row in config["stimuli"].items():
        shown = [one for one in recordings.values() if one.stimulus == film]
        rule, key = row["film_zero"], f"key stimuli.{film}.film_zero"
        if not shown:
            continue
        with going_on():
            if rule is None:
                raise InputError(file, key, "nothing", _rules(shown))
            if rule["rule"] == "first_event" and rule["value"] is None:
                raise InputError(file, f"{key}.value", "nothing", _rules(shown))
            if rule["rule"] != "film_events":
                _check_runs(rule["film_s"], shown, file, f"{key}.film_s")


def of_recording(rule: Mapping[str, Any], recording: str, shown: Iterable[str]) -> FilmZero:
    """Return how the film's clock is found in a recording.

    Parameters
    ----------
    rule
        Section ``film_zero`` of the film.
    recording
        BIDS name.
    shown
        All recordings in which the same subject saw the film: a part ends where the next of these
        begins, whatever the parts of other subjects.
    """
    starts, until = rule["film_s"], None
    first = 0.0
    if isinstance(starts, Mapping):
        at = {name: float(s) for name in shown for run, s in starts.items() if _names(run, name)}
        first = at[recording]
        until = min((start for start in at.values() if start > first), default=None)
    elif rule["rule"] != "film_events":
        first = float(starts)
    value = None if rule["value"] is None else str(rule["value"])
    return FilmZero.take(rule, value=value, film_s=first, until_s=until)


def check_events(config: Mapping[str, Any], recordings: Mapping[str, Recording], file: str) -> None:
    """Raise ``InputError`` for a column or value of ``film_zero`` that a recording lacks.

    Reads the events of every recording: once a run, not whenever the workflow is read.
    """
    for one in recordings.values():
        rule = config["stimuli"][one.stimulus]["film_zero"]
        if rule is None or rule["rule"] == "recording_start":
            continue
        with going_on():
            _check_events_of(one, rule, file)


def _check_events_of(one: Recording, rule: Mapping[str, Any], file: str) -> None:
    table = _events_file(one)
    if table is None:
        raise InputError(
            one.ieeg, "sidecars", "no events.tsv", f"one, for film_zero.rule {rule['rule']}"
        )
    columns, rows = _read(table)
    wanted = {"film_events": "film_s"}.get(rule["rule"], rule["column"])
    if wanted not in columns:
        raise InputError(
            table,
            f"column {wanted!r}",
            f"columns {', '.join(columns)}",
            f"that column (key stimuli.{one.stimulus}.film_zero of {file})",
        )
    column, value = ("trial_type", "film") if wanted == "film_s" else (wanted, rule["value"])
    values = Counter(row.get(column) or "n/a" for row in rows)
    if not any(_equal(cell, value) for cell in values):
        raise InputError(
            table,
            f"column {column!r}",
            f"no {value!r}",
            f"{did_you_mean(value, list(values)[:10])}"
            f" (key stimuli.{one.stimulus}.film_zero of {file})",
        )


def _rules(shown: Iterable[Recording]) -> str:
    """Return what could be written, with the trial types that the recordings have."""
    types: Counter[str] = Counter()
    for one in list(shown)[:20]:
        if (table := _events_file(one)) is not None:
            types.update({row.get("trial_type") or "" for row in _read(table)[1]})
    found = ", ".join(repr(name) for name, _ in types.most_common(12) if name)
    events = f" (found: {found})" if found else " (no trial types found)"
    return (
        "when the film begins: {rule: first_event, value: ..} with the trial_type of its first"
        f" moment{events}, or {{rule: recording_start}} if film and recording begin together"
    )


def _check_runs(starts: Any, shown: list[Recording], file: str, key: str) -> None:
    """Raise ``InputError`` if several runs of one film could be parts as well as viewings."""
    if isinstance(starts, Mapping):
        for name in (one.name for one in shown):
            fitting = [run for run in starts if _names(run, name)]
            if len(fitting) != 1:
                found = f"{', '.join(fitting)} for {name}" if fitting else f"nothing for {name}"
                raise InputError(file, key, found, "one entry for each run, such as {1: 0, 2: 120}")
        if unused := [run for run in starts if not any(_names(run, one.name) for one in shown)]:
            raise InputError(
                file, key, f"run {unused[0]!r}, which no recording is", "runs there are"
            )
        return
    runs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for one in shown:
        has = entities(one.name)
        runs[has["sub"], has.get("ses", ""), has.get("acq", "")].add(has.get("run", ""))
    for (subject, *_), several in runs.items():
        if len(several) > 1:
            numbers = sorted(several)
            raise InputError(
                file,
                key,
                f"{starts:g} for runs {' and '.join(numbers)} of sub-{subject}, which may be parts"
                " of the film or viewings of it",
                "the film's second at which each run begins: "
                f"{{{', '.join(f'{run}: 0' for run in numbers)}}} if it was seen again each time,"
                f" or {{{numbers[0]}: 0, {numbers[1]}: 120}} if the second shows what comes"
                " after 120 s",
            )


def _names(run: str, recording: str) -> bool:
    """Return whether a key of ``film_s`` (``2``, ``ses-02``, ``ses-02_run-1``) fits a recording."""
    has, wanted = entities(recording), entities(run) or {"run": run}
    return all(
        has.get(key) == value
        or (
            key == "run"
            and value.isdigit()
            and has.get(key, "").isdigit()
            and int(value) == int(has[key])
        )
        for key, value in wanted.items()
    )


def _events_file(one: Recording) -> Path | None:
    """Return the recording's own events.tsv, if it is there."""
    files = [Path(path) for path in one.sidecars if path.endswith("events.tsv")]
    there = [path for path in files if path.is_file()]
    return max(there, key=lambda path: len(path.parts), default=None)


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [
            {key: cell.strip() for key, cell in row.items() if key and isinstance(cell, str)}
            for row in reader
        ]
        return list(reader.fieldnames or []), rows


def _equal(cell: str, value: Any) -> bool:
    text = str(value).strip()
    if cell.strip() == text:
        return True
    try:
        return float(cell) == float(text)
    except ValueError:
        return False
