"""Draw what each site's predictable activity is made of."""

from fusion.figures import partition, read, style
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv

log = log_to(snakemake.log[0])

sites = read.sites(snakemake.input.sites)
shown = read.with_signal(sites).merge(
    sites[["subject", "electrode", "region"]], on=["subject", "electrode"]
)
figure, data = partition.draw(read_tsv(snakemake.input.partition, dtype=read.IDS), shown)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d regions x bands", len(data))
