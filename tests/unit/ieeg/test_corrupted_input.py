"""Broken recordings and sidecars: each is one clear error that names the file, or a warning that is
counted.
"""

# ruff: noqa: E501  (a table of corruptions reads best with one a line)

import json
import logging
import re

import bids_dataset
import numpy as np
import pandas as pd
import pytest
import running

from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv

F = bids_dataset.FOLDER
STEM = bids_dataset.STEM
VHDR, EEG, VMRK = (f"{F}/{STEM}_ieeg.{part}" for part in ("vhdr", "eeg", "vmrk"))
CHANNELS, INFO = f"{F}/{STEM}_channels.tsv", f"{F}/{STEM}_ieeg.json"
EVENTS = f"{F}/{STEM.replace('_acq-clinical', '')}_events.tsv"
ELECTRODES, COORDS = (
    f"{F}/sub-01_ses-a_acq-clinical_electrodes.tsv",
    f"{F}/sub-01_ses-a_acq-clinical_coordsystem.json",
)


def table(name, change):
    """Return a corruption that changes a TSV."""

    def corrupt(root):
        path = root / name
        found = pd.read_csv(path, sep="\t", keep_default_na=False)
        change(found).to_csv(path, sep="\t", index=False)

    return corrupt


def info(name, **changes):
    """Return a corruption that changes a JSON sidecar."""

    def corrupt(root):
        content = json.loads((root / name).read_text()) | changes
        (root / name).write_text(json.dumps({k: v for k, v in content.items() if v is not None}))

    return corrupt


def cell(name, row, column, value):
    """Return a corruption that changes one cell of a TSV."""
    return table(
        name,
        lambda t: t.astype(object).where(
            ~((t.index == row)[:, None] & (t.columns == column)), value
        ),
    )


def text(name, old, new):
    """Return a corruption that replaces text in a file."""

    def corrupt(root):
        path = root / name
        content = path.read_bytes().decode("utf-8")
        assert old in content
        path.write_bytes(content.replace(old, new).encode())

    return corrupt


def cut(name, keep):
    """Return a corruption that cuts a file off."""
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:keep])


def signals(**kept):
    """Return a corruption that writes other signals under the same sidecars."""

    def corrupt(root):
        sidecars = {
            path: path.read_bytes()
            for path in (root / F).iterdir()
            if path.suffix in (".tsv", ".json")
        }
        bids_dataset.write(root, **kept)
        for path, content in sidecars.items():
            path.write_bytes(content)

    return corrupt


def with_data(change):
    data = bids_dataset.signals()
    change(data)
    return signals(data=data, fmt="binary_float32")


