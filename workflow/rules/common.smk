"""What every stage needs: the resolved config, the recordings, and the content hash of a rule's code."""

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

REPOSITORY = Path(str(workflow.current_basedir.get_path_or_uri(secret_free=True))).parents[1]
if not (REPOSITORY / "workflow" / "lib").is_dir():
    raise WorkflowError(
        f"{workflow.current_basedir.get_path_or_uri(secret_free=True)}: found rules without their library; "
        "expected a clone of the repository, named by its path in `module fusion: snakefile:`"
    )
sys.path.insert(0, str(REPOSITORY / "workflow" / "lib"))

from fusion.design import checks
from fusion.design import config as settings
from fusion.design import paths
from fusion.design.load import load
from fusion.ids import entities
from fusion.io.errors import InputError

CONFIG = " + ".join(map(str, workflow.configfiles)) or "config"

try:
    design = load(config, REPOSITORY, CONFIG)
    settings.write_resolved(design.study.config, design.study.results / "config.yaml")
    if workflow.is_main_process:
        checks.check_files(design.study, CONFIG)
except InputError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for note in checks.notes(design.study):
        logger.warning(note)


wildcard_constraints:
    **design.wildcard_constraints,


# Until every stage has moved into fusion.design.
config = design.study.config
ZOO = design.study.zoo
RESULTS = design.study.results
BIDS_ROOT = design.study.bids_root
RECORDINGS = design.study.recordings
SUBJECTS = list(design.study.subjects)
STIMULI = list(design.study.stimuli)
ALIGNMENTS = list(design.study.alignments)
INITS = list(design.study.inits)
PAIRINGS = list(design.study.pairings)
DEMO = design.study.is_demo
code = design.code
shipped = design.study.shipped


def grows(mb):
    """Return a memory request (MB) that grows with every attempt, for profiles that retry."""

    def request(wildcards, attempt):
        return mb * attempt

    return request


def all_recordings(wildcards):
    """Return the names of all recordings: a function, so that long lists of files are made for jobs, not whenever rules are read."""
    return list(RECORDINGS)


def subject_recordings(subject):
    """Return the names of a subject's recordings."""
    return [name for name, row in RECORDINGS.items() if row.subject == subject]


def subject_stimuli(subject):
    """Return the films that a subject saw."""
    return sorted({RECORDINGS[name].stimulus for name in subject_recordings(subject)})


def stimulus_file(stimulus, path):
    """Return the path of a stimulus file: relative to the BIDS root, or absolute."""
    return str(BIDS_ROOT / path)


def contrast_alignments(contrast):
    """Return the alignments in which a contrast is tested."""
    return config["contrasts"][contrast]["alignments"] or ALIGNMENTS


def contrast_fits(contrast):
    """Return the fits (model-init-pairing) that a contrast compares."""
    sides = config["contrasts"][contrast]
    return list(dict.fromkeys(settings.fits_of(sides["a"]) + settings.fits_of(sides["b"])))


def final_outputs():
    """Return what the workflow is asked for by default."""
    return [
        f"<results>/{name}"
        for name in ("recordings.tsv", "sites.tsv", "regions.tsv", "report.html")
    ]
