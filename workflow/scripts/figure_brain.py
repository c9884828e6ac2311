"""Draw all sites on a glass brain, by verdict or by best model."""

from fusion.figures import brain, read, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

sites = read.sites(snakemake.input.sites)
effect = snakemake.params.spec["effect"]
figure, data = brain.draw(sites, snakemake.params.spec["by"], effect if effect in sites else None)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d of %d sites drawn", len(data), len(sites))
