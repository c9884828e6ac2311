"""Draw who has electrodes where."""

from fusion.logs import log_to
from fusion.report import coverage, read, style

log = log_to(snakemake.log[0])

figure, data = coverage.draw(read.sites(snakemake.input.sites))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d subject x region", len(data))
