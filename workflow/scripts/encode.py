"""Ridge encoding fits of one subject, alignment and model: scores, influence, predictions."""

import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.encoding.fit import Settings
from fusion.encoding.inputs import Activations, read_recordings
from fusion.encoding.job import fit_subject
from fusion.encoding.outputs import score_table, write_influence, write_predictions
from fusion.encoding.scores import RISING
from fusion.io.logs import log_to
from fusion.io.tables import write_parquet

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
settings = Settings(**spec["encoding"])
recordings = read_recordings(snakemake.input.responses)
activations = Activations(
    [
        (*labels, path)
        for labels, path in zip(spec["activations"], snakemake.input.activations, strict=True)
    ],
    spec["parts"],
)
bins = recordings[0].bin_ms
targets = sum(len(set(r.electrode)) for r in recordings) * len(bins) * len(activations.layers)
log.info(
    "%d recordings, %d events, %d bins, %d layers",
    len(recordings),
    sum(len(r.event) for r in recordings),
    len(bins),
    len(activations.layers),
)

with threadpool_limits(snakemake.threads), tqdm(total=targets, unit="target", mininterval=5) as bar:
    result = fit_subject(recordings, activations, settings, bar.update, snakemake.resources.mem_mb)

attrs = {key: spec[key] for key in ("subject", "alignment", "fit")}
attrs |= {"n_events": int((result.labels["fold"] >= 0).sum()), "block_s": settings.block_s}
scores = pd.concat(
    [
        score_table(fit, names, bins)
        for fit, names in zip(result.fits, result.electrodes, strict=True)
    ],
    ignore_index=True,
)
log.info(
    "median r at the chosen layers %.4f, largest %.4f",
    *scores.loc[scores["chosen"], "r_test"].agg(["median", "max"]),
)
predicted = scores[scores["chosen"] & (scores["r_val"] > 0)]
rising = predicted["alpha_edge_gain"] > RISING
log.info(
    "of what has validation r above 0, the penalty of some fold is at an end of the grid at %.1f%%",
    100 * predicted["alpha_at_edge"].mean(),
)
if rising.mean() > 0.05:
    log.warning(
        "validation r still rises at an end of the grid at %.1f%%: widen encoding.alphas",
        100 * rising.mean(),
    )
write_parquet(scores, snakemake.output.scores)
write_influence(snakemake.output.influence, result.fits, result.electrodes, bins, attrs)
if settings.keep_predictions:
    write_predictions(
        snakemake.output.predictions,
        result.fits,
        result.electrodes,
        result.rows,
        result.labels,
        bins,
        attrs,
    )
