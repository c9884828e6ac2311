"""Put tables, figures and sentences into one page that needs nothing else."""

from pathlib import Path

import pandas as pd
import yaml

from fusion.figures import read
from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv
from fusion.report import assemble, page, provenance

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
config = yaml.safe_load(Path(snakemake.input.config).read_text())
tables = {
    "sites": read.sites(snakemake.input.sites),
    "regions": read.regions(snakemake.input.regions),
    "contrasts": read.contrasts(snakemake.input.contrasts),
    "electrodes": read.electrodes(snakemake.input.electrodes),
    "scores": pd.read_parquet(
        snakemake.input.scores,
        columns=["subject", "electrode", "model", "init", "chosen", "alpha_rising"],
    ),
}
for name, path in zip(spec["tables"], snakemake.input.tables, strict=True):
    tables[name] = read_tsv(path, dtype=read.IDS)

figures = page.figures(snakemake.input.figures, spec["titles"], spec["captions"])
cards, responses = (
    provenance.cards(snakemake.input.cards),
    provenance.responses(snakemake.input.responses),
)
html = page.render(
    assemble.context(
        config, tables, figures, cards, responses, provenance.run_times(spec["benchmarks"])
    )
)

with whole(snakemake.output.html) as part:
    part.write_text(html, encoding="utf-8")
log.info("%d figures, %.1f MB", len(figures), len(html.encode()) / 1e6)
