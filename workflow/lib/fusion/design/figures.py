"""Rules of the figures: what each job reads, and what shapes its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import paths
from fusion.design.study import Study
from fusion.figures.spec import (
    FIGURES,
    ExamplesSpec,
    FiguresSpec,
    FigureTablesSpec,
    ScoreProfilesSpec,
    Sides,
    TimeCourseSpec,
)
from fusion.ids import TRAINED, Alignment, Contrast, FitId

Inputs = dict[str, str | list[str]]

#: Electrodes shown over time, beside the average.
ELECTRODES_OVER_TIME = 3
#: Outlines of the Desikan-Killiany parcellation, below the repository.
OUTLINES = "resources/dk_outlines.tsv"
#: What the columns of the tables mean.
SCHEMA = "workflow/schemas/tables.schema.yaml"
#: Contrasts compared between alignments where none plays a part in the verdicts.
MOST_ACROSS_ALIGNMENTS = 3


def one_on_one(contrasts: Mapping[str, Contrast]) -> Contrast | None:
    """Return the contrast of two fits that is shown over time: the matched one if it is one of
    two fits, else the first; None without any.
    """
    matched = [one for one in contrasts.values() if one.role == "matched"]
    return next((one for one in (*matched, *contrasts.values()) if one.pair), None)


def three_way(contrasts: Mapping[str, Contrast]) -> tuple[Contrast, ...]:
    """Return the contrasts of three networks that share architecture and training data.

    These are the matched contrast of two fits; that of a second fit, of the same init and pairing,
    with the same rival; and, where there is one, that of the two. Empty without the first two.
    """
    first = next((one for one in contrasts.values() if one.role == "matched"), None)
    if first is None or first.pair is None:
        return ()
    fit, rival = first.pair
    others = {one.name: (one, one.pair) for one in contrasts.values() if one != first and one.pair}
    for second, (a, b) in others.values():
        if b == rival and (a.init, a.pairing) == (fit.init, fit.pairing):
            third = [one for one, pair in others.values() if set(pair) == {fit, a}]
            return (first, second, *third[:1])
    return ()


def operands(contrasts: Mapping[str, Contrast]) -> dict[str, Sides]:
    """Return contrast -> its sides."""
    return {name: Sides(one.a, one.b) for name, one in contrasts.items()}


@dataclass(frozen=True)
class _Rule:
    study: Study

    @cached_property
    def over_time(self) -> Contrast | None:
        """The contrast shown over time."""
        return one_on_one(self.study.contrasts)

    @property
    def keeps_predictions(self) -> bool:
        """Whether fits keep their held-out predictions."""
        return bool(self.study.config["encoding"]["keep_predictions"])

    @cached_property
    def example(self) -> tuple[FitId, Alignment]:
        """The fit whose predictions are shown, and the alignment: side a of the contrast shown over
        time, in its first alignment; else the first model.
        """
        shown = self.over_time
        if shown and shown.pair:
            return shown.pair[0], shown.alignments[0]
        return FitId(self.study.models[0]), self.study.alignments[0]

    def of_fit(self, pattern: str, subject: str, alignment: str, fit: FitId) -> str:
        """Return a file of a subject's fit."""
        return paths.fill(
            pattern,
            subject=subject,
            alignment=alignment,
            model=fit.model,
            init=fit.init,
            pairing=fit.pairing,
        )


@dataclass(frozen=True)
class ScoreProfiles(_Rule):
    """Means of scores over the primary window, of all fits with the true pairing."""

    @cached_property
    def fits(self) -> list[tuple[str, Alignment, FitId]]:
        """(subject, alignment, fit); networks that join layers of others are trained only."""
        study = self.study
        return [
            (subject, alignment, FitId(model, init))
            for subject in study.subjects
            for alignment in study.alignments
            for model in study.models
            for init in study.inits
            if init == TRAINED or not study.is_concat(model)
        ]

    def inputs(self) -> Inputs:
        """Return the scores."""
        return {
            "scores": [self.of_fit(paths.SCORES, *one) for one in self.fits],
            "schema": self.study.shipped(SCHEMA),
        }

    def spec(self) -> dict[str, Any]:
        """Return the window, and what each file is of."""
        fits = tuple(
            (subject, str(alignment), fit.model, fit.init) for subject, alignment, fit in self.fits
        )
        return ScoreProfilesSpec(self.study.window, fits).plain()


