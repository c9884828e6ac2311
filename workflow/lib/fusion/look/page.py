"""A draft as a commented config, and what is said of it on the terminal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import yaml

from fusion.look import beginning, networks
from fusion.look.proposal import Proposal, Shown
from fusion.look.survey import Surveyed

SNAKEMAKE = ".venv/bin/snakemake"


def config(made: Proposal) -> str:
    """Return the text of the config: valid YAML, each value with its source."""
    spec = made.spec
    lines = [
        note(f"Drafted from {spec.root} by `snakemake draft`. Look at every line that says CHECK."),
        "# All keys and their defaults: config/README.md.",
        f"dataset: {flow(spec.dataset)}",
        "source: bids",
        f"root: {flow(spec.root)}",
        "",
        *_recordings(made),
        "",
        "stimuli:",
    ]
    for one in made.shown:
        lines += _film(one)
    lines += ["", *_ieeg(made), "", *_events(made), "", *_models(made), "", *_end(made)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()


def note(text: str) -> str:
    """Return a comment line; text of files may hold line breaks."""
    indent = "  " if text.startswith("  ") else ""
    return f"# {indent}{' '.join(text.split())}"


def _recordings(made: Proposal) -> list[str]:
    by_task: dict[str, list[Surveyed]] = defaultdict(list)
    for one in made.recordings:
        by_task[one.entity("task") or "n/a"].append(one)
    formats = Counter(one.format or "no data file here" for one in made.recordings)
    lines = [
        note(
            f"{_many(len(made.recordings), 'recording')} of"
            f" {_many(len({r.subject for r in made.recordings}), 'subject')}: {_counted(formats)}."
        )
    ]
    for task, some in by_task.items():
        sessions = sorted({one.entity("ses") for one in some} - {""})
        runs = sorted({one.entity("run") for one in some} - {""})
        lengths = [one.length_s for one in some if one.length_s is not None]
        parts = [
            _many(len(some), "recording"),
            f"sessions {', '.join(sessions)}" if sessions else "",
            f"runs {', '.join(runs)}" if runs else "",
            _span(lengths, "s") if lengths else "length unknown",
            "looks like a film" if task in made.tasks else "does not look like a film: left out",
        ]
        lines.append(note(f"  task {task}: {'; '.join(filter(None, parts))}"))
    for one in made.recordings:
        lines += [note(f"CHECK {fault}") for fault in one.faults]
    lines += [
        note(f"CHECK {file}: {where + ': ' if where else ''}found {found}; expected {accepted}")
        for file, where, found, accepted in made.spec.faults
    ]
    tasks = made.tasks[0] if len(made.tasks) == 1 else made.tasks
    return [*lines, f"recordings: {flow({'task': tasks} if tasks else {})}"]


def _film(one: Shown) -> list[str]:
    lines = [f"  {flow(one.key)}:", *_pictures(one)]
    if one.film and one.film.fault:
        lines.append(f"    {note(f'CHECK {one.film.fault}')}")
    lines += _words(one)
    lines += _cuts(one)
    lines.append(f"    recordings: {flow(one.chosen)}")
    lengths = [row.length_s for row in one.recordings if row.length_s is not None]
    if lengths and one.end_s:
        said = f"recordings last {_span(lengths, 's')}, the film {one.end_s:.1f} s"
        if beginning.has_runs(one.recordings):
            said += f"; {len(one.recordings)} recordings in several runs a subject"
        lines.append(f"    {note(said)}")
    return [*lines, *_zero(one)]


def _pictures(one: Shown) -> list[str]:
    film = one.film
    if film is None:
        said = "CHECK: no film was found; null analyses the words alone"
        return [f"    video: null  {note(said)}"]
    head = film.head
    facts = []
    if head:
        facts.append(f"{head.end_s:.1f} s")
        facts.append(f"{head.pictures_hz:.4g} pictures a second" if head.pictures_hz else "")
        facts.append(f"{head.size[0]} x {head.size[1]}" if head.size else "")
        facts.append("with sound" if head.has_sound else "without sound")
    said = note(f"{', '.join(filter(None, facts))}, by the file's header") if facts else ""
    if film.has_pictures:
        return [f"    video: {flow(film.file)}  {said}"]
    return ["    video: null", f"    audio: {flow(film.file)}  {said}"]


def _words(one: Shown) -> list[str]:
    if one.words is None:
        name = f"stimuli/{one.key}_words.tsv"
        said = "CHECK: no transcript was found: put one there, or name it (docs/films.md)"
        return [f"    transcript: {flow({'file': name})}  {note(said)}"]
    found: dict[str, Any] = {"file": one.words.file}
    if one.sentences:
        found["sentences"] = one.sentences.file
    if one.words.language not in ("", "en"):
        found["language"] = one.words.language
    first, last = one.words.onset_s.min(), one.words.onset_s.max()
    said = (
        f"{len(one.words.onset_s)} words, {one.words.sentences} sentences, {first:.1f} to"
        f" {last:.1f} s; language {one.words.language or 'unknown, CHECK'} by its commonest words"
    )
    lines = [f"    {note(said)}"]
    if one.tables:
        more = len(one.tables) - 5
        others = ", ".join(one.tables[:5]) + (f" and {more} more" if more > 0 else "")
        lines.append(f"    {note(f'read as words too: {others}')}")
    return [*lines, f"    transcript: {flow(found)}"]


def _cuts(one: Shown) -> list[str]:
    if not (one.film and one.film.has_pictures):
        return []
    if one.cuts is None:
        said = "none annotated; detected in the run, and not counted here (a long film)"
        return [f"    scene_cuts: {flow({'file': None})}  {note(said)}"]
    count = f"{len(one.cuts.cut_s)} cuts"
    if one.cuts.file is None:
        said = f"{count}, found by the detector; none are annotated"
        return [f"    scene_cuts: {flow({'file': None})}  {note(said)}"]
    found: dict[str, Any] = {"file": one.cuts.file}
    if one.cuts.column != "onset":
        found["onset_column"] = one.cuts.column
    if one.cuts.unit != "s":
        found["unit"] = one.cuts.unit
    return [f"    scene_cuts: {flow(found)}  {note(f'{count} in the table')}"]


def _zero(one: Shown) -> list[str]:
    found = beginning.candidates(one.recordings)
    lines = []
    if found:
        lines.append(
            f"    {note('First event of each trial type that all these recordings have:')}"
        )
    for candidate in found[:12]:
        played = ""
        if candidate.has_the_length_of(one.end_s):
            played = "; together they last as long as the film"
        said = f"  {flow(candidate.value)}: {beginning.onsets_in_words(candidate)}{played}"
        lines.append(f"    {note(said)}")
    if one.zero.rule is None:
        said = (
            f"CHOOSE when the film begins: {one.zero.why}. For example"
            f" {flow({'rule': 'first_event', 'value': found[0].value if found else 'film'})},"
            f" or {flow({'rule': 'recording_start'})}"
        )
        return [*lines, f"    {note(said)}", "    film_zero: null"]
    why = one.zero.why if one.zero.sure or "CHECK" in one.zero.why else f"CHECK: {one.zero.why}"
    return [*lines, f"    {note(why)}", f"    film_zero: {flow(one.zero.rule)}"]


def _ieeg(made: Proposal) -> list[str]:
    kept = [one for one in made.recordings if one.entity("task") in made.tasks]
    lines: list[str] = []
    line: dict[str, set[float | None]] = defaultdict(set)
    for one in kept:
        line[one.subject].add(one.line_hz)
    said = "; ".join(
        f"sub-{name} {' and '.join(f'{hz:g} Hz' if hz else 'unknown, CHECK' for hz in some)}"
        for name, some in sorted(line.items())
    )
    if said:
        lines.append(f"  {note(f'by ieeg.json: {said}; null takes these')}")
    lines.append("  line_freq_hz: null")
    spaces = Counter(", ".join(one.spaces) or "none" for one in kept)
    regions = Counter(one.region_column or "none" for one in kept)
    if kept:
        lines.append(f"  {note(f'spaces of the electrodes: {_counted(spaces)}')}")
        lines.append(f"  {note(f'columns of region labels: {_counted(regions)}')}")
    types: Counter[str] = Counter()
    for one in kept:
        types.update(one.types)
    if types:
        lines.append(f"  {note(f'good channels: {_counted(types)}')}")
    if types and not {"SEEG", "ECOG"} & types.keys():
        lines.append(
            f"  channel_types: {flow([types.most_common(1)[0][0]])}  # CHECK: neither SEEG nor ECOG"
        )
    return ["ieeg:", *lines]


def _events(made: Proposal) -> list[str]:
    lines = []
    if len(made.alignments) == 1 and "vision" in made.folding:
        lines.append(note(f"too short for scene cuts: {made.folding['vision'].why}"))
    lines.append(f"events: {flow({'alignments': made.alignments})}")
    own = [made.folding[name] for name in made.alignments if name in made.folding]
    fitting = [one for one in own if one.folds]
    if not fitting:
        why = made.folding["language"].why
        return [*lines, note(f"CHECK: too short for folds: {why}")]
    folds = min(one.folds for one in fitting if one.folds)
    gap_s = min(one.gap_s for one in fitting if one.gap_s)
    said = note("contiguous folds of film time that leave enough events to train on")
    return [*lines, f"encoding: {flow({'folds': folds, 'gap_s': gap_s})}  {said}"]


def _models(made: Proposal) -> list[str]:
    rows = made.spec.models
    sizes = {name: networks.megabytes(name) for name in made.models}
    total = sum(sizes.values()) / 1000
    lines = [note("Networks that ship with the project, for a first try: no downloads.")]
    if total:
        lines = [
            note(
                f"Networks, fetched when first used: {total:.1f} GB at least (4 bytes a parameter),"
            ),
            note("up to three times that where a checkpoint holds the state of its training."),
            note("Small ones that ship with the project: draft with --config models=shipped."),
        ]
    for name in made.models:
        row = rows[name]
        if row["family"] == "concat":
            parts = " + ".join(row["parts"])
            lines.append(note(f"  {name}: {parts}, side by side (the linear rival)"))
            continue
        lines.append(
            note(
                f"  {name}: {row.get('label') or name}, {row['modality']},"
                f" {f'{sizes[name]:.0f} MB or more' if sizes[name] else 'shipped'},"
                f" licence {row.get('licence') or 'unknown'}"
            )
        )
    lines += [f"models: {flow(made.models)}", "contrasts:"]
    return [*lines, *(f"  {name}: {flow(row)}" for name, row in made.contrasts.items())]


def _end(made: Proposal) -> list[str]:
    lines = [note("The report will lack:")]
    lines += [note(f"  - {one}") for one in made.missing] or [note("  nothing")]
    return [*lines, note("Next:"), *(f"#   {one}" for one in commands(made))]


def commands(made: Proposal) -> list[str]:
    """Return the next three commands."""
    given = f"--configfile {made.spec.out}"
    return [
        f"{SNAKEMAKE} check --cores 1 {given}",
        f"{SNAKEMAKE} --cores 8 {given} -n",
        f"{SNAKEMAKE} --cores 8 {given}",
    ]


def said(made: Proposal, text: str) -> str:
    """Return what is said on the terminal: what was written, what is open, what comes next."""
    todo = [
        line.strip().lstrip("# ")
        for line in text.splitlines()
        if "CHECK" in line.split("#", 1)[-1] or "CHOOSE" in line
    ]
    lines = [f"Wrote {made.spec.out}."]
    todo = todo[1:]  # the first line says what CHECK means
    if todo:
        lines += ["Look at:", *(f"  {one}" for one in todo)]
    lines += ["The report will lack:", *(f"  {one}" for one in made.missing or ["nothing"])]
    return "\n".join([*lines, "Next:", *(f"  {one}" for one in commands(made))]) + "\n"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common())


def _span(values: Sequence[float], unit: str) -> str:
    low, high = min(values), max(values)
    return f"{low:.1f} {unit}" if high - low < 0.05 else f"{low:.1f} to {high:.1f} {unit}"
