"""Which recordings there are: the only code that looks at the dataset while the workflow is parsed.

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusion.design import selection
from fusion.ids import entities
from fusion.io.errors import InputError, going_on
from fusion.io.text import read_json

EXTENSIONS = (".vhdr", ".edf", ".bdf", ".nwb", ".set", ".mefd", ".fif")
COMPANIONS = (".eeg", ".dat", ".vmrk", ".fdt", ".tdat", ".tidx", ".tmet")
#: What an NWB file may link to, besides other NWB files.
LINKED = (".nwb", ".h5", ".hdf5")
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
    further_parts
        The second and later parts of a split recording.
    companions
        Further files that hold its signals and markers.
    """

    name: str
    subject: str
    ieeg: str
    sidecars: tuple[str, ...]
    stimulus: str = ""
    release: Mapping[str, Any] = field(default_factory=dict)
    further_parts: tuple[str, ...] = ()
    companions: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The data file, or all parts of a split recording."""
        return (self.ieeg, *self.further_parts)

    @property
    def files(self) -> tuple[str, ...]:
        """Data files, companions and sidecars."""
        return (*self.parts, *self.companions, *self.sidecars)


@dataclass(frozen=True)
class Found:
    """What a dataset holds.

    Attributes
    ----------
    recordings
        Name -> recording that takes part, sorted.
    unclaimed
        Name -> why it does not, although the filter of recordings lets it through.
    """

    recordings: dict[str, Recording]
    unclaimed: dict[str, str]


def find(config: Mapping[str, Any], bids_root: Path, file: str = "config") -> Found:
    """Return the recordings that the config asks for, and those that no film claims.

    Parameters
    ----------
    config
        The resolved config.
    bids_root
        Where the BIDS dataset is, or will be once it is simulated or converted.
    file
        Name of the config file, for messages.

    Raises
    ------
    InputError
        If a filter chooses nothing, or a recording fits several films.
    """
    sources = {"bids": _from_bids, "simulate": _from_simulation, "treebank": _from_treebank}
    sources["dandi"] = _from_dandi
    found = sources[config["source"]](config, bids_root)
    if not found:
        raise InputError(
            file,
            "key root",
            f"no recording in {config['root'] or bids_root}",
            "a BIDS dataset with sub-*/**/ieeg/*_ieeg.vhdr (or .edf, .nwb, .set, .mefd, .fif)"
            if config["source"] == "bids"
            else "recordings",
        )
    names = [row.name for row in found]
    kept = names
    with going_on():
        kept = selection.chosen(names, config["recordings"], file, "recordings")
    claimed: dict[str, str] = {}
    unclaimed: dict[str, str] = {}
    with going_on():
        claimed, unclaimed = selection.claims(names, config["stimuli"], kept, file)
    shown = [replace(row, stimulus=claimed[row.name]) for row in found if row.name in claimed]
    for row in shown:
        for path in map(Path, row.files):
            with going_on():
                _require_content(path, bids_root)
    return Found({row.name: row for row in shown}, unclaimed)


def listed(root: Path) -> list[Recording]:
    """Return all recordings of a BIDS dataset, those too whose data file is not there: by their
    sidecars.
    """
    rows = _from_bids({}, root)
    known = {row.name for row in rows}
    seen: dict[Path, list[tuple[Path, dict[str, str]]]] = {}
    for path in sorted(root.glob("sub-*/**/ieeg/*_ieeg.json")):
        name = path.name.removesuffix("_ieeg.json")
        with going_on():
            if name in known or path.name.startswith(".") or "task" not in _entities(path):
                continue
            _check_folders(path, root)
            rows.append(_row(path, _sidecars(path, root, seen), name=name))
    return sorted(rows, key=lambda row: row.name)


def recordings(config: Mapping[str, Any], bids_root: Path) -> dict[str, Recording]:
    """Return the recordings of :func:`find`."""
    return find(config, bids_root).recordings


def _require_content(path: Path, root: Path) -> None:
    """Raise ``InputError`` for a path that is no file (reading a pipe would never end), and for a
    file of git-annex whose content was not fetched: a link that leads nowhere, or a short text that
    names the content.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise InputError(path, "", "a pipe, socket or device", "a file")
    absent = path.is_symlink() and not path.exists()
    signals = path.suffix.lower() in (*EXTENSIONS, *COMPANIONS) and path.is_file()
    if not absent and signals and path.stat().st_size < 1000:
        with open(path, "rb") as file:
            absent = file.read(32).startswith((b"/annex/objects/", b"version https://git-lfs"))
    if absent:
        raise InputError(
            path,
            "",
            "a git-annex link without its content",
            f"the file: run `datalad get {path.relative_to(root)}` (or `git annex get`) in"
            f" {root}, or leave the recording out (key recordings)",
        )


