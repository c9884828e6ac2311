"""What a config and a dataset are about: films, recordings, networks, contrasts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fusion.design.recordings import Recording
from fusion.design.zoo import JOINED
from fusion.ids import TRAINED, TRUE, Contrast, FitId
from fusion.stimuli.spec import Clip


@dataclass(frozen=True)
class Study:
    """What is asked of a dataset. Nothing here changes once the workflow is read.

    Attributes
    ----------
    config
        The resolved config.
    zoo
        Model -> row, defaults filled in.
    recordings
        Name -> recording.
    repository
        Folder of the workflow's own files.
    bids_root
        Root of the BIDS dataset, given or to be made.
    results
        Folder of the answers.
    shared
        Folder of what all analyses of the dataset share.
    unclaimed
        Recording -> why no film claims it.
    left_out
        What else of the config takes no part, and why.
    """

    config: Mapping[str, Any]
    zoo: Mapping[str, Mapping[str, Any]]
    recordings: Mapping[str, Recording]
    repository: Path
    bids_root: Path
    results: Path
    shared: Path
    unclaimed: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def is_demo(self) -> bool:
        """Whether the dataset is simulated, its truth known."""
        return bool(self.config["source"] == "simulate")

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """All subjects, sorted."""
        return tuple(sorted({row.subject for row in self.recordings.values()}))

    @cached_property
    def stimuli(self) -> tuple[str, ...]:
        """All films that a recording saw, sorted."""
        return tuple(sorted({row.stimulus for row in self.recordings.values()}))

    @cached_property
    def alignments(self) -> tuple[Any, ...]:
        """Event types analysed."""
        return tuple(self.config["events"]["alignments"])

    @cached_property
    def inits(self) -> tuple[str, ...]:
        """``trained``, ``random0``, ..."""
        return (TRAINED, *(f"random{k}" for k in range(self.config["random_inits"])))

    @cached_property
    def shuffled(self) -> tuple[str, ...]:
        """``shuffled0``, ..., as many as the config asks for."""
        return tuple(f"shuffled{k}" for k in range(self.config["events"]["shuffled_pairings"]))

    @cached_property
    def pairings(self) -> tuple[str, ...]:
        """``true``, ``shuffled0``, ..."""
        return (TRUE, *self.shuffled)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Models that take part, in the config's order."""
        return tuple(self.config["models"])

    @cached_property
    def networks(self) -> tuple[str, ...]:
        """Models with activations of their own: all but concatenations."""
        return tuple(name for name in self.models if not self.is_concat(name))

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        """Name -> contrast, in the config's order."""
        return {
            name: Contrast.parse(name, given, self.alignments)
            for name, given in self.config["contrasts"].items()
        }

    @property
    def window(self) -> tuple[float, float]:
        """First and last bin centre of the primary window (ms)."""
        statistics = self.config["statistics"]
        first, last = statistics["windows"][statistics["primary_window"]]
        return first, last

    def is_concat(self, model: str) -> bool:
        """Return whether a model joins layers of others, side by side or projected together."""
        return self.zoo[model]["family"] in JOINED

    def is_projected(self, model: str) -> bool:
        """Return whether a model projects layers of two others together."""
        return bool(self.zoo[model]["family"] == "multilin")

    def parts(self, model: str) -> dict[str, str] | None:
        """Return model -> layer of a model that joins layers of others, or None."""
        return dict(self.zoo[model]["parts"]) if self.is_concat(model) else None

    def modality(self, model: str) -> str:
        """Return what a model was trained on."""
        return str(self.zoo[model]["modality"])

    def label(self, model: str) -> str:
        """Return a model's name as people write it."""
        return str(self.zoo[model].get("label") or model.replace("_", " "))

    @cached_property
    def labels(self) -> dict[str, str]:
        """Model -> its name as people write it."""
        return {model: self.label(model) for model in self.models}

    def contrast_of(self, role: str) -> Contrast | None:
        """Return the contrast that plays a part in the verdicts, or None."""
        return next((one for one in self.contrasts.values() if one.role == role), None)

    def clip(self, model: str) -> Clip | None:
        """Return the clip that a network of motion is shown, or None."""
        given = self.zoo[model].get("clip")
        if self.zoo[model].get("feed") != "clip" or given is None:
            return None
        return Clip.take(given, seconds=self.config["events"]["clip_s"])

    @cached_property
    def clips(self) -> tuple[Clip, ...]:
        """Clips that the networks are shown, each once."""
        parts = (tuple(self.parts(model) or (model,)) for model in self.models)
        found = (self.clip(model) for models in parts for model in models)
        return tuple(dict.fromkeys(clip for clip in found if clip))

    def recordings_of(self, subject: str) -> list[str]:
        """Return the names of a subject's recordings."""
        return [name for name, row in self.recordings.items() if row.subject == subject]

    def stimuli_of(self, subject: str) -> list[str]:
        """Return the films that a subject saw, sorted."""
        return sorted({self.recordings[name].stimulus for name in self.recordings_of(subject)})

    def stimulus_file(self, path: str) -> str:
        """Return the path of a stimulus file: relative to the BIDS root, or absolute."""
        return str(self.bids_root / path)

    def shipped(self, path: str) -> str:
        """Return the path of a file of the workflow, relative to the working folder.

        It is the same in every clone, so that a copied results folder is up to date.
        """
        return os.path.relpath(self.repository / path)

    def fits(self, models: Sequence[str], init: str = TRAINED) -> list[FitId]:
        """Return the fits of models with the true pairing."""
        return [FitId(model, init) for model in models]
