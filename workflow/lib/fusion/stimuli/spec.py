"""What shapes the jobs of the stimuli stage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fusion.ids import Alignment
from fusion.spec import Spec


@dataclass(frozen=True)
class TranscriptSpec(Spec):
    """How a transcript is read (keys of ``stimuli.*.transcript``).

    Attributes
    ----------
    format, tier
        What wrote it, and which tier holds the words.
    per_second
        Ticks of its times a second: 1 for seconds, 1000 for milliseconds.
    zero_s
        Time in the file (s) of the film's second 0.
    labels
        Labels that stand for no word.
    language
        Language of the splitter into sentences.
    sentence_gap_s
        Silence that ends a sentence where there is no punctuation.
    longest_sentence
        Most words of a sentence that is found by splitting.
    """

    format: str
    tier: str | None
    per_second: float
    zero_s: float
    labels: tuple[str, ...]
    language: str
    sentence_gap_s: float
    longest_sentence: int


#: Lines by which a form without a head of its own is known.
LRC = re.compile(r"^\[\d+:\d+(?:[.:]\d+)?\]", re.MULTILINE)
SBV = re.compile(r"^\d+:\d\d:\d\d\.\d+,\d+:\d\d:\d\d\.\d+\s*$", re.MULTILINE)
CTM = re.compile(r"\S+\s+[0-9ABLRablr]\s+\d+(?:\.\d+)?\s+\d*\.?\d+\s+\S+(?:\s+\S+){0,4}")


def form_of(head: str) -> str:
    """Return what a transcript looks like: ``json``, ``textgrid``, ``srt``, ``sbv``, ``lrc``,
    ``ass``, ``ctm``, ``xml`` or ``table``.

    Parameters
    ----------
    head
        Its first few thousand characters.
    """
    text = head.lstrip("\ufeff \n\r\t").replace("\r\n", "\n")
    if re.match(r"\{\d+\}\{\d*\}", text):
        return "microdvd"
    if text.startswith("[") and LRC.search(text):
        return "lrc"
    if text[:1] in ("{", "["):
        return "ass" if text.startswith(("[Script Info]", "[V4")) else "json"
    if text.startswith(("<?xml", "<tt", "<!DOCTYPE", "<html")):
        return "xml"
    if "ooTextFile" in text[:200] or '"TextGrid"' in text[:200]:
        return "textgrid"
    if "-->" in text or text.startswith("WEBVTT"):
        return "srt"
    if SBV.match(text):
        return "sbv"
    said = [line for line in text.split("\n")[:-1] or [text] if line.strip()]
    said = [line for line in said if not line.startswith(";;")]
    return "ctm" if said and all(CTM.fullmatch(line.strip()) for line in said) else "table"


@dataclass(frozen=True)
class AnnotatedCuts(Spec):
    """How a table of cuts is read (keys of ``stimuli.*.scene_cuts``)."""

    onset_column: str
    unit: str | float
    skip_first: bool
    strict: bool


@dataclass(frozen=True)
class DetectedCuts(Spec):
    """How cuts are found in the film (keys of ``stimuli.*.scene_cuts``)."""

    detector: Literal["content", "adaptive"]
    threshold: float | None
    min_scene_s: float


@dataclass(frozen=True)
class CutsSpec(Spec):
    """How a film's scene cuts are found: one of the two is None."""

    stimulus: str
    annotated: AnnotatedCuts | None
    detected: DetectedCuts | None


@dataclass(frozen=True)
class EventsSpec(Spec):
    """What makes events (keys of ``events``)."""

    stimulus: str
    alignments: tuple[Alignment, ...]
    text: Literal["sentence_so_far", "sentence", "window"]
    text_window_words: int
    previous_sentences: int
    min_spacing_s: float
    stop_words: tuple[str, ...]
    frame_offset_s: float
    shuffled_pairings: int
    shuffle_min_shift_s: float
    seed: int
    strict: bool = True


@dataclass(frozen=True)
class Clip(Spec):
    """A clip that a network of motion is shown.

    Attributes
    ----------
    pictures
        Number of pictures, the event's own being the last.
    rate_hz
        Pictures a second.
    seconds
        How far back the clip reaches; None for the network's own length.
    """

    pictures: int
    rate_hz: float
    seconds: float | None


@dataclass(frozen=True)
class FramesSpec(Spec):
    """Which pictures are kept (keys of ``frames``), and the clips that networks are shown."""

    stimulus: str
    size_px: int
    clips: tuple[Clip, ...]


@dataclass(frozen=True)
class SoundSpec(Spec):
    """The sound of a film: nothing but the film shapes it."""

    stimulus: str


@dataclass(frozen=True)
class LowlevelSpec(Spec):
    """How events are described (keys of ``lowlevel``)."""

    alignments: tuple[Alignment, ...]
    rate_window_s: float
    audio_window_s: tuple[float, float]
    mel_bands: int
