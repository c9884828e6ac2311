"""Recordings and sidecars that lie, lead elsewhere, or ask for too much: one line each; what
readers warn of is in the table.
"""

import json
import os
from pathlib import Path

import bids_dataset
import h5py
import numpy as np
import pandas as pd
import paused
import pytest
import running

from fusion.ieeg import names, positions, quality
from fusion.ieeg.recording import open_recording
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv

F, STEM = bids_dataset.FOLDER, bids_dataset.STEM
VHDR, EEG, INFO = f"{F}/{STEM}_ieeg.vhdr", f"{F}/{STEM}_ieeg.eeg", f"{F}/{STEM}_ieeg.json"
CHANNELS = f"{F}/{STEM}_channels.tsv"
SMALL = {"names": ["A1", "A2", "A3", "A4"], "sfreq": 128}


@pytest.fixture
def root(tmp_path):
    data = bids_dataset.signals(names=SMALL["names"], sfreq=128, seconds=16)
    return bids_dataset.write(tmp_path / "bids", data=data, **SMALL)


def preprocess(root, **ieeg):
    made = running.design(
        root, film_zero=bids_dataset.ZERO_RULE, ieeg={"high_pass_hz": 0.5, **ieeg}
    )
    return running.preprocess(made, root.parent / "out")


def edit(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def info(root, **changes):
    content = json.loads((root / INFO).read_text())
    (root / INFO).write_text(json.dumps(content | changes))


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("PowerLineFrequency", 0.0001, "0.0001"),
        ("PowerLineFrequency", 5000, "5000"),
        ("PowerLineFrequency", True, "True"),
        ("PowerLineFrequency", -50, "-50"),
        ("PowerLineFrequency", float("inf"), "inf"),
        ("SamplingFrequency", 1e300, "1e+300"),
        ("SamplingFrequency", 1e-300, "1e-300"),
        ("RecordingDuration", -1, "-1"),
    ],
)
def test_a_number_of_a_sidecar_is_one_that_can_be(root, key, value, found):
    info(root, **{key: value})
    with pytest.raises(InputError, match=rf"_ieeg\.json: key {key}: found ") as error:
        preprocess(root)
    assert f"found {found}" in str(error.value)


def test_a_number_in_quotes_is_that_number(root):
    info(root, PowerLineFrequency="50")
    assert read_tsv(preprocess(root).quality)["line_freq_hz"].iloc[0] == 50
    info(root, PowerLineFrequency="n/a")
    assert "line frequency unknown" in read_tsv(preprocess(root).quality)["warnings"].iloc[0]


@pytest.mark.parametrize(
    ("ieeg", "key"),
    [({"high_pass_hz": 64}, "high_pass_hz"), ({"high_gamma_hz": [30, 70]}, "high_gamma_hz")],
)
def test_a_filter_beyond_the_rate_names_the_key(root, ieeg, key):
    with pytest.raises(InputError, match=rf"key ieeg\.{key}: .* recording of 128 Hz"):
        preprocess(root, **ieeg)


@pytest.mark.parametrize("name", ["../../../../etc/passwd", "/etc/passwd", "sub/x.eeg", ".."])
@pytest.mark.parametrize("key", ["DataFile", "MarkerFile"])
def test_a_header_names_files_beside_it_only(root, name, key):
    suffix = {"DataFile": "eeg", "MarkerFile": "vmrk"}[key]
    edit(root / VHDR, f"{key}={STEM}_ieeg.{suffix}", f"{key}={name}")
    with pytest.raises(InputError, match=rf"_ieeg\.vhdr: {key}: .*beside the header"):
        preprocess(root)


def test_a_header_of_no_channels_is_refused(root):
    edit(root / VHDR, "NumberOfChannels=4", "NumberOfChannels=0")
    with pytest.raises(InputError, match=r"_ieeg\.vhdr"):
        preprocess(root)


@pytest.mark.parametrize("path", [VHDR, EEG, CHANNELS, INFO])
def test_a_pipe_in_a_dataset_is_not_waited_for(root, path):
    (root / path).unlink()
    os.mkfifo(root / path)
    with pytest.raises(InputError, match="a pipe, socket or device|no such file"):
        preprocess(root)