def _from_bids(config: Mapping[str, Any], root: Path) -> list[Recording]:
    listed: dict[Path, list[tuple[Path, dict[str, str]]]] = {}
    found: dict[tuple[Path, str], list[Path]] = {}
    files = (path for place in ("sub-*", "sub-*/ses-*") for path in root.glob(f"{place}/ieeg/*"))
    for path in sorted(files):
        if not re.fullmatch(r"[^.].*_ieeg", path.stem) or path.suffix.lower() not in EXTENSIONS:
            continue
        with going_on():
            _check_extension(path)
            _check_folders(path, root)
            name = re.sub(r"_split-[A-Za-z0-9]+", "", path.name.split("_ieeg.")[0])
            found.setdefault((path.parent, name), []).append(path)
    rows: list[Recording] = []
    for (_, name), paths in found.items():
        with going_on():
            rows.append(_of_files(name, paths, root, listed))
    return rows


def _check_extension(path: Path) -> None:
    """Raise ``InputError`` for an extension in upper case; EDF's, which recorders write, may be."""
    usual = path.suffix.lower()
    if path.suffix != usual and usual not in (".edf", ".bdf"):
        raise InputError(
            path, "", f"extension {path.suffix}", f"{usual}, as BIDS has it: rename it"
        )


def _of_files(
    name: str,
    paths: list[Path],
    root: Path,
    listed: dict[Path, list[tuple[Path, dict[str, str]]]],
) -> Recording:
    """Return the recording of one name: one data file, or its parts."""
    if len({path.suffix for path in paths}) > 1:
        raise InputError(
            paths[0].parent,
            f"recording {name}",
            " and ".join(path.name for path in paths),
            "one data file: remove one of the formats",
        )
    parts = sorted(paths, key=_split)
    if len(parts) > 1 and any("split" not in entities(path.name) for path in parts):
        raise InputError(
            parts[0].parent,
            f"recording {name}",
            " and ".join(path.name for path in parts),
            "either the whole recording or its parts",
        )
    return _row(
        parts[0],
        _sidecars(parts[0], root, listed),
        name=name,
        further_parts=tuple(map(str, parts[1:])),
        companions=tuple(str(file) for path in parts for file in _companions(path)),
    )


def _split(path: Path) -> tuple[int, str]:
    """Return the number of a part of a split recording, for sorting."""
    part = entities(path.name).get("split", "")
    return (int(part) if part.isdigit() else 0, part)


def _companions(path: Path) -> list[Path]:
    """Return the other files that hold a recording's signals and markers."""
    if path.suffix == ".mefd":
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.suffix == ".vhdr":
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        named = re.findall(r"^(?:DataFile|MarkerFile)=(.+?)\s*$", text, re.MULTILINE)
        files = [path.parent / name.replace("$b", path.stem) for name in named]
        files += [path.with_suffix(suffix) for suffix in (".vmrk", ".eeg")]
    elif path.suffix == ".set":
        files = [path.with_suffix(".fdt")]
    elif path.suffix == ".nwb":
        files = sorted(
            file
            for file in path.parent.glob(f"{path.name.split('_ieeg')[0]}*")
            if file.suffix in LINKED and not file.name.endswith("_ieeg.nwb")
        )
    else:
        files = []
    there = [file for file in files if file != path and (file.exists() or file.is_symlink())]
    return list(dict.fromkeys(there))


def _check_folders(path: Path, root: Path) -> None:
    """Raise ``InputError`` if a recording lies in the folder of another subject or session."""
    has = _entities(path)
    folders = path.relative_to(root).parts[:-1]
    for key, folder in (("sub", folders[0]), ("ses", folders[1])):
        stated = f"{key}-{has[key]}" if key in has else ""
        if stated != folder and (key == "sub" or folder.startswith("ses-") or stated):
            raise InputError(
                path, "", f"{stated or 'no ' + key} in folder {folder}", "the name of its folders"
            )


