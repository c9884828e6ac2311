"""Runs the rules of figures and report on made-up results, as the design asks for them."""

import dataclasses
import json
from functools import cached_property
from itertools import combinations
from pathlib import Path

import pandas as pd
import yaml
from helpers.scripts import REPOSITORY, located, run_rule, run_script
from made_up_results import MODELS
from matplotlib.backends.backend_agg import FigureCanvasAgg

from fusion.contrasts import over_time
from fusion.design.design import Design
from fusion.design.figures import Figures
from fusion.design.recordings import Recording
from fusion.design.study import Study
from fusion.encoding import examples, held_out
from fusion.figures import style
from fusion.figures.spec import FIGURES, FiguresSpec
from fusion.io.tables import write_parquet, write_tsv
from fusion.report.spec import ReportSpec

CONTROLS = (
    *("partition", "interaction", "floors", "leak", "passive"),
    *("calibration", "calibration_recorded", "planning"),
)
KINDS = ("svg", "png", "tsv")
PROFILES = [
    "electrode",
    "layer",
    "r_val",
    "r_test",
    "alpha_gain_low",
    "alpha_gain_high",
    "chosen",
    "depth",
    "subject",
    "alignment",
    "model",
    "init",
]


COURSES = ["electrode", "bin_ms", "r", "subject", "alignment", "model"]


class MadeUp(Design):
    """The design of made-up results: the controls are those that were made up."""

    @cached_property
    def figures(self):
        return Figures(self.study, CONTROLS)


def study_of(folder):
    """Return the study of results in ``folder``."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    names = [f"sub-{k + 1:02d}_task-film_run-1" for k in range(config["simulate"]["subjects"])]
    zoo = {
        name: {"family": "vit", "modality": modality, "feed": "image"}
        for name, modality in MODELS.items()
    }
    return Study(
        config=config,
        zoo=zoo,
        recordings={name: Recording(name, name[4:6], f"{name}.edf", (), "film") for name in names},
        repository=REPOSITORY,
        bids_root=folder / "bids",
        results=folder.absolute(),
        shared=folder.absolute(),
    )


def design_of(folder):
    """Return the design of results in ``folder``."""
    return MadeUp(study_of(folder))


def outputs(folder, names):
    """Return the files of figures."""
    files = {kind: [folder / f"figures/{name}.{kind}" for name in names] for kind in KINDS}
    return {"drawn": folder / "figures/index.tsv", **files}


def tables_from_arrays(folder):
    """Write the tables that figures need from arrays; empty ones where no fit was made up."""
    design, tables = design_of(folder), folder / "tables"
    made = {"time_course": over_time, "examples": examples, "folds": held_out}
    files = {name: tables / f"{name}.tsv" for name in made}
    files |= {f"{name}_dictionary": tables / f"{name}.json" for name in made}
    if (folder / "intermediate/encoding").is_dir():
        outputs_ = {"table": "score_profiles", "courses": "courses"}
        files_ = {name: tables / f"{file}.parquet" for name, file in outputs_.items()}
        files_ |= {
            "dictionary": tables / "score_profiles.json",
            "courses_dictionary": tables / "courses.json",
        }
        run_rule(design, "score_profiles", files_)
        run_rule(design, "figure_tables", files)
        return
    write_parquet(pd.DataFrame(columns=PROFILES), tables / "score_profiles.parquet")
    write_parquet(pd.DataFrame(columns=COURSES), tables / "courses.parquet")
    for name, module in made.items():
        write_tsv(pd.DataFrame(columns=module.COLUMNS), files[name])


def draw(folder, names=None):
    """Draw figures of results in ``folder`` (all by default); what is wrong with their labels goes
    to ``troubles.json``.
    """
    found, save = {}, style.save

    def watched(figure, data, svg, png, tsv):
        save(figure, data, svg, png, tsv)
        found[Path(svg).stem] = troubles(figure)

    if not (folder / "tables/time_course.tsv").exists():
        tables_from_arrays(folder)
    design = design_of(folder)
    spec = FiguresSpec.read(design.figures.spec())
    if names is not None:
        spec = dataclasses.replace(spec, figures=tuple(names))
    inputs = {name: located(design, path) for name, path in design.figures.inputs().items()}
    files = outputs(folder, spec.figures)
    if again := files["drawn"].exists():
        files["drawn"] = folder / "drawn_again.tsv"
    style.save = watched
    try:
        run_script("figures", inputs, files, spec)
    finally:
        style.save = save
    if not again:
        (folder / "troubles.json").write_text(json.dumps(found))


def write_page(folder):
    """Write the page of results in ``folder`` from the figures that are drawn; return its path."""
    design = design_of(folder)
    there = [name for name in FIGURES if (folder / f"figures/{name}.svg").exists()]
    tables = {
        name: path
        for name, path in design.report.tables.items()
        if Path(located(design, path)).exists()
    }
    spec = dataclasses.replace(
        ReportSpec.read(design.report.spec()), figures=tuple(there), tables=tuple(tables)
    )
    inputs = {
        **design.report.inputs(),
        "figures": [f"<results>/figures/{name}.svg" for name in there],
        "captions": [design.report.caption(name) for name in there],
        "tables": list(tables.values()),
    }
    if not (folder / "intermediate/encoding").is_dir():
        inputs["responses"] = []
    inputs = {name: located(design, path) for name, path in inputs.items()}
    files = {
        "html": folder / "report.html",
        "methods": folder / "methods.md",
        "references": folder / "references.bib",
    }
    run_script("report", inputs, files, spec)
    return folder / "report.html"


def troubles(figure):
    """Return texts that leave the figure, and pairs of texts that lie on each other (by more than a
    pixel).
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    width, height = figure.bbox.width, figure.bbox.height
    texts, idle = [], idle_labels(figure)
    for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_visible()):
        words = text.get_text().strip()
        shown = text.axes is None or text.axes.get_visible()
        if words and shown and id(text) not in idle:
            texts.append((words, text.get_window_extent(renderer)))
    cut = [
        words
        for words, box in texts
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
    on_top = []
    for (one, a), (other, b) in combinations(texts, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if (
            wide > 1.5
            and high > 1.5
            and not (one == other and abs(a.x0 - b.x0) < 0.5 and abs(a.y0 - b.y0) < 0.5)
        ):
            on_top.append((one, other))
    return cut, on_top


def idle_labels(figure):
    """Return the ids of tick labels that are not drawn: their ticks are outside the axis' limits,
    or their axes are off.
    """
    idle = set()
    for axes in figure.axes:
        off = not (axes.get_visible() and axes.axison)
        for axis in (axes.xaxis, axes.yaxis):
            drawn = {id(tick) for tick in axis._update_ticks()}
            waiting = [
                tick
                for tick in (*axis.majorTicks, *axis.minorTicks)
                if off or id(tick) not in drawn
            ]
            idle |= {id(label) for tick in waiting for label in (tick.label1, tick.label2)}
    return idle
