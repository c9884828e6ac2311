"""Take a film's scene cuts from an annotation, or detect them."""

from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.stimuli import cuts, film
from fusion.stimuli.spec import CutsSpec

log = begin(snakemake)
spec = CutsSpec.read(snakemake.params.spec)

# A film that was cut short is refused where its events are counted.
clock = film.read_clock(snakemake.input.film, whole=False)
if spec.annotated:
    how = spec.annotated
    table = cuts.from_table(snakemake.input.cuts, how, clock, spec.stimulus)
else:
    how = spec.detected
    table = cuts.detect(
        snakemake.input.film,
        clock,
        how.detector,
        how.threshold,
        how.min_scene_s,
        snakemake.threads,
    )

log.info("%d cuts in %.3f s", len(table), clock.end_s)
write_tsv(table, snakemake.output.cuts, float_format="%.10g")
