"""Draw trained networks against random ones."""

import pandas as pd

from fusion.figures import read, style, trained
from fusion.io.logs import log_to

log = log_to(snakemake.log[0])

scores = pd.read_parquet(snakemake.input.scores)
figure, data = trained.draw(
    scores, read.with_signal(read.sites(snakemake.input.sites)), snakemake.params.spec["models"]
)
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d rows", len(data))