@dataclass(frozen=True)
class FigureTables(_Rule):
    """Tables that figures need from arrays: r over time, example predictions, folds."""

    @cached_property
    def shown_fits(self) -> list[tuple[str, Alignment, str, FitId]]:
        """(subject, alignment, side, fit) of every fit that is shown over time."""
        if self.over_time is None or self.over_time.pair is None:
            return []
        return [
            (subject, alignment, name, fit)
            for subject in self.study.subjects
            for alignment in self.over_time.alignments
            for name, fit in zip("ab", self.over_time.pair, strict=True)
        ]

    def inputs(self) -> Inputs:
        """Return the contrasts with the influences of the fits that are shown over time, and the
        predictions that are shown with their responses.
        """
        found: Inputs = {"schema": self.study.shipped(SCHEMA)}
        if self.shown_fits:
            found["contrasts"] = paths.ALL_CONTRASTS
            found["influence"] = [
                self.of_fit(paths.INFLUENCE, subject, alignment, fit)
                for subject, alignment, _, fit in self.shown_fits
            ]
        if self.keeps_predictions:
            fit, alignment = self.example
            found["scores"] = paths.SCORE_PROFILES
            found["predictions"] = [
                self.of_fit(paths.PREDICTIONS, subject, alignment, fit)
                for subject in self.study.subjects
            ]
            found["responses"] = [
                paths.fill(paths.RESPONSES, recording=recording, alignment=alignment)
                for recording in self.study.recordings
            ]
        return found

    def spec(self) -> dict[str, Any]:
        """Return which fits are shown, and how they are compared."""
        study = self.study
        statistics = study.config["statistics"]
        time_course, examples = None, None
        if self.over_time and self.over_time.pair:
            time_course = TimeCourseSpec(
                contrast=self.over_time.name,
                fits=tuple(one[:3] for one in self.shown_fits),
                sides=dict(zip("ab", map(str, self.over_time.pair), strict=True)),
                window_name=statistics["primary_window"],
                electrodes=ELECTRODES_OVER_TIME,
                multipliers=statistics["calibrated"]["multipliers"],
                level=statistics["level"],
                seed=study.config["seed"],
            )
        if self.keeps_predictions:
            fit, alignment = self.example
            examples = ExamplesSpec(
                fit=str(fit),
                alignment=alignment,
                subjects=study.subjects,
                recordings=tuple(row.subject for row in study.recordings.values()),
                window=study.window,
            )
        return FigureTablesSpec(time_course, examples).plain()


@dataclass(frozen=True)
class Figures(_Rule):
    """All figures.

    Attributes
    ----------
    controls
        Names of the controls' tables, and of the calibration's where it is asked for.
    """

    controls: tuple[str, ...]

    @cached_property
    def tables(self) -> dict[str, str]:
        """Name -> file of every table that a figure may be drawn from."""
        found = {
            "sites": paths.SITES,
            "regions": paths.REGIONS,
            "contrasts": paths.ALL_CONTRASTS,
            **{
                name: paths.fill(paths.TABLE, table=name)
                for name in ("region_effects", "region_subjects")
            },
            "score_profiles": paths.SCORE_PROFILES,
            "outlines": self.study.shipped(OUTLINES),
        }
        if self.over_time:
            found["time_course"] = paths.fill(paths.TABLE, table="time_course")
        if self.keeps_predictions:
            found |= {name: paths.fill(paths.TABLE, table=name) for name in ("examples", "folds")}
        return found | {name: paths.fill(paths.TABLE, table=name) for name in self.controls}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The figures that this config gives rise to, in the order of the report."""
        contrasts = self.study.contrasts
        asked = {
            "scatter": bool(self.scatter),
            "slip": bool(three_way(contrasts)),
            "alignments": bool(contrasts),
            "effects": bool(contrasts),
            "people": bool(self.effect),
            "parcels": bool(self.mapped),
            "best_networks": self.study.contrast_of("signal") is not None,
        }
        return tuple(
            name
            for name, figure in FIGURES.items()
            if asked.get(name, True)
            and all(table in self.tables for table in figure.needs)
            and (not figure.any_of or any(table in self.tables for table in figure.any_of))
        )

    @property
    def scatter(self) -> Contrast | None:
        """The contrast of multimodal with unimodal models."""
        return self.study.contrast_of("multimodal") or self.study.contrast_of("matched")

    @property
    def mapped(self) -> dict[str, str]:
        """Role -> contrast of the tests that parcels are coloured by."""
        roles = ("multimodal", "matched")
        return {role: one.name for role in roles if (one := self.study.contrast_of(role))}

    @property
    def across_alignments(self) -> list[Contrast]:
        """Contrasts on which the tests of multimodality rest, or the first of all."""
        tests = ("multimodal", "matched", "linear")
        chosen = [one for role in tests if (one := self.study.contrast_of(role))]
        return chosen or list(self.study.contrasts.values())[:MOST_ACROSS_ALIGNMENTS]

    @property
    def effect(self) -> tuple[str, Alignment] | None:
        """The contrast that decides, and its first alignment."""
        decisive = self.study.contrast_of("matched") or self.study.contrast_of("multimodal")
        return (decisive.name, decisive.alignments[0]) if decisive else None

    def inputs(self) -> Inputs:
        """Return the tables that the figures are drawn from, under their names."""
        figures = [FIGURES[name] for name in self.names]
        used = {table for one in figures for table in (*one.needs, *one.any_of)} | {"sites"}
        return {name: path for name, path in self.tables.items() if name in used}

    def spec(self) -> dict[str, Any]:
        """Return what is drawn, and how."""
        study = self.study
        statistics = study.config["statistics"]
        fit, alignment = self.example
        return FiguresSpec(
            figures=self.names,
            level=statistics["level"],
            window_name=statistics["primary_window"],
            window=study.window,
            step_ms=study.config["responses"]["step_ms"],
            gap_s=study.config["encoding"]["gap_s"],
            models=study.models,
            labels=study.labels,
            operands=operands(study.contrasts),
            effect=self.effect,
            mapped=self.mapped,
            modality={model: study.modality(model) for model in study.models},
            signal=signal.name if (signal := study.contrast_of("signal")) else None,
            scatter=self.scatter.name if self.scatter else None,
            three_way=tuple(one.name for one in three_way(study.contrasts)),
            across_alignments=tuple(one.name for one in self.across_alignments),
            example_fit=str(fit),
            example_alignment=alignment,
        ).plain()
