"""Make the events of an alignment: when, which picture, which text, and with which text when
shuffled.
"""

from fusion.io.logs import log_to
from fusion.io.tables import read_tsv, write_tsv
from fusion.seeds import rng_for
from fusion.stimuli import events, film, pairing

log = log_to(snakemake.log[0])
spec = snakemake.params.spec

words = read_tsv(
    snakemake.input.words,
    columns=("word", "onset_s", "sentence_id", "sentence"),
    dtype={"word": str, "sentence": str},
)
clock = film.read_clock(snakemake.input.film)
if spec["alignment"] == "language":
    table, counts = events.language(words, clock, spec)
else:
    table, counts = events.vision(
        words, read_tsv(snakemake.input.cuts, columns=("cut_s", "frame")), clock, spec
    )
for reason, count in counts.itertuples(index=False):
    log.log(30 if count and reason == "outside the film" else 20, "%s: %d", reason, count)

rng = rng_for(spec["seed"], "pairing", spec["stimulus"], spec["alignment"])
for k, shift in enumerate(
    pairing.shifts(table["onset_s"], spec["shuffled_pairings"], spec["shuffle_min_shift_s"], rng)
):
    table[f"text_shuffled{k}"] = pairing.shifted(table["text"].to_numpy(), shift)
    table[f"event_shuffled{k}"] = pairing.shifted(table["event"].to_numpy(), shift)
    log.info("text_shuffled%d: texts of %d events later", k, shift)

write_tsv(table, snakemake.output.events, float_format="%.10g")
write_tsv(counts, snakemake.output.counts)
