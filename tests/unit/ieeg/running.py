"""Scripts, run as the workflow runs them but in this process, and the files they read and write."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import yaml

from fusion.design import config as settings
from fusion.design import recordings as dataset
from fusion.io import logs

REPOSITORY = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())


def run(script, given, out, spec, monkeypatch):
    """Run ``workflow/scripts/<script>.py``; what it raises is raised here. Its log goes to this
    process's logging.
    """
    monkeypatch.setattr(logs, "log_to", lambda path: __import__("logging").getLogger("fusion"))
    job = SimpleNamespace(
        input=SimpleNamespace(**given),
        output=SimpleNamespace(**{k: str(v) for k, v in out.items()}),
        params=SimpleNamespace(spec=spec),
        threads=1,
        log=["none"],
    )
    for path in job.output.__dict__.values():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    runpy.run_path(
        str(REPOSITORY / f"workflow/scripts/{script}.py"), init_globals={"snakemake": job}
    )
    return job.output


def config(root, source="bids", film_zero=None, **sections):
    """Return a resolved config of one film shown in every recording."""
    film = {
        "video": "film.mp4",
        "transcript": {"file": "words.tsv", "format": "words"},
        "film_zero": film_zero or {},
    }
    key = {"bids": "root", "treebank": "root"}[source]
    return settings.with_defaults(
        {"dataset": "x", "source": source, key: str(root), "stimuli": {"film": film}, **sections},
        SCHEMA,
    )


def preprocess(cfg, bids_root, results, monkeypatch, recording=None):
    """Run ``preprocess`` on one recording of a dataset (the only one, or that named)."""
    rows = {r["recording"]: r for r in dataset.recordings(cfg, bids_root)}
    row = rows[recording or next(iter(rows))]
    name, results = row["recording"], Path(results)
    clean = results / "clean" / f"{name}_desc-clean_"
    out = {part: f"{clean}ieeg.{part}" for part in ("vhdr", "vmrk", "eeg")}
    out |= {"channels": f"{clean}channels.tsv", "sidecar": f"{clean}ieeg.json"}
    out |= {part: results / part / f"{name}.tsv" for part in ("electrodes", "clock", "quality")}
    ieeg = {k: v for k, v in cfg["ieeg"].items() if k != "validation"}
    zero = cfg["stimuli"][row["stimulus"]]["film_zero"]
    spec = {
        "recording": name,
        "subject": row["subject"],
        "stimulus": row["stimulus"],
        "task": "film",
        "film_zero": zero,
        "ieeg": ieeg,
    }
    atlas = [cfg["ieeg"]["atlas"][k] for k in ("volume", "labels") if cfg["ieeg"]["atlas"][k]]
    return run(
        "preprocess",
        {"ieeg": row["ieeg"], "sidecars": row["sidecars"], "atlas": atlas},
        out,
        spec,
        monkeypatch,
    )


def responses(cfg, cleaned, events, results, monkeypatch, recording="r"):
    """Run ``responses`` on what ``preprocess`` wrote."""
    given = {
        "eeg": cleaned.eeg,
        "channels": cleaned.channels,
        "clock": cleaned.clock,
        "events": str(events),
    }
    spec = {
        "recording": recording,
        "subject": "01",
        "stimulus": "film",
        "alignment": "language",
        "zscore": False,
        **cfg["responses"],
    }
    return run(
        "responses", given, {"responses": Path(results) / "responses.nc"}, spec, monkeypatch
    ).responses
