"""The quality of every recording in one table, and the cleaned recordings as a BIDS derivative
dataset.
"""

import json
from pathlib import Path

import pandas as pd

from fusion.ieeg import clean_sidecars, derivative, quality, validation
from fusion.io.atomic import whole_folder
from fusion.io.labelled import open_labelled
from fusion.io.logs import log_to
from fusion.io.tables import read_tsv, write_tsv

log = log_to(snakemake.log[0])

spec, given = snakemake.params.spec, snakemake.input
names = list(spec["recordings"])
electrodes = {
    name: read_tsv(path, dtype={"electrode": str})
    for name, path in zip(names, given.electrodes, strict=True)
}
events = {name: {} for name in names}
for path in given.responses:
    with open_labelled(path) as data:
        events[data.attrs["recording"]][data.attrs["alignment"]] = (
            data.sizes["event"],
            json.loads(data.attrs["dropped"]),
        )

found = read_tsv(given.validation)
table = quality.combine([read_tsv(path, dtype={"subject": str}) for path in given.quality], events)
table["bids_errors"] = [validation.errors_of(found, name) for name in table["recording"]]
for note, several in quality.same_name_elsewhere(electrodes, spec["recordings"]):
    hit = table["recording"].isin(several)
    table.loc[hit, "warnings"] = table.loc[hit, "warnings"].map(
        lambda old, note=note: note if pd.isna(old) else f"{old}; {note}"
    )
for row in table.itertuples():
    log.info(
        "%s: kept %d of %d; dropped %s; warnings: %s",
        row.recording,
        row.kept,
        row.neural,
        row.dropped,
        row.warnings,
    )

with whole_folder(snakemake.output.derivative) as root:
    clean_sidecars.write_json(
        derivative.description(spec["dataset"], spec["source"], spec["version"]),
        root / "dataset_description.json",
    )
    clean_sidecars.write_json(derivative.EVENT_COLUMNS, root / "desc-clean_events.json")
    clean_sidecars.write_json(derivative.ELECTRODE_COLUMNS, root / "electrodes.json")
    (root / "README").write_text(derivative.README.format(dataset=spec["dataset"]))
    derivative.write_places(root, electrodes, clean_sidecars.write_json)
    for name, clock in zip(names, given.clock, strict=True):
        write_tsv(
            derivative.film_events(read_tsv(clock)),
            root / derivative.folder(name) / f"{name}_desc-clean_events.tsv",
            float_format="%.10g",
        )
    for path in given.clean:
        derivative.link(path, root / derivative.folder(Path(path).name) / Path(path).name)

clean_sidecars.write_json(quality.dictionary(table), snakemake.output.dictionary)
write_tsv(table, snakemake.output.table, float_format="%.10g")
