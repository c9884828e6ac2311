"""Runs the scripts of figures and of the report on made-up results, as the rules would."""

import json
import logging
import runpy
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg

import fusion.io.logs
from fusion.encoding import profiles
from fusion.figures import style
from fusion.io.tables import write_parquet

REPOSITORY = Path(__file__).parents[3]
TITLES = {
    "tests": "Overlap of the tests",
    "brain_verdict": "Sites by verdict",
    "brain_model": "Sites by best model",
    "region_map": "Regions by test",
    "regions": "Sites by region",
    "coverage": "Coverage",
    "effects": "Effects",
    "scatter": "Multimodal against unimodal",
    "slip": "Three networks",
    "time": "r over time",
    "latency": "Latency",
    "alignments": "Alignments",
    "trained": "Trained against random",
    "layers": "Layers",
    "examples": "Examples",
    "partition": "Partition",
    "claims": "Claims",
    "leak": "Leak meter",
    "passive": "Passive",
    "calibration": "Calibration",
    "folds": "Folds",
}
FURTHER = [
    "overlap",
    "subjects",
    "recordings",
    "confusion",
    "partition",
    "interaction",
    "floors",
    "leak",
    "passive",
    "calibration",
]


def run_script(name, **parts):
    """Run a rule's script in this process, its log left alone."""
    keep, fusion.logs.log_to = fusion.logs.log_to, lambda path: logging.getLogger("test")
    try:
        given = {key: SimpleNamespace(**value) for key, value in parts.items()}
        runpy.run_path(
            str(REPOSITORY / f"workflow/scripts/{name}.py"),
            init_globals={"snakemake": SimpleNamespace(**given, log=["-"], threads=1)},
        )
    finally:
        fusion.logs.log_to = keep


def figure_jobs(folder):
    """Return figure -> (script, inputs, spec), as the rules give them."""
    config = yaml.safe_load((folder / "config.yaml").read_text())
    contrasts, level, alignments = (
        config["contrasts"],
        config["statistics"]["level"],
        config["events"]["alignments"],
    )
    subjects = sorted({path.name.split("_")[0] for path in (folder / "encoding").glob("*")})
    table = {
        name: str(folder / f"{name}.tsv")
        for name in (
            "sites",
            "regions",
            "partition",
            "leak",
            "passive",
            "calibration",
            "interaction",
            "floors",
        )
    }
    parquet = {name: str(folder / f"{name}.parquet") for name in ("contrasts", "score_profiles")}
    sites, tests, scores = (
        {"sites": table["sites"]},
        {"contrasts": parquet["contrasts"]},
        {"scores": parquet["score_profiles"], "sites": table["sites"]},
    )
    usual = {"window": "after", "level": level}
    fits = [[s, a, side] for s in subjects for a in alignments for side in "ab"]
    fit = {"a": "slip-trained-true", "b": "slip_simclr-trained-true"}
    predictions = [
        str(folder / f"encoding/{s}_{alignments[0]}_slip-trained-true/predictions.nc")
        for s in subjects
    ]
    responses = [
        str(folder / f"responses/sub-{s}_task-film_run-1_{alignments[0]}.nc") for s in subjects
    ]
    held = {"predictions": predictions, "responses": responses}
    jobs = {
        "tests": (sites, {}),
        "region_map": (sites, {}),
        "coverage": (sites, {}),
        "regions": ({"regions": table["regions"]}, {"level": level}),
        "latency": (sites, {"step_ms": 25}),
        "effects": (tests, usual),
        "scatter": (
            tests,
            usual
            | {
                "contrast": "multimodal_vs_unimodal",
                "operands": contrasts["multimodal_vs_unimodal"],
            },
        ),
        "slip": (
            tests,
            usual
            | {
                "pairs": ["slip_vs_simclr", "slip_clip_vs_simclr", "slip_vs_slip_clip"],
                "operands": contrasts,
            },
        ),
        "alignments": (
            tests,
            usual
            | {"contrasts": ["multimodal_vs_unimodal", "slip_vs_simclr", "multimodal_vs_linear"]},
        ),
        "partition": ({"partition": table["partition"], **sites}, {}),
        "leak": ({"leak": table["leak"]}, {}),
        "claims": (
            {"tables": [table["interaction"], table["floors"]]},
            {"tables": ["interaction", "floors"], "level": level},
        ),
        "passive": ({"passive": table["passive"]}, {}),
        "calibration": ({"calibration": table["calibration"]}, {}),
    }
    if subjects:
        influence = [
            str(folder / f"encoding/{s}_{a}_{fit[side]}/influence.nc") for s, a, side in fits
        ]
        spec = {
            "seed": 0,
            "contrast": "slip_vs_simclr",
            "window_name": "after",
            "window": [0, 1000],
            "electrodes": 3,
            "fits": fits,
            "alignments": alignments,
            "multipliers": 200,
            "level": level,
            "sides": fit,
        }
        jobs |= {
            "time": ({**tests, **sites, "influence": influence}, spec),
            "trained": (scores, {"models": config["models"]}),
            "layers": (scores, {"models": config["models"]}),
            "folds": (held, {"alignment": alignments[0], "gap_s": 10}),
            "examples": (
                {**scores, **held},
                {
                    "fit": fit["a"],
                    "alignment": alignments[0],
                    "subjects": subjects,
                    "window": [0, 1000],
                    "recordings": [[s, f"sub-{s}_task-film_run-1"] for s in subjects],
                },
            ),
        }
    out = {name: (f"figure_{name}", *rest) for name, rest in jobs.items()}
    for by in ("verdict", "model"):
        out[f"brain_{by}"] = (
            "figure_brain",
            sites,
            {
                "by": by,
                "effect": f"slip_vs_simclr_{alignments[0]}_effect" if by == "verdict" else None,
            },
        )
    return {name: out[name] for name in TITLES if name in out}


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


