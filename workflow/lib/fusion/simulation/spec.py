"""What shapes the simulations: worlds, contrasts, and how fits are made. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fusion.contrasts.spec import BinWeights, CalibratedSpec, Comparison, Validation
from fusion.encoding.spec import FitSpec
from fusion.ids import Alignment, Alternative
from fusion.spec import Spec

NoiseName = Literal["gaussian", "bursts", "modulated", "spikes", "common", "recorded"]


@dataclass(frozen=True)
class SideSpec(Spec):
    """One side of a contrast: the fit at a rank among several, by validation score."""

    rank: int
    of: tuple[str, ...]


@dataclass(frozen=True)
class ComparisonSpec(Spec):
    """A contrast as it is tested in a simulation; a side that is None is nothing."""

    a: SideSpec | None
    b: SideSpec | None
    alternative: Alternative


@dataclass(frozen=True)
class SimulationSpec(Spec):
    """What is simulated, fitted and tested, whatever the world.

    Attributes
    ----------
    fits
        Names of the fits that contrasts compare.
    modality
        Model -> modality.
    parts
        Model -> the models that it concatenates.
    width
        Dimensions of each stream of a film.
    noise
        Kind of the noise (:data:`fusion.simulation.noise.NOISES`).
    contrasts
        Name -> contrast.
    window, windows
        Name of the primary window, and the first and last bin centre (ms) of every window.
    validation, bin_weights, multipliers, min_blocks
        How contrasts are tested (keys of ``encoding`` and ``statistics``).
    seed
        Seed of all random numbers.
    projected
        Models that project their parts together.
    """

    fits: tuple[str, ...]
    modality: dict[str, str]
    parts: dict[str, tuple[str, ...]]
    width: int
    noise: NoiseName
    contrasts: dict[str, ComparisonSpec]
    window: str
    windows: dict[str, tuple[float, float]]
    validation: Literal["nested", "halves"]
    bin_weights: BinWeights
    multipliers: int
    min_blocks: int
    seed: int
    projected: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorldSpec(Spec):
    """One world, simulated on the events and noise of a recording.

    Attributes
    ----------
    alignment, world
        Type of event, and name of the world.
    cases
        Size of the effect and minutes of film of every simulation; None minutes leave the film as
        it is.
    repetitions, electrodes
        Simulated subjects, and electrodes of each; None takes those of the recording.
    step_ms, bin_width_ms
        Smallest distance between the bins that are simulated, and their width.
    high_pass_hz
        High-pass that the recording went through; False for none.
    simulation
        What is simulated and tested.
    encoding
        How fits are made (section ``encoding``).
    """

    alignment: Alignment
    world: str
    cases: tuple[tuple[float, float | None], ...]
    repetitions: int
    electrodes: int | None
    step_ms: float
    bin_width_ms: float
    high_pass_hz: float | bool
    simulation: SimulationSpec
    encoding: dict[str, Any]


@dataclass(frozen=True)
class RecordedSpec(Spec):
    """Null worlds and planted effects in the recorded responses of one subject and alignment.

    Attributes
    ----------
    subject, alignment
        Ids.
    features
        (fit, film, model) of each activations file, in the order of the files.
    parts
        Model -> layer of each model that it joins, for concatenations.
    comparisons
        The contrasts that are tested.
    window_name, window
        The primary window, and its first and last bin centre (ms).
    step_ms
        Smallest distance of the bins that are fitted.
    turns, min_shift_s
        How often the film is turned against the recordings, and the smallest turn (s).
    electrodes
        Electrodes taken of the subject, evenly spaced; None for all.
    sizes
        Sizes of planted effects: the SD of what is added at the peak, over the robust SD of the
        responses.
    minutes
        Shorter lengths of film that are tried.
    validation, calibrated, settings
        How fits and tests are made.
    seed
        Of the config.
    """

    subject: str
    alignment: Alignment
    features: tuple[tuple[str, str, str], ...]
    parts: dict[str, dict[str, str]]
    comparisons: tuple[Comparison, ...]
    window_name: str
    window: tuple[float, float]
    step_ms: float
    turns: int
    min_shift_s: float
    electrodes: int | None
    sizes: tuple[float, ...]
    minutes: tuple[float, ...]
    validation: Validation
    calibrated: CalibratedSpec
    settings: FitSpec
    seed: int


@dataclass(frozen=True)
class RecordedRatesSpec(Spec):
    """How the null worlds of recordings are counted.

    Attributes
    ----------
    window
        Name of the primary window.
    level, correction
        Keys of ``statistics``.
    minutes, electrodes
        Lengths of film and numbers of electrodes of the planning table.
    """

    window: str
    level: float
    correction: Literal["bh", "by"]
    minutes: tuple[float, ...]
    electrodes: tuple[int, ...]


@dataclass(frozen=True)
class RatesSpec(Spec):
    """How error rates are counted (keys of ``statistics``)."""

    level: float
    correction: Literal["bh", "by"]


@dataclass(frozen=True)
class CalibrateSpec(Spec):
    """How all worlds are counted."""

    simulated: RatesSpec
    recorded: RecordedRatesSpec
