"""Rules of the encoding stage: what each job reads, and what shapes its result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fusion.design import paths
from fusion.design.study import Study
from fusion.encoding.spec import EncodeSpec, FitSpec
from fusion.ids import TRUE, FitId

Inputs = dict[str, str | list[str]]


def responses(study: Study, subject: str, alignment: str) -> list[str]:
    """Return the responses files of a subject."""
    return [
        paths.fill(paths.RESPONSES, recording=recording, alignment=alignment)
        for recording in study.recordings_of(subject)
    ]


def of_fits(pattern: str, fits: Iterable[FitId], subject: str, alignment: str) -> list[str]:
    """Return one file of each of a subject's fits."""
    return [
        paths.fill(
            pattern,
            subject=subject,
            alignment=alignment,
            model=fit.model,
            init=fit.init,
            pairing=fit.pairing,
        )
        for fit in fits
    ]


@dataclass(frozen=True)
class Encode:
    """Encoding fits of one subject, alignment and model.

    Fits of a model whose random inits are all asked for are made by one job, which reads the
    responses once. Other fits (shuffled pairings, concatenations) have a job each.
    """

    study: Study

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """Models of which all inits are fitted by one job."""
        study = self.study
        return study.networks if len(study.inits) > 1 else study.models

    @property
    def whole_pattern(self) -> str:
        """Pattern of the names of these models."""
        return "|".join(map(re.escape, self.whole)) or "none"

    @property
    def gpu(self) -> int:
        """Number of GPUs that a job asks for."""
        return int(self.study.config["encoding"]["backend"] == "torch")

    @property
    def keeps_predictions(self) -> bool:
        """Whether predictions outlive the jobs that read them.

        A fit that was made without keeping them is still valid: it is made again only if something
        reads its predictions.
        """
        return bool(self.study.config["encoding"]["keep_predictions"])

    def fits(self, model: str, init: str | None = None, pairing: str = TRUE) -> list[FitId]:
        """Return what a job fits: all inits, unless one is given."""
        inits = self.study.inits if init is None else (init,)
        return [FitId(model, one, pairing) for one in inits]

    def inputs(
        self,
        subject: str,
        alignment: str,
        model: str,
        init: str | None = None,
        pairing: str = TRUE,
    ) -> Inputs:
        """Return the subject's responses, and the activations of each fit."""
        return {
            "responses": responses(self.study, subject, alignment),
            "activations": [
                paths.fill(
                    paths.ACTIVATIONS,
                    stimulus=stimulus,
                    alignment=alignment,
                    model=part,
                    init=fit.init,
                    pairing=fit.pairing,
                )
                for fit in self.fits(model, init, pairing)
                for stimulus, part in self.features(subject, model)
            ],
        }

    def spec(
        self,
        subject: str,
        alignment: str,
        model: str,
        init: str | None = None,
        pairing: str = TRUE,
    ) -> dict[str, Any]:
        """Return what shapes the fits."""
        return EncodeSpec.take(
            subject=subject,
            alignment=alignment,
            fits=tuple(self.fits(model, init, pairing)),
            features=tuple(self.features(subject, model)),
            parts=self.study.parts(model),
            projected=self.study.is_projected(model),
            settings=FitSpec.take(self.study.config["encoding"]),
        ).plain()

    def mem_mb(
        self,
        model: str,
        responses: Sequence[str],
        activations: Sequence[str],
        attempt: int,
        n_fits: int = 1,
    ) -> int:
        """Return the memory of a job (MB), more with every attempt.

        Responses, predictions and influence of one fit; a layer with its factors; the interpreter.
        """
        y, x = (
            sum(Path(path).stat().st_size for path in files) / 2**20
            for files in (responses, activations)
        )
        layers = self.study.zoo[model].get("layers") or {}
        n_layers = 1 if self.study.is_concat(model) else max(1, len(layers))
        libraries = 2000 if self.gpu else 400
        return attempt * int(libraries + 3.2 * y + 24 * x / n_layers / n_fits)

    def features(self, subject: str, model: str) -> list[tuple[str, str]]:
        """Return (film, model) of each activations file of a fit."""
        parts = self.study.parts(model) or {model: ""}
        return [(stimulus, part) for stimulus in self.study.stimuli_of(subject) for part in parts]