ERRORS = {
    "eeg cut in mid-sample": (cut(EEG, 10_001), r"_ieeg\.eeg: found 10001 bytes.*cut short"),
    "eeg cut at a whole sample": (
        cut(EEG, 22 * 256 * 20),
        r"_ieeg\.vhdr: found 20 s; ieeg\.json says 30 s.*cut short",
    ),
    "eeg cut before its last marker": (
        lambda r: (
            text(VMRK, "[Marker Infos]", f"[Marker Infos]\nMk1=Stimulus,S1,{25 * 256},1,0")(r),
            info(INFO, RecordingDuration=None)(r),
            cut(EEG, 22 * 256 * 20)(r),
        ),
        r"_ieeg\.vhdr: found 5120 samples, and a marker at sample 6400.*cut short",
    ),
    "eeg empty": (cut(EEG, 0), r"_ieeg\.eeg: found 0 bytes"),
    "eeg missing": (lambda r: (r / EEG).unlink(), r"_ieeg\.vhdr: DataFile=.*no such file"),
    "vmrk missing": (lambda r: (r / VMRK).unlink(), r"_ieeg\.vhdr: MarkerFile=.*no such file"),
    "vhdr missing": (lambda r: (r / VHDR).unlink(), r"no recording in"),
    "vhdr is a link without content": (
        lambda r: ((r / VHDR).unlink(), (r / VHDR).symlink_to("../../.git/annex/objects/nothing")),
        r"_ieeg\.vhdr: found a git-annex link without its content",
    ),
    "eeg is a link without content": (
        lambda r: ((r / EEG).unlink(), (r / EEG).symlink_to("../../.git/annex/objects/nothing")),
        r"_ieeg\.eeg: found a git-annex link without its content",
    ),
    "header of a longer file": (
        text(VHDR, "NumberOfChannels=11", "NumberOfChannels=11\nDataPoints=9000"),
        r"_ieeg\.eeg: found 7680 samples; expected 9000",
    ),
    "vhdr empty": (cut(VHDR, 0), r"_ieeg\.vhdr: line 1"),
    "vhdr is something else": (
        lambda r: (r / VHDR).write_text("EEG data\n"),
        r"_ieeg\.vhdr: line 1: found 'EEG data",
    ),
    "vhdr without a channel count": (
        text(VHDR, "NumberOfChannels", "NumberOf"),
        r"_ieeg\.vhdr: \[Common Infos\]",
    ),
    "vhdr names another data file": (
        text(VHDR, f"DataFile={STEM}", "DataFile=other"),
        r"_ieeg\.vhdr: DataFile=other",
    ),
    "vhdr with an unknown format": (text(VHDR, "INT_16", "INT_12"), r"_ieeg\.vhdr.*cannot be read"),
    "channels.tsv missing": (
        lambda r: (r / CHANNELS).unlink(),
        r"_ieeg\.vhdr: sidecars: found no channels\.tsv",
    ),
    "channels.tsv empty": (cut(CHANNELS, 0), r"_channels\.tsv: found an empty file"),
    "channels.tsv has only a header": (
        table(CHANNELS, lambda t: t.iloc[:0]),
        r"_channels\.tsv: found no rows",
    ),
    "channels.tsv without types": (
        table(CHANNELS, lambda t: t.drop(columns="type")),
        r"_channels\.tsv: column 'type'",
    ),
    "channels.tsv without a header": (
        lambda r: (r / CHANNELS).write_text("A1\tSEEG\nA2\tSEEG\n"),
        r"_channels\.tsv: column 'name'",
    ),
    "a channel twice": (
        cell(CHANNELS, 1, "name", "A1"),
        r"_channels\.tsv: channel: found 'A1' twice",
    ),
    "a channel without a name": (
        cell(CHANNELS, 2, "name", "n/a"),
        r"_channels\.tsv: row 4, column 'name'",
    ),
    "a status that is none": (
        cell(CHANNELS, 0, "status", "noisy"),
        r"_channels\.tsv: column 'status': found 'noisy'",
    ),
    "all channels bad": (
        table(CHANNELS, lambda t: t.assign(status="bad")),
        r"no usable channel among 11 .*bad",
    ),
    "no neural channel": (
        table(CHANNELS, lambda t: t.assign(type="MISC")),
        r"no usable channel among 11 .*type MISC",
    ),
    "no channel name in common": (
        table(CHANNELS, lambda t: t.assign(name=[f"Q{k}" for k in range(len(t))])),
        r"not in the data file",
    ),
    "channels.tsv is not UTF-8": (
        lambda r: (r / CHANNELS).write_bytes("name\ttype\tunits\nA1\tSEEG\tµV\n".encode("utf-16")),
        r"_channels\.tsv",
    ),
    "no two contacts in a row": (
        table(CHANNELS, lambda t: t.assign(status=["good", "bad"] * 5 + ["good"])),
        r"no usable channel.*neighbour",
    ),
    "rate differs between header and sidecar": (
        info(INFO, SamplingFrequency=512),
        r"_ieeg\.vhdr: sampling rate: found 256 Hz .* 512 Hz",
    ),
    "ieeg.json is not JSON": (cut(INFO, 20), r"_ieeg\.json"),
    "ieeg.json is a list": (lambda r: (r / INFO).write_text("[1]"), r"_ieeg\.json: found a list"),
    "events.tsv missing": (
        lambda r: (r / EVENTS).unlink(),
        r"_ieeg\.vhdr: sidecars: found no events\.tsv",
    ),
    "events.tsv without onsets": (
        table(EVENTS, lambda t: t.drop(columns="onset")),
        r"_events\.tsv: column 'onset'",
    ),
    "events.tsv without the column looked for": (
        table(EVENTS, lambda t: t.drop(columns="trial_type")),
        r"_events\.tsv: column 'trial_type'",
    ),
    "events.tsv without the event looked for": (
        cell(EVENTS, 1, "trial_type", "muzak"),
        r"_events\.tsv: column 'trial_type': found no 'music'",
    ),
    "an onset that is no number": (
        cell(EVENTS, 2, "onset", "12,5"),
        r"_events\.tsv: row 4, column 'onset': found '12,5'",
    ),
    "film zero after the recording": (
        cell(EVENTS, 1, "onset", 400),
        r"_events\.tsv: column 'onset': found film zero at 400 s",
    ),
    "film zero before the recording": (
        cell(EVENTS, 1, "onset", -3),
        r"_events\.tsv: column 'onset': found film zero at -3 s",
    ),
    "an electrode twice": (
        cell(ELECTRODES, 1, "name", "A1"),
        r"_electrodes\.tsv: electrode: found 'A1' twice",
    ),
    "electrodes.tsv without z": (
        table(ELECTRODES, lambda t: t.drop(columns="z")),
        r"_electrodes\.tsv: column 'z'",
    ),
    "metres called millimetres": (
        table(ELECTRODES, lambda t: t.assign(x=t["x"] / 1e3, y=-0.03, z=0.01)),
        r"_electrodes\.tsv: columns x, y, z",
    ),
    "millimetres called metres": (
        info(COORDS, iEEGCoordinateUnits="m"),
        r"_electrodes\.tsv: columns x, y, z: found up to 30 m",
    ),
    "coordsystem.json is not JSON": (cut(COORDS, 5), r"_coordsystem\.json"),
    "every channel flat": (signals(data=np.zeros((11, 256 * 30))), r"no usable channel.*flat"),
    "recording shorter than a window": (
        lambda r: (
            signals(data=bids_dataset.signals(seconds=4))(r),
            info(INFO, RecordingDuration=4)(r),
        ),
        r"events\.tsv: found no event whose window lies in",
    ),
}


