"""A small BIDS iEEG dataset that is right in every way, for tests that break it in one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from pybv import write_brainvision

SFREQ, SECONDS, ZERO = 256, 30, 2.5
NAMES = [f"A{k}" for k in range(1, 6)] + [f"B{k}" for k in range(1, 5)] + ["ECG1", "TRIG1"]
STEM = "sub-01_ses-a_task-film_acq-clinical_run-1"
FOLDER = "sub-01/ses-a/ieeg"
ZERO_RULE = {"rule": "first_event", "column": "trial_type", "value": "music"}


def signals(seed=0, names=NAMES, sfreq=SFREQ, seconds=SECONDS):
    """Return (channel, time) µV."""
    return np.random.default_rng(seed).normal(0, 30, (len(names), int(sfreq * seconds)))


def write(
    root,
    stem=STEM,
    folder=FOLDER,
    names=NAMES,
    sfreq=SFREQ,
    data=None,
    orientation="multiplexed",
    fmt="binary_int16",
):
    """Write the dataset and return its root."""
    root = Path(root)
    place = root / folder
    place.mkdir(parents=True, exist_ok=True)
    data = signals(names=names, sfreq=sfreq) if data is None else data
    write_brainvision(
        data=data * 1e-6,
        sfreq=sfreq,
        ch_names=list(names),
        fname_base=f"{stem}_ieeg",
        folder_out=str(place),
        unit="µV",
        resolution=0.01,
        fmt=fmt,
        overwrite=True,
    )
    types = [
        "SEEG" if n[0] in "AB" and n[-1].isdigit() else "ECG" if n.startswith("ECG") else "TRIG"
        for n in names
    ]
    table = pd.DataFrame(
        {"name": names, "type": types, "units": "µV", "low_cutoff": 0.1, "high_cutoff": 100.0}
    )
    table = table.assign(
        group=[n[0] for n in names],
        status="good",
        status_description="n/a",
        sampling_frequency=float(sfreq),
    )
    table.to_csv(place / f"{stem}_channels.tsv", sep="\t", index=False)
    contacts = [n for n, t in zip(names, types, strict=True) if t == "SEEG"]
    places = pd.DataFrame(
        {"name": contacts, "x": np.arange(len(contacts)) + 20.5, "y": -30.0, "z": 12.0, "size": 4}
    )
    places.to_csv(place / "sub-01_ses-a_acq-clinical_electrodes.tsv", sep="\t", index=False)
    _json(
        place / "sub-01_ses-a_acq-clinical_coordsystem.json",
        {"iEEGCoordinateSystem": "ACPC", "iEEGCoordinateUnits": "mm"},
    )
    events = {
        "onset": [1.0, ZERO, 12.5, 28.0],
        "duration": [0, 10, 10, 0],
        "trial_type": ["start task", "music", "speech", "end task"],
    }
    pd.DataFrame({**events, "value": [9, 2, 1, 4]}).to_csv(
        place / f"{stem.replace('_acq-clinical', '')}_events.tsv", sep="\t", index=False
    )
    info = {
        "TaskName": "film",
        "SamplingFrequency": sfreq,
        "PowerLineFrequency": 50,
        "SoftwareFilters": "n/a",
    }
    info |= {
        "iEEGReference": "n/a",
        "RecordingDuration": data.shape[1] / sfreq,
        "RecordingType": "continuous",
    }
    _json(place / f"{stem}_ieeg.json", info)
    _json(root / "dataset_description.json", {"Name": "small", "BIDSVersion": "1.10.0"})
    return root


def words(path, onsets=(3.0, 5.5, 9.0, 14.0, 20.0)):
    """Write an events table of the film and return its path."""
    table = pd.DataFrame({"event": [f"w{k:05d}" for k in range(len(onsets))], "onset_s": onsets})
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False)
    return path


def _json(path, content):
    path.write_text(json.dumps(content))
