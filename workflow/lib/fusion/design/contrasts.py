"""Rules of the contrasts stage: what each job reads, and what shapes its result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.contrasts.spec import (
    BlockBootstrapSpec,
    BootstrapSpec,
    CalibratedSpec,
    Comparison,
    ContrastsSpec,
    FilmToFilmSpec,
    PaperSpec,
    ShiftNullSpec,
    ShiftNullsSpec,
    SitesSpec,
)
from fusion.design import paths
from fusion.design.controls import Controls
from fusion.design.encoding import Encode, Inputs, of_fits, responses
from fusion.design.study import Study
from fusion.encoding.spec import EncodeSpec
from fusion.ids import Contrast, FitId, unique

SCHEMAS = "workflow/schemas"


@dataclass(frozen=True)
class Contrasts:
    """All contrasts of one subject and alignment."""

    study: Study

    @cached_property
    def _of(self) -> dict[str, tuple[tuple[Contrast, ...], tuple[FitId, ...]]]:
        """Alignment -> contrasts that are tested in it, and the fits that they compare."""
        found = {}
        for alignment in self.study.alignments:
            contrasts = tuple(
                one for one in self.study.contrasts.values() if alignment in one.alignments
            )
            found[alignment] = (contrasts, unique(fit for one in contrasts for fit in one.fits))
        return found

    @property
    def alignments(self) -> tuple[str, ...]:
        """Alignments in which a contrast is tested."""
        return tuple(alignment for alignment, (contrasts, _) in self._of.items() if contrasts)

    def tested(self, alignment: str) -> tuple[Contrast, ...]:
        """Return the contrasts that are tested in an alignment."""
        return self._of[alignment][0]

    def fits(self, alignment: str) -> tuple[FitId, ...]:
        """Return the fits that those contrasts compare, each once."""
        return self._of[alignment][1]

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return influences, and what the other procedures read besides."""
        fits = self.fits(alignment)
        procedure = self.study.config["statistics"]["procedure"]
        files: Inputs = {
            "influence": of_fits(paths.INFLUENCE, fits, subject, alignment),
            "electrodes": [
                paths.fill(paths.ELECTRODES, recording=recording)
                for recording in self.study.recordings_of(subject)
            ],
        }
        if procedure == "paper":
            files["bootstrap"] = of_fits(paths.BOOTSTRAP, fits, subject, alignment)
        if procedure == "block_bootstrap":
            files["predictions"] = of_fits(paths.PREDICTIONS, fits, subject, alignment)
            files["responses"] = responses(self.study, subject, alignment)
        return files

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return what shapes the contrasts: of the procedures, only the one in use."""
        config = self.study.config
        statistics = config["statistics"]
        procedures = {
            "calibrated": CalibratedSpec.take(statistics, statistics["calibrated"]),
            "paper": PaperSpec.take(statistics["paper"]),
            "block_bootstrap": BlockBootstrapSpec.take(
                statistics, statistics["block_bootstrap"], config["encoding"]
            ),
        }
        in_use = statistics["procedure"]
        return ContrastsSpec.take(
            statistics,
            subject=subject,
            alignment=alignment,
            fits=tuple(map(str, self.fits(alignment))),
            comparisons=tuple(Comparison.of(one) for one in self.tested(alignment)),
            validation=config["encoding"]["validation"],
            seed=config["seed"],
            **{name: spec if name == in_use else None for name, spec in procedures.items()},
        ).plain()


@dataclass(frozen=True)
class _OneFit:
    """What is made of one fit, refitted from its responses and activations."""

    study: Study

    def _fit(self, **wildcards: str) -> EncodeSpec:
        return EncodeSpec.read(Encode(self.study).spec(**wildcards))

    def _inputs(self, **wildcards: str) -> Inputs:
        return Encode(self.study).inputs(**wildcards)


@dataclass(frozen=True)
class Bootstrap(_OneFit):
    """The paper's bootstrap of one fit."""

    def inputs(self, subject: str, alignment: str, model: str, init: str, pairing: str) -> Inputs:
        """Return responses, activations, and the influence file, which names the layers."""
        ids = dict(subject=subject, alignment=alignment, model=model, init=init, pairing=pairing)
        return {**self._inputs(**ids), "influence": paths.fill(paths.INFLUENCE, **ids)}

    def spec(self, **wildcards: str) -> dict[str, Any]:
        """Return what shapes the bootstrap."""
        config = self.study.config
        return BootstrapSpec.take(
            config["statistics"]["paper"], config, fit=self._fit(**wildcards)
        ).plain()


@dataclass(frozen=True)
class ShiftNull(_OneFit):
    """Scores of one fit against circular shifts of the film."""

    def inputs(self, **wildcards: str) -> Inputs:
        """Return responses and activations."""
        return self._inputs(**wildcards)

    def spec(self, **wildcards: str) -> dict[str, Any]:
        """Return what shapes the null."""
        config = self.study.config
        return ShiftNullSpec.take(
            config["statistics"]["shift_null"],
            config,
            fit=self._fit(**wildcards),
            window=self.study.window,
        ).plain()


@dataclass(frozen=True)
class ShiftNulls:
    """The shift nulls of all fits that a contrast holds against nothing."""

    study: Study

    def inputs(self) -> Inputs:
        """Return the tables, and the schema."""
        alone = [one for one in self.study.contrasts.values() if one.is_alone]
        tables = [
            path
            for one in alone
            for alignment in one.alignments
            for subject in self.study.subjects
            for path in of_fits(paths.SHIFT_NULL, one.fits, subject, alignment)
        ]
        return {
            "tables": list(unique(tables)),
            "schema": self.study.shipped(f"{SCHEMAS}/shift_nulls.schema.yaml"),
        }

    def spec(self) -> dict[str, Any]:
        """Return what shapes the table."""
        return ShiftNullsSpec.take(self.study.config["statistics"]).plain()


