"""What contrasts and controls say of each planted kind."""

from pathlib import Path

import pandas as pd

from fusion.controls.report import by_planted
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_tsv

log = begin(snakemake)

spec = snakemake.params.spec
names = {"subject": str, "electrode": str}
tables = {
    Path(path).stem: read_tsv(path, dtype=names)
    for path in snakemake.input.tables
    if "passive" not in Path(path).stem
}
contrasts = pd.read_parquet(snakemake.input.contrasts)
contrasts = contrasts[contrasts["window"] == spec["window"]]
table = by_planted(tables, contrasts, read_tsv(snakemake.input.truth, dtype=names), spec["level"])

log.info("planted kinds:\n%s", table.to_string(index=False, float_format=lambda x: f"{x:.2f}"))
write_tsv(table, snakemake.output.table)
