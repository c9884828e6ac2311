"""Counts of sites per region, with intervals; regions without coverage are listed as such."""

import json
from pathlib import Path

import yaml

from fusion.contrasts import regions
from fusion.io import dictionary
from fusion.io.atomic import whole
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv, write_tsv

log = log_to(snakemake.log[0])

sites = read_tsv(
    snakemake.input.sites,
    ("subject", "region", "hemisphere", "tested", "verdict"),
    dtype={"subject": str},
)
atlas = read_tsv(snakemake.input.atlas, ("region", "hemisphere"))

table = regions.region_table(sites, atlas, snakemake.params.spec["correction"])

log.info("regions by coverage: %s", table["coverage"].value_counts().to_dict())
write_tsv(table, snakemake.output.regions)
described = dictionary.data_dictionary(
    table, yaml.safe_load(Path(snakemake.input.schema).read_text())
)
with whole(snakemake.output.dictionary) as part:
    part.write_text(json.dumps(described, indent=2) + "\n")
