"""What is looked at before a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fusion.ieeg.spec import PreprocessSpec
from fusion.spec import Spec
from fusion.stimuli.spec import AnnotatedCuts, TranscriptSpec


@dataclass(frozen=True)
class CheckedRecording(Spec):
    """The files of a recording, and how they are read."""

    files: tuple[str, ...]
    sidecars: tuple[str, ...]
    atlas: tuple[str, ...]
    spec: PreprocessSpec


@dataclass(frozen=True)
class CheckedFilm(Spec):
    """The files of a film that are there, and how they are read.

    Attributes
    ----------
    film
        Film or sound; None where only the words are at hand.
    transcript, sentences, cuts
        Tables; None where there are none.
    words, annotated
        How transcript and cuts are read.
    strict
        Whether words that cannot belong to the film are a fault.
    """

    film: str | None
    transcript: str | None
    sentences: str | None
    cuts: str | None
    words: TranscriptSpec
    annotated: AnnotatedCuts | None
    strict: bool


@dataclass(frozen=True)
class CheckSpec(Spec):
    """What is wrong with a config already, and what else is looked at.

    Attributes
    ----------
    config
        Name of the config file.
    faults
        File, where, found and accepted of each fault.
    notes
        What is no fault, and a user should know.
    recordings, films
        By name.
    """

    config: str
    faults: tuple[tuple[str, str, str, str], ...]
    notes: tuple[str, ...]
    recordings: dict[str, CheckedRecording]
    films: dict[str, CheckedFilm]


@dataclass(frozen=True)
class SeenRecording(Spec):
    """A recording of a dataset for which there is no config yet.

    Attributes
    ----------
    name, subject
        BIDS name without suffix, and its subject.
    files
        Data files that are there.
    sidecars
        What describes it.
    """

    name: str
    subject: str
    files: tuple[str, ...]
    sidecars: tuple[str, ...]


@dataclass(frozen=True)
class DraftSpec(Spec):
    """What a config is drafted from.

    Attributes
    ----------
    root
        Root of the dataset, as the user wrote it.
    dataset, out
        Name of the dataset, and file to write.
    recordings
        All that the dataset has.
    faults
        What is wrong with their names and folders.
    models
        Rows of the zoo that the draft takes, by name.
    defaults
        Defaults of the config that the draft speaks of.
    """

    root: str
    dataset: str
    out: str
    recordings: tuple[SeenRecording, ...]
    faults: tuple[tuple[str, str, str, str], ...]
    models: dict[str, dict[str, Any]]
    defaults: dict[str, Any]
