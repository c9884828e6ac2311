"""Rules of the ieeg stage: what each job reads, and what shapes its result."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import film_zero, paths
from fusion.design.recordings import Recording
from fusion.design.stimuli import Inputs
from fusion.design.study import Study
from fusion.ids import entities
from fusion.ieeg.spec import (
    ArtefactsSpec,
    CleaningSpec,
    ConvertTreebankDatasetSpec,
    ConvertTreebankSpec,
    FilmZero,
    PreprocessSpec,
    RecordingsSpec,
    ResponsesSpec,
    TreebankFilm,
    TreebankSubject,
    ValidateBidsSpec,
)


@dataclass(frozen=True)
class _Rule:
    study: Study

    def film_zero(self, recording: str) -> FilmZero:
        """Return how the film's clock is found in a recording."""
        rows = self.study.recordings
        film = rows[recording].stimulus
        own = self.study.recordings_of(rows[recording].subject)
        shown = [name for name in own if rows[name].stimulus == film]
        rule = self.study.config["stimuli"][film]["film_zero"]
        return film_zero.of_recording(rule, recording, shown)

    def of_recordings(self, pattern: str) -> list[str]:
        """Return the file of every recording."""
        return [paths.fill(pattern, recording=name) for name in self.study.recordings]


@dataclass(frozen=True)
class _Treebank(_Rule):
    @cached_property
    def trials(self) -> dict[str, Recording]:
        """The trials to convert, by recording: none unless the source is a release."""
        release = self.study.config["source"] == "treebank"
        return dict(self.study.recordings) if release else {}


@dataclass(frozen=True)
class ConvertTreebankDataset(_Treebank):
    """What a Brain Treebank release says of its subjects and films, as BIDS."""

    #: What describes the dataset, shipped with the workflow.
    FACTS = (
        "README",
        "coordsystem.json",
        "dataset.json",
        "events.json",
        "participants.json",
        "space-Other_electrodes.json",
    )

    @cached_property
    def _subjects(self) -> dict[str, TreebankSubject]:
        return {row.subject: TreebankSubject.take(row.release) for row in self.trials.values()}

    @cached_property
    def _films(self) -> dict[str, TreebankFilm]:
        return {row.release["film"]: TreebankFilm.take(row.release) for row in self.trials.values()}

    def inputs(self) -> Inputs:
        """Return the tables of the release, and what is said about columns."""
        keys = ("labels", "coords", "depth", "features", "scenes")
        found = {row.release[key] for row in self.trials.values() for key in keys}
        facts = [self.study.shipped(f"resources/treebank/{name}") for name in self.FACTS]
        return {
            "tables": sorted(path for path in found if path),
            "facts": facts if self.trials else [],
        }

    @property
    def description(self) -> str:
        """File that names the dataset; of other sources one that no rule asks for."""
        return f"{paths.BIDS}/{'dataset_description' if self.trials else 'treebank'}.json"

    def tables(self) -> list[str]:
        """Return the tables that the conversion writes: places, words, scene cuts."""
        places = [
            f"{paths.BIDS}/sub-{subject}/ieeg/sub-{subject}_space-Other_{part}"
            for subject in self._subjects
            for part in ("electrodes.tsv", "coordsystem.json")
        ]
        words = [f"{paths.BIDS}/stimuli/{film}_words.tsv" for film in self._films]
        cuts = [f"{paths.BIDS}/stimuli/{n}_cuts.tsv" for n, f in self._films.items() if f.scenes]
        return places + words + cuts

    def spec(self) -> dict[str, Any]:
        """Return subjects and films."""
        return ConvertTreebankDatasetSpec(self._subjects, self._films).plain()


@dataclass(frozen=True)
class ConvertTreebank(_Treebank):
    """One trial of a Brain Treebank release as a BIDS recording."""

    def inputs(self, trial: str, **_: str) -> Inputs:
        """Return the files of the trial; ``corrupted`` and ``scenes`` only where there are any."""
        keys = ("h5", "labels", "timings", "features", "corrupted", "scenes")
        release = self.trials[trial].release
        facts = {"facts": self.study.shipped("resources/treebank/ieeg.json")}
        return {key: release[key] for key in keys if release[key]} | facts

    def spec(self, trial: str, **_: str) -> dict[str, Any]:
        """Return the subject's number and the film."""
        release = self.trials[trial].release
        return ConvertTreebankSpec(release["number"], release["film"]).plain()


@dataclass(frozen=True)
class ConvertDandi(_Rule):
    """One session of Dandiset 000623 as a BIDS recording."""

    @cached_property
    def sessions(self) -> dict[str, Recording]:
        """The sessions to convert (sub-.._ses-..): none unless the source is the dandiset."""
        if self.study.config["source"] != "dandi":
            return {}
        rows = self.study.recordings.items()
        return {name.removesuffix("_task-film"): row for name, row in rows}

    @property
    def description(self) -> str:
        """File that names the dataset; of other sources one that no rule asks for."""
        return f"{paths.BIDS}/{'dataset_description' if self.sessions else 'dandi'}.json"

    def inputs(self, place: str, **_: str) -> Inputs:
        """Return the session's file, and what is true of all of them."""
        facts, space = self._shipped("ieeg.json", "coordsystem.json")
        return {"nwb": self.sessions[place].release["nwb"], "facts": facts, "space": space}

    def of_dataset(self) -> Inputs:
        """Return what describes the dataset."""
        readme, dataset = self._shipped("README", "dataset.json")
        return {"readme": readme, "dataset": dataset}

    def _shipped(self, *names: str) -> list[str]:
        return [self.study.shipped(f"resources/dandi/{name}") for name in names]