def _entities(path: Path) -> dict[str, str]:
    """Return the entities of a file's name, or raise ``InputError`` with the part that is none."""
    try:
        return entities(path.name)
    except ValueError as error:
        raise InputError(
            path,
            "",
            str(error),
            "a BIDS name: entity-label_entity-label_suffix, labels of letters, digits and +",
        ) from None


def _row(path: Path, sidecars: list[Path], name: str = "", **more: Any) -> Recording:
    name = name or path.name.split("_ieeg.")[0]
    subject = entities(name)["sub"]
    return Recording(name, subject, str(path), tuple(str(p) for p in sidecars), **more)


def _sidecars(
    path: Path, root: Path, listed: dict[Path, list[tuple[Path, dict[str, str]]]]
) -> list[Path]:
    """Return the files that describe a recording: in its folder or above, with entities that do not
    contradict its own.

    ``listed`` keeps what was seen of a folder, as recordings share those above them.
    """
    has = _entities(path)
    found: list[Path] = []
    for folder in (path.parent, *path.parent.parents):
        if folder not in listed:
            files = sorted(
                folder / file.name for file in folder.iterdir() if _is_sidecar(file.name)
            )
            listed[folder] = [(file, _entities(file)) for file in files]
        found += [
            file
            for file, own in listed[folder]
            if all(has.get(k) == v for k, v in own.items() if k not in ("space", "split"))
        ]
        if folder == root:
            break
    return found


def _is_sidecar(name: str) -> bool:
    return name.endswith(SIDECARS) and not name.startswith(".")


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
    return of_treebank(Path(config["root"]), root)


def of_treebank(release: Path, root: Path) -> list[Recording]:
    """Return a recording for every trial of a Brain Treebank release that was downloaded.

    Parameters
    ----------
    release
        Its folder.
    root
        Where the BIDS dataset will be.

    Raises
    ------
    InputError
        If files that belong to a trial are missing.
    """
    rows = []
    for timings in sorted(release.glob("subject_timings/sub_*_trial*_timings.csv")):
        found = re.fullmatch("sub_([0-9]+)_trial([0-9]+)_timings", timings.stem)
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


def _from_dandi(config: Mapping[str, Any], root: Path) -> list[Recording]:
    """Return a recording for every session of Dandiset 000623 that was downloaded."""
    rows = []
    for path in sorted(Path(config["root"]).glob("sub-*/sub-*.nwb")):
        found = re.fullmatch(r"sub-([A-Za-z0-9]+)(?:_ses-([A-Za-z0-9]+))?_.*", path.stem)
        if not found:
            raise InputError(path, "", "an unknown name", "sub-<label>_ses-<label>_<what>.nwb")
        subject, session = found.groups()
        place = f"sub-{subject}" + (f"_ses-{session}" if session else "")
        folder = root.joinpath(*place.split("_"), "ieeg")
        stem = f"{place}_task-film"
        sidecars = [
            folder / f"{stem}_{s}"
            for s in ("channels.tsv", "events.tsv", "ieeg.json", "ieeg.vmrk", "ieeg.eeg")
        ]
        sidecars += [
            folder / f"{place}_space-MNI152NLin2009cAsym_{s}"
            for s in ("electrodes.tsv", "coordsystem.json")
        ]
        sidecars.append(root / "dataset_description.json")
        rows.append(_row(folder / f"{stem}_ieeg.vhdr", sidecars, release={"nwb": str(path)}))
    return rows


def _release_files(release: Path, subject: int, trial: str, timings: Path) -> dict[str, Any]:
    """Return where the Brain Treebank release keeps what belongs to a trial, and the name of its
    film (letters and digits).
    """
    stem = f"sub_{subject}_trial{trial}"
    metadata = release / "subject_metadata" / f"{stem}_metadata.json"
    slug = read_json(metadata).get("filename")
    if not isinstance(slug, str) or not re.fullmatch(r"[^\\/\x00-\x1f]+", slug) or slug == "..":
        raise InputError(metadata, "key 'filename'", repr(slug), "the name of the film")
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
            *sorted((release / "scene_annotations" / slug).glob("*.csv")),
            release / "scene_annotations" / f"{slug}.csv",
        ],
        "coords": [release / "localization" / "elec_coords_full.csv"],
        "depth": [release / "localization" / f"sub_{subject}" / "depth-wm.csv"],
    }
    files: dict[str, Any] = {
        "number": subject,
        "film": re.sub(r"[^A-Za-z0-9]", "", slug),
        "slug": slug,
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
