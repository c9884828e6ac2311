"""Draw the positive fraction of every region."""

from fusion.figures import read, regions, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

figure, data = regions.draw(read.regions(snakemake.input.regions), snakemake.params.spec["level"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d regions", len(data))
