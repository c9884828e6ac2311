"""The table of sites: all contrasts of all subjects, corrected, with a verdict for every electrode."""

import json
from pathlib import Path

import pandas as pd
import yaml

from fusion.atomic import whole
from fusion.contrasts import correct, dictionary, sites
from fusion.logs import log_to
from fusion.tables import read_tsv, write_parquet, write_tsv

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
contrasts = pd.concat([pd.read_parquet(path) for path in snakemake.input.contrasts], ignore_index=True)
places = {}
for path in snakemake.input.electrodes:
    recording = Path(path).stem
    places[spec["subjects"][recording], recording] = read_tsv(path, (*sites.PLACE[1:], "kept", "reason"), dtype={"electrode": str})

contrasts = correct.add_families(contrasts, spec["correction"])
electrodes = sites.merge_electrodes(places)
table = sites.site_table(electrodes, contrasts, spec)

log.info("%d electrodes; verdicts: %s", len(table), table["verdict"].value_counts().to_dict())
spaces = table["space"].dropna().unique()
if len(spaces) > 1:
    log.warning("coordinates are in several spaces (%s): compare positions within a space only", ", ".join(map(str, spaces)))

write_tsv(table, snakemake.output.sites)
write_parquet(contrasts, snakemake.output.contrasts)
for written, schema, path, families in (
    (table, snakemake.input.sites_schema, snakemake.output.sites_dictionary, sites.families(contrasts, table, spec)),
    (contrasts, snakemake.input.contrasts_schema, snakemake.output.contrasts_dictionary, None),
):
    described = dictionary.data_dictionary(written, yaml.safe_load(Path(schema).read_text()), families)
    with whole(path) as part:
        part.write_text(json.dumps(described, indent=2) + "\n")
