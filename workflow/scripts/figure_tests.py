"""Draw how the tests of multimodality overlap."""

from fusion.figures import read, style, upset
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

figure, data = upset.draw(read.sites(snakemake.input.sites))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d combinations of tests", len(data))
