"""Counts of sites per region, with intervals; regions without coverage are listed as such."""

from fusion.contrasts import regions
from fusion.io.logs import log_to
from fusion.io.schema import read_schema
from fusion.io.tables import read_tsv, write_described

log = log_to(snakemake.log[0])

sites = read_tsv(
    snakemake.input.sites,
    ("subject", "region", "hemisphere", "tested", "verdict"),
    dtype={"subject": str},
)
atlas = read_tsv(snakemake.input.atlas, ("region", "hemisphere"))

table = regions.region_table(sites, atlas, snakemake.params.spec["correction"])

log.info("regions by coverage: %s", table["coverage"].value_counts().to_dict())
write_described(
    table,
    snakemake.output.regions,
    snakemake.output.dictionary,
    read_schema(snakemake.input.schema),
)
