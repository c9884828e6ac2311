"""What shapes the jobs of the controls stage. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.contrasts.spec import Comparison, Correction
from fusion.encoding.spec import FoldSpec, Solver
from fusion.ids import Alignment, FitId
from fusion.spec import Spec

#: Bands of features: networks of one modality, or of vision and language.
BANDS = ("vision", "language", "multimodal", "audio", "video")


@dataclass(frozen=True, kw_only=True)
class FittingSpec(FoldSpec):
    """Responses that a control reads, and how its fits are made.

    Attributes
    ----------
    window_ms
        First and last bin centre of the window.
    bin_width_ms
        Width of a bin; of overlapping bins only some are taken.
    block_s, alphas, drift_cosines_s, clip_mad, solver
        As in the encoding fits (keys of ``encoding``).
    """

    window_ms: tuple[float, float]
    bin_width_ms: float
    block_s: float
    alphas: tuple[float, ...]
    drift_cosines_s: float | bool
    clip_mad: float | bool
    solver: Solver = "eigen"


@dataclass(frozen=True)
class Activated(Spec):
    """What one file of activations holds."""

    fit: FitId
    film: str


@dataclass(frozen=True)
class PartitionSpec(Spec):
    """A variance partition.

    Attributes
    ----------
    subject, alignment
        Whose responses, to which events.
    films
        Films of the low-level features, in the order of the files.
    activations
        Fit and film of every file of activations.
    bands
        Band -> fits.
    dimensions
        Principal components that a band keeps.
    scalings
        Band scalings that are drawn besides the fixed ones.
    fitting
        Responses and folds.
    seed
        Draws the scalings.
    """

    subject: str
    alignment: Alignment
    films: tuple[str, ...]
    activations: tuple[Activated, ...]
    bands: dict[str, tuple[FitId, ...]]
    dimensions: int
    scalings: int
    fitting: FittingSpec
    seed: int


@dataclass(frozen=True)
class DimensionMatchSpec(Spec):
    """All contrasts, every network at the same number of dimensions."""

    subject: str
    alignment: Alignment
    activations: tuple[Activated, ...]
    comparisons: tuple[Comparison, ...]
    dimensions: int
    fitting: FittingSpec


@dataclass(frozen=True)
class JointNetworkSpec(Spec):
    """A network that is given frame and text together (keys of ``controls.joint_networks``).

    Attributes
    ----------
    model
        Row of the zoo.
    towers
        Layers of the image and of the text embedding of a network of two towers, whose pairings
        follow from one pass; None for a network that ran on every pairing.
    """

    model: str
    towers: tuple[str, str] | None


@dataclass(frozen=True)
class InteractionSpec(Spec):
    """Interaction test and modality shuffle.

    Attributes
    ----------
    subject, alignment
        Whose responses, to which events.
    films
        Films, in the order of the tables of events.
    activations
        Fit and film of every file of activations.
    bands
        ``vision`` and ``language`` -> fits.
    networks
        Name -> joint network.
    pairings
        Misaligned pairings on which networks without towers ran.
    tower_pairings
        Misaligned pairings of networks of two towers.
    shifts
        Time-shifted copies of the interaction part.
    min_shift_s
        Smallest shift (film time).
    dimensions
        Principal components that each stream keeps.
    fitting
        Responses and folds.
    seed
        Draws pairings.
    """

    subject: str
    alignment: Alignment
    films: tuple[str, ...]
    activations: tuple[Activated, ...]
    bands: dict[str, tuple[FitId, ...]]
    networks: dict[str, JointNetworkSpec]
    pairings: tuple[str, ...]
    tower_pairings: int
    shifts: int
    min_shift_s: float
    dimensions: int
    fitting: FittingSpec
    seed: int


@dataclass(frozen=True)
class LeakSpec(Spec):
    """The leak meter.

    Attributes
    ----------
    films
        Films, in the order of the tables of words.
    drift_period_s
        Shortest period that counts as drift.
    """

    films: tuple[str, ...]
    drift_period_s: float


@dataclass(frozen=True)
class FloorPairSpec(Spec):
    """Two fits that should not differ, and why."""

    floor: str
    a: FitId
    b: FitId


@dataclass(frozen=True)
class FloorsSpec(Spec):
    """Contrasts that should find nothing.

    Attributes
    ----------
    activations
        Fit and film of every file of activations.
    pairs
        Fits that are compared.
    layers_of
        Fit two of whose layers are compared.
    dimensions
        Principal components that each side keeps.
    """

    activations: tuple[Activated, ...]
    pairs: tuple[FloorPairSpec, ...]
    layers_of: FitId
    dimensions: int


@dataclass(frozen=True)
class NegativeControlsSpec(Spec):
    """Leak meter and floors; None for one that is switched off."""

    subject: str
    alignment: Alignment
    leak: LeakSpec | None
    floors: FloorsSpec | None
    fitting: FittingSpec


@dataclass(frozen=True)
class PassiveSpec(Spec):
    """Low-level features of a film in the place of electrodes, in all bins (``fitting.window_ms``).

    Attributes
    ----------
    stimulus, alignment
        Film, and type of event.
    activations
        Fit and film of every file of activations.
    bands
        Band -> fits.
    dimensions
        Principal components that a band keeps.
    fitting
        Latencies and folds.
    """

    stimulus: str
    alignment: Alignment
    activations: tuple[Activated, ...]
    bands: dict[str, tuple[FitId, ...]]
    dimensions: int
    fitting: FittingSpec


@dataclass(frozen=True)
class CeilingSpec(Spec):
    """What the film explains at most.

    Attributes
    ----------
    subject, alignment
        Whose responses, to which events.
    others
        Subject of each recording of others, in the order of the files.
    dimensions
        Principal components kept of the others' responses.
    fitting
        Responses and folds.
    """

    subject: str
    alignment: Alignment
    others: tuple[str, ...]
    dimensions: int
    fitting: FittingSpec


@dataclass(frozen=True)
class ControlTablesSpec(Spec):
    """Which tables are made, and how their p-values are corrected."""

    controls: tuple[str, ...]
    correction: Correction
