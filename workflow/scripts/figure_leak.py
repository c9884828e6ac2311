"""Draw the leak meter."""

from fusion.figures import leak, read, style
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv

log = log_to(snakemake.log[0])

figure, data = leak.draw(read_tsv(snakemake.input.leak, dtype=read.IDS))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d of %d electrodes flagged", data["flagged"].sum(), len(data))
