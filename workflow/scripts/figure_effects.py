"""Draw the distribution of effects in every contrast."""

from fusion.figures import effects, read, style
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
figure, data = effects.draw(
    read.contrasts(snakemake.input.contrasts), spec["window"], spec["level"]
)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d effects", len(data))
