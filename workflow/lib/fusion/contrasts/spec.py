"""Words of the contrasts stage, and what shapes its jobs. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

from fusion.encoding.spec import EncodeSpec
from fusion.ids import Alignment, Alternative, Contrast, Operand
from fusion.spec import Spec

# Test -> role of its contrast, and in how many alignments it must hold.
TESTS = {
    "multimodal_any": ("multimodal", "one"),
    "multimodal_all": ("multimodal", "all"),
    "matched_any": ("matched", "one"),
    "matched_all": ("matched", "all"),
    "linear_any": ("linear", "one"),
}
#: Rungs of the ladder of evidence, from the weakest; each needs those below it.
RUNGS = ("signal", "unimodal", "linear", "interaction")
#: Rung -> the verdict of an electrode at which it is the highest that holds.
RUNG_VERDICTS = {
    "interaction": "interaction",
    "linear": "beats linear",
    "unimodal": "beats unimodal",
}
#: Rung -> roles of the contrasts that it adds to the rung below, as far as the config has them; the
#: interaction test of the controls belongs to the last one too.
RUNG_ROLES = {
    "unimodal": ("multimodal", "matched", "multimodal_vs_audio", "multimodal_vs_video"),
    "linear": ("linear",),
    "interaction": ("interaction",),
}
#: Without it a multimodal network wins wherever a site follows the stream that its rival lacks, so
#: that neither of the two rungs above signal is claimed.
NEEDED = "multimodal"
#: Contrast under which rows of the interaction control stand among the evidence.
INTERACTION_TEST = "interaction test"
#: Verdicts of the electrodes that regions and subjects count as sites.
SITE_VERDICTS = ("interaction", "beats linear")
VERDICTS = (
    *RUNG_VERDICTS.values(),
    "better",
    "vision and language",
    "vision",
    "language",
    "audio",
    "video",
    "undecided",
    "none",
    "not tested",
)

Windows = dict[str, tuple[float, float]]
Validation = Literal["nested", "halves"]
BinWeights = Literal["validation_squared", "validation", "equal"]
Correction = Literal["bh", "by"]


@dataclass(frozen=True)
class Comparison(Spec):
    """A contrast without its part in the verdicts, which changes no p-value."""

    name: str
    a: Operand
    b: Operand
    alternative: Alternative

    @classmethod
    def of(cls, contrast: Contrast) -> Self:
        """Return what a contrast compares."""
        return cls(contrast.name, contrast.a, contrast.b, contrast.alternative)

    @property
    def operands(self) -> tuple[Operand, Operand]:
        """Both sides."""
        return self.a, self.b


@dataclass(frozen=True)
class CalibratedSpec(Spec):
    """The test by block influences (keys of ``statistics`` and ``statistics.calibrated``)."""

    bin_weights: BinWeights = "validation_squared"
    multipliers: int = 1000
    min_blocks: int = 8


@dataclass(frozen=True)
class PaperSpec(Spec):
    """The paper's test across bins (keys of ``statistics``)."""

    gate_bins: int


@dataclass(frozen=True)
class BlockBootstrapSpec(Spec):
    """Resampling of held-out predictions (keys of ``statistics``, the last two of ``encoding``)."""

    bin_weights: BinWeights
    resamples: int
    min_blocks: int
    block_s: float
    clip_mad: float | bool = False


@dataclass(frozen=True)
class ContrastsSpec(Spec):
    """All contrasts of one subject and alignment.

    Attributes
    ----------
    subject, alignment
        Ids.
    fits
        Names of the fits, in the order of the files.
    comparisons
        The contrasts.
    windows
        Name -> first and last bin centre (ms).
    primary_window
        Name of the window whose effects are averaged over regions.
    validation
        How the fits were validated.
    calibrated, paper, block_bootstrap
        The procedure: all but one are None.
    seed
        Of the config.
    """

    subject: str
    alignment: Alignment
    fits: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    windows: Windows
    primary_window: str
    validation: Validation
    calibrated: CalibratedSpec | None
    paper: PaperSpec | None
    block_bootstrap: BlockBootstrapSpec | None
    seed: int


@dataclass(frozen=True)
class BootstrapSpec(Spec):
    """The paper's bootstrap of a fit."""

    fit: EncodeSpec
    resamples: int
    seed: int


@dataclass(frozen=True)
class ShiftNullSpec(Spec):
    """The null of a score above zero, by circular shifts of the film."""

    fit: EncodeSpec
    window: tuple[float, float]
    shifts: int
    min_shift_s: float
    seed: int


@dataclass(frozen=True)
class FilmToFilmSpec(Spec):
    """Contrasts of one subject and alignment, by fits that train on one film and test on another.

    Attributes
    ----------
    subject, alignment
        Ids.
    fits
        How each fit is made; its folds are replaced.
    comparisons
        The contrasts.
    window_name, window
        The primary window, and its first and last bin centre (ms).
    bin_width_ms
        Width of a bin: of the window's bins those that do not overlap are used.
    calibrated
        How differences are tested.
    seed
        Of the config.
    """

    subject: str
    alignment: Alignment
    fits: tuple[EncodeSpec, ...]
    comparisons: tuple[Comparison, ...]
    window_name: str
    window: tuple[float, float]
    bin_width_ms: float
    calibrated: CalibratedSpec
    seed: int


@dataclass(frozen=True)
class ShiftNullsSpec(Spec):
    """The table of all shift nulls."""

    correction: Correction


@dataclass(frozen=True)
class SitesSpec(Spec):
    """The table of sites, and what is counted from it.

    Attributes
    ----------
    roles
        Contrast -> its part in the verdicts, or None; in the config's order.
    alone
        Contrasts with nothing.
    alignments
        Event types.
    window
        Name of the primary window.
    level
        False-discovery level.
    correction
        How p-values are corrected.
    modality
        Model -> what it was trained on.
    subjects
        Recording -> subject.
    as_published
        Whether tests are corrected and counted as in the paper's notebook: a contrast is one family
        over all alignments, and "in one" or "in both" counts the alignments that are significant.
    labels
        Model -> its name as people write it; one that is missing goes by its id.
    """

    roles: dict[str, str | None]
    alone: tuple[str, ...]
    alignments: tuple[Alignment, ...]
    window: str
    level: float
    correction: Correction
    modality: dict[str, str]
    subjects: dict[str, str]
    as_published: bool = False
    labels: dict[str, str] = field(default_factory=dict)
