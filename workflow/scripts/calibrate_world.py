"""Simulate subjects with planted truth on a recording's events and noise, and test every contrast
there.
"""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.encoding.fit import Settings
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to
from fusion.io.tables import write_parquet
from fusion.seeds import rng_for
from fusion.simulation import calibration, geometry, planted

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
settings = Settings(**{**spec["encoding"], "keep_predictions": False, "backend": "numpy"})
with open_labelled(snakemake.input.responses) as dataset:
    bins, onset = dataset["bin_ms"].values.astype(float), dataset["onset_s"].values.astype(float)
    stimulus = np.full(len(onset), dataset.attrs["stimulus"])
    # A spectrum is an average over electrodes: a part of many is enough.
    some = dataset["response"][:, :: -(-dataset.sizes["electrode"] // 32)].values
    electrodes = spec["electrodes"] or dataset.sizes["electrode"]
freq, power = geometry.noise_spectrum(some, onset, stimulus, bins)
own = geometry.Geometry(
    onset, stimulus, bins, spec["bin_width_ms"], electrodes, freq, power, spec["high_pass_hz"]
)
own = geometry.coarse(own, spec["step_ms"])
log.info(
    "%d events in %.1f minutes, %d electrodes, %d bins",
    len(onset),
    own.minutes,
    electrodes,
    len(own.bins_ms),
)

# Every fit would say how its layer was solved.
log.setLevel("WARNING")
tables = []
total = len(spec["cases"]) * spec["repetitions"] * len(spec["contrasts"])
with threadpool_limits(snakemake.threads), tqdm(total=total, mininterval=5) as bar:
    for effect, minutes in spec["cases"]:
        film = (
            geometry.lasting(own, minutes, rng_for(spec["seed"], "film", minutes))
            if minutes
            else own
        )
        for rows in calibration.run_world(
            film,
            planted.kinds_of(spec["world"]),
            effect,
            range(spec["repetitions"]),
            spec,
            settings,
        ):
            tables.append(
                rows.assign(
                    world=spec["world"],
                    alignment=spec["alignment"],
                    effect=effect,
                    minutes=film.minutes,
                )
            )
            bar.update()

write_parquet(pd.concat(tables, ignore_index=True), snakemake.output.table)
