"""Take a film's scene cuts from an annotation, or detect them."""

from fusion.io.logs import log_to
from fusion.io.tables import write_tsv
from fusion.stimuli import cuts, film

log = log_to(snakemake.log[0])
spec = snakemake.params.spec

clock = film.read_clock(snakemake.input.film)
annotation = snakemake.input.get("cuts")
if annotation:
    table = cuts.from_table(annotation, spec["onset_column"], clock, spec["skip_first"])
else:
    table = cuts.detect(
        snakemake.input.film,
        clock,
        spec["detector"],
        spec["threshold"],
        spec["min_scene_s"],
        snakemake.threads,
    )
log.info("%d cuts in %.3f s", len(table), clock.end_s)
write_tsv(table, snakemake.output.cuts, float_format="%.10g")
