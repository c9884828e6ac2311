"""From what a dataset holds to a config, with the source of each value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusion.io.errors import InputError
from fusion.look import beginning, length, networks, stimuli, survey
from fusion.look.spec import DraftSpec

#: Tasks that are called after a film or a story.
FILM_TASKS = re.compile(
    "film|movie|video|cinema|watch|clip|podcast|story|listen|narrat|audiobook", re.IGNORECASE
)
NO_FILM_TASKS = re.compile("rest|baseline|localizer|localiser|ccep|stim", re.IGNORECASE)


@dataclass
class Shown:
    """A film, its words and cuts, and the recordings in which it was shown.

    Attributes
    ----------
    key
        Its name in the config.
    film
        The film or sound; None where only words are at hand.
    words, sentences
        Its transcript, and a table of its sentences.
    cuts
        Its cuts; None if they were not counted.
    tables
        Further tables that by their name may hold words of it, or cuts.
    chosen
        BIDS entities of its recordings.
    recordings
        These recordings.
    zero
        What the draft says of film_zero.
    """

    key: str
    film: stimuli.Film | None
    words: stimuli.Words | None = None
    sentences: stimuli.Words | None = None
    cuts: stimuli.Cuts | None = None
    tables: list[str] = field(default_factory=list)
    chosen: dict[str, Any] = field(default_factory=dict)
    recordings: list[survey.Surveyed] = field(default_factory=list)
    zero: beginning.Choice = field(
        default_factory=lambda: beginning.Choice(None, "no recording", False)
    )

    @property
    def end_s(self) -> float | None:
        """Length of the film (s)."""
        return self.film.head.end_s if self.film and self.film.head else None


@dataclass
class Proposal:
    """All that a draft says.

    Attributes
    ----------
    spec
        What it was made from.
    recordings
        All recordings of the dataset.
    tasks
        Those tasks that look like films.
    shown
        The films.
    alignments
        Event types that the films are long enough for.
    folding
        Folds for words, and for cuts.
    models
        Networks.
    contrasts
        Their contrasts.
    missing
        What will be missing in the report, and why.
    """

    spec: DraftSpec
    recordings: list[survey.Surveyed]
    tasks: list[str]
    shown: list[Shown]
    alignments: list[str]
    folding: dict[str, length.Folding]
    models: list[str]
    contrasts: dict[str, dict[str, Any]]
    missing: list[str]


def propose(spec: DraftSpec, root: Path) -> Proposal:
    """Return what a config of the dataset could say.

    Parameters
    ----------
    spec
        What there is.
    root
        Root of the dataset.
    """
    recordings = [survey.survey(one) for one in spec.recordings]
    films = stimuli.films(root)
    tasks = film_tasks(recordings)
    kept = [one for one in recordings if one.entity("task") in tasks]
    shown = _assigned(films, kept)
    _with_words(shown, stimuli.words(root))
    tables = stimuli.tables_of_cuts(root)
    for one in shown:
        _with_cuts(one, tables, root, alone=len(shown) == 1)
        if one.recordings:
            one.zero = beginning.choose(one.recordings, one.end_s)
    pictures = any(one.film and one.film.has_pictures for one in shown)
    block_s, least = spec.defaults["block_s"], spec.defaults["min_blocks"]
    words = [one.words.onset_s for one in shown if one.words]
    cuts = [one.cuts.cut_s for one in shown if one.cuts]
    folding = {"language": length.folding(words, block_s, least)}
    if pictures and len(cuts) == len(shown):
        folding["vision"] = length.folding(cuts, block_s, least)
    alignments = ["language"]
    if pictures and ("vision" not in folding or folding["vision"].folds):
        alignments.append("vision")
    models = networks.proposed(spec.models, pictures)
    if not models:
        raise InputError(
            "command line",
            "--config models",
            "shipped networks, which are shown pictures, and no film",
            "models=published: networks of text",
        )
    contrasts = networks.contrasts(models, spec.models)
    return Proposal(
        spec=spec,
        recordings=recordings,
        tasks=tasks,
        shown=shown,
        alignments=alignments,
        folding=folding,
        models=models,
        contrasts=contrasts,
        missing=[*_missing(kept, shown, alignments, folding, root), *_untested(contrasts)],
    )


def film_tasks(recordings: Sequence[survey.Surveyed]) -> list[str]:
    """Return the tasks that look like films: by their names, else the only or the longest one."""
    tasks = list(dict.fromkeys(one.entity("task") for one in recordings))
    named = [task for task in tasks if FILM_TASKS.search(task)]
    if named or not tasks:
        return named
    left = [task for task in tasks if not NO_FILM_TASKS.search(task)] or tasks
    lengths = {
        task: max((one.length_s or 0) for one in recordings if one.entity("task") == task)
        for task in left
    }
    return [max(left, key=lambda task: lengths[task])]


def _assigned(films: list[stimuli.Film], recordings: list[survey.Surveyed]) -> list[Shown]:
    """Return the films, each with the recordings that by task, run or name belong to it."""
    tasks = list(dict.fromkeys(one.entity("task") for one in recordings))
    shown = [Shown(_key(film.file, k), film) for k, film in enumerate(films)]
    seen = {one.key for one in shown}
    if len(seen) < len(shown):
        for k, one in enumerate(shown, 1):
            one.key = f"{one.key}{k}"
    if not shown:
        shown = [Shown(_word(task) or "film", None, chosen={"task": task}) for task in tasks]
    elif len(shown) == 1:
        shown[0].chosen = {"task": tasks[0]} if len(tasks) == 1 else {}
    else:
        for one in shown:
            one.chosen = _named_after(one, recordings)
        if not any(one.chosen for one in shown):
            _by_run(shown, recordings)
    for one in shown:
        if one.chosen or len(shown) == 1:
            one.recordings = [
                row
                for row in recordings
                if all(row.entity(_short(k)) == v for k, v in one.chosen.items())
            ]
    if len(shown) == 1 and len(tasks) > 1:
        shown[0].chosen = {"task": tasks}
    return [one for one in shown if one.recordings] or shown[:1]


def _named_after(one: Shown, recordings: Iterable[survey.Surveyed]) -> dict[str, Any]:
    """Return the entity whose value stands in a film's name, or in whose value its name stands."""
    name = one.key.casefold()
    for long, short in (("task", "task"), ("acquisition", "acq"), ("session", "ses")):
        values = {row.entity(short) for row in recordings} - {""}
        fitting = [
            v for v in values if len(v) > 2 and (v.casefold() in name or name in v.casefold())
        ]
        if len(fitting) == 1 and len(values) > 1:
            return {long: fitting[0]}
    return {}


