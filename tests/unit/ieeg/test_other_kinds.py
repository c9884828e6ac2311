"""What other subjects and datasets of the same kinds hold: clocks that round, jitter and drift,
records of odd lengths, old and new structures, folders that are links, cells left blank.
"""

import h5py
import mne
import numpy as np
import pandas as pd
import paused
import pytest
import running

from fusion.ieeg import agreement, names, recording
from fusion.ieeg.segments import jumps, segments
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv

SFREQ, SECONDS = 256, 60
NAMES = [f"A{k}" for k in range(1, 6)]
STEM = "sub-01_task-film"
FILM = {"rule": "first_event", "value": "film"}
PAUSES = ((20.25, 31.5),)


@pytest.fixture(scope="module")
def data():
    """(n_channels, n_samples) µV."""
    return np.random.default_rng(3).normal(0, 30, (5, SECONDS * SFREQ))


@pytest.fixture(scope="module")
def pieces(data):
    return paused.pieces_of(data, SFREQ, PAUSES)


def found_in(path):
    opened = recording.open_recording([str(path)], NAMES, {})
    return opened, segments(opened.samples, opened.sfreq, opened.seams)


def preprocess(root, results="results", **ieeg):
    made = running.design(root, film_zero=FILM, ieeg={"reference": "none", **ieeg})
    return running.preprocess(made, root.parent / results)


# ---- clocks
def test_jumps_are_told_from_jitter_and_drift():
    rng = np.random.default_rng(0)
    stamps = 2e-6 * np.arange(4000) + rng.normal(0, 0.002, 4000)
    stamps[700] += 0.8  # one stamp that is wrong
    assert not jumps(stamps, 0.001).any()
    stamps[1500:] += 0.05
    stamps[1502:] += 3.0
    found = jumps(stamps, 0.001)
    assert np.flatnonzero(found).tolist() == [1500, 1502]
    assert found[[1500, 1502]] == pytest.approx([0.05, 3.0], abs=0.01)
    assert jumps(np.array([0.0, 0, -0.5, -0.5]), 0.01)[2] == -0.5
    # every stamp after a pause of its own
    assert (jumps(5.0 * np.arange(4), 0.001) == [0, 5, 5, 5]).all()


def test_time_stamps_of_edf_records_that_jitter_are_no_pauses(pieces, tmp_path):
    late = np.random.default_rng(0).normal(0, 0.003, 400)
    paused.edf(tmp_path / "x.edf", pieces, NAMES, SFREQ, late=late)
    _, found = found_in(tmp_path / "x.edf")
    assert found.onset_s == pytest.approx([0, 31.5], abs=0.01)


def test_time_stamps_of_edf_records_that_drift_are_said(data, tmp_path):
    paused.edf(tmp_path / "x.edf", [(0.0, data)], NAMES, SFREQ, late=0.0004 * np.arange(400))
    opened, found = found_in(tmp_path / "x.edf")
    assert len(found) == 1
    assert "drift by 0.0956 s against the sampling rate" in opened.notes[0]


def test_stamps_that_stand_still_count_in_a_discontinuous_file_only(data, tmp_path):
    still = {"late": -0.25 * np.arange(400)}
    paused.edf(tmp_path / "c.edf", [(0.0, data)], NAMES, SFREQ, kind="+C", **still)
    opened, found = found_in(tmp_path / "c.edf")
    assert len(found) == 1
    assert "do not rise" in opened.notes[0]
    paused.edf(tmp_path / "d.edf", [(0.0, data)], NAMES, SFREQ, **still)
    with pytest.raises(InputError, match="record 2: found a record that begins at 0 s"):
        found_in(tmp_path / "d.edf")


@pytest.mark.parametrize(("rate", "record"), [(250, "0.1"), (500, "0.1"), (512, "0.125")])
def test_edf_records_of_odd_lengths(data, tmp_path, rate, record):
    pauses = ((10.0, 21.5),)
    pieces = paused.pieces_of(data[:, : rate * 30], rate, pauses)
    paused.edf(tmp_path / "x.edf", pieces, NAMES, rate, record=record)
    opened, found = found_in(tmp_path / "x.edf")
    assert opened.sfreq == rate
    assert found.onset_s == pytest.approx([0, 21.5], abs=1e-6)
    joined = np.concatenate([part for _, part in pieces], axis=1)[:, : opened.samples]
    assert np.abs(opened.read([2], 0, opened.samples) * 1e6 - joined[2]).max() < 0.1