def edf(root, **changes):
    """Write an EDF recording; ``changes`` are header fields of the first channel or the file."""
    place = root / "sub-01/ieeg"
    paused.describe(place, "sub-01_task-film", SMALL["names"], 128)
    path = place / "sub-01_task-film_ieeg.edf"
    data = bids_dataset.signals(names=SMALL["names"], sfreq=128, seconds=16)
    paused.edf(path, [(0.0, data)], SMALL["names"], 128)
    content = bytearray(path.read_bytes())
    count = len(SMALL["names"]) + 1
    at = {"record": 244, "low": 256 + 104 * count, "high": 256 + 112 * count}
    for name, value in changes.items():
        content[at[name] : at[name] + 8] = value.ljust(8).encode()
    path.write_bytes(bytes(content))
    made = running.design(root, film_zero={"rule": "recording_start"}, ieeg={"high_pass_hz": 0.5})
    return running.preprocess(made, root.parent / "out")


def test_an_edf_without_its_rate_is_not_guessed(tmp_path):
    with pytest.raises(InputError, match="sampling rate|record 2"):
        edf(tmp_path / "bids", record="0")


def test_an_edf_without_a_physical_range_is_said_in_the_table(tmp_path):
    said = read_tsv(edf(tmp_path / "bids", low="0", high="0").quality)["warnings"].iloc[0]
    assert "reader: Physical range is not defined in following channels: A1" in said


def test_what_a_film_came_with_is_in_the_table_of_recordings():
    facts = {"film": {"notes": ["stamps; repaired"], "sound_warning": "a commentary"}}
    table = pd.DataFrame({"recording": ["a", "b"], "warnings": [np.nan, "old"]})
    notes = quality.of_films(facts, {"a": "film", "b": "other"})
    table = quality.with_notes(table, notes)
    said = "film film: stamps, repaired; film film: a commentary"
    assert table["warnings"].tolist() == [said, "old"]


def test_digits_of_other_scripts_are_no_numbers():
    assert names.split("A１") == ("A１", None)
    assert names.pair("A1-A２") is None


def test_a_label_that_a_spreadsheet_runs_keeps_its_name(tmp_path):
    labels = ["=1+1", "@A1", "+A3", "A4"]
    data = bids_dataset.signals(names=labels, sfreq=128, seconds=16)
    root = bids_dataset.write(tmp_path / "bids", names=labels, sfreq=128, data=data)
    path = root / CHANNELS
    edit(path, "=1+1\tTRIG", "=1+1\tSEEG")
    path.write_text(path.read_text().replace("\tTRIG", "\tSEEG"))
    made = running.design(
        root, film_zero=bids_dataset.ZERO_RULE, ieeg={"high_pass_hz": 0.5, "reference": "none"}
    )
    done = running.preprocess(made, tmp_path / "out")
    kept = read_tsv(done.electrodes, dtype={"electrode": str})
    assert kept["electrode"].tolist() == labels
    text = Path(done.electrodes).read_text(encoding="utf-8")
    assert "\n'=1+1\t" in text and "\n'@A1\t" in text and "\n'+A3\t" in text
    assert "\n=1+1\t" in Path(done.channels).read_text(encoding="utf-8")  # BIDS
    events = bids_dataset.words(tmp_path / "w.tsv")
    assert running.responses(made, done, events, tmp_path / "out")


@pytest.mark.parametrize("name", ["a.nwb", "a.set"])
def test_a_container_names_data_of_its_own_folder_only(tmp_path, name):
    with h5py.File(tmp_path / name, "w") as file:
        file["acquisition/series/data"] = h5py.ExternalLink("../other/b.nwb", "/data")
    with pytest.raises(InputError, match=r"'\.\./other/b\.nwb'.*beside it"):
        open_recording([str(tmp_path / name)], ["A1"], {})


def test_regions_that_are_numbers_are_labels(tmp_path):
    path = tmp_path / "sub-01_electrodes.tsv"
    path.write_text("name\tx\ty\tz\tregion\nA1\t1\t2\t3\t1001\nA2\t1\t2\t3\tn/a\n")
    assert positions.read_positions([str(path)]).table["region"].tolist()[0] == "1001"
