"""Run one network on the frames and texts of a film's events and write its layers: one file for
each alignment, init and pairing.
"""

from fusion.io.job import begin
from fusion.models.run import job
from fusion.models.run.weights import read_weights
from fusion.models.spec import ActivationsSpec, Shown

log = begin(snakemake)

outputs = {Shown.parse(name): path for name, path in snakemake.output.items()}
job.run(
    ActivationsSpec.read(snakemake.params.spec),
    # Of each alignment the film's own table first, then those of the other films.
    events={one.alignment: list(snakemake.input[f"events_{one.alignment}"]) for one in outputs},
    frames=snakemake.input.get("frames"),
    sound=snakemake.input.get("sound"),
    weights=read_weights(snakemake.input.weights),
    regions=snakemake.input.get("regions"),
    outputs=outputs,
    threads=snakemake.threads,
)
