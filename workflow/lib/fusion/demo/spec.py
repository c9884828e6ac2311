"""What shapes the jobs of the demo stage."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.spec import Spec


@dataclass(frozen=True)
class SimulateSpec(Spec):
    """What is simulated (keys of ``simulate``)."""

    seed: int
    subjects: tuple[str, ...]
    film_s: float
    sfreq_hz: float
    shafts: int
    contacts: int
    effect: float
    voices: bool


@dataclass(frozen=True)
class TrainDemoModelsSpec(Spec):
    """How the demo's networks are trained (keys of ``demo_models``)."""

    seed: int
    steps: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class PlantedSpec(Spec):
    """How verdicts, contrasts and controls are set against what was planted.

    Attributes
    ----------
    controls
        Names of the controls' tables, in the order of the files.
    window
        Window whose contrasts are counted.
    level
        p-values below it count as found.
    """

    controls: tuple[str, ...]
    window: str
    level: float