def _by_run(shown: list[Shown], recordings: list[survey.Surveyed]) -> None:
    """Give each of several films the run of its number, where there are as many."""
    runs = sorted({row.entity("run") for row in recordings} - {""}, key=lambda run: (len(run), run))
    if len(runs) == len(shown):
        for one, run in zip(shown, runs, strict=True):
            one.chosen = {"run": run}


def _short(entity: str) -> str:
    return {"acquisition": "acq", "session": "ses"}.get(entity, entity)


def _key(file: str, number: int) -> str:
    return _word(Path(file).stem) or f"film{number + 1}"


def _word(text: str) -> str:
    return re.sub("[^A-Za-z0-9]", "", text)


def _with_words(shown: list[Shown], found: list[stimuli.Words]) -> None:
    """Give each film its transcript: the one named after it, else the likeliest."""
    for one in shown:
        own = [w for w in found if one.key.casefold() in _word(Path(w.file).stem).casefold()]
        fitting = [w for w in (own or (found if len(shown) == 1 else [])) if _inside(w, one)]
        single = [w for w in fitting if w.mean_length <= 1.5]
        if single:
            one.words = single[0]
        elif fitting:
            one.words = fitting[0]
        spoken = [w for w in fitting if w.mean_length > 1.5 and w is not one.words]
        same = [
            w for w in spoken if one.words and Path(w.file).parent == Path(one.words.file).parent
        ]
        if same and one.words and Path(one.words.file).suffix in (".tsv", ".csv"):
            one.sentences = next((w for w in same if "sentence" in w.file.casefold()), None)
        one.tables = [w.file for w in fitting if w not in (one.words, one.sentences)]


def _inside(words: stimuli.Words, one: Shown) -> bool:
    """Return whether words lie within a film, as far as its length is known."""
    return one.end_s is None or float(np.mean(words.onset_s <= one.end_s)) > 0.5


def _with_cuts(one: Shown, tables: list[str], root: Path, *, alone: bool) -> None:
    if not (one.film and one.film.head and one.film.has_pictures):
        return
    own = [t for t in tables if one.key.casefold() in _word(Path(t).stem).casefold()]
    for table in own or (tables if alone else []):
        one.cuts = stimuli.annotated_cuts(root, table, one.film.head)
        if one.cuts:
            return
    one.cuts = stimuli.detected_cuts(root, one.film)


def _missing(
    kept: list[survey.Surveyed],
    shown: list[Shown],
    alignments: list[str],
    folding: dict[str, length.Folding],
    root: Path,
) -> list[str]:
    """Return what the report will not have, and why."""
    out = []
    absent = [one for one in kept if not one.format]
    if absent:
        out.append(
            f"{len(absent)} of {len(kept)} recordings, whose data files are not here"
            f" (`datalad get` in {root}, or a download): {_some(one.name for one in absent)}"
        )
    if not any(one.placed for one in kept):
        out.append("the brain: no electrode has a position")
    if not any(one.region_column for one in kept):
        out.append("counts by region: no electrodes.tsv has a column of region labels")
    for one in shown:
        if not one.recordings:
            out.append(f"recordings of {one.key}: none was found")
        if one.words is None:
            out.append(f"words of {one.key}: no file in the dataset reads as a transcript")
        if one.film is None:
            out.append(f"the film of {one.key}: no film was found, so words are analysed alone")
        if one.recordings and one.zero.rule is None:
            out.append(f"film_zero of {one.key}: choose it in the config")
    if "vision" not in alignments and any(one.film and one.film.has_pictures for one in shown):
        why = folding["vision"].why if "vision" in folding else ""
        out.append(f"the alignment to scene cuts, and tests 2 and 4: {why}")
    if folding["language"].folds is None:
        out.append(f"fits: the words are too few ({folding['language'].why})")
    if len(shown) == 1:
        out.append("what a site does with another film: there is one film")
    subjects = Counter(one.subject for one in kept)
    if len(subjects) == 1 and not any(beginning.has_runs(one.recordings) for one in shown):
        out.append("the noise ceiling: it takes a second viewing or a second subject")
    return out


def _untested(contrasts: dict[str, dict[str, Any]]) -> list[str]:
    """Return which claims the contrasts cannot bear out."""
    roles = {row.get("role") for row in contrasts.values()}
    lost = [role for role in ("multimodal", "linear", "language", "vision") if role not in roles]
    return [f"verdicts that take contrasts of role {', '.join(lost)}"] if lost else []


def _some(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" * (len(listed) > most))
