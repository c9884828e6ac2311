"""What shapes the jobs of the encoding stage. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fusion.ids import Alignment, FitId
from fusion.spec import Spec

Backend = Literal["numpy", "torch"]
Solver = Literal["eigen", "himalaya"]


@dataclass(frozen=True)
class FoldSpec(Spec):
    """How events are divided into folds (keys of ``encoding``; ``one_film`` is asked for by the
    rule ``film_to_film`` alone).
    """

    folds: int = 5
    split: Literal["film_time", "film", "one_film"] = "film_time"
    validation: Literal["nested", "halves"] = "nested"
    gap_s: float = 10.0


@dataclass(frozen=True)
class FitSpec(FoldSpec):
    """What shapes the scores of a fit (keys of ``encoding``)."""

    alphas: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
    infinite_alpha: bool = False
    solver: Solver = "eigen"
    alpha_per: Literal["target", "electrode"] = "target"
    penalise_intercept: bool = False
    drift_cosines_s: float | bool = False
    clip_mad: float | bool = 2.0
    block_s: float = 20.0

    def __post_init__(self) -> None:
        """Sort the penalties: the edges of the grid are its ends."""
        object.__setattr__(self, "alphas", tuple(sorted(float(a) for a in self.alphas)))

    @property
    def grid(self) -> tuple[float, ...]:
        """All penalties, ascending, the infinite one last where it is asked for."""
        return (*self.alphas, float("inf")) if self.infinite_alpha else self.alphas


@dataclass(frozen=True)
class Settings(FitSpec):
    """How a fit is made: what shapes its scores, which outputs it keeps, and how it computes.

    The fields below change no score, so rules do not pass them to jobs: a fit that was made on
    another backend, or without predictions, is still valid.

    Attributes
    ----------
    keep_predictions, influence
        Whether these outputs are made.
    backend
        Array library.
    form
        ``primal``, ``dual``, or ``auto`` for the cheaper one.
    """

    keep_predictions: bool = True
    influence: bool = True
    backend: Backend = "numpy"
    form: Literal["auto", "primal", "dual"] = "auto"


#: The calibrated procedure.
DEFAULTS = Settings()


@dataclass(frozen=True)
class EncodeSpec(Spec):
    """The fits of one subject, alignment and model.

    Attributes
    ----------
    subject, alignment
        Ids.
    fits
        What is fitted: inits and pairings of the model.
    features
        (film, model) of each activations file of a fit, in the order of the files.
    parts
        Model -> layer, for a concatenation of layers of several models.
    settings
        What shapes the scores.
    projected
        Whether the parts are projected together on the training events.
    """

    subject: str
    alignment: Alignment
    fits: tuple[FitId, ...]
    features: tuple[tuple[str, str], ...]
    parts: dict[str, str] | None
    settings: FitSpec
    projected: bool = False
