"""Draw how often the battery around integration and the floors say yes."""

from fusion.figures import claims, read, style
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv

log = log_to(snakemake.log[0])

spec = snakemake.params.spec
tables = {
    name: read_tsv(path, dtype=read.IDS)
    for name, path in zip(spec["tables"], snakemake.input.tables, strict=True)
}
figure, data = claims.draw(tables.get("interaction"), tables.get("floors"), spec["level"])
style.save(figure, data, snakemake.output.svg, snakemake.output.png, snakemake.output.tsv)
log.info("%d tests", len(data))
