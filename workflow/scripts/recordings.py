"""The quality of every recording in one table, and the cleaned recordings as a BIDS derivative
dataset.
"""

from fusion.ieeg import derivative, quality, validation
from fusion.ieeg.spec import RecordingsSpec
from fusion.io.job import begin
from fusion.io.schema import read_schema
from fusion.io.tables import ELECTRODES, read_tsv, write_described, write_tsv
from fusion.io.text import read_json, write_json
from fusion.stimuli import overview

log = begin(snakemake)
spec, given = RecordingsSpec.read(snakemake.params.spec), snakemake.input

electrodes = {
    name: read_tsv(path, dtype=ELECTRODES)
    for name, path in zip(spec.recordings, given.electrodes, strict=True)
}
clocks = {name: read_tsv(path) for name, path in zip(spec.recordings, given.clock, strict=True)}
table = quality.combine(
    [read_tsv(path, dtype={"subject": str}) for path in given.quality],
    quality.count_events(given.responses),
)
films, transcripts = ([*map(read_json, files)] for files in (given.films, given.transcripts))
by_name = {film["stimulus"]: film for film in films}
lengths = {name: film["end_s"] for name, film in by_name.items()}
ends = {name: lengths[film] for name, film in spec.films.items()}
table = quality.with_coverage(table, clocks, ends)
found = read_tsv(given.validation)
table["bids_errors"] = [validation.errors_of(found, name) for name in table["recording"]]
table = quality.with_notes(table, quality.same_name_elsewhere(electrodes, spec.recordings))
table = quality.with_notes(table, quality.of_films(by_name, spec.films))
for row in table.itertuples():
    log.info(
        "%s: kept %d of %d; dropped %s; warnings: %s",
        row.recording,
        row.kept,
        row.neural,
        row.dropped,
        row.warnings,
    )
table = quality.with_unclaimed(table, spec.unclaimed)
derivative.write(snakemake.output.derivative, electrodes, clocks, given.clean, given.facts, spec)
write_described(
    table,
    snakemake.output.table,
    snakemake.output.dictionary,
    read_schema(given.schema),
    float_format="%.10g",
)
stimuli = overview.table(films, transcripts, list(spec.films.values()))
described = {column: {"Description": text} for column, text in overview.COLUMNS.items()}
write_json(described, snakemake.output.stimuli_dictionary)
write_tsv(stimuli, snakemake.output.stimuli)
