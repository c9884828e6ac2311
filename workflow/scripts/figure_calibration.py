"""Draw whether tests keep their level in simulated worlds."""

from fusion.logs import log_to
from fusion.report import calibration, style
from fusion.tables import read_tsv

log = log_to(snakemake.log[0])

figure, data = calibration.draw(read_tsv(snakemake.input.calibration))
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d rows", len(data))
