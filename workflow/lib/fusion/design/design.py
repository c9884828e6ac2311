"""The whole design: for every rule, what its jobs read and what shapes their results.

Rules ask it by wildcards: ``input: unpack(lambda wildcards: design.events.inputs(**wildcards))``.
Scripts never import it, or each edit here would rerun everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import (
    calibration,
    codehash,
    demo,
    figures,
    ieeg,
    models,
    stimuli,
)
from fusion.design.audit import Audit
from fusion.design.contrasts import (
    Bootstrap,
    Contrasts,
    FilmToFilm,
    FilmToFilmTable,
    ShiftNull,
    ShiftNulls,
    Sites,
)
from fusion.design.controls import (
    Ceiling,
    Controls,
    ControlTables,
    DimensionMatch,
    Interaction,
    NegativeControls,
    Partition,
    Passive,
    Planted,
)
from fusion.design.disk import Disk
from fusion.design.encoding import Encode
from fusion.design.report import Export, Report
from fusion.design.study import Study


@dataclass(frozen=True)
class Design:
    """What a config and a dataset ask for: a study, and one attribute a rule."""

    study: Study

    # Demo.
    @cached_property
    def simulate(self) -> demo.Simulate:
        """Rule ``simulate``."""
        return demo.Simulate(self.study)

    @cached_property
    def train_demo_models(self) -> demo.TrainDemoModels:
        """Rule ``train_demo_models``."""
        return demo.TrainDemoModels(self.study)

    # Recordings.
    @cached_property
    def convert_treebank_dataset(self) -> ieeg.ConvertTreebankDataset:
        """Rule ``convert_treebank_dataset``."""
        return ieeg.ConvertTreebankDataset(self.study)

    @cached_property
    def convert_dandi(self) -> ieeg.ConvertDandi:
        """Rule ``convert_dandi``."""
        return ieeg.ConvertDandi(self.study)

    @cached_property
    def convert_treebank(self) -> ieeg.ConvertTreebank:
        """Rule ``convert_treebank``."""
        return ieeg.ConvertTreebank(self.study)

    @cached_property
    def validate_bids(self) -> ieeg.ValidateBids:
        """Rule ``validate_bids``."""
        return ieeg.ValidateBids(self.study)

    @cached_property
    def preprocess(self) -> ieeg.Preprocess:
        """Rule ``preprocess``."""
        return ieeg.Preprocess(self.study)

    @cached_property
    def responses(self) -> ieeg.Responses:
        """Rule ``responses``."""
        return ieeg.Responses(self.study)

    @cached_property
    def recordings(self) -> ieeg.Recordings:
        """Rule ``recordings``."""
        return ieeg.Recordings(self.study)

    # Stimuli.
    @cached_property
    def transcript(self) -> stimuli.Transcript:
        """Rule ``transcript``."""
        return stimuli.Transcript(self.study)

    @cached_property
    def scene_cuts(self) -> stimuli.SceneCuts:
        """Rule ``scene_cuts``."""
        return stimuli.SceneCuts(self.study)

    @cached_property
    def events(self) -> stimuli.Events:
        """Rule ``events``."""
        return stimuli.Events(self.study)

    @cached_property
    def frames(self) -> stimuli.Frames:
        """Rule ``frames``."""
        return stimuli.Frames(self.study)

    @cached_property
    def sound(self) -> stimuli.Sound:
        """Rule ``sound``."""
        return stimuli.Sound(self.study)

    @cached_property
    def lowlevel(self) -> stimuli.Lowlevel:
        """Rule ``lowlevel``."""
        return stimuli.Lowlevel(self.study)

    # Encoding.
    @cached_property
    def encode(self) -> Encode:
        """Rules ``encode`` and ``single_encode``."""
        return Encode(self.study)

    # Contrasts.
    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Rule ``bootstrap``."""
        return Bootstrap(self.study)

    @cached_property
    def contrasts(self) -> Contrasts:
        """Rule ``contrasts``."""
        return Contrasts(self.study)

    @cached_property
    def film_to_film(self) -> FilmToFilm:
        """Rule ``film_to_film``."""
        return FilmToFilm(self.study)

    @cached_property
    def film_to_film_table(self) -> FilmToFilmTable:
        """Rule ``film_to_film_table``."""
        return FilmToFilmTable(self.study)

    @cached_property
    def sites(self) -> Sites:
        """Rule ``sites``."""
        return Sites(self.study)

    @cached_property
    def shift_null(self) -> ShiftNull:
        """Rule ``shift_null``."""
        return ShiftNull(self.study)

    @cached_property
    def shift_nulls(self) -> ShiftNulls:
        """Rule ``shift_nulls``."""
        return ShiftNulls(self.study)

    # Controls.
    @cached_property
    def controls(self) -> Controls:
        """Which controls there are."""
        return Controls(self.study)

    @cached_property
    def partition(self) -> Partition:
        """Rule ``partition``."""
        return Partition(self.controls)

    @cached_property
    def dimension_match(self) -> DimensionMatch:
        """Rule ``dimension_match``."""
        return DimensionMatch(self.controls)

    @cached_property
    def interaction(self) -> Interaction:
        """Rule ``interaction``."""
        return Interaction(self.controls)

    @cached_property
    def negative_controls(self) -> NegativeControls:
        """Rule ``negative_controls``."""
        return NegativeControls(self.controls)

    @cached_property
    def passive(self) -> Passive:
        """Rule ``passive``."""
        return Passive(self.controls)

    @cached_property
    def ceiling(self) -> Ceiling:
        """Rule ``ceiling``."""
        return Ceiling(self.controls)

    @cached_property
    def control_tables(self) -> ControlTables:
        """Rule ``control_tables``."""
        return ControlTables(self.controls)

    @cached_property
    def planted(self) -> Planted:
        """Rule ``planted``."""
        return Planted(self.controls)

    # Calibration.
    @cached_property
    def audit(self) -> Audit:
        """Rule ``audit``."""
        return Audit(self.study)

    @cached_property
    def calibrate_world(self) -> calibration.CalibrateWorld:
        """Rule ``calibrate_world``."""
        return calibration.CalibrateWorld(self.study)

    @cached_property
    def calibrate_recorded(self) -> calibration.CalibrateRecorded:
        """Rule ``calibrate_recorded``."""
        return calibration.CalibrateRecorded(self.study)

    @cached_property
    def calibrate(self) -> calibration.Calibrate:
        """Rule ``calibrate``."""
        return calibration.Calibrate(self.study)

    # Models.
    @cached_property
    def weights(self) -> models.Weights:
        """Rule ``weights``."""
        return models.Weights(self.study)

    @cached_property
    def activations(self) -> models.Activations:
        """Rules ``activations``, ``random_activations``, ``shuffled_activations`` and
        ``all_activations``.
        """
        return models.Activations(self.study)

    # Figures and report.
    @cached_property
    def score_profiles(self) -> figures.ScoreProfiles:
        """Rule ``score_profiles``."""
        return figures.ScoreProfiles(self.study)

    @cached_property
    def figure_tables(self) -> figures.FigureTables:
        """Rule ``figure_tables``."""
        return figures.FigureTables(self.study)

    @cached_property
    def figures(self) -> figures.Figures:
        """Rule ``figures``."""
        return figures.Figures(self.study, (*self.controls.names, *self.calibrate.names))

    @cached_property
    def report(self) -> Report:
        """Rule ``report``."""
        return Report(self.study, self.figures)

    @cached_property
    def export(self) -> Export:
        """Rule ``export``."""
        return Export(self.study, self.figures)

    # What all rules need.
    @cached_property
    def disk(self) -> Disk:
        """What jobs write."""
        return Disk(self.study)

    @cached_property
    def wildcard_constraints(self) -> dict[str, str]:
        """Wildcard -> pattern of the names that it may take."""
        study = self.study
        return {
            "recording": _any_of(study.recordings),
            "subject": _any_of(study.subjects),
            "stimulus": _any_of(study.stimuli),
            "alignment": _any_of(study.alignments),
            "model": _any_of(study.zoo),
            "init": r"trained|random\d+",
            "pairing": r"true|shuffled\d+",
        }

    def rows_of_the_zoo(self) -> dict[str, dict[str, Any]]:
        """Return what the plan of a run needs to know of the networks that take part."""
        keys = ("feed", "layers", "parts", "checkpoint")
        names = {fit.model for fit in self.activations.asked}
        out = {}
        for name in sorted(names | set(self.study.models)):
            row = {key: self.study.zoo[name].get(key) for key in keys}
            source = row["checkpoint"]
            local = self.study.shipped(source) if source and models.is_local(source) else None
            out[name] = row | {"checkpoint": local}
        return out

    def code(self, script: str) -> str:
        """Return a hash of a script and of everything that it imports from the library."""
        folder = self.study.repository / "workflow"
        return codehash.code_hash(folder / "scripts" / script, folder / "lib")


def _any_of(names: Iterable[str]) -> str:
    """Return a pattern that matches the names and nothing else."""
    return "|".join(map(re.escape, names)) or "none"
