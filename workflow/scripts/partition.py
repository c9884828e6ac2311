"""Variance partition of one subject and alignment over bands of features."""

from fusion.controls.bands import principal
from fusion.controls.inputs import (
    at_events,
    by_electrode,
    components,
    groups,
    networks,
    read_lowlevel,
)
from fusion.controls.partition import partition
from fusion.io.job import begin
from fusion.io.tables import write_parquet
from fusion.seeds import rng_for

log = begin(snakemake)

spec = snakemake.params.spec
found = networks(spec["pairs"], snakemake.input.activations)
lowlevel, names = read_lowlevel(dict(zip(spec["films"], snakemake.input.lowlevel, strict=True)))
log.info("low-level features: %s", ", ".join(names))


def of_group(group):
    bands = {
        band: components([found[fit] for fit in fits], group.recordings, spec["dimensions"])
        for band, fits in spec["bands"].items()
        if fits
    }
    bands["lowlevel"] = principal([at_events(lowlevel, group.recordings)], spec["dimensions"])
    log.info(
        "%d electrodes, %d events; dimensions: %s",
        len(group.electrodes),
        len(group.onset_s),
        {b: x.shape[1] for b, x in bands.items()},
    )
    rng = rng_for(spec["seed"], "partition", spec["subject"], spec["alignment"])
    return partition(group.design, bands, rng, spec["scalings"])


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
write_parquet(table, snakemake.output.table)
