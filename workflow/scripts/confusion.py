"""Set the verdicts of the demo's sites against what was planted there."""

from fusion.contrasts.spec import VERDICTS
from fusion.demo import confusion
from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_tsv

log = begin(snakemake)

text = {"subject": str, "electrode": str}
sites = read_tsv(snakemake.input.sites, ("subject", "electrode", "verdict"), dtype=text)
truth = read_tsv(snakemake.input.truth, ("subject", "electrode", "planted"), dtype=text)

joined = confusion.join(sites, truth)
table = confusion.confusion(joined, VERDICTS)
log.info("planted kind (rows) and verdict (columns):\n%s", table.to_string(index=False))
for kind in confusion.PLANTED[:-1]:
    rates = confusion.rates(joined, kind)
    log.info(
        "%s: sensitivity %.2f, false-discovery proportion %.2f",
        kind,
        rates["sensitivity"],
        rates["false_discovery"],
    )

write_tsv(table, snakemake.output.table)
