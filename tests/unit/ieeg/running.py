"""The rules of the ieeg stage on files of a test, with the inputs and specs of the design."""

from functools import cache
from pathlib import Path

from helpers.scripts import REPOSITORY, run_rule

from fusion.design import config as settings
from fusion.design import recordings as dataset
from fusion.design.design import Design
from fusion.design.study import Study

FILM = {"video": "film.mp4", "transcript": {"file": "words.tsv", "format": "words"}}


@cache
def schema():
    return settings.read_yaml(REPOSITORY / "workflow/schemas/config.schema.yaml")


def design(root, source="bids", film_zero=None, bids=None, **sections):
    """Return the design of a dataset whose recordings all saw one film.

    Parameters
    ----------
    root
        Root of the BIDS dataset or of the release.
    source
        ``bids`` or ``treebank``.
    film_zero
        Section ``stimuli.film.film_zero``.
    bids
        Where the BIDS dataset is written, for a release.
    sections
        Other sections of the config.
    """
    given = {
        "dataset": "x",
        "source": source,
        "root": str(root),
        "events": {"alignments": ["language"]},
        "stimuli": {"film": {**FILM, "film_zero": film_zero or {"rule": "recording_start"}}},
        **sections,
    }
    settings.check_schema(given, schema(), "config")
    config, root = settings.with_defaults(given, schema()), Path(bids or root)
    rows, folder = dataset.recordings(config, root), Path("results/x")
    return Design(Study(config, {}, rows, REPOSITORY, root, folder, folder))


def preprocess(made, results, recording=None, **options):
    """Run ``preprocess`` on one recording of a design: the one named, or the first."""
    name, results = recording or next(iter(made.study.recordings)), Path(results)
    clean = results / "clean" / f"{name}_desc-clean_"
    out = {part: f"{clean}ieeg.{part}" for part in ("vhdr", "vmrk", "eeg")}
    out |= {"channels": f"{clean}channels.tsv", "sidecar": f"{clean}ieeg.json"}
    parts = ("electrodes", "clock", "segments", "artefacts", "quality")
    out |= {part: results / part / f"{name}.tsv" for part in parts}
    return run_rule(made, "preprocess", out, wildcards={"recording": name}, **options).output


def responses(made, cleaned, events, results, recording=None):
    """Run ``responses`` on what ``preprocess`` wrote; return the file of one alignment."""
    name = recording or next(iter(made.study.recordings))
    given = {
        key: getattr(cleaned, key) for key in ("eeg", "channels", "clock", "segments", "artefacts")
    }
    given["events"] = [str(events)]
    out = {"responses": [str(Path(results) / "responses.nc")]}
    wildcards = {"recording": name}
    run_rule(made, "responses", out, inputs=given, wildcards=wildcards)
    return out["responses"][0]


def convert(made, name):
    """Convert one trial of a release."""
    stem = made.study.recordings[name].ieeg.removesuffix("_ieeg.vhdr")
    out = {part: f"{stem}_ieeg.{part}" for part in ("vhdr", "vmrk", "eeg")}
    out["sidecar"] = f"{stem}_ieeg.json"
    out |= {part: f"{stem}_{part}.tsv" for part in ("channels", "events")}
    run_rule(made, "convert_treebank", out, wildcards={"trial": name})
