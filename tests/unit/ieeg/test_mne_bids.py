"""What mne-bids loses, line by line of the table in docs/recordings.md: why our own code stands."""

import ast

import mne
import mne_bids
import numpy as np
import paused
import pytest
from helpers.scripts import LIB, REPOSITORY

from fusion.design import codehash
from fusion.ieeg import names, positions, recording
from fusion.ieeg.segments import segments

SFREQ = 256
NAMES = [f"A{k}" for k in range(1, 6)]
STEM = "sub-01_task-film"
PAUSES = ((30.0, 41.0), (70.0, 78.0))


@pytest.fixture(scope="module")
def data():
    return np.random.default_rng(0).normal(0, 20, (5, 120 * SFREQ))


def read(root):
    where = mne_bids.BIDSPath(subject="01", task="film", datatype="ieeg", root=root)
    return mne_bids.read_raw_bids(where, verbose="error")


@pytest.mark.parametrize("kind", ["vhdr", "set", "edf"])
def test_pauses_are_lost(tmp_path, data, kind):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    path = paused.write(place / f"{STEM}_ieeg", kind, pieces, NAMES, SFREQ)
    raw = read(tmp_path)
    assert set(raw.annotations.description) == {"film"}
    assert raw.times[-1] < 102
    opened = recording.open_recording([str(path)], NAMES, {})
    found = segments(opened.samples, opened.sfreq, opened.seams)
    assert found.onset_s == pytest.approx([0, 41, 78], abs=1e-3)


def test_positions_in_several_spaces_are_lost(tmp_path, data):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    for part in ("electrodes.tsv", "coordsystem.json"):
        old = place / f"sub-01_{part}"
        for space in ("ACPC", "MNI152Lin"):
            text = old.read_text().replace("ACPC", space)
            (place / f"sub-01_space-{space}_{part}").write_text(text)
        old.unlink()
    paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, data)], NAMES, SFREQ)
    assert read(tmp_path).get_montage() is None
    given = [str(path) for path in place.iterdir()]
    assert positions.read_positions(given, "ACPC").table["x"].tolist() == [20, 21, 22, 23, 24]


def test_nwb_is_not_read(tmp_path, data):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.write(place / f"{STEM}_ieeg", "nwb", [(0.0, data)], NAMES, SFREQ)
    with pytest.raises(ValueError, match="no IO support"):
        read(tmp_path)


@pytest.mark.parametrize("labels", [[f"EEG {n}-Ref" for n in NAMES], NAMES[:4] + ["DC1"]])
def test_a_channel_that_only_one_of_two_sources_has_is_refused(tmp_path, data, labels):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.edf(place / f"{STEM}_ieeg.edf", [(0.0, data)], labels, SFREQ, kind="+C")
    with pytest.raises(RuntimeError, match="Channel mismatch"):
        read(tmp_path)
    assert set(NAMES[:4]) <= set(names.match(NAMES, labels))


def test_a_fault_in_a_sidecar_names_no_row(tmp_path, data):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, data)], NAMES, SFREQ)
    events = place / f"{STEM}_events.tsv"
    events.write_text(events.read_text() + "soon\t0\tfilm\n")
    with pytest.raises(ValueError) as caught:
        read(tmp_path)
    assert "events.tsv" not in str(caught.value)


def test_writing_rounds_onsets_and_drops_regions(tmp_path):
    raw = mne.io.RawArray(np.zeros((1, 2560)), mne.create_info(["A1"], 256.0, "seeg"))
    raw.info["line_freq"] = 50
    raw.set_annotations(mne.Annotations([3.2], [4.0], ["film"]))
    where = mne_bids.BIDSPath(subject="01", task="film", datatype="ieeg", root=tmp_path)
    mne_bids.write_raw_bids(raw, where, format="BrainVision", allow_preload=True, verbose="error")
    place = tmp_path / "sub-01/ieeg"
    assert "3.2\t" not in (place / f"{STEM}_events.tsv").read_text()
    assert "3.19921875" in (place / f"{STEM}_events.tsv").read_text()
    electrodes = next(place.glob("*electrodes.tsv")).read_text()
    assert "region" not in electrodes


def test_writing_puts_the_space_into_the_data_file_and_shares_tables(tmp_path):
    raw = mne.io.RawArray(np.zeros((1, 2560)), mne.create_info(["A1"], 256.0, "seeg"))
    raw.info["line_freq"] = 50
    place = mne.channels.make_dig_montage({"A1": [0.01, 0.02, 0.03]}, coord_frame="mni_tal")
    space = {"space": "MNI152NLin2009cAsym", "datatype": "ieeg", "root": tmp_path}
    where = mne_bids.BIDSPath(subject="01", task="film", **space)
    options = {"format": "BrainVision", "allow_preload": True, "verbose": "error"}
    written = mne_bids.write_raw_bids(raw, where, montage=place, **options)
    assert "_space-" in written.fpath.name
    first = (tmp_path / "participants.tsv").read_text()
    where = mne_bids.BIDSPath(subject="02", task="film", **space)
    mne_bids.write_raw_bids(raw, where, montage=place, **options)
    assert (tmp_path / "participants.tsv").read_text() != first


def test_mne_bids_is_imported_where_it_works_and_not_while_parsing():
    scripts = REPOSITORY / "workflow/scripts"
    users = [
        path.stem
        for path in scripts.glob("*.py")
        if any("mne_bids" in imports(file) for file in codehash.sources(path, LIB))
    ]
    assert set(users) >= {"recordings", "convert_treebank_dataset", "simulate"}
    assert not any("mne_bids" in imports(file) for file in (LIB / "fusion/design").glob("*.py"))


def imports(file):
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found
