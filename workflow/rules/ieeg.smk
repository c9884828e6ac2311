"""Recordings: validated, cleaned, put on the film's clock, and cut into event-locked responses."""

import tomllib

VERSION = tomllib.loads(Path(workflow.basedir, "pyproject.toml").read_text())["project"]["version"]
CLEAN = ("ieeg.vhdr", "ieeg.vmrk", "ieeg.eeg", "ieeg.json", "channels.tsv")


def recording_file(wildcards):
    """Return the data file of a recording."""
    return RECORDINGS[wildcards.recording]["ieeg"]


def recording_sidecars(wildcards):
    """Return the files that describe a recording."""
    return RECORDINGS[wildcards.recording]["sidecars"]


def preprocess_spec(wildcards):
    """Return what shapes a clean recording."""
    row = RECORDINGS[wildcards.recording]
    return {
        "recording": wildcards.recording,
        "subject": row["subject"],
        "stimulus": row["stimulus"],
        "task": dataset.entities(wildcards.recording).get("task", "n/a"),
        "film_zero": config["stimuli"][row["stimulus"]]["film_zero"],
        "ieeg": {key: value for key, value in config["ieeg"].items() if key != "validation"},
    }


def responses_spec(wildcards):
    """Return what shapes the responses of a recording."""
    row = RECORDINGS[wildcards.recording]
    return {
        "recording": wildcards.recording,
        "subject": row["subject"],
        "stimulus": row["stimulus"],
        "alignment": wildcards.alignment,
        "zscore": config["ieeg"]["zscore"],
        **config["responses"],
    }


def response_events(wildcards):
    """Return the events of the film of a recording."""
    stimulus = RECORDINGS[wildcards.recording]["stimulus"]
    return f"<results>/events/{stimulus}_{wildcards.alignment}.tsv"


def recordings_spec():
    """Return what shapes the derivative dataset and the quality table."""
    return {
        "dataset": config["dataset"],
        "version": VERSION,
        "source": str(BIDS_ROOT),
        "recordings": {name: row["subject"] for name, row in RECORDINGS.items()},
    }


def dataset_files():
    """Return every file of the BIDS dataset that describes or holds a recording."""
    return list(dict.fromkeys(path for row in RECORDINGS.values() for path in (row["ieeg"], *row["sidecars"])))


rule validate_bids:
    input:
        files=dataset_files(),
    output:
        table="<results>/validation.tsv",
    log:
        "<logs>/validate_bids/validate_bids.log",
    benchmark:
        "<benchmarks>/validate_bids/validate_bids.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        spec={"bids_root": str(BIDS_ROOT), "strict": config["ieeg"]["validation"] == "strict"},
        code=code("validate_bids.py"),
    message:
        "Validating the BIDS dataset"
    script:
        "../scripts/validate_bids.py"


rule preprocess:
    input:
        ieeg=recording_file,
        sidecars=recording_sidecars,
    output:
        vhdr="<results>/clean/{recording}_desc-clean_ieeg.vhdr",
        vmrk="<results>/clean/{recording}_desc-clean_ieeg.vmrk",
        eeg="<results>/clean/{recording}_desc-clean_ieeg.eeg",
        channels="<results>/clean/{recording}_desc-clean_channels.tsv",
        sidecar="<results>/clean/{recording}_desc-clean_ieeg.json",
        electrodes="<results>/electrodes/{recording}.tsv",
        clock="<results>/clock/{recording}.tsv",
        quality="<results>/quality/{recording}.tsv",
    log:
        "<logs>/preprocess/{recording}.log",
    benchmark:
        "<benchmarks>/preprocess/{recording}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        spec=preprocess_spec,
        code=code("preprocess.py"),
    message:
        "Cleaning {wildcards.recording}"
    script:
        "../scripts/preprocess.py"


rule responses:
    input:
        eeg="<results>/clean/{recording}_desc-clean_ieeg.eeg",
        channels="<results>/clean/{recording}_desc-clean_channels.tsv",
        clock="<results>/clock/{recording}.tsv",
        events=response_events,
    output:
        responses="<results>/responses/{recording}_{alignment}.nc",
    log:
        "<logs>/responses/{recording}_{alignment}.log",
    benchmark:
        "<benchmarks>/responses/{recording}_{alignment}.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        spec=responses_spec,
        code=code("responses.py"),
    message:
        "Responses of {wildcards.recording} to {wildcards.alignment} events"
    script:
        "../scripts/responses.py"


rule recordings:
    input:
        quality=expand("<results>/quality/{recording}.tsv", recording=RECORDINGS),
        electrodes=expand("<results>/electrodes/{recording}.tsv", recording=RECORDINGS),
        clock=expand("<results>/clock/{recording}.tsv", recording=RECORDINGS),
        responses=expand("<results>/responses/{recording}_{alignment}.nc", recording=RECORDINGS, alignment=ALIGNMENTS),
        clean=expand("<results>/clean/{recording}_desc-clean_{part}", recording=RECORDINGS, part=CLEAN),
        validation="<results>/validation.tsv",
    output:
        table="<results>/recordings.tsv",
        dictionary="<results>/recordings.json",
        derivative=directory("<results>/derivatives/fusion"),
    log:
        "<logs>/recordings/recordings.log",
    benchmark:
        "<benchmarks>/recordings/recordings.tsv"
    conda:
        "../../envs/ieeg.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        spec=recordings_spec(),
        code=code("recordings.py"),
    message:
        "Collecting the quality of all recordings"
    script:
        "../scripts/recordings.py"