def rate_of(path, said, hours=2):
    """Return the rate of a recording of some hours whose sidecar says ``said`` Hz."""
    opened = recording.open_recording([str(path)], NAMES, {})
    opened.samples = round(hours * 3600 * opened.sfreq)
    return agreement.rate(opened, {"SamplingFrequency": said}, {})


def test_the_length_of_an_edf_record_has_eight_digits(data, tmp_path):
    """26 samples at 512 Hz last 0.05078125 s, which a header can only round."""
    path = tmp_path / "x.edf"
    paused.edf(path, [(0.0, data)], NAMES, 512, record="0.050781")
    sfreq, notes = rate_of(path, 512)
    assert sfreq == 512
    assert "512 Hz by ieeg.json is used" in notes[0]
    with pytest.raises(InputError, match=r"512.1 Hz in ieeg.json"):
        rate_of(path, 512.1)


@pytest.mark.parametrize("interval", ["1953", "1953.1", "1953.12", "1953.13"])
def test_a_sampling_interval_with_digits_left_out(data, tmp_path, interval):
    path = tmp_path / "x.vhdr"
    paused.vhdr(path, [(0.0, data)], NAMES, 512)
    text = path.read_text()
    line = next(row for row in text.splitlines() if row.startswith("SamplingInterval"))
    path.write_text(text.replace(line, f"SamplingInterval={interval}"))
    assert rate_of(path, 512)[0] == 512
    with pytest.raises(InputError, match="Hz in ieeg.json"):
        rate_of(path, 513.3)


def test_pauses_are_measured_at_the_exact_rate(data, tmp_path):
    """An interval of 488 µs makes a minute at 2048 Hz 35 ms too short, and a pause too long."""
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, 2048.0)
    path, rate = place / f"{STEM}_ieeg.vhdr", 2048
    long = np.tile(data, 10)[:, : 70 * rate]
    pauses = ((20.0, 25.0), (50.0, 60.0))
    paused.vhdr(path, paused.pieces_of(long, rate, pauses), NAMES, rate)
    text = path.read_text()
    line = next(row for row in text.splitlines() if row.startswith("SamplingInterval"))
    path.write_text(text.replace(line, "SamplingInterval=488"))
    done = preprocess(tmp_path / "bids", high_pass_hz=False)
    assert read_tsv(done.segments)["onset_s"].to_numpy() == pytest.approx([0, 25, 60], abs=1e-5)


def test_a_pause_in_the_file_and_in_events_counts_once(pieces, tmp_path):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", pieces, NAMES, SFREQ)
    events = place / f"{STEM}_events.tsv"
    events.write_text(events.read_text() + "20.24\t11.26\tboundary\n")  # 20.25, rounded
    row = read_tsv(preprocess(tmp_path / "bids").quality).iloc[0]
    assert (row["segments"], row["lost_s"]) == (2, 11.25)


def test_dates_of_segments_in_whole_seconds(data, tmp_path):
    """A pause from 20.7 to 20.9 s after a start at 12:00:00.9: the dates say 12:00:00 and :20."""
    path = tmp_path / "x.vhdr"
    paused.vhdr(path, [(0.0, data[:, :5299]), (20.9, data[:, 5299:])], NAMES, SFREQ)
    vmrk = path.with_suffix(".vmrk")
    text = vmrk.read_text().replace("20200101120020900000", "20200101120020000000")
    vmrk.write_text(text)
    opened, found = found_in(path)
    assert (len(found), found.lost_s) == (2, 0)
    assert "whole seconds" in opened.notes[0]


