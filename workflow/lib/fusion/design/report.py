"""Rule of the report: what its page reads, and what shapes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fusion.design import paths
from fusion.design.figures import Figures, operands
from fusion.design.study import Study
from fusion.figures.spec import FIGURES, FiguresSpec
from fusion.ids import TRAINED, FitId, unique
from fusion.report.spec import ExportSpec, ReportSpec

Inputs = dict[str, str | list[str]]

#: Files of the page, below the repository.
PAGE = "workflow/report/page"
PLOTLY = "resources/plotly/plotly-gl3d.min.js"
CAPTIONS = "workflow/report"
#: Networks shown over time at each site.
MOST_OVER_TIME = 4


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
        demo = [
            "confusion",
            "rungs",
            "voices",
            *(["controls_planted"] if self.figures.controls else []),
        ]
        names = ["overlap", "subjects", "evidence", *self.figures.controls]
        names += demo if self.study.is_demo else []
        names += ["audit"] if self.study.config["audit"]["report"] else []
        return {"recordings": paths.RECORDINGS, "stimuli": paths.STIMULI} | {
            name: paths.fill(paths.TABLE, table=name) for name in names
        }

    @cached_property
    def over_time(self) -> tuple[str, ...]:
        """Trained networks whose r over time is shown at every site: of the contrasts that verdicts
        rest on, at most :data:`MOST_OVER_TIME`.
        """
        roles = ("matched", "multimodal", "language", "vision")
        asked = [one for role in roles if (one := self.study.contrast_of(role))]
        fits = [fit for one in asked for fit in one.fits if fit.init == TRAINED]
        networks = unique(fit.model for fit in fits if not self.study.is_concat(fit.model))
        return (networks or self.study.networks)[:MOST_OVER_TIME]

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
            "courses": paths.COURSES,
            "plotly": study.shipped(PLOTLY),
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
                    ("script_site", "site.js"),
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
            over_time=self.over_time,
            benchmarks=str(study.results / "intermediate" / "benchmarks"),
        ).plain()


@dataclass(frozen=True)
class Export:
    """Sites and figures for other programs and for journals.

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
    def widths(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """Width (mm) and the figures that are drawn at it: those that a journal's column holds, and
        all at the width of the page.
        """
        narrow = tuple(name for name in self.figures.names if FIGURES[name].narrow)
        return ((85, narrow), (180, self.figures.names))

    def inputs(self) -> Inputs:
        """Return the tables that sites and figures are read from."""
        return self.figures.inputs()

    def outputs(self) -> dict[str, str | list[str]]:
        """Return the files, by what they are."""

        def file(name: str) -> str:
            return paths.fill(paths.EXPORT, file=name)

        drawn = [f"figures/{name}_{width}mm" for width, names in self.widths for name in names]
        return {
            "electrodes": file("desc-sites_electrodes.tsv"),
            "electrodes_json": file("desc-sites_electrodes.json"),
            "volume": file("sites.nii.gz"),
            "volume_json": file("sites.json"),
            "left": file("lh.sites.label"),
            "right": file("rh.sites.label"),
            "notebook": file("load_results.ipynb"),
            "pdf": [file(f"{name}.pdf") for name in drawn],
            "svg": [file(f"{name}.svg") for name in drawn],
        }

    def spec(self) -> dict[str, Any]:
        """Return what is drawn, and at which widths."""
        return ExportSpec(
            tables=tuple(self.inputs()),
            figures=FiguresSpec.read(self.figures.spec()),
            widths=self.widths,
        ).plain()
