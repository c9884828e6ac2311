"""Put tables, figures and sentences into one page that needs nothing else."""

from pathlib import Path

import yaml

from fusion.encoding.profiles import GAINS
from fusion.figures import read
from fusion.io.atomic import whole
from fusion.io.job import begin
from fusion.io.tables import read_parquet
from fusion.report import assemble, page, provenance
from fusion.report.spec import ReportSpec

log = begin(snakemake)
spec = ReportSpec.read(snakemake.params.spec)

scores = ["subject", "electrode", "alignment", "model", "init", "chosen", "r_test", *GAINS]
drawn = read.described(snakemake.input.drawn)
figures = page.figures(
    spec.figures,
    snakemake.input.figures,
    snakemake.input.captions,
    dict(zip(drawn["figure"], drawn["state"], strict=True)),
)
given = assemble.Given(
    config=yaml.safe_load(Path(snakemake.input.config).read_text(encoding="utf-8")),
    tables={
        "sites": read.sites(snakemake.input.sites),
        "regions": read.regions(snakemake.input.regions),
        "contrasts": read.contrasts(snakemake.input.contrasts),
        "electrodes": read.electrodes(snakemake.input.electrodes),
        "scores": read_parquet(snakemake.input.scores, columns=scores),
        "courses": read_parquet(snakemake.input.courses),
        **read.tables(dict(zip(spec.tables, snakemake.input.tables, strict=True))),
    },
    figures=figures,
    drawn=drawn,
    operands=spec.operands,
    labels=spec.labels,
    over_time=spec.over_time,
    plotly=Path(snakemake.input.plotly).read_text(encoding="utf-8"),
    cards=provenance.cards(snakemake.input.cards),
    responses=provenance.responses(snakemake.input.responses),
    times=provenance.run_times(spec.benchmarks),
)
html = page.render(
    assemble.context(given),
    snakemake.input.template,
    snakemake.input.style,
    [snakemake.input.script_tables, snakemake.input.script_site, snakemake.input.script_brain],
)
methods, references = assemble.texts(given)
for text, path in (
    (html, snakemake.output.html),
    (methods, snakemake.output.methods),
    (references, snakemake.output.references),
):
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
log.info("%d figures, %.1f MB", len(figures), len(html.encode()) / 1e6)
