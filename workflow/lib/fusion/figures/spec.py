"""Which figures there are, what each needs, and what shapes them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.ids import Alignment, Operand
from fusion.spec import Spec


@dataclass(frozen=True)
class Entry:
    """A figure as the report and ``snakemake --report`` list it.

    Attributes
    ----------
    title
        What stands above it.
    category
        Heading under which ``snakemake --report`` lists it.
    needs
        Tables that it is drawn from; without one of them the figure is not asked for.
    any_of
        Tables of which it needs at least one.
    narrow
        Whether it fits a journal's column (85 mm).
    caption
        Name of its caption in ``workflow/report`` where that is not its own.
    """

    title: str
    category: str
    needs: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    caption: str | None = None
    narrow: bool = False


#: All figures, in the order of the report. Their functions are in :mod:`fusion.figures.registry`.
FIGURES: dict[str, Entry] = {
    "tests": Entry("Overlap of the tests of multimodality", "Sites", ("sites",)),
    "brain_verdict": Entry("Sites by verdict", "Brain", ("sites", "contrasts"), caption="brain"),
    "brain_model": Entry("Sites by best model", "Brain", ("sites",), caption="brain"),
    "region_map": Entry("Regions by test", "Brain", ("sites",)),
    "parcels": Entry("Parcels by test", "Brain", ("sites", "contrasts", "outlines")),
    "regions": Entry("Sites by region", "Regions", ("regions",)),
    "people": Entry("From electrodes to people", "Regions", ("region_effects", "region_subjects")),
    "coverage": Entry("Coverage by subject and region", "Regions", ("sites",)),
    "effects": Entry("Effects in every contrast", "Contrasts", ("contrasts",)),
    "scatter": Entry("Multimodal against unimodal models", "Contrasts", ("contrasts",)),
    "slip": Entry("Three networks, one architecture and training set", "Contrasts", ("contrasts",)),
    "time": Entry("r over time", "Contrasts", ("time_course",)),
    "latency": Entry("Latency of sites", "Contrasts", ("sites",)),
    "alignments": Entry("Language events against vision events", "Contrasts", ("contrasts",)),
    "best_networks": Entry("Electrodes by best network", "Models", ("contrasts",)),
    "trained": Entry("Trained against random networks", "Models", ("score_profiles", "sites")),
    "layers": Entry("Layers", "Models", ("score_profiles", "sites")),
    "examples": Entry("Example predictions", "Models", ("examples",)),
    "partition": Entry("Variance partition by region", "Controls", ("partition", "sites")),
    "claims": Entry(
        "Share of electrodes that pass each test", "Controls", any_of=("interaction", "floors")
    ),
    "leak": Entry("Leak meter", "Controls", ("leak",)),
    "passive": Entry("Passive control", "Controls", ("passive",)),
    "calibration": Entry("Calibration", "Controls", ("calibration",)),
    "planning": Entry("Planning a study", "Controls", ("planning", "calibration_recorded")),
    "folds": Entry("Folds of film time", "Quality", ("folds",)),
}


@dataclass(frozen=True)
class Sides(Spec):
    """Both sides of a contrast."""

    a: Operand
    b: Operand


@dataclass(frozen=True)
class ScoreProfilesSpec(Spec):
    """What shapes the means of scores over the primary window.

    Attributes
    ----------
    window
        First and last bin centre (ms).
    fits
        ``(subject, alignment, model, init)`` of every file of scores.
    """

    window: tuple[float, float]
    fits: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class TimeCourseSpec(Spec):
    """What shapes r over time of two fits.

    Attributes
    ----------
    contrast
        The contrast whose fits are shown.
    fits
        ``(subject, alignment, side)`` of every file of influences, side being ``a`` or ``b``.
    sides
        Side -> the fit's name.
    window_name
        The window by whose effects electrodes are chosen.
    electrodes
        Number of electrodes shown beside the average.
    multipliers
        Random signs drawn for the correction over bins.
    level
        A bin passes at a corrected p-value up to this.
    seed
        The config's seed.
    """

    contrast: str
    fits: tuple[tuple[str, Alignment, str], ...]
    sides: dict[str, str]
    window_name: str
    electrodes: int
    multipliers: int
    level: float
    seed: int


@dataclass(frozen=True)
class ExamplesSpec(Spec):
    """Which predictions are shown beside the responses.

    Attributes
    ----------
    fit
        The fit (model-init-pairing).
    alignment
        Its alignment.
    subjects
        Subjects of the files of predictions.
    recordings
        Subject of each file of responses.
    window
        First and last bin centre that is looked at (ms).
    """

    fit: str
    alignment: Alignment
    subjects: tuple[str, ...]
    recordings: tuple[str, ...]
    window: tuple[float, float]


@dataclass(frozen=True)
class FigureTablesSpec(Spec):
    """What shapes the tables that figures need from arrays; None where nothing is shown."""

    time_course: TimeCourseSpec | None
    examples: ExamplesSpec | None


@dataclass(frozen=True)
class FiguresSpec(Spec):
    """What shapes the figures.

    Attributes
    ----------
    figures
        Names of those drawn.
    level
        False-discovery level.
    window_name, window
        The primary window, and its first and last bin centre (ms).
    step_ms
        Distance of two bins (ms).
    gap_s
        Events that near to a held-out one (s) are excluded from training.
    models
        Models in the config's order.
    labels
        Model -> its name as people write it.
    operands
        Contrast -> its sides.
    effect
        Contrast and alignment whose effect sets the area of markers on the brain, or None.
    mapped
        Role -> contrast of the tests that parcels are coloured by.
    modality
        Model -> what it was trained on.
    signal
        The contrast of all models with nothing, or None.
    scatter
        The contrast of multimodal with unimodal models, or None.
    three_way
        Up to three contrasts of networks that share architecture and training data.
    across_alignments
        Contrasts compared between alignments.
    example_fit, example_alignment
        The fit whose predictions are shown.
    """

    figures: tuple[str, ...]
    level: float
    window_name: str
    window: tuple[float, float]
    step_ms: float
    gap_s: float
    models: tuple[str, ...]
    labels: dict[str, str]
    operands: dict[str, Sides]
    effect: tuple[str, Alignment] | None
    mapped: dict[str, str]
    modality: dict[str, str]
    signal: str | None
    scatter: str | None
    three_way: tuple[str, ...]
    across_alignments: tuple[str, ...]
    example_fit: str
    example_alignment: Alignment
