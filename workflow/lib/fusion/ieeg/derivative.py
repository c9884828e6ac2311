"""The cleaned recordings as one BIDS derivative dataset."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from mne_bids import BIDSPath, get_entities_from_fname, make_dataset_description

from fusion.ids import entities
from fusion.ieeg.spec import RecordingsSpec
from fusion.io.atomic import whole_folder
from fusion.io.tables import write_tsv
from fusion.io.text import read_text, write_json


def write(
    path: str,
    electrodes: Mapping[str, pd.DataFrame],
    clocks: Mapping[str, pd.DataFrame],
    clean: Sequence[str],
    facts: Sequence[str],
    spec: RecordingsSpec,
) -> None:
    """Write the derivative dataset.

    Parameters
    ----------
    path
        Its folder.
    electrodes, clocks
        Recording -> its electrodes and the knots of its clock.
    clean
        Files of the clean recordings, which are linked.
    facts
        Files that describe the dataset, which are copied.
    spec
        Name, source and version.
    """
    with whole_folder(path) as root:
        version = {"Name": "ieeg-fusion", "Version": spec.version, "Description": "Cleaning"}
        make_dataset_description(
            path=root,
            name=f"Cleaned recordings of {spec.dataset}",
            dataset_type="derivative",
            generated_by=[version],
            source_datasets=[{"URL": spec.source}],
            verbose="error",
        )
        for fact in map(Path, facts):
            said = read_text(fact).replace("{dataset}", spec.dataset)
            (root / fact.name).write_text(said, encoding="utf-8")
        write_places(root, electrodes)
        for name, clock in clocks.items():
            events = root / folder(name) / f"{name}_desc-clean_events.tsv"
            write_tsv(film_events(clock), events, float_format="%.10g")
        for file in clean:
            link(file, root / folder(Path(file).name) / Path(file).name)


def folder(recording: str) -> Path:
    """Return the BIDS folder of a recording or of one of its files, ``sub-01/ses-a/ieeg``."""
    named = get_entities_from_fname(recording, on_error="ignore")
    place = BIDSPath(
        subject=named["subject"], session=named["session"], datatype="ieeg", check=False
    )
    return Path(place.directory)


def film_events(clock: pd.DataFrame) -> pd.DataFrame:
    """Return the clock as events: one row ``film`` per piece between two knots in which the film
    runs (film time >= 0).
    """
    rows = []
    for _, knots in clock.groupby("segment", sort=True):
        film, recording = knots["film_s"].to_numpy(), knots["recording_s"].to_numpy()
        for k in range(len(film) - 1):
            if film[k] >= 0 and film[k + 1] > film[k]:
                rows.append(
                    (recording[k], recording[k + 1] - recording[k], "film", film[k], film[k + 1])
                )
    return pd.DataFrame(rows, columns=["onset", "duration", "trial_type", "film_s", "film_end_s"])


def place_group(recording: str) -> str:
    """Return the name that electrodes.tsv has for a recording: subject, session and acquisition."""
    has = entities(recording)
    return "_".join(f"{key}-{has[key]}" for key in ("sub", "ses", "acq") if key in has)


def bids_electrodes(tables: list[pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return electrodes.tsv and coordsystem.json of the kept electrodes of one implant's
    recordings; the first place of a name counts.
    """
    kept = pd.concat([t[t["kept"]] for t in tables]).drop_duplicates("electrode")
    out = kept[["electrode", "x", "y", "z"]].rename(columns={"electrode": "name"})
    out["size"] = None
    for column in ("hemisphere", "region"):
        if kept[column].notna().any():
            out[column] = kept[column]
    space = kept["space"].dropna().iloc[0] if kept["space"].notna().any() else None
    system = {
        "iEEGCoordinateSystem": space or "Other",
        "iEEGCoordinateUnits": "mm" if space else "n/a",
    }
    if system["iEEGCoordinateSystem"] == "Other":
        system["iEEGCoordinateSystemDescription"] = (
            "as in the source dataset" if space else "no positions are known"
        )
    return out, system


def link(source: str | Path, target: str | Path) -> None:
    """Put ``source`` at ``target`` as well: a hard link, or a copy where the file system has
    none.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_places(root: Path, electrodes: Mapping[str, pd.DataFrame]) -> None:
    """Write electrodes.tsv and coordsystem.json of every subject, session and acquisition below
    ``root``.
    """
    groups: dict[str, list[str]] = {}
    for recording in electrodes:
        groups.setdefault(place_group(recording), []).append(recording)
    for name, recordings in groups.items():
        table, system = bids_electrodes([electrodes[r] for r in recordings])
        base = root / folder(recordings[0])
        write_tsv(table, base / f"{name}_electrodes.tsv", literal=True)
        write_json(system, base / f"{name}_coordsystem.json")