def test_rows_of_film_that_are_rounded_follow_on_each_other(data, tmp_path):
    """Three stretches of film in hundredths of a second, and a pause before the last."""
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    rows = ["onset\tduration\ttrial_type\tfilm_s"]
    rows += [f"{on}\t{for_s}\tfilm\t{at}" for on, for_s, at in (
        ("2.00", "10.33", "0.00"), ("12.34", "10.33", "10.34"), ("22.66", "10.34", "20.66"),
        ("34.01", "10.00", "31.01"))]  # fmt: skip
    (place / f"{STEM}_events.tsv").write_text("\n".join(rows) + "\n")
    made = running.design(tmp_path / "bids", film_zero={"rule": "film_events"})
    clock = read_tsv(running.preprocess(made, tmp_path / "results").clock)
    assert clock["segment"].tolist() == [0, 0, 0, 0, 1, 1]
    assert clock["recording_s"].iloc[-2] - clock["film_s"].iloc[-2] == pytest.approx(3.0)


# ---- formats
@pytest.mark.parametrize("lost", [np.nan, 0.0, []])
def test_boundaries_of_eeglab_whose_length_is_not_known(pieces, tmp_path, lost):
    paused.eeglab(tmp_path / "x.set", pieces, NAMES, SFREQ, lost=lost)
    _, found = found_in(tmp_path / "x.set")
    assert found.first.tolist() == [0, pieces[0][1].shape[1]]
    assert (found.unknown, found.lost_s) == (1, 0)


@pytest.mark.parametrize("kind", ["set", "nwb"])
def test_channels_in_another_unit_than_the_format_has(data, tmp_path, kind):
    """The table says mV of two channels, rightly; and V of one of EEGLAB, wrongly."""
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(
        place, STEM, NAMES, SFREQ, units=["µV", "mV", "mV", "µV", "V" if kind == "set" else "µV"]
    )
    scaled = data * np.array([1, 1e-3, 1e-3, 1, 1])[:, None]
    if kind == "nwb":
        gain = np.arange(1.0, 6)[:, None]  # what the file calls volts are µV
        paused.nwb(place / f"{STEM}_ieeg.nwb", [(0.0, scaled * gain)], NAMES, SFREQ, conversion=1.0)
        path = place / f"{STEM}_ieeg.nwb"
        with h5py.File(path, "r+") as file:
            file["acquisition/ieeg0/channel_conversion"][:] = 1.0
            file["acquisition/ieeg0/data"][:] = scaled.T
    else:
        paused.eeglab(place / f"{STEM}_ieeg.set", [(0.0, scaled)], NAMES, SFREQ)
    done = preprocess(tmp_path / "bids", high_pass_hz=False, line_freq_hz=1000)
    got = mne.io.read_raw_brainvision(done.vhdr, verbose="error").get_data() * 1e6
    assert np.std(got, axis=1) == pytest.approx(np.std(data, axis=1), rel=0.01)
    assert "judged" in read_tsv(done.quality)["warnings"].iloc[0]


@pytest.mark.parametrize("given", [{"fields": True}, {"boundary": -99}, {"boundary": "Boundary"}])
def test_structures_of_eeglab_old_and_new(pieces, tmp_path, given):
    paused.eeglab(tmp_path / "x.set", pieces, NAMES, SFREQ, **given)
    opened, found = found_in(tmp_path / "x.set")
    assert found.onset_s == pytest.approx([0, 31.5], abs=1e-3)
    assert np.abs(opened.read([4], 0, 100) * 1e6 - pieces[0][1][4, :100]).max() < 1e-3


def test_a_set_file_of_matlab_7_3(pieces, tmp_path):
    paused.eeglab_h5(tmp_path / "x.set", pieces, NAMES, SFREQ)
    opened, found = found_in(tmp_path / "x.set")
    assert (opened.names, opened.sfreq) == (NAMES, SFREQ)
    assert found.onset_s == pytest.approx([0, 31.5], abs=1e-3)
    assert np.abs(opened.read([4], 0, 100) * 1e6 - pieces[0][1][4, :100]).max() < 1e-3


