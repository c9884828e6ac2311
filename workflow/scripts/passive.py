"""What networks predict of a film's low-level features, before and after its events."""

from fusion.controls.inputs import networks, read_lowlevel
from fusion.controls.passive import passive
from fusion.controls.spec import PassiveSpec
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_parquet

log = begin(snakemake)
spec = PassiveSpec.read(snakemake.params.spec)

events = read_tsv(snakemake.input.events, ("event", "onset_s"), {"event": str})
lowlevel, _ = read_lowlevel({spec.stimulus: snakemake.input.lowlevel[0]})
found = networks(spec.activations, snakemake.input.activations)
table = passive(events, snakemake.input.events, lowlevel[spec.stimulus], found, spec)
write_parquet(table, snakemake.output.table)
