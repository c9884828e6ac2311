"""Describe Dandiset 000623 as a BIDS dataset."""

from pathlib import Path

from fusion.ieeg import dandi
from fusion.io.job import begin
from fusion.io.text import write_json, write_text

log = begin(snakemake)
write_text(dandi.README, Path(snakemake.output.description).with_name("README"))
write_json(dandi.description(), snakemake.output.description)