@pytest.fixture
def dataset(tmp_path):
    return bids_dataset.write(tmp_path / "bids")


def everything(root, tmp_path, **ieeg):
    """Run ``preprocess`` and ``responses``; return the electrodes, the quality and the
    responses.
    """
    made = running.design(
        root, film_zero=bids_dataset.ZERO_RULE, ieeg=ieeg, responses={"window_ms": [-1000, 1000]}
    )
    cleaned = running.preprocess(made, tmp_path / "results")
    events = bids_dataset.words(tmp_path / "events.tsv")
    responses = running.responses(made, cleaned, events, tmp_path / "results")
    with open_labelled(responses) as data:
        return (
            read_tsv(cleaned.electrodes).set_index("electrode"),
            read_tsv(cleaned.quality).iloc[0],
            data.load(),
        )


def test_the_dataset_itself_is_fine(dataset, tmp_path):
    electrodes, quality, responses = everything(dataset, tmp_path)
    assert electrodes.index[electrodes["kept"]].tolist() == ["A2", "A3", "A4", "B2", "B3"]
    assert pd.isna(quality["warnings"])
    assert responses["response"].shape == (5, 5, 81)
    assert quality["film_zero_s"] == bids_dataset.ZERO


@pytest.mark.parametrize("what", ERRORS)
def test_one_clear_error(dataset, tmp_path, what):
    corrupt, message = ERRORS[what]
    corrupt(dataset)
    with pytest.raises(InputError, match=message) as caught:
        everything(dataset, tmp_path)
    assert "\n" not in str(caught.value)
    left = [p for p in (tmp_path / "results").rglob("*") if p.is_file() and "responses" in p.parts]
    assert not left