@dataclass(frozen=True)
class ValidateBids(_Rule):
    """The official validator's findings about the dataset."""

    def inputs(self) -> Inputs:
        """Return every file of the dataset that describes or holds a recording."""
        rows = self.study.recordings.values()
        return {"files": list(dict.fromkeys(path for row in rows for path in row.files))}

    def spec(self) -> dict[str, Any]:
        """Return the dataset's root, and whether errors stop the run."""
        strict = self.study.config["ieeg"]["validation"] == "strict"
        return ValidateBidsSpec(str(self.study.bids_root), strict).plain()


@dataclass(frozen=True)
class Preprocess(_Rule):
    """One recording, cleaned and put on the film's clock."""

    def inputs(self, recording: str) -> Inputs:
        """Return the recording, what describes it, and the atlas where the config names one."""
        row, atlas = self.study.recordings[recording], self.study.config["ieeg"]["atlas"]
        return {
            "ieeg": list(row.parts),
            "companions": list(row.companions),
            "sidecars": list(row.sidecars),
            "atlas": [atlas[key] for key in ("volume", "labels") if atlas[key]],
        }

    def spec(self, recording: str) -> dict[str, Any]:
        """Return how the recording is read and cleaned."""
        row, config = self.study.recordings[recording], self.study.config
        ieeg = config["ieeg"]
        return PreprocessSpec.take(
            ieeg,
            ieeg["atlas"],
            recording=recording,
            subject=row.subject,
            stimulus=row.stimulus,
            task=entities(recording).get("task", "n/a"),
            film_zero=self.film_zero(recording),
            cleaning=CleaningSpec.take(ieeg),
            artefacts=ArtefactsSpec.take(ieeg["artefacts"]),
        ).plain()


@dataclass(frozen=True)
class Responses(_Rule):
    """Event-locked responses of a recording, in all alignments."""

    def inputs(self, recording: str) -> Inputs:
        """Return the clean recording and the events of its film."""
        stimulus = self.study.recordings[recording].stimulus
        clean = paths.fill(paths.CLEAN, recording=recording)
        return {
            "eeg": f"{clean}_ieeg.eeg",
            "channels": f"{clean}_channels.tsv",
            "clock": paths.fill(paths.CLOCK, recording=recording),
            "segments": paths.fill(paths.SEGMENTS, recording=recording),
            "artefacts": paths.fill(paths.ARTEFACTS, recording=recording),
            "events": [
                paths.fill(paths.EVENTS, stimulus=stimulus, alignment=alignment)
                for alignment in self.study.alignments
            ],
        }

    def spec(self, recording: str) -> dict[str, Any]:
        """Return which bins are taken."""
        row, config = self.study.recordings[recording], self.study.config
        film = config["stimuli"][row.stimulus]
        return ResponsesSpec.take(
            config["responses"],
            film_zero=self.film_zero(recording),
            strict=film["implausible"] == "stop",
            recording=recording,
            subject=row.subject,
            stimulus=row.stimulus,
            alignments=self.study.alignments,
            unit=CleaningSpec.take(config["ieeg"]).unit,
        ).plain()


@dataclass(frozen=True)
class Recordings(_Rule):
    """The quality table of all recordings, and the clean recordings as a BIDS derivative."""

    #: What describes the derivative, shipped with the workflow.
    FACTS = ("README", "desc-clean_events.json", "electrodes.json")

    def inputs(self) -> Inputs:
        """Return what preprocessing and binning wrote."""
        clean = ("ieeg.vhdr", "ieeg.vmrk", "ieeg.eeg", "ieeg.json", "channels.tsv")
        return {
            "quality": self.of_recordings(paths.QUALITY),
            "electrodes": self.of_recordings(paths.ELECTRODES),
            "clock": self.of_recordings(paths.CLOCK),
            "responses": [
                paths.fill(paths.RESPONSES, recording=name, alignment=alignment)
                for name in self.study.recordings
                for alignment in self.study.alignments
            ],
            "clean": [f for part in clean for f in self.of_recordings(f"{paths.CLEAN}_{part}")],
            "validation": paths.VALIDATION,
            "films": [paths.fill(paths.FILM, stimulus=film) for film in self.study.stimuli],
            "transcripts": [
                paths.fill(paths.TRANSCRIPT, stimulus=film) for film in self.study.stimuli
            ],
            "schema": self.study.shipped("workflow/schemas/recordings.schema.yaml"),
            "facts": [self.study.shipped(f"resources/derivative/{name}") for name in self.FACTS],
        }

    def spec(self) -> dict[str, Any]:
        """Return the dataset's name and source, the workflow's version, and the recordings."""
        study = self.study
        project = tomllib.loads((study.repository / "pyproject.toml").read_text(encoding="utf-8"))[
            "project"
        ]
        return RecordingsSpec(
            dataset=study.config["dataset"],
            version=project["version"],
            source=str(study.bids_root),
            recordings={name: row.subject for name, row in study.recordings.items()},
            films={name: row.stimulus for name, row in study.recordings.items()},
            unclaimed=dict(study.unclaimed),
        ).plain()
