"""Draw all figures; one that fails gives way to one that says so, and does not hide the others."""

import pandas as pd

from fusion.figures import read, registry, style
from fusion.figures.spec import FIGURES, FiguresSpec
from fusion.io.job import begin
from fusion.io.tables import write_tsv

log = begin(snakemake)
spec = FiguresSpec.read(snakemake.params.spec)

tables = read.tables(dict(snakemake.input.items()))
files = (snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
index = []
for name, *paths in zip(spec.figures, *files, strict=True):
    figure, data, state, why = registry.draw(name, tables, spec)
    style.save(figure, data, *paths)
    index.append({"figure": name, "title": FIGURES[name].title, "state": state, "why": why})
write_tsv(pd.DataFrame(index, columns=["figure", "title", "state", "why"]), snakemake.output.drawn)
