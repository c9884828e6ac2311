"""Which recordings there are: the only code that looks at the dataset while the workflow is parsed.

Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusion.ids import ENTITIES, entities
from fusion.io.errors import InputError

EXTENSIONS = (".vhdr", ".edf", ".nwb", ".set", ".mefd", ".fif")
SIDECARS = ("channels.tsv", "electrodes.tsv", "coordsystem.json", "events.tsv", "ieeg.json")


@dataclass(frozen=True)
class Recording:
    """One iEEG recording of a BIDS dataset, given or to be made.

    Attributes
    ----------
    name
        BIDS name without suffix.
    subject
        Its subject.
    ieeg
        Path of the data file.
    sidecars
        Paths of what describes it.
    stimulus
        Film that it saw; empty if none of the config's films fits.
    release
        Files of the Brain Treebank release that it is made from, by what they hold.
    """

    name: str
    subject: str
    ieeg: str
    sidecars: tuple[str, ...]
    stimulus: str = ""
    release: Mapping[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """Data file and sidecars."""
        return (self.ieeg, *self.sidecars)


def recordings(config: Mapping[str, Any], bids_root: Path) -> dict[str, Recording]:
    """Return the recordings that the config asks for, by name, sorted.

    Parameters
    ----------
    config
        The resolved config.
    bids_root
        Where the BIDS dataset is, or will be once it is simulated or converted.

    Raises
    ------
    InputError
        If no recording is left, or one fits no stimulus or several.
    """
    sources = {"bids": _from_bids, "simulate": _from_simulation, "treebank": _from_treebank}
    found = sources[config["source"]](config, bids_root)
    kept = [row for row in found if fits(row.name, config["recordings"])]
    if not kept:
        raise InputError(
            "config",
            "key recordings",
            f"no recording of {len(found)} in {bids_root}",
            "at least one iEEG recording that passes the filters",
        )
    shown = [replace(row, stimulus=_stimulus(row.name, config["stimuli"])) for row in kept]
    shown = [row for row in shown if row.stimulus]
    for path in (Path(p) for row in shown for p in row.files):
        if path.is_symlink() and not path.exists():
            raise InputError(
                path,
                "",
                "a link without its content",
                "the file (datalad get), or a config without it (key recordings)",
            )
    return {row.name: row for row in shown}


def fits(recording: str, chosen: Mapping[str, Any]) -> bool:
    """Return whether a recording has the entities that are asked for.

    Parameters
    ----------
    recording
        BIDS name.
    chosen
        Entity (a key of :data:`fusion.ids.ENTITIES`) -> a value, a list of them, or None for all.
        Numbers and their text mean the same; runs are compared as numbers.
    """
    has = entities(recording)
    return all(
        wanted is None
        or has.get(ENTITIES[name])
        in _spelled(name, wanted if isinstance(wanted, list) else [wanted], has)
        for name, wanted in chosen.items()
    )


def _spelled(name: str, wanted: list[Any], has: Mapping[str, str]) -> set[str]:
    """Return the wanted values as text; of a run also as the recording spells the same number."""
    values = {str(value) for value in wanted}
    own = has.get("run", "")
    if name == "run" and own.isdigit() and int(own) in {int(v) for v in values if v.isdigit()}:
        values.add(own)
    return values


def _stimulus(recording: str, stimuli: Mapping[str, Any]) -> str:
    fitting = [name for name, row in stimuli.items() if fits(recording, row["recordings"])]
    if len(fitting) > 1:
        raise InputError(
            "config",
            "key stimuli",
            f"{', '.join(fitting)} all fit {recording}",
            "entities in stimuli.*.recordings that tell them apart",
        )
    return fitting[0] if fitting else ""


def _from_bids(config: Mapping[str, Any], root: Path) -> list[Recording]:
    rows: list[Recording] = []
    listed: dict[Path, list[tuple[Path, dict[str, str]]]] = {}
    for path in sorted(root.glob("sub-*/**/ieeg/*_ieeg.*")):
        if path.suffix in EXTENSIONS:
            rows.append(_row(path, _sidecars(path, root, listed)))
    return rows


def _row(path: Path, sidecars: list[Path], **more: Any) -> Recording:
    name = path.name.split("_ieeg.")[0]
    subject = entities(name)["sub"]
    return Recording(name, subject, str(path), tuple(str(p) for p in sidecars), **more)


def _sidecars(
    path: Path, root: Path, listed: dict[Path, list[tuple[Path, dict[str, str]]]]
) -> list[Path]:
    """Return the files that describe a recording: in its folder or above, with entities that do not
    contradict its own.

    ``listed`` keeps what was seen of a folder, as recordings share those above them.
    """
    has = entities(path.name)
    found: list[Path] = []
    for folder in (path.parent, *path.parent.parents):
        if folder not in listed:
            names = sorted(file.name for file in folder.iterdir() if file.name.endswith(SIDECARS))
            listed[folder] = [(folder / name, entities(name)) for name in names]
        found += [
            file
            for file, own in listed[folder]
            if all(has.get(k) == v for k, v in own.items() if k != "space")
        ]
        if folder == root:
            break
    if path.suffix == ".vhdr":
        found += [
            p
            for p in (path.with_suffix(".vmrk"), path.with_suffix(".eeg"))
            if p.exists() or p.is_symlink()
        ]
    return found


def _from_simulation(config: Mapping[str, Any], root: Path) -> list[Recording]:
    rows = []
    for k in range(config["simulate"]["subjects"]):
        subject = f"{k + 1:02d}"
        folder = root / f"sub-{subject}" / "ieeg"
        stem = f"sub-{subject}_task-film_run-1"
        sidecars = [
            folder / f"{stem}_{s}"
            for s in ("channels.tsv", "events.tsv", "ieeg.json", "ieeg.vmrk", "ieeg.eeg")
        ]
        sidecars += [
            folder / f"sub-{subject}_space-MNI152NLin2009cAsym_{s}"
            for s in ("electrodes.tsv", "coordsystem.json")
        ]
        rows.append(_row(folder / f"{stem}_ieeg.vhdr", sidecars))
    return rows


def _from_treebank(config: Mapping[str, Any], root: Path) -> list[Recording]:
    release = Path(config["root"])
    rows = []
    for timings in sorted(release.glob("subject_timings/sub_*_trial*_timings.csv")):
        found = re.fullmatch(r"sub_(\d+)_trial(\d+)_timings", timings.stem)
        if not found:
            raise InputError(
                timings, "", "an unknown name", "sub_<number>_trial<number>_timings.csv"
            )
        files = _release_files(release, int(found[1]), found[2], timings)
        if files["h5"] is None:
            continue  # the release comes one archive a trial: what was not downloaded takes no part
        subject, run = f"{int(found[1]):02d}", f"{int(found[2]) + 1:02d}"
        stem = f"sub-{subject}_task-{files['film']}_run-{run}"
        folder = root / f"sub-{subject}" / "ieeg"
        sidecars = [
            folder / f"{stem}_{s}"
            for s in ("channels.tsv", "events.tsv", "ieeg.json", "ieeg.vmrk", "ieeg.eeg")
        ]
        sidecars += [
            folder / f"sub-{subject}_space-Other_{s}"
            for s in ("electrodes.tsv", "coordsystem.json")
        ]
        rows.append(_row(folder / f"{stem}_ieeg.vhdr", sidecars, release=files))
    return rows


def _release_files(release: Path, subject: int, trial: str, timings: Path) -> dict[str, Any]:
    """Return where the Brain Treebank release keeps what belongs to a trial, and the name of its
    film (letters and digits).
    """
    stem = f"sub_{subject}_trial{trial}"
    metadata = release / "subject_metadata" / f"{stem}_metadata.json"
    try:
        slug = json.loads(metadata.read_text(encoding="utf-8-sig"))["filename"]
    except FileNotFoundError:
        raise InputError(
            metadata, "", "no such file", "the metadata of a trial that has timings"
        ) from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            metadata, "key 'filename'", f"{type(error).__name__}: {error}", "the name of the film"
        ) from None
    recording = [
        release / "all_subject_data" / f"{stem}.h5",
        release / f"{stem}.h5",
        release / stem / f"{stem}.h5",
    ]
    labels = release / "electrode_labels" / f"sub_{subject}" / "electrode_labels.json"
    needed = {"labels": [labels], "features": [release / "transcripts" / slug / "features.csv"]}
    optional = {
        "h5": recording,
        "corrupted": [release / "corrupted_elec.json"],
        "scenes": [
            *sorted(release.glob(f"scene_annotations/{slug}/*.csv")),
            release / "scene_annotations" / f"{slug}.csv",
        ],
        "coords": [release / "localization" / "elec_coords_full.csv"],
        "depth": [release / "localization" / f"sub_{subject}" / "depth-wm.csv"],
    }
    files: dict[str, Any] = {
        "number": subject,
        "film": re.sub(r"[^A-Za-z0-9]", "", slug),
        "timings": str(timings),
        "metadata": str(metadata),
    }
    for key, places in (needed | optional).items():
        there = [str(p) for p in places if p.is_file()]
        if not there and key in needed:
            raise InputError(
                places[0], "", "no such file", f"the {key} of sub_{subject} trial {trial}"
            )
        files[key] = there[0] if there else None
    return files
