"""What `snakemake check` and `snakemake draft` look at, with no design or before there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fusion.design import checks, film_zero, ieeg, recordings, stimuli
from fusion.design.load import SCHEMAS, load
from fusion.design.recordings import Recording
from fusion.design.schema import expanded, read_yaml
from fusion.design.study import Study
from fusion.design.zoo import load_zoo
from fusion.io.errors import InputError, gathering, going_on
from fusion.look.spec import (
    CheckedFilm,
    CheckedRecording,
    CheckSpec,
    DraftSpec,
    SeenRecording,
)

#: The clock of a recording whose film_zero is a fault: everything else of it is looked at.
NO_ZERO = {"rule": "recording_start", "column": "trial_type", "value": None, "film_s": 0}
#: Networks that a draft proposes, and small ones that ship with the project: of images alone, for
#: the demo's network of text knows no other words than the demo's.
PROPOSED = ("slip", "slip_clip", "slip_simclr", "sbert", "simcse", "simcse_slip_simclr")
SHIPPED = ("demo_slip", "demo_slip_clip", "demo_slip_simclr")


def asked(argv: Sequence[str]) -> set[str]:
    """Return which of the targets ``check`` and ``draft`` a command line of Snakemake asks for."""
    is_snakemake = "snakemake" in Path(argv[0]).parts[-2:]
    return {"check", "draft"} & set(argv[1:]) if is_snakemake else set()


def check(given: Mapping[str, Any], repository: Path, file: str) -> dict[str, Any]:
    """Return the plain ``CheckSpec`` of a config: its own faults, and the files to look at.

    Parameters
    ----------
    given
        What the user wrote.
    repository
        Folder of the workflow's own files.
    file
        Name of the config file, for messages.
    """
    study = None
    with gathering() as found, going_on():
        study = load(given, repository, file).study
        checks.check_files(study, file)
    faults = tuple((one.file, one.where, one.found, one.accepted) for one in found)
    if study is None:
        return CheckSpec(file, faults, (), {}, {}).plain()
    notes = tuple(checks.notes(study))
    return CheckSpec(file, faults, notes, _recordings(study, file), _films(study)).plain()


def _recordings(study: Study, file: str) -> dict[str, CheckedRecording]:
    """Return the recordings of a dataset that is there already."""
    if study.config["source"] != "bids":
        return {}
    out = {}
    for name, row in study.recordings.items():
        rule = ieeg.Preprocess(_with_zero(study, row, file))
        files = rule.inputs(name)
        given = {"files": files["ieeg"], "sidecars": files["sidecars"], "atlas": files["atlas"]}
        out[name] = CheckedRecording.read({**given, "spec": rule.spec(name)})
    return out


def _with_zero(study: Study, row: Recording, file: str) -> Study:
    """Return the study, or where film_zero is a fault of a recording, one in which it is not."""
    films = study.config["stimuli"]
    try:
        film_zero.check(study.config, study.recordings, file)
        film_zero.check_events(study.config, {row.name: row}, file)
    except InputError:
        film = {**films[row.stimulus], "film_zero": NO_ZERO}
        return replace(study, config={**study.config, "stimuli": {**films, row.stimulus: film}})
    return study


def _films(study: Study) -> dict[str, CheckedFilm]:
    """Return the films of a dataset that is there already, with the files of them that are."""
    if study.config["source"] != "bids":
        return {}
    out = {}
    for film, row in study.config["stimuli"].items():

        def there(path: str | None) -> str | None:
            found = Path(study.stimulus_file(path)) if path else None
            return str(found) if found and found.is_file() else None

        annotated = stimuli.SceneCuts(study).spec(film)["annotated"] if row["video"] else None
        out[film] = CheckedFilm.read(
            {
                "film": there(row["video"] or row["audio"]),
                "transcript": there(row["transcript"]["file"]),
                "sentences": there(row["transcript"]["sentences"]),
                "cuts": there(row["scene_cuts"]["file"]),
                "words": stimuli.Transcript(study).spec(film),
                "annotated": annotated,
                "strict": row["implausible"] == "stop",
            }
        )
    return out


def draft(given: Mapping[str, Any], repository: Path) -> dict[str, Any]:
    """Return the plain ``DraftSpec`` of a BIDS folder.

    Parameters
    ----------
    given
        ``root``, and optionally ``dataset`` and ``models`` (``published`` or ``shipped``): what the
        command line says with ``--config``.
    repository
        Folder of the workflow's own files.

    Raises
    ------
    InputError
        If there is no root, nothing in it, or the file to write exists.
    """
    root = given.get("root")
    if not isinstance(root, str):
        raise InputError(
            "command line",
            "--config root",
            "nothing",
            "the root of a BIDS dataset: snakemake draft --cores 1 --config root=/data/mine",
        )
    folder = Path(expanded(root, "command line", "root"))
    if not folder.is_dir():
        raise InputError("command line", "--config root", repr(root), "an existing folder")
    name = str(given.get("dataset") or _name(folder))
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise InputError(
            "command line", "--config dataset", repr(name), "letters, digits, '.', '_' and '-'"
        )
    out = Path("config", f"{name}.yaml")
    if out.exists():
        raise InputError(
            out,
            "",
            "a file, which is never overwritten",
            f"another name: --config root={root} dataset={name}-2",
        )
    models = given.get("models", "published")
    if models not in ("published", "shipped"):
        raise InputError("command line", "--config models", repr(models), "published or shipped")
    with gathering() as found:
        rows = recordings.listed(folder)
    if not rows:
        release = (folder / "subject_timings").is_dir()
        raise InputError(
            folder,
            "",
            "a release of the Brain Treebank" if release else "no sub-*/**/ieeg/*_ieeg.*",
            "its own config: docs/brain_treebank.md"
            if release
            else "the root of a BIDS iEEG dataset",
        )
    schema = read_yaml(repository / SCHEMAS / "config.schema.yaml")["properties"]
    zoo = load_zoo(schema["zoo"]["default"], repository)
    keys = {
        "encoding": ("folds", "gap_s", "block_s"),
        "statistics": ("min_blocks",),
    }
    return DraftSpec(
        root=root,
        dataset=name,
        out=str(out),
        recordings=tuple(
            SeenRecording(
                row.name,
                row.subject,
                _there(row.parts),
                _there(row.sidecars, recordings.SIDECARS),
            )
            for row in rows
        ),
        faults=tuple((one.file, one.where, one.found, one.accepted) for one in found),
        models={name: zoo[name] for name in (SHIPPED if models == "shipped" else PROPOSED)},
        defaults={
            key: schema[section]["properties"][key]["default"]
            for section, some in keys.items()
            for key in some
        },
    ).plain()


def _there(paths: Iterable[str], ends: tuple[str, ...] = recordings.EXTENSIONS) -> tuple[str, ...]:
    """Return the files that are there: no links of git-annex without their content."""
    return tuple(path for path in paths if path.endswith(ends) and Path(path).exists())


def _name(folder: Path) -> str:
    """Return a name for a dataset: that of its folder, or of its description where that is none."""
    names = [folder.resolve().name]
    try:
        text = (folder / "dataset_description.json").read_text(encoding="utf-8-sig")
        names.append(str(json.loads(text)["Name"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    generic = {"bids", "rawdata", "raw", "data", "dataset"}
    names = [name for name in names if name.casefold() not in generic] or names
    return re.sub("[^A-Za-z0-9._-]+", "-", names[0]).strip("-._") or "mine"