@pytest.mark.parametrize("jitter", [0.3, 1.2])
def test_timestamps_of_nwb_that_jitter(pieces, tmp_path, jitter):
    rng = np.random.default_rng(0)

    def shaken(at):
        return at + rng.uniform(-jitter, jitter, len(at)) / SFREQ

    path = tmp_path / "x.nwb"
    paused.nwb(path, pieces, NAMES, SFREQ, timestamps=True, jitter=shaken)
    opened, found = found_in(path)
    assert opened.sfreq == pytest.approx(SFREQ, rel=1e-3)
    assert found.onset_s == pytest.approx([0, 31.5], abs=0.02)


def test_timestamps_of_nwb_in_float32(pieces, tmp_path):
    """Beyond 9 h a step of 1/256 s is the distance of two float32 numbers."""
    path = tmp_path / "x.nwb"
    paused.nwb(
        path, pieces, NAMES, SFREQ, timestamps=True, starts_at=35_000.0,
        jitter=lambda at: at.astype(np.float32),
    )  # fmt: skip
    opened, found = found_in(path)
    assert opened.sfreq == SFREQ
    assert found.onset_s == pytest.approx([0, 31.5], abs=0.01)


@pytest.mark.parametrize("side_by_side", [True, False])
def test_series_of_nwb_with_timestamps_each(data, tmp_path, side_by_side):
    """A rate that is no whole number is measured of each series, with other last digits."""
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries

    rate, rng = 255.9071, np.random.default_rng(0)
    file = NWBFile("film", "film", paused.START)
    device = file.create_device(name="amplifier")
    group = file.create_electrode_group(name="A", description="depth", location="x", device=device)
    file.add_electrode_column(name="label", description="contact")
    for name in NAMES:
        file.add_electrode(location="x", group=group, label=name)
    half = 9000
    parts = ([0, 1, 2], [3, 4]) if side_by_side else ([0, 1, 2, 3, 4],) * 2
    for k, rows in enumerate(parts):
        late = k * (half / rate + 11.5) * (not side_by_side)
        region = file.create_electrode_table_region(region=rows, description="x")
        stamps = late + np.arange(half) / rate + rng.normal(0, 1e-4, half)
        series = {"data": data[rows, :half].T * 1e-6, "electrodes": region, "timestamps": stamps}
        file.add_acquisition(ElectricalSeries(name=f"s{k}", **series))
    with NWBHDF5IO(str(tmp_path / "x.nwb"), "w") as io:
        io.write(file)
    opened, found = found_in(tmp_path / "x.nwb")
    assert (sorted(opened.names), opened.notes) == (NAMES, [])
    assert opened.sfreq == pytest.approx(rate, rel=1e-5)
    starts = [0.0] if side_by_side else [0, half / rate + 11.5]
    assert found.onset_s == pytest.approx(starts, abs=2e-3)


def test_a_series_of_nwb_in_a_processing_module(pieces, tmp_path):
    paused.nwb(tmp_path / "x.nwb", pieces, NAMES, SFREQ, processed=True)
    opened, found = found_in(tmp_path / "x.nwb")
    assert (opened.names, opened.sfreq) == (NAMES, SFREQ)
    assert found.onset_s == pytest.approx([0, 31.5], abs=1e-3)


def test_channels_of_mef3_whose_times_are_rounded_each(pieces, tmp_path):
    paused.mefd(tmp_path / "a.mefd", pieces, NAMES, SFREQ, late_us=300)
    _, found = found_in(tmp_path / "a.mefd")
    assert found.onset_s == pytest.approx([0, 31.5], abs=1e-3)
    paused.mefd(tmp_path / "b.mefd", pieces, NAMES, SFREQ, late_us=30_000)
    with pytest.raises(InputError, match="pauses at different moments"):
        found_in(tmp_path / "b.mefd")


@pytest.mark.parametrize("dated", [True, False])
def test_skips_of_a_fif_file_that_begins_late(pieces, tmp_path, dated):
    path = tmp_path / "x_ieeg.fif"
    paused.fif(path, pieces, NAMES, SFREQ)
    raw = mne.io.read_raw_fif(path, preload=True, verbose="error").crop(7.0)
    raw.set_meas_date(paused.START if dated else None)
    raw.save(path, overwrite=True, verbose="error")
    opened, found = found_in(path)
    assert found.onset_s == pytest.approx([0, 24.5], abs=1e-3)
    assert opened.samples == SFREQ * (SECONDS - 7)


