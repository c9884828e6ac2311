"""Describe Dandiset 000623 as a BIDS dataset."""

import shutil
from pathlib import Path

from mne_bids import make_dataset_description

from fusion.io.job import begin
from fusion.io.text import read_json

log = begin(snakemake)
root, given = Path(snakemake.output.description).parent, snakemake.input
shutil.copyfile(given.readme, root / "README")
make_dataset_description(path=root, **read_json(given.dataset), overwrite=True, verbose="error")
