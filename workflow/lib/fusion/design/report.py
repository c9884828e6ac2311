"""Rule of the report: what its page reads, and what shapes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import paths
from fusion.design.figures import Figures, operands
from fusion.design.study import Study
from fusion.figures.spec import FIGURES
from fusion.ids import FitId
from fusion.report.spec import ReportSpec

Inputs = dict[str, str | list[str]]

#: Files of the page, below the repository.
PAGE = "workflow/report/page"
CAPTIONS = "workflow/report"


@dataclass(frozen=True)
class Report:
    """The page.

    Attributes
    ----------
    study
        What is asked of the dataset.
    figures
        Rule ``figures``.
    """

    study: Study
    figures: Figures

    @cached_property
    def tables(self) -> dict[str, str]:
        """Name -> file of the further tables that the page shows."""
        demo = ["confusion", *(["controls_planted"] if self.figures.controls else [])]
        names = ["overlap", "subjects", *self.figures.controls]
        names += demo if self.study.is_demo else []
        names += ["time_course"] if self.figures.over_time else []
        names += ["audit"] if self.study.config["audit"]["report"] else []
        return {"recordings": paths.RECORDINGS, "stimuli": paths.STIMULI} | {
            name: paths.fill(paths.TABLE, table=name) for name in names
        }

    def outputs(self) -> dict[str, str]:
        """Return the texts beside the page."""
        return {"methods": paths.METHODS, "references": paths.REFERENCES}

    def caption(self, figure: str) -> str:
        """Return the file of a figure's caption."""
        return self.study.shipped(f"{CAPTIONS}/{FIGURES[figure].caption or figure}.rst")

    def inputs(self) -> Inputs:
        """Return tables, figures with their captions, model cards, and the parts of the page."""
        study = self.study
        film, alignment = study.stimuli[0], study.alignments[0]
        cards = [FitId(model) for model in study.networks]
        return {
            "config": str(study.results / "config.yaml"),
            "sites": paths.SITES,
            "regions": paths.REGIONS,
            "contrasts": paths.ALL_CONTRASTS,
            "scores": paths.SCORE_PROFILES,
            "electrodes": [
                paths.fill(paths.ELECTRODES, recording=recording) for recording in study.recordings
            ],
            "responses": [
                paths.fill(paths.RESPONSES, recording=recording, alignment=one)
                for recording in study.recordings
                for one in study.alignments
            ],
            "cards": [
                paths.fill(
                    paths.ACTIVATIONS,
                    stimulus=film,
                    alignment=alignment,
                    model=fit.model,
                    init=fit.init,
                    pairing=fit.pairing,
                )
                for fit in cards
            ],
            "tables": list(self.tables.values()),
            "drawn": paths.FIGURE_INDEX,
            "figures": [
                paths.fill(paths.FIGURE, figure=name, kind="svg") for name in self.figures.names
            ],
            "captions": [self.caption(name) for name in self.figures.names],
            **{
                name: study.shipped(f"{PAGE}/{file}")
                for name, file in (
                    ("template", "page.html"),
                    ("style", "page.css"),
                    ("script_tables", "tables.js"),
                    ("script_brain", "brain.js"),
                )
            },
        }

    def spec(self) -> dict[str, Any]:
        """Return what is shown."""
        study = self.study
        return ReportSpec(
            tables=tuple(self.tables),
            figures=self.figures.names,
            operands=operands(study.contrasts),
            labels=study.labels,
            benchmarks=str(study.results / "intermediate" / "benchmarks"),
        ).plain()