WARNINGS = {
    "events out of order": (
        table(EVENTS, lambda t: t.iloc[[2, 0, 3, 1]]),
        None,
        "onsets are not in order",
        "log",
    ),
    "an event without an onset": (
        cell(EVENTS, 0, "onset", "n/a"),
        None,
        "1 rows without an onset",
        "log",
    ),
    "no electrodes.tsv": (
        lambda r: (r / ELECTRODES).unlink(),
        {"with_position": 0},
        "no electrodes.tsv; 5 kept electrodes have no position",
        "quality",
    ),
    "no ieeg.json": (
        lambda r: (r / INFO).unlink(),
        {},
        "line frequency unknown: no notch (set ieeg.line_freq_hz); no ieeg.json",
        "quality",
    ),
    "no line frequency": (
        info(INFO, PowerLineFrequency="n/a"),
        {},
        "line frequency unknown",
        "quality",
    ),
    "unit of positions not given": (
        info(COORDS, iEEGCoordinateUnits=None),
        {},
        "unit of the positions is not given, taken as mm",
        "quality",
    ),
    "positions in metres": (
        lambda r: (
            table(ELECTRODES, lambda t: t.assign(x=t["x"] / 1e3, y=-0.03, z=0.01))(r),
            info(COORDS, iEEGCoordinateUnits="m")(r),
        ),
        {"with_position": 5},
        None,
        None,
    ),
    "positions in pixels": (
        info(COORDS, iEEGCoordinateUnits="pixels"),
        {"with_position": 0},
        "pixels",
        "quality",
    ),
    "a position of zeros": (
        lambda r: [cell(ELECTRODES, 1, c, 0)(r) for c in "xyz"],
        {"with_position": 4},
        "1 electrodes at 0, 0, 0",
        "quality",
    ),
    "an electrode without a channel": (
        cell(ELECTRODES, 0, "name", "Z9"),
        {"electrodes_without_channel": 1},
        "1 electrodes have no channel (Z9)",
        "quality",
    ),
    "a channel without an electrode": (
        cell(ELECTRODES, 1, "name", "Z9"),
        {"with_position": 4},
        "1 kept electrodes have no position",
        "quality",
    ),
    "marks in the names of one table": (
        cell(ELECTRODES, 1, "name", "A2*#"),
        {"with_position": 5},
        None,
        None,
    ),
    "a channel that the data file lacks": (
        table(CHANNELS, lambda t: pd.concat([t, t.iloc[[0]].assign(name="C1")])),
        {"kept": 5},
        "1 channels of channels.tsv are not in",
        "quality",
    ),
    "a channel that channels.tsv lacks": (
        table(CHANNELS, lambda t: t.drop(index=8)),
        {"kept": 4},
        "1 channels of the data file are not in channels.tsv",
        "quality",
    ),
    "rows of channels.tsv in another order": (
        table(CHANNELS, lambda t: t.iloc[::-1]),
        {"kept": 5},
        None,
        None,
    ),
    "a channel sampled at another rate": (
        cell(CHANNELS, 8, "sampling_frequency", 1.0),
        {"kept": 4},
        "sampled at 1 Hz: 1",
        "dropped",
    ),
    "heart and trigger typed as neural": (
        table(CHANNELS, lambda t: t.assign(type="SEEG")),
        {"neural": 9},
        None,
        None,
    ),
    "a flat channel": (
        with_data(lambda d: d.__setitem__(7, 0.0)),
        {"kept": 3},
        "flat: 1; no usable neighbour: 2",
        "dropped",
    ),
    "a channel that is not finite": (
        with_data(lambda d: d.__setitem__((0, 99), np.nan)),
        {"kept": 4},
        "not finite: 1",
        "dropped",
    ),
    "units that are not the file's": (
        table(CHANNELS, lambda t: t.assign(units="V")),
        {"kept": 5},
        "11 channels are in V by channels.tsv, in µV by the data file",
        "quality",
    ),
    "swapped cut-offs": (
        table(CHANNELS, lambda t: t.assign(low_cutoff=0, high_cutoff=0.15)),
        {"kept": 5},
        "cutoff of 11 channels look swapped",
        "quality",
    ),
    "a byte-order mark": (
        lambda r: (r / CHANNELS).write_bytes(b"\xef\xbb\xbf" + (r / CHANNELS).read_bytes()),
        {"kept": 5},
        None,
        None,
    ),
    "signals in the wrong unit": (
        with_data(lambda d: d.__imul__(1e-6)),
        {},
        "check the unit of the data file",
        "quality",
    ),
}


@pytest.mark.parametrize("what", WARNINGS)
def test_repaired_and_counted(dataset, tmp_path, caplog, what):
    corrupt, expected, words, where = WARNINGS[what]
    right = everything(dataset, tmp_path / "right")
    corrupt(dataset)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "fusion"):
        electrodes, quality, responses = everything(dataset, tmp_path / "broken")
    assert {key: quality[key] for key in expected or {}} == (expected or {})
    if where == "log":
        assert words in caplog.text
    elif where:
        assert words in quality["warnings" if where == "quality" else where]
        assert where != "quality" or words.split(";")[0] in caplog.text
    # whatever is left is what the right dataset gives
    if what not in ("no ieeg.json", "no line frequency", "signals in the wrong unit"):
        both = [e for e in responses["electrode"].values if e in right[2]["electrode"].values]
        a, b = (d["response"].sel(electrode=both).values for d in (responses, right[2]))
        assert np.abs(a - b).max() < 0.05  # µV; int16 steps are 0.01
    if what == "positions in metres":
        assert electrodes.loc["A2", "x"] == pytest.approx(21.5)


def test_events_lost_to_a_shorter_recording_are_counted(dataset, tmp_path):
    cut(EEG, 22 * 256 * 20)(dataset)
    info(INFO, RecordingDuration=20)(dataset)
    _, _, responses = everything(dataset, tmp_path)
    assert list(responses["event"].values) == ["w00000", "w00001", "w00002", "w00003"]
    assert json.loads(responses.attrs["dropped"]) == {"not on the film's clock": 1}


def test_there_are_enough_corruptions():
    assert len(ERRORS) + len(WARNINGS) >= 25


def test_the_log_holds_one_line_and_no_traceback(dataset, tmp_path):
    cut(EEG, 10_001)(dataset)
    made = running.design(dataset)
    log = tmp_path / "log"
    with pytest.raises(AssertionError, match="preprocess ended with 1"):
        running.preprocess(made, tmp_path, process=True, log=log)
    said = log.read_text().strip().splitlines()
    assert len(said) == 1
    assert re.search(
        r"ERROR .*_ieeg\.eeg: found 10001 bytes; expected a multiple of 22 bytes", said[0]
    )
