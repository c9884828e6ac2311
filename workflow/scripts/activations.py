"""Run one network on the frames and texts of a film's events and write its layers."""

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
    outputs={"true": snakemake.output.activations},
    threads=snakemake.threads,
)
