"""Rules of the calibration: simulations with planted truth on a dataset's events and noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.contrasts.spec import CalibratedSpec, Comparison
from fusion.design import paths
from fusion.design.encoding import Encode, Inputs, responses
from fusion.design.study import Study
from fusion.encoding.spec import FitSpec
from fusion.ids import Contrast, FitId, Operand, unique
from fusion.io.errors import InputError
from fusion.simulation.spec import (
    CalibrateSpec,
    ComparisonSpec,
    RatesSpec,
    RecordedRatesSpec,
    RecordedSpec,
    SideSpec,
    SimulationSpec,
    WorldSpec,
)

#: Tables of the worlds made of recordings.
RECORDED = ("calibration_recorded", "planning")
# Worlds without an effect: its size and the length of the film make no difference there.
EFFECTLESS = ("none", "drift")
# Keys of ``encoding`` that do not shape a simulated fit.
NOT_SIMULATED = ("keep_predictions", "backend")


@dataclass(frozen=True)
class CalibrateWorld:
    """Simulated subjects of one world and alignment."""

    study: Study

    @cached_property
    def recording(self) -> str:
        """Recording whose events and noise are taken."""
        asked = self.study.config["calibration"]["recording"]
        return str(asked or next(iter(self.study.recordings), "none"))

    def inputs(self, alignment: str, world: str) -> Inputs:
        """Return the responses of the recording; they are the same for all worlds."""
        return {
            "responses": paths.fill(paths.RESPONSES, recording=self.recording, alignment=alignment)
        }

    def spec(self, alignment: str, world: str) -> dict[str, Any]:
        """Return the world, and how it is fitted and tested."""
        config = self.study.config
        return WorldSpec.take(
            config["calibration"],
            alignment=alignment,
            world=world,
            cases=self.cases(world),
            bin_width_ms=config["responses"]["bin_width_ms"],
            # Band-limited amplitude is taken after the high-pass, which leaves its drift in.
            high_pass_hz=(
                False if config["ieeg"]["high_gamma_hz"] else config["ieeg"]["high_pass_hz"]
            ),
            simulation=self.simulation(alignment),
            encoding={
                key: value for key, value in config["encoding"].items() if key not in NOT_SIMULATED
            },
        ).plain()

    def cases(self, world: str) -> list[tuple[float, float | None]]:
        """Return size of effect and minutes of film of every simulation of a world.

        Parameters
        ----------
        world
            Its name.

        Returns
        -------
        list of tuple
            None minutes leave the film as it is. Sizes and lengths vary one at a time.
        """
        given = self.study.config["calibration"]
        cases: list[tuple[float, float | None]] = [(given["effect"], None)]
        if world not in EFFECTLESS:
            cases += [(effect, None) for effect in given["effects"]]
            cases += [(given["effect"], minutes) for minutes in given["minutes"]]
        return cases

    def simulation(self, alignment: str) -> SimulationSpec:
        """Return the fits and contrasts of an alignment, and how they are tested."""
        study, config = self.study, self.study.config
        contrasts = {
            name: contrast
            for name, contrast in study.contrasts.items()
            if alignment in contrast.alignments
        }
        fits = unique(fit for contrast in contrasts.values() for fit in contrast.fits)
        return SimulationSpec.take(
            config["statistics"],
            config["statistics"]["calibrated"],
            fits=tuple(map(str, fits)),
            modality={
                name: row["modality"] for name, row in study.zoo.items() if "modality" in row
            },
            parts={name: list(parts) for name in study.models if (parts := study.parts(name))},
            projected=tuple(name for name in study.models if study.is_projected(name)),
            width=config["calibration"]["width"],
            noise=config["calibration"]["noise"],
            contrasts={name: comparison(contrast) for name, contrast in contrasts.items()},
            window=config["statistics"]["primary_window"],
            validation=config["encoding"]["validation"],
            seed=config["seed"],
        )


@dataclass(frozen=True)
class CalibrateRecorded:
    """Null worlds and planted effects in the recordings of one subject and alignment."""

    study: Study

    @property
    def given(self) -> dict[str, Any]:
        """The config's ``calibration.recorded``."""
        return dict(self.study.config["calibration"]["recorded"])

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Subjects whose recordings are used; none without turns."""
        asked, known = self.given["subjects"], self.study.subjects
        wanted = known if asked is None else tuple(map(str, asked))
        if unknown := [one for one in wanted if one not in known]:
            where = "key calibration.recorded.subjects"
            raise InputError("config", where, unknown[0], ", ".join(known))
        return wanted if self.given["turns"] else ()

    @cached_property
    def alignments(self) -> tuple[str, ...]:
        """Alignments in which a contrast is tested."""
        return tuple(one for one in self.study.alignments if self.tested(one))

    def tested(self, alignment: str) -> tuple[Contrast, ...]:
        """Return the contrasts that are tested in an alignment."""
        known = self.study.contrasts
        asked = known if self.given["contrasts"] is None else self.given["contrasts"]
        if unknown := [name for name in asked if name not in known]:
            where = "key calibration.recorded.contrasts"
            raise InputError("config", where, unknown[0], ", ".join(known))
        return tuple(known[name] for name in asked if alignment in known[name].alignments)

    def fits(self, alignment: str) -> tuple[FitId, ...]:
        """Return the fits that those contrasts compare, each once."""
        return unique(fit for contrast in self.tested(alignment) for fit in contrast.fits)

    def tables(self) -> list[str]:
        """Return the files of all subjects and alignments."""
        return [
            paths.fill(paths.RECORDED_WORLDS, subject=subject, alignment=alignment)
            for alignment in self.alignments
            for subject in self.subjects
        ]

    def inputs(self, subject: str, alignment: str) -> Inputs:
        """Return the subject's responses, and the activations of every fit."""
        encode = Encode(self.study)
        return {
            "responses": responses(self.study, subject, alignment),
            "activations": [
                path
                for fit in self.fits(alignment)
                for path in encode.inputs(subject, alignment, fit.model, fit.init, fit.pairing)[
                    "activations"
                ]
            ],
        }

    def spec(self, subject: str, alignment: str) -> dict[str, Any]:
        """Return what is turned, planted, fitted and tested."""
        study, config, encode = self.study, self.study.config, Encode(self.study)
        statistics, fits = config["statistics"], self.fits(alignment)
        return RecordedSpec.take(
            self.given,
            subject=subject,
            alignment=alignment,
            features=tuple(
                (str(fit), *labels)
                for fit in fits
                for labels in encode.features(subject, fit.model)
            ),
            parts={
                model: parts
                for model in unique(fit.model for fit in fits)
                if (parts := study.parts(model))
            },
            comparisons=tuple(map(Comparison.of, self.tested(alignment))),
            window_name=statistics["primary_window"],
            window=study.window,
            step_ms=config["calibration"]["step_ms"],
            validation=config["encoding"]["validation"],
            calibrated=CalibratedSpec.take(statistics, statistics["calibrated"]),
            settings=FitSpec.take(config["encoding"]),
            seed=config["seed"],
        ).plain()


