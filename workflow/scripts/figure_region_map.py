"""Draw regions on a glass brain, one row a test."""

from fusion.figures import read, region_map, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

figure, data = region_map.draw(read.sites(snakemake.input.sites))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d regions by test", len(data))