def draw(folder, names=None):
    """Draw figures of results in ``folder`` (all by default); what is wrong with their labels goes
    to ``troubles.json``.
    """
    found, save = {}, style.save

    def watched(figure, data, svg, png, tsv):
        save(figure, data, svg, png, tsv)
        found[Path(svg).stem] = troubles(figure)

    scores = sorted(folder.glob("encoding/*/scores.parquet"))
    parts = []
    for path in scores:
        subject, alignment, fit = path.parent.name.split("_", 2)
        model, init, _ = fit.split("-")
        parts.append(
            profiles.reduced(path, [0, 1000]).assign(
                subject=subject, alignment=alignment, model=model, init=init
            )
        )
    columns = [
        "electrode",
        "layer",
        "r_val",
        "r_test",
        "alpha_rising",
        "chosen",
        "depth",
        "subject",
        "alignment",
        "model",
        "init",
    ]
    write_parquet(
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns),
        folder / "score_profiles.parquet",
    )
    style.save = watched
    try:
        for name, (script, inputs, spec) in figure_jobs(folder).items():
            if names is None or name in names:
                outputs = {
                    kind: str(folder / f"figures/{name}.{kind}") for kind in ("svg", "png", "tsv")
                }
                run_script(script, input=inputs, output=outputs, params={"spec": spec})
    finally:
        style.save = save
    (folder / "troubles.json").write_text(json.dumps(found))


def write_page(folder):
    """Write the page of results in ``folder`` from the figures that are drawn; return its path."""
    captions = {
        name: (
            (
                REPOSITORY / f"workflow/report/{'brain' if name.startswith('brain') else name}.rst"
            ).read_text()
        )
        for name in TITLES
    }
    there = [name for name in FURTHER if (folder / f"{name}.tsv").exists()]
    inputs = {
        "config": str(folder / "config.yaml"),
        "sites": str(folder / "sites.tsv"),
        "regions": str(folder / "regions.tsv"),
        "contrasts": str(folder / "contrasts.parquet"),
        "scores": str(folder / "score_profiles.parquet"),
        "electrodes": sorted(map(str, folder.glob("electrodes/*.tsv"))),
        "responses": sorted(map(str, folder.glob("responses/*.nc"))),
        "cards": sorted(map(str, folder.glob("activations/*.nc"))),
        "tables": [str(folder / f"{name}.tsv") for name in there],
        "figures": [
            str(folder / f"figures/{name}.svg")
            for name in TITLES
            if (folder / f"figures/{name}.svg").exists()
        ],
    }
    spec = {
        "tables": there,
        "titles": TITLES,
        "captions": captions,
        "benchmarks": str(folder / "benchmarks"),
    }
    run_script(
        "report", input=inputs, output={"html": str(folder / "report.html")}, params={"spec": spec}
    )
    return folder / "report.html"
