"""The table of sites: all contrasts of all subjects, corrected, with a verdict for every
electrode.
"""

import json
from pathlib import Path

import pandas as pd
import yaml

from fusion.contrasts import correct, sites, summary
from fusion.io import dictionary
from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv, write_parquet, write_tsv

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
contrasts = pd.concat(
    [pd.read_parquet(path) for path in snakemake.input.contrasts], ignore_index=True
)
places = {}
for path in snakemake.input.electrodes:
    recording = Path(path).stem
    places[spec["subjects"][recording], recording] = read_tsv(
        path, (*sites.PLACE[1:], "kept", "reason"), dtype={"electrode": str}
    )

contrasts = correct.add_families(contrasts, spec["correction"])
electrodes = sites.merge_electrodes(places)
table = sites.site_table(electrodes, contrasts, spec)

log.info("%d electrodes; verdicts: %s", len(table), table["verdict"].value_counts().to_dict())
spaces = table["space"].dropna().unique()
if len(spaces) > 1:
    log.warning(
        "coordinates are in several spaces (%s): compare positions within a space only",
        ", ".join(map(str, spaces)),
    )

write_parquet(contrasts, snakemake.output.contrasts)
tables = {
    "sites": (table, sites.families(contrasts, table, spec)),
    "overlap": (summary.overlap_table(table), None),
    "subjects": (summary.subject_table(electrodes, contrasts, table, spec), None),
    "contrasts": (contrasts, None),
}
for name, (written, families) in tables.items():
    if name != "contrasts":
        write_tsv(written, snakemake.output[name])
    schema = yaml.safe_load(Path(snakemake.input[f"{name}_schema"]).read_text())
    described = dictionary.data_dictionary(written, schema, families)
    with whole(snakemake.output[f"{name}_dictionary"]) as part:
        part.write_text(json.dumps(described, indent=2) + "\n")
