"""Scores of one fit against circular shifts of film and brain, refitted."""

import logging

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.contrasts.shift import subject_null
from fusion.contrasts.spec import ShiftNullSpec
from fusion.encoding.inputs import Activations
from fusion.encoding.trials import Trials
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = ShiftNullSpec.read(snakemake.params.spec)
# Every refit would say how each layer was solved.
logging.getLogger("fusion.encoding").setLevel("WARNING")

trials = Trials.read(snakemake.input.responses)
activations = Activations.of(spec.fit, snakemake.input.activations)
total = len(trials.groups) * spec.shifts
with (
    threadpool_limits(snakemake.threads),
    tqdm(total=total, unit="refit", mininterval=5) as bar,
):
    table = subject_null(trials, activations, spec, bar.update)
log.info(
    "%d of %d electrodes with p < 0.05 before correction", (table["p"] < 0.05).sum(), len(table)
)
write_parquet(table, snakemake.output.table)
