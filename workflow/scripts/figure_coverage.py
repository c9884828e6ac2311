"""Draw who has electrodes where."""

from fusion.figures import coverage, read, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

figure, data = coverage.draw(read.sites(snakemake.input.sites))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d subject x region", len(data))
