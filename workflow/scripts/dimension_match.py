"""The contrasts of one subject and alignment again, every network at the same number of
dimensions.
"""

from fusion.controls.dimension import matched
from fusion.controls.inputs import by_electrode, components, groups, networks
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)

spec = snakemake.params.spec
found = networks(spec["pairs"], snakemake.input.activations)


def of_group(group):
    fits = {}
    for name, activations in found.items():
        features = components([activations], group.recordings, spec["dimensions"])
        log.info("%s: %d dimensions", name, features.shape[1])
        fits[name] = group.design.fit([features])
    return matched(group.design, fits, spec["contrasts"])


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
write_parquet(table, snakemake.output.table)
