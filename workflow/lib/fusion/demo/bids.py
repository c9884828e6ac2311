"""The demo as a BIDS dataset, written by mne-bids; places with their regions are added."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pandas as pd
from mne_bids import BIDSPath, make_dataset_description, update_sidecar_json, write_raw_bids

from fusion.io.atomic import whole
from fusion.io.tables import write_tsv
from fusion.io.text import write_json

SPACE = "MNI152NLin2009cAsym"


def write_dataset(root: Path) -> None:
    """Write what describes the dataset as a whole."""
    make_dataset_description(
        path=root,
        name="Simulated film watching",
        data_license="CC0",
        authors=["ieeg-fusion", "its simulation"],
        generated_by=[{"Name": "ieeg-fusion", "Description": "simulation with planted sites"}],
        overwrite=True,
        verbose="error",
    )
    with whole(root / "README") as part:
        part.write_text(
            "Simulated recordings of people who watch a film of moving coloured shapes. Nobody was"
            " recorded: sites that respond\nto what is seen, to what is said, and to what"
            " language-trained vision models see are planted at known contacts.\n",
            encoding="utf-8",
        )
    region = "Region of the Desikan-Killiany-Tourville atlas, as FreeSurfer names it."
    described = {"region": region, "shaft": "Shaft that the contact sits on."}
    write_json(
        {column: {"Description": text} for column, text in described.items()},
        root / f"space-{SPACE}_electrodes.json",
    )


def write_subject(
    root: Path,
    subject: str,
    contacts: pd.DataFrame,
    data: np.ndarray,
    sfreq: float,
    film: tuple[float, float],
    line_hz: float,
) -> None:
    """Write one subject's recording.

    Parameters
    ----------
    root
        The dataset's folder.
    contacts
        As :func:`fusion.demo.recording.implant` returns them.
    data
        (contact, sample) in microvolts.
    film
        Onset and duration of the film (s, time of the recording).
    """
    info = mne.create_info(contacts["electrode"].tolist(), sfreq, "seeg")
    raw = mne.io.RawArray(data * 1e-6, info, verbose="error")
    raw.info["line_freq"] = line_hz
    raw.info["bads"] = contacts.loc[contacts["status"] == "bad", "electrode"].tolist()
    onset, duration = film
    shown = [{"stim_file": "n/a"}, {"stim_file": "film.mp4"}]
    raw.set_annotations(
        mne.Annotations([0.5, onset], [2.0, duration], ["instruction", "film"], extras=shown)
    )
    where = BIDSPath(subject=subject, task="film", run="1", datatype="ieeg", root=root)
    write_raw_bids(
        raw,
        where,
        format="BrainVision",
        allow_preload=True,
        extra_columns_descriptions={"stim_file": "What is shown, a file in the folder stimuli."},
        overwrite=True,
        verbose="error",
    )
    update_sidecar_json(
        where.copy().update(suffix="ieeg", extension=".json"),
        {
            "TaskDescription": "Watching a film of moving coloured shapes while stories are told.",
            "Manufacturer": "simulated",
            "HardwareFilters": "n/a",
            "iEEGReference": "one scalp electrode (simulated)",
        },
        verbose="error",
    )
    _write_places(where.directory, subject, contacts)


def _write_places(folder: Path, subject: str, contacts: pd.DataFrame) -> None:
    """Write electrodes.tsv and coordsystem.json in place of those of mne-bids, which names no
    region and would put the space into the name of the data file.
    """
    for empty in ("electrodes.tsv", "electrodes.json", "coordsystem.json"):
        (folder / f"sub-{subject}_{empty}").unlink()
    columns = ["electrode", "x", "y", "z", "hemisphere", "region", "shaft"]
    place = contacts[columns].rename(columns={"electrode": "name"})
    place.insert(4, "size", 5.0)
    write_tsv(place, folder / f"sub-{subject}_space-{SPACE}_electrodes.tsv")
    system = {
        "iEEGCoordinateSystem": SPACE,
        "iEEGCoordinateUnits": "mm",
        "iEEGCoordinateSystemDescription": "MNI152 non-linear 2009c asymmetric",
        "iEEGCoordinateProcessingDescription": "none",
    }
    write_json(system, folder / f"sub-{subject}_space-{SPACE}_coordsystem.json")
