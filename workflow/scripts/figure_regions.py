"""Draw the positive fraction of every region."""

from fusion.logs import log_to
from fusion.report import read, regions, style

log = log_to(snakemake.log[0])

figure, data = regions.draw(read.regions(snakemake.input.regions), snakemake.params.spec["level"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d regions", len(data))
