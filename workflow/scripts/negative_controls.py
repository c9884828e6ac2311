"""Leak meter and floors of one subject and alignment: scores and contrasts that should be zero."""

from fusion.controls.floors import floors
from fusion.controls.inputs import by_electrode, groups, networks
from fusion.controls.leak import leak, read_models
from fusion.controls.spec import NegativeControlsSpec
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_parquet

log = begin(snakemake)
spec = NegativeControlsSpec.read(snakemake.params.spec)

parts = list(groups(snakemake.input.responses, spec.fitting))
ids = {"subject": spec.subject, "alignment": spec.alignment}

if spec.leak:
    words = {
        film: read_tsv(path, ("onset_s",))["onset_s"].to_numpy(float)
        for film, path in zip(spec.leak.films, snakemake.input.words, strict=True)
    }
    models = read_models(snakemake.input.influence)
    table = by_electrode(parts, lambda group: leak(group, words, models, spec.leak), **ids)
    if table["flagged"].any():
        log.warning(
            "%d of %d electrodes are predicted by drift, word rate or autocorrelation as well as by"
            " any model",
            table["flagged"].sum(),
            len(table),
        )
    write_parquet(table, snakemake.output.leak)

if spec.floors:
    found = networks(spec.floors.activations, snakemake.input.activations)
    table = by_electrode(parts, lambda group: floors(group, found, spec.floors), **ids)
    write_parquet(table, snakemake.output.floors)
