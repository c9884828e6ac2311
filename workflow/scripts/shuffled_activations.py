"""Run one network on a film's frames with texts from elsewhere in the film, for all shuffled
pairings at once, and write its layers.
"""

from fusion.io.logs import log_to
from fusion.models.run import job

log = log_to(snakemake.log[0])

job.run(
    snakemake.params.spec,
    events=snakemake.input.events,
    all_events=snakemake.input.all_events,
    frames=snakemake.input.frames,
    weights=snakemake.input.weights,
    regions=snakemake.input.regions,
    outputs=dict(zip(snakemake.params.spec["pairings"], snakemake.output.activations, strict=True)),
    threads=snakemake.threads,
)
