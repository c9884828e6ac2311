"""What every stage needs: the resolved config, the recordings, and the content hash of a rule's code."""

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

LIB = Path(workflow.basedir, "workflow", "lib")
SCRIPTS = Path(workflow.basedir, "workflow", "scripts")
sys.path.insert(0, str(LIB))

from fusion.design import codehash, recordings as dataset, config as settings
from fusion.ids import entities
from fusion.io.errors import InputError

try:
    SCHEMA = settings.read_yaml(Path(workflow.basedir, "workflow/schemas/config.schema.yaml"))
    ROW = settings.read_yaml(Path(workflow.basedir, "workflow/schemas/models.schema.yaml"))
    ZOO = settings.load_zoo(
        config.get("zoo", SCHEMA["properties"]["zoo"]["default"]), Path(workflow.basedir), ROW
    )
    config = settings.resolve(
        config, SCHEMA, ZOO, " + ".join(map(str, workflow.configfiles)) or "config"
    )
    RESULTS = Path("results", config["dataset"])
    BIDS_ROOT = Path(config["root"]) if config["source"] == "bids" else RESULTS / "bids"
    RECORDINGS = {row["recording"]: row for row in dataset.recordings(config, BIDS_ROOT)}
    settings.write_resolved(config, RESULTS / "config.yaml")
except InputError as error:
    raise WorkflowError(str(error)) from None

SUBJECTS = sorted({row["subject"] for row in RECORDINGS.values()})
STIMULI = sorted({row["stimulus"] for row in RECORDINGS.values()})
ALIGNMENTS = config["events"]["alignments"]
INITS = ["trained", *(f"random{k}" for k in range(config["random_inits"]))]
PAIRINGS = ["true", *(f"shuffled{k}" for k in range(config["events"]["shuffled_pairings"]))]
DEMO = config["source"] == "simulate"


wildcard_constraints:
    recording="|".join(map(re.escape, RECORDINGS)),
    subject="|".join(SUBJECTS),
    stimulus="|".join(STIMULI),
    alignment="|".join(ALIGNMENTS),
    model="|".join(map(re.escape, ZOO)) or "none",
    init=r"trained|random\d+",
    pairing=r"true|shuffled\d+",
    contrast="|".join(config["contrasts"]) or "none",


def code(script):
    """Return a hash of a script and of everything it imports from workflow/lib."""
    return codehash.code_hash(SCRIPTS / script, LIB)


def shipped(path):
    """Return the path of a file of the repository, relative to the working folder: the same in every clone."""
    return os.path.relpath(Path(workflow.basedir, path))


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
    return [name for name, row in RECORDINGS.items() if row["subject"] == subject]


def subject_stimuli(subject):
    """Return the films that a subject saw."""
    return sorted({RECORDINGS[name]["stimulus"] for name in subject_recordings(subject)})


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
