"""Recordings: validated, cleaned, put on the film's clock, and cut into event-locked responses."""


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
        "ieeg": config["ieeg"],
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
        "source": str(BIDS_ROOT),
        "recordings": {name: row["subject"] for name, row in RECORDINGS.items()},
        "alignments": ALIGNMENTS,
    }


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
