"""Rules of the calibration: simulations with planted truth on a dataset's events and noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import paths
from fusion.design.study import Study
from fusion.ids import Contrast, Operand, unique
from fusion.simulation.spec import ComparisonSpec, RatesSpec, SideSpec, SimulationSpec, WorldSpec

Inputs = dict[str, str | list[str]]
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
class Calibrate:
    """Error rates and power in all worlds."""

    study: Study

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of the table, if the report shows it: where it is asked for, or made already."""
        made = self.study.results / "tables" / "calibration.tsv"
        asked = self.study.config["calibration"]["report"] or made.is_file()
        return ("calibration",) if asked else ()

    def inputs(self) -> Inputs:
        """Return the simulations of all worlds and alignments."""
        return {
            "worlds": [
                paths.fill(paths.WORLD, alignment=alignment, world=world)
                for alignment in self.study.alignments
                for world in self.study.config["calibration"]["worlds"]
            ],
            "schema": self.study.shipped("workflow/schemas/calibration.schema.yaml"),
        }

    def spec(self) -> dict[str, Any]:
        """Return how rates are counted."""
        return RatesSpec.take(self.study.config["statistics"]).plain()


def comparison(contrast: Contrast) -> ComparisonSpec:
    """Return a contrast as a simulation tests it."""
    return ComparisonSpec(_side(contrast.a), _side(contrast.b), contrast.alternative)


def _side(operand: Operand) -> SideSpec | None:
    return None if operand.is_nothing else SideSpec(operand.rank, tuple(operand.names))
