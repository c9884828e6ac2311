"""From a config and a dataset to the design of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.design import config as configs
from fusion.design import film_zero, recordings
from fusion.design.design import Design
from fusion.design.schema import did_you_mean, expanded, read_yaml
from fusion.design.sound_only import without_pictures
from fusion.design.study import Study
from fusion.design.zoo import load_zoo
from fusion.io.errors import InputError, going_on

SCHEMAS = "workflow/schemas"


def load(given: Mapping[str, Any], repository: Path, file: str = "config") -> Design:
    """Return what a config asks for.

    Parameters
    ----------
    given
        What the user wrote.
    repository
        Folder of the workflow's own files.
    file
        Name of the config file, for messages.

    Raises
    ------
    InputError
        At the first thing in config, zoo or dataset that is wrong.
    """
    schema = read_yaml(repository / SCHEMAS / "config.schema.yaml")
    row_schema = read_yaml(repository / SCHEMAS / "models.schema.yaml")
    files = given.get("zoo", schema["properties"]["zoo"]["default"])
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise InputError(file, "key zoo", repr(files), "a list of YAML files of model rows")
    zoo = load_zoo([expanded(name, file, "zoo") for name in files], repository, row_schema)
    config = configs.resolve(dict(given), schema, zoo, file)
    for key, path in config["ieeg"]["atlas"].items():
        # Snakemake would go on with the regions that it found before.
        with going_on():
            if key not in ("volume", "labels") or not path or Path(path).is_file():
                continue
            raise InputError(file, f"key ieeg.atlas.{key}", repr(path), "an existing file")
    shared = Path("results", config["dataset"])
    results = shared / config["analysis"] if config["analysis"] else shared
    bids_root = Path(config["root"]) if config["source"] == "bids" else shared / "bids"
    found = recordings.find(config, bids_root, file)
    film_zero.check(config, found.recordings, file)
    asked = config["calibration"]["recording"]
    if asked and asked not in found.recordings:
        raise InputError(
            file, "key calibration.recording", repr(asked), did_you_mean(asked, found.recordings)
        )
    design = Design(
        Study(
            config=config,
            zoo=zoo,
            recordings=found.recordings,
            repository=repository,
            bids_root=bids_root,
            results=results,
            shared=shared,
            unclaimed=found.unclaimed,
            left_out=without_pictures({**config, **_asked(given, config)}, zoo, file)[1],
        )
    )
    with going_on():
        design.weights.check(sorted({fit.model for fit in design.activations.asked}))
    return design


def _asked(given: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the networks and contrasts that the user asked for, before any was left out."""
    models = given.get("models", config["models"])
    contrasts = {
        name: {**row, **config["contrasts"].get(name, {}), "a": row["a"], "b": row["b"]}
        for name, row in (given.get("contrasts") or {}).items()
    }
    return {"models": models, "contrasts": contrasts}
