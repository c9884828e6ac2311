"""What shapes the jobs of the models stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fusion.ids import Alignment, Modality
from fusion.io.errors import InputError
from fusion.spec import Spec
from fusion.stimuli.spec import Clip

Feed = Literal["image", "text", "joint", "sound", "clip"]
Side = Literal["left", "right"]
Pooling = Literal["cls", "mean", "last", "flatten"]


@dataclass(frozen=True)
class Regions(Spec):
    """Where the image regions of LXMERT and VisualBERT come from (keys of ``regions`` in a row)."""

    file: str | None
    backbone: str | None
    net: str
    grid: int


@dataclass(frozen=True)
class Shot(Spec):
    """The clip that a network of motion takes (keys of ``clip`` in a row)."""

    pictures: int
    rate_hz: float


@dataclass(frozen=True)
class Row(Spec):
    """A network as the zoo describes it (keys of ``models.schema.yaml``).

    Attributes
    ----------
    model
        Its name.
    origin
        The zoo's file that it stands in, for messages.
    """

    model: str
    origin: str
    family: str
    modality: Modality
    feed: Feed
    sha256: str | dict[str, str] | None
    files: tuple[str, ...]
    architecture: dict[str, Any]
    ignore_keys: tuple[str, ...]
    rename_keys: dict[str, str]
    layers: dict[str, Pooling]
    prefix_tokens: dict[str, int]
    tokenizer: str | None
    text_length: int | None
    preprocess: dict[str, Any]
    clip: Shot | None
    regions: Regions
    licence: str | None
    trained_on: str | None

    def error(self, where: str, found: object, accepted: object) -> InputError:
        """Return the error for a key of this row."""
        return InputError(self.origin, f"model {self.model}, {where}", str(found), str(accepted))


@dataclass(frozen=True)
class WeightsSpec(Spec):
    """Which files a network is made from (keys of its row)."""

    checkpoint: str
    sha256: str | dict[str, str] | None
    files: tuple[str, ...]
    tokenizer: str | None
    backbone: str | None


@dataclass(frozen=True)
class Heard(Spec):
    """The sound that a network is given at an event (keys of ``events``).

    Attributes
    ----------
    sound_s
        Length of the window (s).
    sound_after_s
        When it ends, relative to the event (s); 0 for a causal window.
    sound_read_ms
        Layers are averaged over the frames of this last part of the window (ms).
    """

    sound_s: float
    sound_after_s: float
    sound_read_ms: float


@dataclass(frozen=True)
class ActivationsSpec(Spec):
    """How a network is run over a film (keys of ``activations``).

    Which alignments, inits and pairings a job covers is left to its outputs: they depend on what
    an analysis asks for, and do not change what is in a file.
    """

    stimulus: str
    model: str
    row: Row
    seed: int
    projection: str | int
    jl_eps: float
    project_up: bool
    batch_size: int | None
    device: str
    autocast: bool
    truncate: Side
    heard: Heard | None
    clip: Clip | None


@dataclass(frozen=True)
class Shown:
    """Which activations a file holds: of an alignment, an init and a pairing."""

    alignment: Alignment
    init: str
    pairing: str

    def __str__(self) -> str:
        return f"{self.alignment}_{self.init}_{self.pairing}"

    @classmethod
    def parse(cls, name: str) -> Shown:
        """Return what ``language_random0_true`` names."""
        alignment, init, pairing = name.split("_")
        return cls(alignment, init, pairing)  # type: ignore[arg-type]

    @property
    def column(self) -> str:
        """Column of the texts in a table of events."""
        return "text" if self.pairing == "true" else f"text_{self.pairing}"


@dataclass(frozen=True)
class Located(Spec):
    """A checkpoint or tokenizer on this machine.

    Attributes
    ----------
    source
        What the row says.
    path
        File or folder.
    files
        File name -> SHA-256.
    sha256
        Of the file, or of the table of a folder's files.
    """

    source: str
    path: str
    files: dict[str, str]
    sha256: str


@dataclass(frozen=True)
class Weights(Located):
    """All that a network is made from: what the rule ``weights`` writes."""

    tokenizer: Located | None
    backbone: Located | None