@dataclass(frozen=True)
class FilmToFilm:
    """Contrasts by fits that train on one film and test on another, of subjects who saw several."""

    study: Study

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        """Contrasts that are tested: all, or those whose fits the verdicts rest on."""
        asked = self.study.config["statistics"]["film_to_film"]
        if not asked:
            return {}
        every = self.study.contrasts
        if asked == "all":
            return dict(every)
        fits = {fit for one in every.values() if one.role for fit in one.fits}
        return {name: one for name, one in every.items() if fits.issuperset(one.fits)}

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Subjects who saw several films."""
        return tuple(one for one in self.study.subjects if len(self.study.stimuli_of(one)) > 1)

    @cached_property
    def tables(self) -> list[str]:
        """The tables of all subjects and alignments; none where nobody saw several films."""
        return [
            paths.fill(paths.FILM_TO_FILM, subject=subject, alignment=alignment)
            for subject in self.subjects
            for alignment in self.study.alignments
            if self.fits(alignment)
        ]

    def tested(self, alignment: str) -> tuple[Contrast, ...]:
        """Return the contrasts that are tested in an alignment."""
        return tuple(one for one in self.contrasts.values() if alignment in one.alignments)

    def fits(self, alignment: str) -> tuple[FitId, ...]:
        """Return the fits that those contrasts compare, each once."""
        return unique(fit for one in self.tested(alignment) for fit in one.fits)

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return responses, and the activations of all fits."""
        encode = Encode(self.study)
        files = [
            encode.inputs(subject, alignment, fit.model, fit.init, fit.pairing)["activations"]
            for fit in self.fits(alignment)
        ]
        return {
            "responses": responses(self.study, subject, alignment),
            "activations": [path for own in files for path in own],
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return fits and contrasts."""
        config, encode = self.study.config, Encode(self.study)
        statistics = config["statistics"]
        return FilmToFilmSpec.take(
            config,
            config["responses"],
            subject=subject,
            alignment=alignment,
            fits=tuple(
                encode.spec(subject, alignment, fit.model, fit.init, fit.pairing)
                for fit in self.fits(alignment)
            ),
            comparisons=tuple(map(Comparison.of, self.tested(alignment))),
            window_name=statistics["primary_window"],
            window=self.study.window,
            calibrated=CalibratedSpec.take(statistics, statistics["calibrated"]),
        ).plain()


@dataclass(frozen=True)
class FilmToFilmTable:
    """The contrasts from film to film of all subjects, corrected."""

    study: Study

    def inputs(self) -> Inputs:
        """Return the tables, and the schemas."""
        return {
            "tables": FilmToFilm(self.study).tables,
            "schema": self.study.shipped(f"{SCHEMAS}/film_to_film.schema.yaml"),
            "contrasts_schema": self.study.shipped(f"{SCHEMAS}/contrasts.schema.yaml"),
        }

    def spec(self) -> dict[str, Any]:
        """Return how p-values are corrected."""
        return Sites(self.study).spec()


@dataclass(frozen=True)
class Sites:
    """Sites, regions, and the tables that count them."""

    study: Study

    #: Tables beside sites and regions.
    TABLES = (
        "evidence",
        "overlap",
        "subjects",
        "region_subjects",
        "region_effects",
        "contrasts",
    )

    def inputs(self) -> Inputs:
        """Return all contrasts, the electrodes' places, the atlas, and the schemas."""
        study = self.study
        names = ("sites", "regions", *self.TABLES)
        return {
            "contrasts": [
                paths.fill(paths.CONTRASTS, subject=subject, alignment=alignment)
                for alignment in Contrasts(study).alignments
                for subject in study.subjects
            ],
            "by_region": [
                paths.fill(paths.REGION_EFFECTS, subject=subject, alignment=alignment)
                for alignment in Contrasts(study).alignments
                for subject in study.subjects
            ],
            "electrodes": [
                paths.fill(paths.ELECTRODES, recording=recording) for recording in study.recordings
            ],
            **self._interaction(),
            **self._film_to_film(),
            "atlas": study.shipped("resources/dkt_regions.tsv"),
            "schemas": [study.shipped(f"{SCHEMAS}/{name}.schema.yaml") for name in names],
        }

    def spec(self) -> dict[str, Any]:
        """Return what shapes the tables."""
        study = self.study
        statistics = study.config["statistics"]
        return SitesSpec.take(
            statistics,
            roles={name: one.role for name, one in study.contrasts.items()},
            alone=tuple(name for name, one in study.contrasts.items() if one.is_alone),
            alignments=study.alignments,
            window=statistics["primary_window"],
            modality={model: study.modality(model) for model in study.models},
            subjects={name: row.subject for name, row in study.recordings.items()},
            as_published=statistics["procedure"] == "paper",
            labels=study.labels,
        ).plain()

    def _interaction(self) -> Inputs:
        """Return the interaction control of all subjects and alignments, where it is made."""
        study = self.study
        if "interaction" not in Controls(study).names:
            return {}
        return {
            "interaction": [
                paths.fill(
                    paths.CONTROL, subject=subject, alignment=alignment, control="interaction"
                )
                for alignment in study.alignments
                for subject in study.subjects
            ]
        }

    def _film_to_film(self) -> Inputs:
        """Return the contrasts from film to film, where somebody saw several films."""
        if not FilmToFilm(self.study).tables:
            return {}
        return {"film_to_film": paths.fill(paths.TABLE, table="film_to_film")}
