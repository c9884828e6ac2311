"""Draw how far language events and vision events agree."""

from fusion.figures import alignments, read, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
figure, data = alignments.draw(
    read.contrasts(snakemake.input.contrasts), spec["contrasts"], spec["window"], spec["level"]
)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d electrodes x contrasts", len(data))
