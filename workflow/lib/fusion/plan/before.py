"""The facts of a dataset before it is run: from its films, transcripts and sidecars."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.io.errors import InputError
from fusion.io.tables import read_tsv
from fusion.io.text import parse_json, read_json, read_text
from fusion.plan.facts import (
    CUTS_HZ,
    MEGAPIXELS,
    PICTURES_HZ,
    WORDS_HZ,
    Facts,
    Film,
    Network,
    Recording,
    film_head,
)

log = logging.getLogger(__name__)

TEXT = {"name": str, "type": str, "status": str}


@dataclass(frozen=True)
class Job:
    """A job of the run: its rule, wildcards, inputs by name, and spec."""

    rule: str
    wildcards: Mapping[str, str]
    inputs: Mapping[str, Sequence[str]]
    spec: Mapping[str, Any]


def of_jobs(
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    networks: Mapping[str, Network],
    known: Facts | None = None,
) -> Facts:
    """Return the facts of a dataset.

    Parameters
    ----------
    jobs
        All jobs of the run, finished ones too.
    config
        The resolved config.
    networks
        Sizes of the networks.
    known
        What an earlier run has left, which goes before guesses.
    """
    recordings = {
        job.spec["recording"]: _recording(job, jobs, config)
        for job in jobs
        if job.rule == "responses"
    }
    longest = max((one.seconds for one in recordings.values()), default=600.0)
    films = {
        job.wildcards["stimulus"]: _film(job, jobs, config, longest)
        for job in jobs
        if job.rule == "transcript"
    }
    if known is not None:
        recordings |= {name: one for name, one in known.recordings.items() if name in recordings}
        films |= {
            name: replace(one, cuts=one.cuts or films[name].cuts)
            for name, one in known.films.items()
            if name in films and one.words
        }
    return Facts(config, films, recordings, networks, known.counts if known else {})


def _of(jobs: Sequence[Job], rule: str, **wildcards: str) -> Job | None:
    fits = (
        job
        for job in jobs
        if job.rule == rule
        and all(job.wildcards.get(key) == value for key, value in wildcards.items())
    )
    return next(fits, None)


def _recording(job: Job, jobs: Sequence[Job], config: Mapping[str, Any]) -> Recording:
    name, subject, film = (job.spec[key] for key in ("recording", "subject", "stimulus"))
    simulated = config["simulate"]
    if config["source"] == "simulate":
        channels = simulated["shafts"] * simulated["contacts"]
        return Recording(subject, film, channels, simulated["sfreq_hz"], simulated["film_s"])
    if config["source"] == "treebank":
        trial = _of(jobs, "convert_treebank", trial=name)
        h5 = Path(trial.inputs["h5"][0]) if trial and "h5" in trial.inputs else None
        labels = trial.inputs.get("labels") if trial else None
        channels = len(parse_json(read_text(labels[0]), labels[0])) if labels else 170
        samples = h5.stat().st_size / 8 if h5 and h5.is_file() else channels * 2048 * 7200
        return Recording(subject, film, channels, 2048.0, samples / channels / 2048)
    made = _of(jobs, "preprocess", recording=name)
    files = [Path(path) for paths in (made.inputs.values() if made else ()) for path in paths]
    info = _sidecar(files, "_ieeg.json")
    sfreq = _number(info, "SamplingFrequency") or 1000.0
    channels = _channels(files, config["ieeg"]["channel_types"]) or 100
    seconds = _number(info, "RecordingDuration")
    if not seconds:
        data = sum(path.stat().st_size for path in files if path.is_file())
        seconds = data / 2 / channels / sfreq
    return Recording(subject, film, channels, sfreq, seconds)


def _sidecar(files: Sequence[Path], end: str) -> dict[str, Any]:
    """Return a JSON sidecar; those further up hold for what those further down do not say."""
    found: dict[str, Any] = {}
    there = [path for path in dict.fromkeys(files) if path.name.endswith(end) and path.is_file()]
    for path in sorted(there, key=lambda path: len(path.parts)):
        try:
            found |= read_json(path)
        except InputError as error:
            log.warning("%s", error)
    return found


def _number(info: Mapping[str, Any], key: str) -> float:
    """Return a number of a sidecar; 0 where it has none."""
    try:
        return max(0.0, float(info.get(key, 0)))
    except (TypeError, ValueError):
        return 0.0


def _channels(files: Sequence[Path], types: Sequence[str]) -> int:
    for path in files:
        if path.name.endswith("channels.tsv") and path.is_file() and path.stat().st_size:
            try:
                table = read_tsv(path, ("name", "type"), dtype=TEXT, literal=True)
            except InputError as error:
                log.warning("%s", error)
                return 0
            good = table.get("status", pd.Series("good", table.index)) != "bad"
            return int((table["type"].str.upper().isin(types) & good).sum())
    return 0


def _film(job: Job, jobs: Sequence[Job], config: Mapping[str, Any], longest_s: float) -> Film:
    name = job.wildcards["stimulus"]
    row = config["stimuli"][name]
    events = _of(jobs, "events", stimulus=name)
    path = Path(events.inputs["film"][0]) if events and "film" in events.inputs else None
    seconds, pictures, size = film_head(path) if path and path.is_file() else (0.0, 0.0, 0.0)
    if not seconds:
        seconds = config["simulate"]["film_s"] if config["source"] == "simulate" else longest_s
        size = 0.01 if config["source"] == "simulate" else MEGAPIXELS
        pictures = PICTURES_HZ * seconds if row["video"] else 0.0
    cuts = _of(jobs, "scene_cuts", stimulus=name)
    table = Path(cuts.inputs["cuts"][0]) if cuts and "cuts" in cuts.inputs else None
    found = CUTS_HZ * seconds if row["video"] else 0.0
    if table is not None and table.is_file():
        found = float(len(table.read_bytes().splitlines()) - 1)
    return Film(seconds, pictures, size, _words(job, seconds), found)


def _words(job: Job, seconds: float) -> float:
    """Return the words of a transcript, or a guess where it is not at hand."""
    # Imported on use: readers of transcripts load libraries.
    from fusion.stimuli import transcripts
    from fusion.stimuli.spec import TranscriptSpec

    path = Path(job.inputs["transcript"][0])
    if not path.is_file():
        return WORDS_HZ * seconds
    sentences = job.inputs.get("sentences")
    try:
        spec = TranscriptSpec.read(job.spec)
        return float(len(transcripts.read(path, spec, sentences[0] if sentences else None).words))
    except InputError as error:
        log.warning("%s", error)
        return WORDS_HZ * seconds
