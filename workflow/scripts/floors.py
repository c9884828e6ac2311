"""Contrasts that should find nothing, for one subject and alignment."""

from fusion.controls.bands import principal
from fusion.controls.floors import floors, layer_pairs
from fusion.controls.inputs import by_electrode, components, groups, networks
from fusion.io.job import begin
from fusion.io.tables import write_parquet

log = begin(snakemake)

spec = snakemake.params.spec
found = networks(spec["pairs"], snakemake.input.activations)
trained = spec["layers_of"]


def of_group(group):
    compared = [tuple(pair) for pair in spec["compared"]]
    features = {
        name: components([found[name]], group.recordings, spec["dimensions"])
        for _, *pair in compared
        for name in pair
    }
    for a, b in layer_pairs(found[trained].layers):
        for layer in (a, b):
            features[f"{trained}:{layer}"] = principal(
                [found[trained].read(layer, group.recordings)], spec["dimensions"]
            )
        compared.append(("two layers", f"{trained}:{a}", f"{trained}:{b}"))
    log.info("%d electrodes; floors: %s", len(group.electrodes), compared)
    return floors(group.design, features, compared)


table = by_electrode(
    groups(snakemake.input.responses, spec),
    of_group,
    subject=spec["subject"],
    alignment=spec["alignment"],
)
write_parquet(table, snakemake.output.table)
