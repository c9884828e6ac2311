"""Draw r over time of two models: the average over electrodes, and the electrodes with the largest
differences.
"""

from collections import defaultdict

import pandas as pd

from fusion.figures import read, style, time_course
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to
from fusion.seeds import rng_for

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
columns = ["subject", "electrode", "alignment", "contrast", "window", "effect", "tested"]
contrasts = read.contrasts(snakemake.input.contrasts, columns)
contrasts = contrasts[
    (contrasts["contrast"] == spec["contrast"]) & (contrasts["window"] == spec["window_name"])
]
chosen = time_course.choose(contrasts, spec["contrast"], spec["window_name"], spec["electrodes"])
regions = read.sites(snakemake.input.sites).set_index(["subject", "electrode"])["region"]

found = defaultdict(list)
for path, (subject, alignment, side) in zip(snakemake.input.influence, spec["fits"], strict=True):
    rows = contrasts[
        (contrasts["subject"] == subject)
        & (contrasts["alignment"] == alignment)
        & contrasts["tested"]
    ]
    with open_labelled(path) as fit:
        pieces = time_course.pieces(
            fit, list(rows["electrode"]), [e for s, e in chosen if s == subject]
        )
    for name, piece in pieces.items():
        found[(subject, name) if name else "average", alignment, side].append(piece)
    log.info("read %s", path)

results = []
for panel in ("average", *chosen):
    for alignment in spec["alignments"]:
        a, b = found[panel, alignment, "a"], found[panel, alignment, "b"]
        name = (
            "mean of tested electrodes"
            if panel == "average"
            else time_course.panel_name(*panel, regions.get(panel))
        )
        results.append(
            time_course.compare(
                a, b, name, alignment, spec, rng_for(spec["seed"], "figure_time", alignment, *panel)
            )
        )
curves, bars = (pd.concat(tables, ignore_index=True) for tables in zip(*results, strict=True))
figure, data = time_course.draw(curves, bars, spec["sides"], spec["window"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
