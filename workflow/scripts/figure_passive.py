"""Draw what the film alone produces."""

from fusion.figures import passive, style
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv

log = log_to(snakemake.log[0])

figure, data = passive.draw(read_tsv(snakemake.input.passive))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d rows", len(data))
