"""Rules of the stimuli stage: what each job reads, and what shapes its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fusion.design import paths
from fusion.design.study import Study
from fusion.stimuli.spec import (
    AnnotatedCuts,
    CutsSpec,
    DetectedCuts,
    EventsSpec,
    FramesSpec,
    LowlevelSpec,
    SoundSpec,
    TranscriptSpec,
)

Inputs = dict[str, str | list[str]]


@dataclass(frozen=True)
class _Rule:
    study: Study

    def film(self, stimulus: str) -> str:
        """Return the path of a film."""
        return self.study.stimulus_file(self.study.config["stimuli"][stimulus]["video"])

    def heard(self, stimulus: str) -> dict[str, str]:
        """Return the film or, without pictures, the sound; nothing where there is neither."""
        row = self.study.config["stimuli"][stimulus]
        path = row["video"] or row["audio"]
        return {"film": self.study.stimulus_file(path)} if path else {}

    def has_pictures(self, stimulus: str) -> bool:
        """Return whether a stimulus has pictures."""
        return bool(self.study.config["stimuli"][stimulus]["video"])

    def strict(self, stimulus: str) -> bool:
        """Return whether words and cuts that cannot belong to the film stop the run."""
        return bool(self.study.config["stimuli"][stimulus]["implausible"] == "stop")

    def of_alignments(self, pattern: str, stimulus: str) -> list[str]:
        """Return a film's file for each alignment."""
        return [
            paths.fill(pattern, stimulus=stimulus, alignment=alignment)
            for alignment in self.study.alignments
        ]


@dataclass(frozen=True)
class Transcript(_Rule):
    """Words of a film in one table."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return the transcript, and the file of sentences where there is one."""
        row = self.study.config["stimuli"][stimulus]["transcript"]
        files = {"transcript": row["file"], "sentences": row["sentences"]}
        return {name: self.study.stimulus_file(path) for name, path in files.items() if path}

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return how the transcript is read."""
        row = self.study.config["stimuli"][stimulus]["transcript"]
        per_second = {"s": 1.0, "ms": 1000.0}.get(row["unit"]) or float(row["unit"])
        return TranscriptSpec.take(row, labels=row["not_words"], per_second=per_second).plain()


@dataclass(frozen=True)
class SceneCuts(_Rule):
    """Scene cuts of a film."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return the film, and the table of cuts where there is one."""
        path = self.study.config["stimuli"][stimulus]["scene_cuts"]["file"]
        table = {"cuts": self.study.stimulus_file(path)} if path else {}
        return {"film": self.film(stimulus), **table}

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return how cuts are read or found: only what the one or the other uses."""
        row = self.study.config["stimuli"][stimulus]["scene_cuts"]
        if row["file"]:
            annotated = AnnotatedCuts.take(row, strict=self.strict(stimulus))
            return CutsSpec(stimulus, annotated, None).plain()
        return CutsSpec(stimulus, None, DetectedCuts.take(row)).plain()


@dataclass(frozen=True)
class Events(_Rule):
    """Events of a film, in all alignments."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return words and film, and cuts where those are events."""
        vision = "vision" in self.study.alignments
        return {
            "words": paths.fill(paths.WORDS, stimulus=stimulus),
            **({"cuts": paths.fill(paths.CUTS, stimulus=stimulus)} if vision else {}),
            **self.heard(stimulus),
        }

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return what makes an event."""
        config = self.study.config
        return EventsSpec.take(
            config["events"], config, stimulus=stimulus, strict=self.strict(stimulus)
        ).plain()


@dataclass(frozen=True)
class Frames(_Rule):
    """Pictures that the events of a film need."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return film and events."""
        return {
            "events": self.of_alignments(paths.EVENTS, stimulus),
            "film": self.film(stimulus),
        }

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return which pictures are kept."""
        return FramesSpec.take(
            self.study.config["frames"], stimulus=stimulus, clips=self.study.clips
        ).plain()


@dataclass(frozen=True)
class Sound(_Rule):
    """Sound of a film."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return the film, or a sound."""
        return {**self.heard(stimulus)}

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return whose sound it is."""
        return SoundSpec(stimulus).plain()


@dataclass(frozen=True)
class Lowlevel(_Rule):
    """Low-level descriptions of a film's events, in all alignments."""

    def inputs(self, stimulus: str) -> Inputs:
        """Return what events are described by."""
        seen: Inputs = {
            "cuts": paths.fill(paths.CUTS, stimulus=stimulus),
            "frames": paths.fill(paths.FRAMES, stimulus=stimulus),
        }
        sound = {"sound": paths.fill(paths.SOUND, stimulus=stimulus)}
        return {
            "facts": paths.fill(paths.FILM, stimulus=stimulus),
            "events": self.of_alignments(paths.EVENTS, stimulus),
            "words": paths.fill(paths.WORDS, stimulus=stimulus),
            **(seen if self.has_pictures(stimulus) else {}),
            **(sound if self.heard(stimulus) else {}),
        }

    def spec(self, stimulus: str) -> dict[str, Any]:
        """Return how events are described."""
        config = self.study.config
        return LowlevelSpec.take(
            config["lowlevel"], alignments=config["events"]["alignments"]
        ).plain()
