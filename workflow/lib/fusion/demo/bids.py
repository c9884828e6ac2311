"""The demo as a BIDS dataset: BrainVision recordings, channel and electrode tables, and what
describes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mne_bids import make_dataset_description
from pybv import write_brainvision

from fusion.io.atomic import whole
from fusion.io.tables import write_tsv

SPACE = "MNI152NLin2009cAsym"


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write ``content`` as JSON."""
    with whole(path) as part:
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_dataset(root: Path, subjects: list[str]) -> None:
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
    write_tsv(
        pd.DataFrame({"participant_id": [f"sub-{s}" for s in subjects], "group": "simulated"}),
        root / "participants.tsv",
    )
    write_json(
        root / "participants.json", {"group": {"Description": "All subjects are simulated."}}
    )
    write_json(
        root / "task-film_events.json",
        {
            "trial_type": {
                "Description": "What happens.",
                "Levels": {"instruction": "the film is announced", "film": "the film plays"},
            },
            "stim_file": {"Description": "What is shown, a file in the folder stimuli."},
        },
    )
    write_json(
        root / f"space-{SPACE}_electrodes.json",
        {
            "region": {
                "Description": (
                    "Region of the Desikan-Killiany-Tourville atlas, as FreeSurfer names it."
                )
            },
            "shaft": {"Description": "Shaft that the contact sits on."},
        },
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
    folder = Path(root, f"sub-{subject}", "ieeg")
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"sub-{subject}_task-film_run-1"
    write_brainvision(
        data=data * 1e-6,
        sfreq=sfreq,
        ch_names=contacts["electrode"].tolist(),
        fname_base=f"{stem}_ieeg",
        folder_out=folder,
        events=None,
        resolution=0.1,
        unit="µV",
        fmt="binary_int16",
        overwrite=True,
    )
    bad = contacts["status"] == "bad"
    channels = pd.DataFrame(
        {
            "name": contacts["electrode"],
            "type": "SEEG",
            "units": "µV",
            "low_cutoff": "n/a",
            "high_cutoff": "n/a",
            "group": contacts["shaft"],
            "sampling_frequency": sfreq,
            "status": contacts["status"],
            "status_description": np.where(bad, "broadband noise", "n/a"),
        }
    )
    write_tsv(channels, folder / f"{stem}_channels.tsv")
    onset, duration = film
    events = pd.DataFrame(
        {
            "onset": [0.5, onset],
            "duration": [2.0, duration],
            "trial_type": ["instruction", "film"],
            "stim_file": ["n/a", "film.mp4"],
        }
    )
    write_tsv(events, folder / f"{stem}_events.tsv", float_format="%.10g")
    write_json(
        folder / f"{stem}_ieeg.json",
        {
            "TaskName": "film",
            "TaskDescription": "Watching a film of moving coloured shapes while stories are told.",
            "SamplingFrequency": sfreq,
            "PowerLineFrequency": line_hz,
            "SoftwareFilters": "n/a",
            "HardwareFilters": "n/a",
            "iEEGReference": "one scalp electrode (simulated)",
            "SEEGChannelCount": len(contacts),
            "ECOGChannelCount": 0,
            "RecordingType": "continuous",
            "RecordingDuration": data.shape[1] / sfreq,
            "Manufacturer": "simulated",
        },
    )
    place = contacts.rename(columns={"electrode": "name"})[
        ["name", "x", "y", "z", "hemisphere", "region", "shaft"]
    ]
    place.insert(4, "size", 5.0)
    place.insert(6, "group", contacts["shaft"])
    write_tsv(place, folder / f"sub-{subject}_space-{SPACE}_electrodes.tsv")
    write_json(
        folder / f"sub-{subject}_space-{SPACE}_coordsystem.json",
        {
            "iEEGCoordinateSystem": SPACE,
            "iEEGCoordinateUnits": "mm",
            "iEEGCoordinateSystemDescription": "MNI152 non-linear 2009c asymmetric",
            "iEEGCoordinateProcessingDescription": "none",
        },
    )
