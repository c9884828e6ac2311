"""Read a transcript into the one table of words."""

from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.io.text import write_json
from fusion.stimuli import transcripts
from fusion.stimuli.spec import TranscriptSpec

log = begin(snakemake)
spec = TranscriptSpec.read(snakemake.params.spec)

found = transcripts.read(
    snakemake.input.transcript, spec, sentences_path=snakemake.input.get("sentences")
)
words = found.words

log.info(
    "%d words in %d sentences, %.3f to %.3f s",
    len(words),
    words["sentence_id"].nunique(),
    words["onset_s"].min(),
    words["offset_s"].max(),
)
write_tsv(words, snakemake.output.words, float_format="%.10g")
write_json(found.facts(), snakemake.output.notes)
