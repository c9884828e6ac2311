"""The ids that name things everywhere: recordings, fits, operands, contrasts. Parsed here alone.

Standard library only: the workflow reads this module while it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fusion.spec import Spec

Alignment = Literal["language", "vision"]
Alternative = Literal["greater", "two-sided"]
Modality = Literal["vision-language", "vision", "language", "audio", "video"]
#: The part that a contrast plays in the verdicts.
Role = Literal[
    "multimodal",
    "matched",
    "linear",
    "interaction",
    "multimodal_vs_audio",
    "multimodal_vs_video",
    "signal",
    "vision",
    "language",
    "audio",
    "video",
    "language_vs_audio",
    "vision_vs_video",
]

#: BIDS entities by which recordings are chosen: long name (as in ``mne_bids.BIDSPath``) -> key.
ENTITIES = {
    "subject": "sub",
    "session": "ses",
    "task": "task",
    "acquisition": "acq",
    "run": "run",
}

Name = TypeVar("Name")

ENTITY = re.compile("([a-z]+)-([A-Za-z0-9+]+)")
NOTHING: Literal["nothing"] = "nothing"
TRAINED, TRUE = "trained", "true"


def entities(name: str) -> dict[str, str]:
    """Return the BIDS entities of a file name: ``{"sub": "01", "task": "film"}``.

    Parameters
    ----------
    name
        Of a file, or of a recording without suffix and extension.

    Raises
    ------
    ValueError
        If a part is no entity with a label of letters, digits and ``+``, or an entity stands twice.
        A label is never cut: ``sub-P01-1`` and ``sub-P01-2`` would be one subject.
    """
    *parts, last = name.split("_")
    if ENTITY.fullmatch(last) or "-" in last.split(".")[0]:
        parts.append(last)  # a name without a suffix
    found: dict[str, str] = {}
    if not any("-" in part for part in parts):
        return found  # a file of the dataset, such as dataset_description.json
    for part in parts:
        match = ENTITY.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r}, which is not an entity with a label of letters and digits")
        if match[1] in found:
            raise ValueError(f"two entities {match[1]!r}")
        found[match[1]] = match[2]
    return found


def bare_region(region: str) -> str:
    """Return a region's name without what marks the hemisphere and without case: ``ctx-lh-Insula``
    -> ``insula``.
    """
    return re.sub(r"^(ctx[-_])?([lr]h|left|right)[-_ ]|[^a-z0-9]", "", region.lower())


@dataclass(frozen=True, order=True)
class FitId(Spec):
    """One network as it is fitted.

    Attributes
    ----------
    model
        Row of the zoo.
    init
        ``trained``, or ``random0``, ``random1``, ...
    pairing
        ``true``, or ``shuffled0``, ``shuffled1``, ... (texts shifted against frames).
    """

    model: str
    init: str = TRAINED
    pairing: str = TRUE

    def __str__(self) -> str:
        return f"{self.model}-{self.init}-{self.pairing}"

    @classmethod
    def parse(cls, name: str) -> FitId:
        """Return the fit that ``slip``, ``slip-random0`` or ``slip-trained-shuffled0`` names.

        Raises
        ------
        ValueError
            If the name has more than three parts, or an empty one.
        """
        parts = name.split("-")
        if len(parts) > 3 or not all(parts):
            raise ValueError(f"{name!r} is not of the form model, model-init or model-init-pairing")
        return cls(*parts)


@dataclass(frozen=True)
class Operand(Spec):
    """One side of a contrast: the best of some fits, the one at a rank, or nothing.

    Attributes
    ----------
    fits
        The candidates; empty for nothing.
    rank
        1 for the best by validation score, 2 for the second best, ...
    """

    fits: tuple[FitId, ...]
    rank: int = 1

    @property
    def is_nothing(self) -> bool:
        """Whether the other side is tested against zero."""
        return not self.fits

    @property
    def single(self) -> FitId | None:
        """The fit, if there is one candidate only."""
        return self.fits[0] if len(self.fits) == 1 and self.rank == 1 else None

    @property
    def names(self) -> list[str]:
        """The candidates' full names."""
        return [str(fit) for fit in self.fits]

    @classmethod
    def parse(cls, given: str | list[str] | Mapping[str, Any]) -> Operand:
        """Return the operand that a config describes.

        Parameters
        ----------
        given
            A fit's name, a list of names, ``{"rank": k, "of": names}``, or ``"nothing"``.

        Raises
        ------
        ValueError
            If a name is not that of a fit.
        """
        if given == NOTHING:
            return cls(())
        if isinstance(given, Mapping):
            return cls(tuple(map(FitId.parse, given["of"])), given["rank"])
        return cls(tuple(map(FitId.parse, [given] if isinstance(given, str) else given)))


@dataclass(frozen=True)
class Contrast:
    """A comparison of two operands.

    Attributes
    ----------
    name
        Key of ``contrasts`` in the config.
    a, b
        The operands.
    alternative
        ``greater`` (a predicts better) or ``two-sided``.
    alignments
        Alignments in which it is tested.
    role
        Its part in the verdicts, or None.
    """

    name: str
    a: Operand
    b: Operand
    alternative: Alternative
    alignments: tuple[Alignment, ...]
    role: Role | None

    @property
    def fits(self) -> tuple[FitId, ...]:
        """All fits that it compares, each once."""
        return unique((*self.a.fits, *self.b.fits))

    @property
    def is_alone(self) -> bool:
        """Whether one side is nothing."""
        return self.a.is_nothing or self.b.is_nothing

    @property
    def pair(self) -> tuple[FitId, FitId] | None:
        """The two fits of a contrast of single fits, or None."""
        a, b = self.a.single, self.b.single
        return (a, b) if a and b else None

    @classmethod
    def parse(
        cls, name: str, given: Mapping[str, Any], alignments: Iterable[Alignment]
    ) -> Contrast:
        """Return the contrast that an entry of the config describes.

        Parameters
        ----------
        name
            Its name.
        given
            The entry, defaults filled in.
        alignments
            All alignments of the study, for entries that name none.
        """
        return cls(
            name,
            Operand.parse(given["a"]),
            Operand.parse(given["b"]),
            given["alternative"],
            tuple(given["alignments"] or alignments),
            given["role"],
        )


def unique(values: Iterable[Name]) -> tuple[Name, ...]:
    """Return values in order, each once."""
    return tuple(dict.fromkeys(values))
