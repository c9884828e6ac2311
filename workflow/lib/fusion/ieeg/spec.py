"""What shapes the jobs of the ieeg stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fusion.ids import Alignment
from fusion.spec import Spec


@dataclass(frozen=True)
class FilmZero(Spec):
    """Which moment of a recording is which second of the film (``stimuli.*.film_zero``).

    Attributes
    ----------
    rule, column, value
        How the moment is found.
    film_s
        Second of the film at that moment.
    until_s
        Second of the film at which the next part begins; None if nothing ends this one.
    """

    rule: Literal["recording_start", "first_event", "film_events"]
    column: str
    value: str | None
    film_s: float = 0.0
    until_s: float | None = None


@dataclass(frozen=True)
class CleaningSpec(Spec):
    """How signals are re-referenced and filtered (keys of ``ieeg``)."""

    reference: Literal["laplacian", "bipolar", "average", "none"]
    ecog_reference: Literal["average", "none", "laplacian"]
    shaft_ends: Literal["drop", "keep"]
    line_freq_hz: float | None
    notch_harmonics: int | None
    notch_quality: float
    high_pass_hz: float | Literal[False]
    phase: Literal["zero", "causal"]
    high_gamma_hz: tuple[float, float] | Literal[False]
    zscore: bool
    despike_sd: float | Literal[False]

    @property
    def unit(self) -> str:
        """Unit of the clean signals."""
        return "z" if self.zscore else "µV"


@dataclass(frozen=True)
class ArtefactsSpec(Spec):
    """What is marked as an artefact (keys of ``ieeg.artefacts``)."""

    window_s: float
    amplitude_sd: float
    step_sd: float
    line_ratio: float


@dataclass(frozen=True)
class PreprocessSpec(Spec):
    """How one recording is read, cleaned and put on the film's clock."""

    recording: str
    subject: str
    stimulus: str
    task: str
    film_zero: FilmZero
    channel_types: tuple[str, ...]
    onsets: Literal["time", "samples"]
    units: Literal["V", "mV", "µV", "nV"] | None
    space: str | None
    reach_mm: float
    cleaning: CleaningSpec
    artefacts: ArtefactsSpec


@dataclass(frozen=True)
class ResponsesSpec(Spec):
    """Which bins around which events (keys of ``responses``).

    Attributes
    ----------
    film_zero
        Which stretch of the film the recording should hold.
    strict
        Stop where few of its events can be used.
    """

    recording: str
    subject: str
    stimulus: str
    alignments: tuple[Alignment, ...]
    unit: str
    window_ms: tuple[float, float]
    bin_width_ms: float
    step_ms: float
    reject: float | Literal[False]
    film_zero: FilmZero
    strict: bool


@dataclass(frozen=True)
class RecordingsSpec(Spec):
    """What names the derivative dataset, and the recordings.

    Attributes
    ----------
    dataset, version, source
        Name and root of the dataset, version of the workflow.
    recordings, films
        Recording -> subject, and film.
    unclaimed
        Recording -> why it takes no part.
    """

    dataset: str
    version: str
    source: str
    recordings: dict[str, str]
    films: dict[str, str]
    unclaimed: dict[str, str]


@dataclass(frozen=True)
class ValidateBidsSpec(Spec):
    """Which dataset the validator sees, and whether its errors stop the run."""

    root: str
    strict: bool


@dataclass(frozen=True)
class ConvertTreebankSpec(Spec):
    """Number of the subject in the Brain Treebank release, and name of the film."""

    subject: int
    film: str


@dataclass(frozen=True)
class TreebankSubject(Spec):
    """Files of the Brain Treebank release that describe a subject."""

    number: int
    labels: str
    coords: str | None
    depth: str | None


@dataclass(frozen=True)
class TreebankFilm(Spec):
    """Files of the Brain Treebank release that describe a film."""

    features: str
    scenes: str | None


@dataclass(frozen=True)
class ConvertTreebankDatasetSpec(Spec):
    """Subjects (BIDS label) and films (name) of the Brain Treebank release."""

    subjects: dict[str, TreebankSubject]
    films: dict[str, TreebankFilm]
