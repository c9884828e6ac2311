"""Scores of one fit against circular shifts of film and brain, refitted."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.contrasts.shift import shift_null
from fusion.encoding.fit import Settings
from fusion.encoding.inputs import Activations, electrode_groups, read_recordings, read_responses
from fusion.io.errors import InputError
from fusion.io.logs import log_to
from fusion.io.tables import write_parquet
from fusion.seeds import rng_for

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
recordings = read_recordings(snakemake.input.responses)
files = [
    (*labels, path)
    for labels, path in zip(spec["activations"], snakemake.input.activations, strict=True)
]
activations = Activations(files, spec["parts"])
first, last = spec["window"]
inside = (recordings[0].bin_ms >= first) & (recordings[0].bin_ms <= last)
groups = electrode_groups(recordings)

# Every refit would say how each layer was solved.
log.setLevel("WARNING")
tables = []
with (
    threadpool_limits(snakemake.threads),
    tqdm(total=len(groups) * spec["shifts"], unit="refit", mininterval=5) as bar,
):
    for electrodes, positions in groups:
        own = [recordings[k] for k in positions]
        onset = np.concatenate([r.onset_s for r in own])
        film = np.concatenate([np.full(len(r.onset_s), r.stimulus) for r in own])
        features = {layer: activations.read(layer, own) for layer in activations.layers}
        responses = np.ascontiguousarray(read_responses(own, electrodes)[:, :, inside])
        rng = rng_for(
            spec["seed"], "shift", spec["subject"], spec["alignment"], *(r.name for r in own)
        )
        try:
            settings = Settings(**spec["encoding"])
            found = shift_null(
                features,
                responses,
                onset,
                film,
                settings,
                spec["shifts"],
                spec["min_shift_s"],
                rng,
                bar.update,
            )
        except ValueError as error:
            raise InputError(
                own[0].path,
                "film time",
                str(error),
                "a longer film or a smaller statistics.shift_null.min_shift_s",
            ) from error
        tables.append(pd.DataFrame({"electrode": electrodes, **found}))

log.setLevel("INFO")
table = pd.concat(tables, ignore_index=True)
for column in ("subject", "alignment", "fit"):
    table[column] = spec[column]
log.info(
    "%d of %d electrodes with p < 0.05 before correction", (table["p"] < 0.05).sum(), len(table)
)
write_parquet(
    table[["subject", "electrode", "alignment", "fit", "score", "null_mean", "null_sd", "p"]],
    snakemake.output.table,
)
