"""Draw regions on a glass brain, one row a test."""

from fusion.logs import log_to
from fusion.report import read, region_map, style

log = log_to(snakemake.log[0])

figure, data = region_map.draw(read.sites(snakemake.input.sites))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d regions by test", len(data))