@dataclass(frozen=True)
class Calibrate:
    """Error rates and power in all worlds, simulated and recorded."""

    study: Study

    @cached_property
    def recorded(self) -> CalibrateRecorded:
        """Worlds made of the recordings."""
        return CalibrateRecorded(self.study)

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the rule writes."""
        return ("calibration", *(RECORDED if self.recorded.tables() else ()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the tables, if the report shows them: where asked for, or made already."""
        made = self.study.results / "tables" / "calibration.tsv"
        asked = self.study.config["calibration"]["report"] or made.is_file()
        return self.tables if asked else ()

    def inputs(self) -> Inputs:
        """Return the worlds, the contrasts of the run beside which recorded ones stand, and the
        schemas.
        """
        recorded = self.recorded.tables()
        return {
            "worlds": [
                paths.fill(paths.WORLD, alignment=alignment, world=world)
                for alignment in self.study.alignments
                for world in self.study.config["calibration"]["worlds"]
            ],
            **({"recorded": recorded, "contrasts": paths.ALL_CONTRASTS} if recorded else {}),
            "schemas": [
                self.study.shipped(f"workflow/schemas/{name}.schema.yaml") for name in self.tables
            ],
        }

    def outputs(self) -> Inputs:
        """Return the tables, and their dictionaries."""
        return {
            "tables": [paths.fill(paths.TABLE, table=name) for name in self.tables],
            "dictionaries": [paths.fill(paths.DICTIONARY, table=name) for name in self.tables],
        }

    def spec(self) -> dict[str, Any]:
        """Return how rates are counted."""
        statistics = self.study.config["statistics"]
        return CalibrateSpec(
            simulated=RatesSpec.take(statistics),
            recorded=RecordedRatesSpec.take(
                statistics,
                window=statistics["primary_window"],
                minutes=tuple(self.recorded.given["minutes"]),
                electrodes=tuple(self.recorded.given["plan_electrodes"]),
            ),
        ).plain()


def comparison(contrast: Contrast) -> ComparisonSpec:
    """Return a contrast as a simulation tests it."""
    return ComparisonSpec(_side(contrast.a), _side(contrast.b), contrast.alternative)


def _side(operand: Operand) -> SideSpec | None:
    return None if operand.is_nothing else SideSpec(operand.rank, tuple(operand.names))
