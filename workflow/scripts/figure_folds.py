"""Draw which stretch of film each fold holds out."""

from fusion.figures import folds, style
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
onsets = {}
for path in snakemake.input.responses:
    with open_labelled(path) as responses:
        onsets |= folds.onsets(responses)
tables = []
for path in snakemake.input.predictions:
    with open_labelled(path) as fit:
        tables.append(folds.held_out(fit, onsets))
figure, data = folds.draw(tables, spec["gap_s"], spec["alignment"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d stretches", len(data))
