"""What verdicts, contrasts and controls say of each planted kind of the demo's sites."""

from fusion.contrasts.spec import VERDICTS
from fusion.demo import confusion
from fusion.demo.planted import by_planted
from fusion.demo.spec import PlantedSpec
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import read_parquet, read_tsv, write_described

log = begin(snakemake)
spec = PlantedSpec.read(snakemake.params.spec)

text = {"subject": str, "electrode": str}
sites = read_tsv(snakemake.input.sites, ("subject", "electrode", "verdict"), text)
truth = read_tsv(snakemake.input.truth, ("subject", "electrode", "planted"), text)
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
schemas, out = read_schema(snakemake.input.schema)["tables"], snakemake.output
write_described(table, out.confusion, out.confusion_dictionary, schemas["confusion"])
rungs = confusion.rungs(sites, truth, spec.level)
log.info("rungs, and at how many electrodes each is true:\n%s", rungs.to_string(index=False))
write_described(rungs, out.rungs, out.rungs_dictionary, schemas["rungs"])
voices = confusion.voices(sites, truth)
log.info("sites that follow the voice, by verdict:\n%s", voices.to_string(index=False))
write_described(voices, out.voices, out.voices_dictionary, schemas["voices"])

tables = {
    name: read_tsv(path, dtype=text)
    for name, path in zip(spec.controls, snakemake.input.tables, strict=True)
}
contrasts = read_parquet(snakemake.input.contrasts)
contrasts = contrasts[contrasts["window"] == spec.window]
table = by_planted(tables, contrasts, truth, spec.level)
log.info("planted kinds:\n%s", table.to_string(index=False, float_format=lambda x: f"{x:.2f}"))
write_described(table, out.controls, out.controls_dictionary, schemas["controls_planted"])
