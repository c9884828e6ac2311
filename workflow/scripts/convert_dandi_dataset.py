"""Describe Dandiset 000623 as a BIDS dataset."""

from pathlib import Path

from fusion.ieeg import dandi
from fusion.io.job import begin

log = begin(snakemake)
dandi.describe(Path(snakemake.output.description).parent)
