"""What the Brain Treebank release says of its subjects and films, as BIDS."""

import shutil
from pathlib import Path

import pandas as pd
from mne_bids import make_dataset_description

from fusion.ieeg.spec import ConvertTreebankDatasetSpec
from fusion.ieeg.treebank import bids, release, words
from fusion.io.job import begin
from fusion.io.tables import write_tsv
from fusion.io.text import read_json

log = begin(snakemake)

spec = ConvertTreebankDatasetSpec.read(snakemake.params.spec)
facts = {Path(path).name: path for path in snakemake.input.facts}
coordsystem, dataset = facts.pop("coordsystem.json"), read_json(facts.pop("dataset.json"))
root = Path(snakemake.output.description).parent
log.info(
    "%d subjects and %d films in %d tables",
    len(spec.subjects),
    len(spec.films),
    len(snakemake.input.tables),
)

for subject, files in spec.subjects.items():
    labels = release.read_labels(files.labels)
    table = bids.electrodes(labels, release.read_places(files.coords, files.depth, files.number))
    log.info(
        "sub-%s: %d electrodes, %d without a position", subject, len(table), table["x"].isna().sum()
    )
    base = root / f"sub-{subject}" / "ieeg" / f"sub-{subject}_space-Other"
    write_tsv(table, f"{base}_electrodes.tsv", literal=True)
    shutil.copyfile(coordsystem, f"{base}_coordsystem.json")
for film, files in spec.films.items():
    spoken, left_out = words.read_words(files.features)
    log.info("%s: %d words; left out: %s", film, len(spoken), left_out)
    place = root / "stimuli" / f"{film}_words.tsv"
    write_tsv(spoken, place, float_format="%.10g", literal=True)
    if files.scenes:
        write_tsv(
            pd.DataFrame({"onset": words.read_cuts(files.scenes)}),
            root / "stimuli" / f"{film}_cuts.tsv",
            float_format="%.10g",
        )

people = pd.DataFrame(
    {
        "participant_id": [f"sub-{s}" for s in spec.subjects],
        "treebank_id": [f"sub_{f.number}" for f in spec.subjects.values()],
    }
)
write_tsv(people, root / "participants.tsv")
for name, path in facts.items():
    shutil.copyfile(path, root / name)
make_dataset_description(path=root, **dataset, overwrite=True, verbose="error")
