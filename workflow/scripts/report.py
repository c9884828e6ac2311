"""Put tables, figures and sentences into one page that needs nothing else."""

from pathlib import Path

import pandas as pd
import yaml

from fusion.figures import read
from fusion.io.atomic import whole
from fusion.io.job import begin
from fusion.report import assemble, page, provenance
from fusion.report.spec import ReportSpec

log = begin(snakemake)
spec = ReportSpec.read(snakemake.params.spec)

tables = {
    "sites": read.sites(snakemake.input.sites),
    "regions": read.regions(snakemake.input.regions),
    "contrasts": read.contrasts(snakemake.input.contrasts),
    "electrodes": read.electrodes(snakemake.input.electrodes),
    "scores": pd.read_parquet(
        snakemake.input.scores,
        columns=["subject", "electrode", "model", "init", "chosen", "alpha_rising"],
    ),
    **read.tables(dict(zip(spec.tables, snakemake.input.tables, strict=True))),
}
context = assemble.context(
    yaml.safe_load(Path(snakemake.input.config).read_text(encoding="utf-8")),
    tables,
    page.figures(spec.figures, snakemake.input.figures, snakemake.input.captions),
    operands=spec.operands,
    drawn=read.described(snakemake.input.drawn),
    cards=provenance.cards(snakemake.input.cards),
    responses=provenance.responses(snakemake.input.responses),
    times=provenance.run_times(spec.benchmarks),
)
html = page.render(
    context,
    snakemake.input.template,
    snakemake.input.style,
    [snakemake.input.script_tables, snakemake.input.script_brain],
)

with whole(snakemake.output.html) as part:
    part.write_text(html, encoding="utf-8")
log.info("%d figures, %.1f MB", len(spec.figures), len(html.encode()) / 1e6)
