"""Rules of the models stage: what each job reads and makes, and what shapes its result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fusion.design import paths
from fusion.design.study import Study
from fusion.ids import TRAINED, TRUE, FitId
from fusion.models.spec import ActivationsSpec, Heard, Row, Shown, WeightsSpec

Inputs = dict[str, str | list[str]]
#: What stands for a film's name in ``regions.file``.
FILM = "{stimulus}"
REMOTE = ("http://", "https://", "hf:", "package:")

#: Rule -> the inits and pairings that its models are run with.
KINDS = {
    "activations": (False, False),
    "random_activations": (True, False),
    "shuffled_activations": (False, True),
    "all_activations": (True, True),
}


def is_local(source: str | None) -> bool:
    """Return whether a checkpoint or tokenizer lies on this machine."""
    return source is not None and not source.startswith(REMOTE)


@dataclass(frozen=True)
class _Rule:
    study: Study

    def row(self, model: str) -> Row:
        """Return a model's row."""
        return Row.take(self.study.zoo[model], model=model)


@dataclass(frozen=True)
class Weights(_Rule):
    """Checkpoint and tokenizer of a model."""

    def inputs(self, model: str) -> Inputs:
        """Return the files of checkpoint, tokenizer and backbone, where they are local."""
        spec = WeightsSpec.read(self.spec(model))
        return {
            "checkpoint": self._files(spec.checkpoint),
            "tokenizer": self._files(spec.tokenizer),
            "backbone": self._files(spec.backbone),
        }

    def spec(self, model: str) -> dict[str, Any]:
        """Return what decides which weights a model has."""
        row = self.row(model)
        backbone = None if row.regions.file else row.regions.backbone
        return WeightsSpec.take(self.study.zoo[model], backbone=backbone).plain()

    def check(self, models: Iterable[str]) -> None:
        """Raise ``InputError`` if a local file of a model is not there.

        Snakemake would go on with the weights that it found before.
        """
        for model in models:
            row, spec = self.row(model), WeightsSpec.read(self.spec(model))
            for key in ("checkpoint", "tokenizer", "backbone"):
                source = getattr(spec, key)
                if is_local(source) and not Path(self.study.shipped(source)).exists():
                    name = "regions.backbone" if key == "backbone" else key
                    accepted = "a file or folder, absolute or from the project's root"
                    raise row.error(name, f"{source}, which does not exist", accepted)
            regions = row.regions.file or ""
            for film in self.study.stimuli if regions else ():
                path = self.study.stimulus_file(regions.replace(FILM, film))
                if not Path(path).is_file():
                    found = f"{path}, which does not exist"
                    raise row.error("regions.file", found, "a file of regions of every film")

    def _files(self, source: str | None) -> list[str]:
        if source is None or not is_local(source):
            return []
        path = Path(self.study.shipped(source))
        return sorted(map(str, filter(Path.is_file, path.rglob("*")))) or [str(path)]


@dataclass(frozen=True)
class Activations(_Rule):
    """Layers of a network on a film, for all alignments, inits and pairings that are asked for."""

    @cached_property
    def asked(self) -> frozenset[FitId]:
        """All fits that a contrast, a control or a figure needs activations of."""
        return frozenset(
            FitId(part, fit.init, fit.pairing)
            for fit in self._fits()
            for part in self.study.parts(fit.model) or (fit.model,)
        )

    def _fits(self) -> Iterator[FitId]:
        study, controls = self.study, self.study.config["controls"]
        for contrast in study.contrasts.values():
            yield from contrast.fits
        # The profiles of scores show every model with every init.
        yield from study.fits(study.models)
        for init in study.inits[1:]:
            yield from study.fits(study.networks, init)
        if controls["partition"] or controls["passive"] or controls["interaction"]:
            for models in controls["bands"].values():
                yield from study.fits(models or ())
        if controls["floors"]:
            for pair in controls["floor_pairs"]:
                yield from study.fits(pair)
        if controls["interaction"]:
            for network in controls["joint_networks"].values():
                yield FitId(network["model"])
                if not network["towers"]:
                    yield from (
                        FitId(network["model"], TRAINED, pairing) for pairing in study.shuffled
                    )

    def kind(self, model: str) -> str:
        """Return the rule that runs a model: with random inits, shuffled pairings, both, or none.

        A model is run with all inits if one random init is asked for, and with all shuffled
        pairings if one is, so that most analyses of a dataset ask for the same files.
        """
        fits = [fit for fit in self.asked if fit.model == model]
        random = any(fit.init != TRAINED for fit in fits)
        shuffled = any(fit.pairing != TRUE for fit in fits)
        return next(rule for rule, kind in KINDS.items() if kind == (random, shuffled))

    def models(self, rule: str) -> str:
        """Return a pattern of the names of the networks that a rule runs."""
        networks = [model for model in self.study.zoo if not self.study.is_concat(model)]
        names = [re.escape(model) for model in networks if self.kind(model) == rule]
        return "|".join(names) or "none"

    def outputs(self, rule: str) -> dict[str, str]:
        """Return name -> file of what a rule makes of a film and model."""
        random, shuffled = KINDS[rule]
        pairs = [(init, TRUE) for init in (self.study.inits if random else (TRAINED,))]
        pairs += [(TRAINED, pairing) for pairing in (self.study.shuffled if shuffled else ())]
        if any(fit.init != TRAINED and fit.pairing != TRUE for fit in self.asked) and shuffled:
            pairs += [
                (init, pairing)
                for init in (self.study.inits[1:] if random else ())
                for pairing in self.study.shuffled
            ]
        shown = [
            Shown(alignment, init, pairing)
            for alignment in self.study.alignments
            for init, pairing in pairs
        ]
        return {
            str(one): paths.fill(
                paths.ACTIVATIONS, alignment=one.alignment, init=one.init, pairing=one.pairing
            )
            for one in shown
        }

    def inputs(self, stimulus: str, model: str) -> Inputs:
        """Return the film's events and frames, the weights, and the events of all films.

        The events of all films decide the size of a projection, because the films of one subject
        are analysed together. Text models read no frames, networks of sound the waveform.
        """
        study, row = self.study, self.row(model)
        files: Inputs = {"weights": paths.fill(paths.WEIGHTS, model=model)}
        for alignment in study.alignments:
            files[f"events_{alignment}"] = [
                paths.fill(paths.EVENTS, stimulus=film, alignment=alignment)
                for film in (stimulus, *(film for film in study.stimuli if film != stimulus))
            ]
        if row.feed == "sound":
            files["sound"] = paths.fill(paths.SOUND, stimulus=stimulus)
        elif row.feed != "text":
            files["frames"] = paths.fill(paths.FRAMES, stimulus=stimulus)
            if row.regions.file:
                path = row.regions.file.replace(FILM, stimulus)
                files["regions"] = study.stimulus_file(path)
        return files

    def spec(self, stimulus: str, model: str) -> dict[str, Any]:
        """Return how the network is run."""
        config, row = self.study.config, self.row(model)
        return ActivationsSpec.take(
            config["activations"],
            config["events"],
            config,
            stimulus=stimulus,
            model=model,
            row=row,
            heard=Heard.take(config["events"]) if row.feed == "sound" else None,
            clip=self.study.clip(model),
        ).plain()
