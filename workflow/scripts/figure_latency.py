"""Draw the latency of each site with signal."""

from fusion.figures import latency, read, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

figure, data = latency.draw(read.sites(snakemake.input.sites), snakemake.params.spec["step_ms"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d sites", len(data))
