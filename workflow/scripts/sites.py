"""Sites and regions: all contrasts of all subjects, corrected, with a verdict for every electrode,
and what the verdicts add up to.
"""

from pathlib import Path

import pandas as pd

from fusion.contrasts import correct, people, regions, replication, sites, summary
from fusion.contrasts.places import merge_electrodes, read_electrodes
from fusion.contrasts.spec import SitesSpec
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, read_tsv, write_described, write_tsv

log = begin(snakemake)
spec = SitesSpec.read(snakemake.params.spec)

contrasts = pd.concat(map(read_parquet, snakemake.input.contrasts), ignore_index=True)
places = {}
for path in snakemake.input.electrodes:
    recording = Path(path).stem
    places[spec.subjects[recording], recording] = read_electrodes(path)
atlas = read_tsv(snakemake.input.atlas, ("region", "hemisphere"))

contrasts = correct.add_families(contrasts, spec)
electrodes = merge_electrodes(places)
controls = [read_parquet(path) for path in snakemake.input.get("interaction", [])]
interaction = pd.concat(controls, ignore_index=True) if controls else None
table, proof = sites.site_table(electrodes, contrasts, spec, interaction)
if snakemake.input.get("film_to_film"):
    between = read_tsv(snakemake.input.film_to_film, dtype={"subject": str, "electrode": str})
    table["replicated"] = replication.found_again(table, between, spec)
log.info("%d electrodes; verdicts: %s", len(table), table["verdict"].value_counts().to_dict())
spaces = table["space"].dropna().unique()
if len(spaces) > 1:
    log.warning(
        "coordinates are in several spaces (%s): compare positions within a space only",
        ", ".join(map(str, spaces)),
    )
by_region = regions.region_table(table, atlas, spec.correction)
of_subjects = pd.concat(map(read_parquet, snakemake.input.by_region), ignore_index=True)
over_subjects = people.over_subjects(of_subjects, spec.correction, spec.level)
by_region = regions.with_people(by_region, over_subjects, spec)
log.info("regions by coverage: %s", by_region["coverage"].value_counts().to_dict())

tables = {
    "sites": (table, sites.families(proof)),
    "regions": (by_region, None),
    "evidence": (proof, None),
    "overlap": (summary.overlap_table(table, spec.level), None),
    "subjects": (summary.subject_table(electrodes, contrasts, table, spec, interaction), None),
    "region_subjects": (of_subjects, None),
    "region_effects": (over_subjects, None),
    "contrasts": (contrasts, None),
}
for (name, (written, families)), schema in zip(
    tables.items(), snakemake.input.schemas, strict=True
):
    dictionary = snakemake.output[f"{name}_dictionary"]
    write_described(written, snakemake.output[name], dictionary, read_schema(schema), families)
write_tsv(contrasts, snakemake.output.contrasts_text)