# ---- folders and names
def test_folders_that_are_links_are_listed(data, tmp_path):
    store = tmp_path / "store/sub-01/ses-a/ieeg"
    paused.describe(store, "sub-01_ses-a_task-film", NAMES, SFREQ, positions=False)
    paused.vhdr(store / "sub-01_ses-a_task-film_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    root = tmp_path / "bids"
    (root / "sub-01").mkdir(parents=True)
    (root / "sub-01/ses-a").symlink_to(store.parent)
    assert list(running.design(root).study.recordings) == ["sub-01_ses-a_task-film"]


@pytest.mark.parametrize("kind", ["edf", "bdf", "vhdr"])
def test_extensions_in_upper_case(data, tmp_path, kind):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    path = place / f"{STEM}_ieeg.{kind}"
    paused.WRITERS[kind](path, [(0.0, data)], NAMES, SFREQ)
    path.rename(path.with_suffix(path.suffix.upper()))
    if kind == "vhdr":
        with pytest.raises(InputError, match=r"extension .VHDR; expected .vhdr"):
            preprocess(tmp_path / "bids")
    else:
        assert read_tsv(preprocess(tmp_path / "bids").quality)["duration_s"].iloc[0] == SECONDS


@pytest.mark.parametrize(
    ("name", "neural"),
    [("PR", False), ("PR1", True), ("DC10", False), ("TRIG", False), ("SPO2", False), ("A1", True)]
    + [("EKGL", False), ("ECG1-ECG2", False), ("LOC", False), ("LOC3", True), ("A1-A2", True)],
)
def test_channels_beside_the_brain_by_name(name, neural):
    assert names.is_non_neural(name) != neural


def test_blank_cells_and_n_a_everywhere(data, tmp_path):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    path = place / f"{STEM}_channels.tsv"
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    for column in ("units", "sampling_frequency", "status", "low_cutoff"):
        table[column] = ["", "n/a", "", "n/a", ""]
    table["type"] = ["SEEG", "", "n/a", "seeg", " SEEG "]
    table["reference"] = "n/a"
    table.to_csv(path, sep="\t", index=False)
    done = preprocess(tmp_path / "bids")
    row = read_tsv(done.quality).iloc[0]
    assert row["kept"] == 3
    assert "2 channels have no type in channels.tsv and are left out" in row["warnings"]
    assert read_tsv(done.electrodes)["reason"].dropna().tolist() == ["type not given"] * 2


def test_numbers_of_a_sidecar_in_quotation_marks(data, tmp_path):
    place = tmp_path / "bids/sub-01/ieeg"
    info = {"PowerLineFrequency": "50", "SamplingFrequency": "250.0"}
    paused.describe(place, STEM, NAMES, SFREQ, info=info)
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    with pytest.raises(InputError, match=r"256 Hz in the data file and 250 Hz in ieeg.json"):
        preprocess(tmp_path / "bids")
    paused.describe(place, STEM, NAMES, SFREQ, info={**info, "SamplingFrequency": "256"})
    done = preprocess(tmp_path / "bids")
    assert read_tsv(done.quality)["line_freq_hz"].iloc[0] == 50


def test_labels_of_a_codepage_are_not_one(data, tmp_path):
    path = tmp_path / "x.vhdr"
    paused.vhdr(path, [(0.0, data)], NAMES, SFREQ)
    text = path.read_text().replace("Codepage=UTF-8", "Codepage=ANSI")
    text = text.replace("Ch1=A1", "Ch1=Ä1").replace("Ch2=A2", "Ch2=Ö1")
    path.write_bytes(text.encode("cp1252"))
    opened, _ = found_in(path)
    assert opened.names[:2] == ["Ä1", "Ö1"]


@pytest.mark.parametrize("written", ["EEG {}-Ref", "POL {}", "SEEG {}-AVG", "ECoG {} - ref"])
def test_what_amplifiers_write_around_a_name_is_not_the_name(data, tmp_path, written):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    labels = [written.format(name) for name in NAMES]
    paused.edf(place / f"{STEM}_ieeg.edf", [(0.0, data)], labels, SFREQ, kind="+C")
    assert read_tsv(preprocess(tmp_path / "bids").quality)["kept"].iloc[0] == len(NAMES)


def test_two_labels_of_one_contact_are_none():
    assert names.match(["A1", "A3"], ["POL A1", "EEG A1-Ref", "EEG A3-Ref"]) == {"A3": "EEG A3-Ref"}
    assert names.match(["A1", "POL A1"], ["POL A1", "A1"]) == {"A1": "A1", "POL A1": "POL A1"}
    assert names.match(["A1-A2"], ["A1-A2", "A1"]) == {"A1-A2": "A1-A2"}


def test_keys_and_sections_of_a_header_in_small_letters(pieces, tmp_path):
    path = tmp_path / "x.vhdr"
    paused.vhdr(path, pieces, NAMES, SFREQ)
    text = path.read_text()
    for key in ("DataFile", "MarkerFile", "NumberOfChannels", "SamplingInterval", "BinaryFormat"):
        text = text.replace(f"{key}=", f"{key.lower()}=")
    path.write_text(text)
    markers = path.with_suffix(".vmrk")
    markers.write_text(markers.read_text().replace("[Marker Infos]", "[Marker infos]"))
    assert found_in(path)[1].onset_s == pytest.approx([0, 31.5])
    path.write_text(text.replace("[Binary Infos]", "[Binary Infos]\nUseBigEndianOrder=YES"))
    with pytest.raises(InputError, match="UseBigEndianOrder: found YES"):
        found_in(path)


@pytest.mark.parametrize("wrong", [[1], [0, 1, 2, 3, 4]])
def test_a_unit_of_the_file_that_only_the_table_mends(data, tmp_path, wrong):
    """The header says mV, channels.tsv µV, and so does the amplitude."""
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    units = ["mV" if k in wrong else "uV" for k in range(len(NAMES))]
    paused.edf(place / f"{STEM}_ieeg.edf", [(0.0, data)], NAMES, SFREQ, units=units, kind="+C")
    done = preprocess(tmp_path / "bids", high_pass_hz=False)
    clean = recording.open_recording([done.vhdr], NAMES, {})
    size = clean.read([*range(5)], 0, clean.samples).std(axis=1) * 1e6
    assert size == pytest.approx(data.std(axis=1), rel=0.1)
    said = read_tsv(done.quality)["warnings"].iloc[0]
    assert f"{len(wrong)} channels have the unit of channels.tsv by their amplitude" in said


def test_a_unit_of_the_table_that_does_not_fit_is_only_said(data, tmp_path):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ, units="V")
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    done = preprocess(tmp_path / "bids", high_pass_hz=False)
    clean = recording.open_recording([done.vhdr], NAMES, {})
    size = clean.read([*range(5)], 0, clean.samples).std(axis=1) * 1e6
    assert size == pytest.approx(data.std(axis=1), rel=0.1)
    assert "in V by channels.tsv" in read_tsv(done.quality)["warnings"].iloc[0]


@pytest.mark.parametrize("where", ["task", "none"])
def test_a_coordsystem_that_is_named_otherwise_or_missing(data, tmp_path, where):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ, positions=False)
    paused.vhdr(place / f"{STEM}_ieeg.vhdr", [(0.0, data)], NAMES, SFREQ)
    table = pd.DataFrame({"name": NAMES, "x": 20.0, "y": -30.0, "z": [12, 13, 14, 15, "n/a"]})
    table.to_csv(place / "sub-01_space-MNI152Lin_electrodes.tsv", sep="\t", index=False)
    if where == "task":
        (place / "sub-01_task-film_coordsystem.json").write_text(
            '{"iEEGCoordinateSystem": "MNI152Lin", "iEEGCoordinateUnits": "mm"}'
        )
    row = read_tsv(preprocess(tmp_path / "bids").quality).iloc[0]
    assert (row["space"], row["with_position"]) == ("MNI152Lin", 4)
    assert "unit of the positions is not given, taken as mm" in row["warnings"]
