"""Rule ``audit``: which part of a run is fitted again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.audit.spec import AuditSpec, Sample
from fusion.contrasts.spec import CalibratedSpec, Comparison
from fusion.design import paths
from fusion.design.encoding import Encode, Inputs, of_fits, responses
from fusion.design.study import Study
from fusion.encoding.spec import EncodeSpec
from fusion.ids import Alignment, Contrast, FitId

#: (subject, alignment, fits, contrast) of a sample.
Drawn = tuple[str, Alignment, tuple[FitId, ...], Contrast | None]


@dataclass(frozen=True)
class Audit:
    """A second opinion on a random part of a run."""

    study: Study

    @cached_property
    def drawn(self) -> list[Drawn]:
        """(subject, alignment, fits, contrast) of each sample.

        Contrasts of two single fits are preferred, because their effect can be audited too. Fits
        that project two streams together take no part: the other solvers do not project.
        """
        study, count = self.study, self.study.config["audit"]["samples"]
        pairs: list[Drawn] = [
            (subject, alignment, contrast.pair, contrast)
            for contrast in study.contrasts.values()
            if contrast.pair and not any(study.is_projected(fit.model) for fit in contrast.pair)
            for alignment in contrast.alignments
            for subject in study.subjects
        ]
        singles: list[Drawn] = [
            (subject, alignment, (FitId(model),), None)
            for model in study.models
            if not study.is_projected(model)
            for alignment in study.alignments
            for subject in study.subjects
        ]
        rng = random.Random(f"{study.config['seed']} audit")
        chosen = pairs or singles
        return sorted(rng.sample(chosen, min(count, len(chosen))), key=lambda one: one[:2])

    def inputs(self) -> Inputs:
        """Return the files of all samples, one sample after the other."""
        encode = Encode(self.study)
        files: dict[str, list[str]] = {"responses": [], "activations": [], "scores": []}
        contrasts = []
        for subject, alignment, fits, contrast in self.drawn:
            files["responses"] += responses(self.study, subject, alignment)
            files["scores"] += of_fits(paths.SCORES, fits, subject, alignment)
            for fit in fits:
                own = encode.inputs(subject, alignment, fit.model, fit.init, fit.pairing)
                files["activations"] += own["activations"]
            if contrast:
                contrasts.append(paths.fill(paths.CONTRASTS, subject=subject, alignment=alignment))
        return {**files, "contrasts": contrasts}

    def spec(self) -> dict[str, Any]:
        """Return what is made again, and how exactly it must agree."""
        study, config = self.study, self.study.config
        encode, statistics = Encode(study), config["statistics"]
        calibrated = CalibratedSpec.take(statistics["calibrated"], statistics)
        samples = [
            Sample(
                subject=subject,
                alignment=alignment,
                fits=tuple(
                    EncodeSpec.read(
                        encode.spec(subject, alignment, fit.model, fit.init, fit.pairing)
                    )
                    for fit in fits
                ),
                comparison=Comparison.of(contrast) if contrast else None,
                n_recordings=len(study.recordings_of(subject)),
            )
            for subject, alignment, fits, contrast in self.drawn
        ]
        return AuditSpec(
            samples=tuple(samples),
            electrodes=config["audit"]["electrodes"],
            tolerance=config["audit"]["tolerance"],
            window=statistics["primary_window"],
            window_ms=study.window,
            validation=config["encoding"]["validation"],
            statistics=calibrated if statistics["procedure"] == "calibrated" else None,
            seed=config["seed"],
        ).plain()
