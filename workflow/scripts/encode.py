"""Ridge encoding fits of one subject, alignment and model: scores, influence, predictions."""

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fusion.encoding import outputs
from fusion.encoding.inputs import Activations
from fusion.encoding.job import fit_subject
from fusion.encoding.scores import RISING
from fusion.encoding.spec import EncodeSpec, Settings
from fusion.encoding.trials import Trials
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)
spec = EncodeSpec.read(snakemake.params.spec)
backend = "torch" if snakemake.resources.gpu else "numpy"
settings = Settings(**spec.settings.plain(), backend=backend)

trials = Trials.read(snakemake.input.responses, subject=spec.subject, alignment=spec.alignment)
log.info(
    "%d recordings, %d events, %d bins", len(trials.recordings), len(trials), len(trials.bins_ms)
)
responses = [group.responses() for group in trials.groups]
n_targets = sum(len(group.electrodes) for group in trials.groups) * len(trials.bins_ms)

for k, fit in enumerate(spec.fits):
    files = snakemake.input.activations[k * len(spec.features) : (k + 1) * len(spec.features)]
    activations = Activations.of(spec, files, fit)
    log.info("%s: %d layers", fit, len(activations.layers))
    with (
        threadpool_limits(snakemake.threads),
        tqdm(total=n_targets * len(activations.layers), unit="target", mininterval=5) as bar,
    ):
        found = fit_subject(
            trials,
            activations,
            settings,
            responses=responses,
            progress=bar.update,
            available_mb=snakemake.resources.mem_mb,
        )

    scores = outputs.score_table(found)
    log.info(
        "median r at the chosen layers %.4f, largest %.4f",
        *scores.loc[scores["chosen"], "r_test"].agg(["median", "max"]),
    )
    predicted = scores[scores["chosen"] & (scores["r_val"] > 0)]
    gain = predicted[["alpha_gain_low", "alpha_gain_high"]].mean().max()
    log.info(
        "where validation r is above 0, a fold's penalty is at an end of the grid at %.1f%%",
        100 * predicted["alpha_at_edge"].mean(),
    )
    if gain > RISING:
        log.warning(
            "validation r still rises by %.4f on average in the last step to an end of the grid:"
            " widen encoding.alphas",
            gain,
        )
    attrs = {
        "subject": spec.subject,
        "alignment": spec.alignment,
        "fit": str(fit),
        "n_events": found.n_events,
        "block_s": settings.block_s,
    }
    write_parquet(scores, snakemake.output.scores[k])
    outputs.write_influence(snakemake.output.influence[k], found, attrs)
    outputs.write_predictions(snakemake.output.predictions[k], found, attrs)
