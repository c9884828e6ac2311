"""Which files each job of the ieeg stage reads, and what shapes its result."""

import tomllib

VERSION = tomllib.loads(Path(REPOSITORY, "pyproject.toml").read_text())["project"]["version"]
CLEAN = ("ieeg.vhdr", "ieeg.vmrk", "ieeg.eeg", "ieeg.json", "channels.tsv")


# Only a Brain Treebank release is converted: in other datasets no name fits the rules that do it.
TREEBANK = RECORDINGS if config["source"] == "treebank" else {}


def release(key):
    """Return a function of the wildcards that gives a file of the release, or none where the release has none."""
    return lambda wildcards: TREEBANK[wildcards.trial].release[key] or []


def convert_spec(wildcards):
    """Return what shapes the BIDS files of a trial."""
    files = TREEBANK[wildcards.trial].release
    return {"subject": files["number"], "film": files["film"]}


def release_tables():
    """Return the files of the release that describe subjects and films."""
    keys = ("labels", "coords", "depth", "features", "scenes")
    return sorted(
        {row.release[key] for row in TREEBANK.values() for key in keys if row.release[key]}
    )


def release_subjects():
    """Return the subjects of the release: number, labels, places."""
    return {
        row.subject: {key: row.release[key] for key in ("number", "labels", "coords", "depth")}
        for row in TREEBANK.values()
    }


def release_films():
    """Return the films of the release: words and scene cuts."""
    return {
        row.release["film"]: {key: row.release[key] for key in ("features", "scenes")}
        for row in TREEBANK.values()
    }


def release_outputs():
    """Return the files of the converted dataset that belong to subjects and films."""
    root = "<dataset>/bids"
    places = [
        f"{root}/sub-{s}/ieeg/sub-{s}_space-Other_{part}"
        for s in release_subjects()
        for part in ("electrodes.tsv", "coordsystem.json")
    ]
    words = [f"{root}/stimuli/{film}_words.tsv" for film in release_films()]
    return (
        places
        + words
        + [
            f"{root}/stimuli/{film}_cuts.tsv"
            for film, row in release_films().items()
            if row["scenes"]
        ]
    )


def recording_file(wildcards):
    """Return the data file of a recording."""
    return RECORDINGS[wildcards.recording].ieeg


def recording_sidecars(wildcards):
    """Return the files that describe a recording."""
    return RECORDINGS[wildcards.recording].sidecars


def atlas_files(wildcards):
    """Return the atlas that gives regions, where the config names one."""
    atlas = config["ieeg"]["atlas"]
    return [atlas[key] for key in ("volume", "labels") if atlas[key]]


def preprocess_spec(wildcards):
    """Return what shapes a clean recording."""
    row = RECORDINGS[wildcards.recording]
    return {
        "recording": wildcards.recording,
        "subject": row.subject,
        "stimulus": row.stimulus,
        "task": entities(wildcards.recording).get("task", "n/a"),
        "film_zero": config["stimuli"][row.stimulus]["film_zero"],
        "ieeg": {key: value for key, value in config["ieeg"].items() if key != "validation"},
    }


def responses_spec(wildcards):
    """Return what shapes the responses of a recording."""
    row = RECORDINGS[wildcards.recording]
    return {
        "recording": wildcards.recording,
        "subject": row.subject,
        "stimulus": row.stimulus,
        "alignment": wildcards.alignment,
        "zscore": config["ieeg"]["zscore"],
        **config["responses"],
    }


def response_events(wildcards):
    """Return the events of the film of a recording."""
    stimulus = RECORDINGS[wildcards.recording].stimulus
    return f"<shared>/events/{stimulus}_{wildcards.alignment}.tsv"


def recordings_spec():
    """Return what shapes the derivative dataset and the quality table."""
    return {
        "dataset": config["dataset"],
        "version": VERSION,
        "source": str(BIDS_ROOT),
        "recordings": {name: row.subject for name, row in RECORDINGS.items()},
    }


def dataset_files(wildcards):
    """Return every file of the BIDS dataset that describes or holds a recording."""
    return list(dict.fromkeys(path for row in RECORDINGS.values() for path in row.files))
