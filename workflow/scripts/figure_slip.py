"""Draw the three-way comparison of networks that share architecture and data."""

from fusion.figures import read, slip, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
contrasts = read.contrasts(snakemake.input.contrasts)
figure, data = slip.draw(contrasts, spec["pairs"], spec["operands"], spec["window"], spec["level"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d electrodes x alignments", len(data))
