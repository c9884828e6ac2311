"""Interaction test and modality shuffle of the joint networks, for one subject and alignment."""

from fusion.controls import battery
from fusion.controls.inputs import by_electrode, groups, networks
from fusion.controls.spec import InteractionSpec
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_parquet

log = begin(snakemake)
spec = InteractionSpec.read(snakemake.params.spec)

files = {
    (held.fit, held.film): path
    for held, path in zip(spec.activations, snakemake.input.activations, strict=True)
}
events = {
    film: read_tsv(path, ("event", "onset_s"), {"event": str})
    for film, path in zip(spec.films, snakemake.input.events, strict=True)
}
unimodal = {fit for fits in spec.bands.values() for fit in fits}
held = [one for one in spec.activations if one.fit in unimodal]
found = networks(held, [files[one.fit, one.film] for one in held])
joint = battery.joint_streams(files, events, spec)

table = by_electrode(
    groups(snakemake.input.responses, spec.fitting),
    lambda group: battery.of_group(group, found, joint, spec),
    subject=spec.subject,
    alignment=spec.alignment,
)
write_parquet(table, snakemake.output.table)
