"""Simulate subjects with planted truth on a recording's events and noise; test every contrast."""

import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.encoding.spec import Settings
from fusion.io.job import begin
from fusion.io.tables import write_parquet
from fusion.simulation import calibration, geometry
from fusion.simulation.spec import WorldSpec

log = begin(snakemake)
spec = WorldSpec.read(snakemake.params.spec)

settings = Settings(**spec.encoding, keep_predictions=False)
own = geometry.of_recording(snakemake.input.responses, spec)
log.info(
    "%d events in %.1f minutes, %d electrodes, %d bins",
    len(own.onset_s),
    own.minutes,
    own.n_electrodes,
    len(own.bins_ms),
)

# Every fit would say how its layer was solved.
log.setLevel("WARNING")
total = len(spec.cases) * spec.repetitions * len(spec.simulation.contrasts)
with threadpool_limits(snakemake.threads), tqdm(total=total, mininterval=5) as bar:
    tables = []
    for rows in calibration.run_cases(own, spec, settings):
        tables.append(rows)
        bar.update()

write_parquet(pd.concat(tables, ignore_index=True), snakemake.output.table)
