"""Draw r of multimodal against unimodal models, electrode by electrode."""

from fusion.figures import read, scatter, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
contrasts = read.contrasts(snakemake.input.contrasts)
figure, data = scatter.draw(
    contrasts, spec["contrast"], spec["operands"], spec["window"], spec["level"]
)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d points", len(data))
