"""Make the events of a film: when, which picture, which text, and with which text when shuffled."""

from fusion.io.job import begin
from fusion.io.tables import read_tsv, write_tsv
from fusion.io.text import write_json
from fusion.stimuli import events, facts, film, plausible
from fusion.stimuli.spec import EventsSpec

log = begin(snakemake)
spec = EventsSpec.read(snakemake.params.spec)

text = {"word": str, "sentence": str}
words = read_tsv(
    snakemake.input.words, ("word", "onset_s", "offset_s", "sentence_id", "sentence"), text
)
cuts = read_tsv(snakemake.input.cuts, ("cut_s", "frame")) if "vision" in spec.alignments else None
onset_s = words["onset_s"].to_numpy()
path = snakemake.input.get("film")
clock = (
    film.read_any_clock(path, onset_s)
    if path
    else film.silent_clock(float(words["offset_s"].max()))
)
found = facts.of_film(path, clock, spec.stimulus)
note = plausible.check_words(
    onset_s,
    clock.end_s,
    found["pictures_hz"],
    snakemake.input.words,
    spec.stimulus,
    length_s=(words["offset_s"] - words["onset_s"]).to_numpy(),
    strict=spec.strict,
)
if note:
    found["notes"].append(note)
for warning in filter(None, (note, found["sound_warning"])):
    log.warning("%s", warning)

for alignment, events_path, counts_path in zip(
    spec.alignments, snakemake.output.events, snakemake.output.counts, strict=True
):
    table, counts = events.of_alignment(alignment, words, cuts, clock, spec)
    write_tsv(table, events_path, float_format="%.10g")
    write_tsv(counts, counts_path)
    for reason, count in counts.itertuples(index=False):
        say = log.warning if count and reason == "outside the film" else log.info
        say("%s: %s: %d", alignment, reason, count)
write_json(found, snakemake.output.film)
