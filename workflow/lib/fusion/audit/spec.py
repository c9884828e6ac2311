"""What shapes the audit. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.contrasts.spec import CalibratedSpec, Comparison, Validation
from fusion.encoding.spec import EncodeSpec
from fusion.ids import Alignment
from fusion.spec import Spec


@dataclass(frozen=True)
class Sample(Spec):
    """Fits of one subject and alignment that are made again.

    Attributes
    ----------
    subject, alignment
        Ids.
    fits
        What is fitted, one entry a fit.
    comparison
        The contrast of these fits, or None if there is one fit only.
    n_recordings
        Number of responses files.
    """

    subject: str
    alignment: Alignment
    fits: tuple[EncodeSpec, ...]
    comparison: Comparison | None
    n_recordings: int


@dataclass(frozen=True)
class AuditSpec(Spec):
    """A second opinion on a random part of a run.

    Attributes
    ----------
    samples
        The fits that were drawn.
    electrodes
        Number of electrodes drawn for each sample.
    tolerance
        Largest difference of a correlation, or of a contrast's effect, that is accepted.
    window
        Name of the primary window.
    window_ms
        Its first and last bin centre (ms).
    validation, statistics
        How contrasts are tested; statistics is None where another procedure than the calibrated
        one is used, whose effects are not audited.
    seed
        Of the config.
    """

    samples: tuple[Sample, ...]
    electrodes: int
    tolerance: float
    window: str
    window_ms: tuple[float, float]
    validation: Validation
    statistics: CalibratedSpec | None
    seed: int
