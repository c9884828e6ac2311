"""What datasets in the field hold, one test a kind: rates, units, labels, spaces, parts, formats,
truncated files, links without content.
"""

import json
import subprocess
import sys

import mne
import numpy as np
import pandas as pd
import paused
import pytest
import running
from helpers.scripts import REPOSITORY

from fusion.design.recordings import recordings
from fusion.ieeg import recording, units
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv

SFREQ, SECONDS = 256, 60
NAMES = [f"A{k}" for k in range(1, 6)] + [f"B{k}" for k in range(1, 5)]
STEM = "sub-01_task-film"
FILM = {"rule": "first_event", "value": "film"}
PLAIN = {"reference": "none", "high_pass_hz": False, "line_freq_hz": 1000}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    return np.cumsum(rng.normal(0, 3, (len(NAMES), SECONDS * SFREQ)), axis=1) / 3 + rng.normal(
        0, 20, (len(NAMES), SECONDS * SFREQ)
    )


def write(root, kind, data, names=NAMES, sfreq=SFREQ, stem=STEM, describe=None, **options):
    place = root / "sub-01/ieeg"
    paused.describe(place, stem, names, sfreq, **(describe or {}))
    path = place / f"{stem}_ieeg.{kind}"
    paused.WRITERS[kind](path, [(0.0, data)], list(names), sfreq, **options)
    return path


def preprocess(root, results="results", **ieeg):
    made = running.design(root, film_zero=FILM, ieeg={**PLAIN, **ieeg})
    return running.preprocess(made, root.parent / results)


def clean(done):
    raw = mne.io.read_raw_brainvision(done.vhdr, verbose="error")
    return dict(zip(raw.ch_names, raw.get_data() * 1e6, strict=True))


def warned(done):
    return str(read_tsv(done.quality)["warnings"].iloc[0])


# ---- rates
def test_a_sampling_interval_in_whole_microseconds_is_not_the_rate(tmp_path, data):
    path = write(tmp_path / "bids", "vhdr", data, sfreq=2048)
    text = path.read_text()
    line = next(row for row in text.splitlines() if row.startswith("SamplingInterval"))
    path.write_text(text.replace(line, "SamplingInterval=488"))
    done = preprocess(tmp_path / "bids")
    assert read_tsv(done.quality)["sfreq_hz"].iloc[0] == 2048
    assert "rounds its sampling interval (2049.18 Hz): 2048 Hz by ieeg.json" in warned(done)


def test_a_rounded_sidecar_does_not_win_over_the_file(tmp_path, data):
    info = {"SamplingFrequency": 512}
    path = write(tmp_path / "bids", "vhdr", data, sfreq=512, describe={"info": info})
    text = path.read_text()
    line = next(row for row in text.splitlines() if row.startswith("SamplingInterval"))
    path.write_text(text.replace(line, f"SamplingInterval={1e6 / 512.0325!r}"))
    done = preprocess(tmp_path / "bids")
    assert read_tsv(done.quality)["sfreq_hz"].iloc[0] == pytest.approx(512.0325)
    assert "ieeg.json rounds the sampling rate" in warned(done)


def test_rates_that_drift_apart_without_a_reason_are_an_error(tmp_path, data):
    info = {"SamplingFrequency": 256.2}
    write(tmp_path / "bids", "vhdr", data, describe={"info": info})
    with pytest.raises(InputError, match=r"256 Hz in the data file and 256.2 Hz in ieeg.json"):
        preprocess(tmp_path / "bids")


def test_a_config_against_the_sidecar_s_line_frequency_is_said(tmp_path, data):
    write(tmp_path / "bids", "vhdr", data)
    done = preprocess(tmp_path / "bids", line_freq_hz=60)
    assert "60 Hz by the config is used, ieeg.json says 50 Hz" in warned(done)


def test_counts_and_reference_of_the_sidecar_are_compared(tmp_path, data):
    info = {"SEEGChannelCount": 12, "iEEGReference": "common average", "RecordingDuration": 600}
    write(tmp_path / "bids", "edf", data, describe={"info": info})
    said = warned(preprocess(tmp_path / "bids"))
    assert "SEEGChannelCount is 12 in ieeg.json, channels.tsv has 9" in said
    assert "re-referenced already" in said
    assert "540 s shorter than ieeg.json says" in said


# ---- units
ODD = {"blank": "", "dotted": ".V", "capitals": "UV", "UTF-8": "μV".encode(), "nonsense": "??"}


@pytest.mark.parametrize("unit", ODD.values(), ids=ODD)
def test_odd_units_are_judged_channel_by_channel(tmp_path, data, unit):
    write(tmp_path / "bids", "edf", data, units=["uV"] * 5 + [unit] * 4)
    done = preprocess(tmp_path / "bids")
    got = clean(done)
    for name, x in zip(NAMES, data, strict=True):
        assert np.std(got[name]) == pytest.approx(np.std(x), rel=0.01)
    assert ("judged: 4 as µV" in warned(done)) == (unit != "μV".encode())


def test_a_channel_in_millivolts_beside_others_without_a_unit(tmp_path, data):
    scaled = data.copy()
    scaled[5:] *= 1e-3  # numbers of a recorder that writes millivolts and does not say so
    write(tmp_path / "bids", "edf", scaled, units=["uV"] * 5 + [""] * 4, limit=300.0)
    place = tmp_path / "bids/sub-01/ieeg" / f"{STEM}_channels.tsv"
    table = pd.read_csv(place, sep="\t", keep_default_na=False).assign(units="n/a")
    table.to_csv(place, sep="\t", index=False)
    done = preprocess(tmp_path / "bids")
    assert "judged: 4 as mV" in warned(done)
    assert np.std(clean(done)["B2"]) == pytest.approx(np.std(data[6]), rel=0.05)


def test_units_that_nothing_tells_are_refused_until_a_key_settles_them(tmp_path, data):
    write(tmp_path / "bids", "edf", data, units=".V", describe={"units": "n/a"})
    with pytest.raises(InputError, match=r"A1 \('\.V'\), .*B4 .*ieeg\.units"):
        preprocess(tmp_path / "bids")
    got = clean(preprocess(tmp_path / "bids", units="µV"))
    assert np.std(got["A1"]) == pytest.approx(np.std(data[0]), rel=0.01)


def test_units_of_all_channels_by_channels_tsv_where_plausible(tmp_path, data):
    write(tmp_path / "bids", "edf", data, units=".V")
    done = preprocess(tmp_path / "bids")
    assert "judged: 9 as µV" in warned(done)
    assert np.std(clean(done)["A1"]) == pytest.approx(np.std(data[0]), rel=0.01)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("uV", "µV"), ("\u03bcV", "µV"), ("Microvolts", "µV"), (" mV ", "mV"), ("V", "V")]
    + [(odd, None) for odd in ("UV", ".V", "", "n/a", "MV", "C", "µS")],
)
def test_units_are_known_by_their_spelling(text, unit):
    assert units.known(text) == unit


# ---- labels
@pytest.mark.parametrize("kind", ["edf", "vhdr"])
def test_labels_that_stand_twice_are_listed(tmp_path, data, kind):
    labels = ["A1", "A2", "A3", "A3", "A5", "B1", "B1", "B3", "B4"]
    path = write(tmp_path / "bids", kind, data)
    if kind == "vhdr":
        text = path.read_text().replace("Ch4=A4,", "Ch4=A3,").replace("Ch7=B2,", "Ch7=B1,")
        path.write_text(text)
    else:
        paused.edf(path, [(0.0, data)], labels, SFREQ)
    place = tmp_path / "bids/sub-01/ieeg" / f"{STEM}_channels.tsv"
    named = ["A1", "A2", "A3-0", "A3-1", "A5", "B1-0", "B1-1", "B3", "B4"]
    table = pd.read_csv(place, sep="\t", keep_default_na=False).assign(name=named)
    table.to_csv(place, sep="\t", index=False)
    with pytest.raises(InputError, match=r"channel labels: found 'A3' 2 times, 'B1' 2 times"):
        preprocess(tmp_path / "bids")


def test_labels_that_stand_twice_beside_the_brain_are_only_said(tmp_path, data):
    more = np.concatenate([data, data[:2]])
    names = [*NAMES, "X", "X"]
    path = write(tmp_path / "bids", "edf", data)
    paused.edf(path, [(0.0, more)], names, SFREQ)
    done = preprocess(tmp_path / "bids")
    assert "labels that stand more than once in the data file: X" in warned(done)
    assert read_tsv(done.quality)["kept"].iloc[0] == 9


def test_all_channels_that_stand_twice_in_the_table_are_listed(tmp_path, data):
    write(tmp_path / "bids", "vhdr", data)
    place = tmp_path / "bids/sub-01/ieeg" / f"{STEM}_channels.tsv"
    lines = place.read_text().splitlines()
    place.write_text("\n".join([*lines, lines[1], lines[4]]) + "\n")
    with pytest.raises(InputError, match="'A1', 'A4' twice"):
        preprocess(tmp_path / "bids")


# ---- spaces
MNI = "MNI152NLin2009bAsym"


def spaces(root, data, tables, systems):
    write(root, "vhdr", data, describe={"positions": False})
    place = root / "sub-01/ieeg"
    for label, x in tables.items():
        table = pd.DataFrame({"name": NAMES, "x": x + np.arange(9), "y": -30.0, "z": 12.0})
        path = place / f"sub-01{label}_electrodes.tsv"
        table.assign(size="n/a").to_csv(path, sep="\t", index=False)
    for label, system in systems.items():
        (place / f"sub-01{label}_coordsystem.json").write_text(
            json.dumps({"iEEGCoordinateUnits": "mm"} | system)
        )


def place_of(root, **ieeg):
    done = preprocess(root, **ieeg)
    row = read_tsv(done.electrodes).iloc[0]
    return row["space"], row["x"]


def test_other_in_the_sidecar_leaves_the_name_of_the_file(tmp_path, data):
    root = tmp_path / "bids"
    other = {"iEEGCoordinateSystem": "Other"}
    spaces(root, data, {"_space-individual": 120.0, f"_space-{MNI}": 20.0}, {
        "_space-individual": other, f"_space-{MNI}": other})  # fmt: skip
    assert place_of(root) == (MNI, 20.0)
    assert place_of(root, space="individual") == ("individual", 120.0)


def test_a_sidecar_without_a_space_belongs_to_the_table_of_the_space_it_names(tmp_path, data):
    root = tmp_path / "bids"
    spaces(root, data, {"_space-ACPC": 120.0, "_space-MNI152Lin": 20.0}, {
        "": {"iEEGCoordinateSystem": "MNI152Lin"}})  # fmt: skip
    assert place_of(root) == ("MNI152Lin", 20.0)
    assert place_of(root, space="ACPC") == ("ACPC", 120.0)


def test_two_names_of_one_space_are_an_error(tmp_path, data):
    root = tmp_path / "bids"
    spaces(root, data, {"_space-ACPC": 20.0}, {
        "_space-ACPC": {"iEEGCoordinateSystem": "MNI152Lin"}})  # fmt: skip
    with pytest.raises(InputError, match=r"ACPC in the file's name and MNI152Lin in coordsystem"):
        preprocess(root)


def test_spelled_units_of_positions(tmp_path, data):
    root = tmp_path / "bids"
    spaces(root, data, {"_space-MNI152Lin": 2.0}, {
        "_space-MNI152Lin": {"iEEGCoordinateSystem": "MNI152Lin",
                             "iEEGCoordinateUnits": "centimetres"}})  # fmt: skip
    assert place_of(root) == ("MNI152Lin", 20.0)


# ---- operations on one contact
def test_an_average_of_one_contact_is_no_signal(tmp_path, data):
    write(tmp_path / "bids", "vhdr", data)
    place = tmp_path / "bids/sub-01/ieeg" / f"{STEM}_channels.tsv"
    table = pd.read_csv(place, sep="\t", keep_default_na=False)
    table["status"] = ["good"] + ["bad"] * 8
    table.to_csv(place, sep="\t", index=False)
    with pytest.raises(InputError, match="1 average of a single contact"):
        preprocess(tmp_path / "bids", reference="average")


def test_pairs_and_references_that_are_no_signal_are_dropped_and_counted(tmp_path, data):
    names = ["A1-A2", "A3-A3", "B1", "B2", "B3", "B4", "B5", "B6", "B7"]
    write(tmp_path / "bids", "vhdr", data, names=names)
    place = tmp_path / "bids/sub-01/ieeg" / f"{STEM}_channels.tsv"
    table = pd.read_csv(place, sep="\t", keep_default_na=False)
    table["reference"] = ["n/a", "n/a", "B7", "B6", "n/a", "n/a", "n/a", "n/a", "B7"]
    table.loc[table["name"] == "B6", "status"] = "bad"
    table.to_csv(place, sep="\t", index=False)
    found = read_tsv(preprocess(tmp_path / "bids").electrodes).set_index("electrode")["reason"]
    assert found["A3-A3"] == "a contact against itself"
    assert found["B2"] == "bad reference: B6"
    assert found["B7"] == "the reference itself"
    assert found[["A1-A2", "B1", "B3"]].isna().all()


def test_one_contact_spelled_twice_is_not_paired_with_itself(tmp_path, data):
    names = ["A1", "A01", "A2", "A3", "A4", "A5", "B1", "B2", "B3"]
    write(tmp_path / "bids", "vhdr", data, names=names)
    done = preprocess(tmp_path / "bids", reference="bipolar")
    kept = read_tsv(done.channels)["name"].tolist()
    assert kept == ["A1-A2", "A2-A3", "A3-A4", "A4-A5", "B1-B2", "B2-B3"]
    found = read_tsv(done.electrodes).set_index("electrode")["reason"]
    assert found["A01"] == "the same contact as A1"


# ---- one recording, all its files, whole
def test_a_split_fif_recording_is_one(tmp_path):
    rng = np.random.default_rng(0)
    data = rng.normal(0, 20, (len(NAMES), 1024 * 80))
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, 1024.0)
    raw = mne.io.RawArray(data * 1e-6, mne.create_info(NAMES, 1024.0, "seeg"), verbose="error")
    path = place / f"{STEM}_ieeg.fif"
    raw.save(path, split_size="2MB", split_naming="bids", buffer_size_sec=2, verbose="error")
    assert len(list(place.glob("*split-*.fif"))) > 1
    made = running.design(tmp_path / "bids", film_zero=FILM, ieeg=PLAIN)
    assert list(made.study.recordings) == [STEM]
    (row,) = made.study.recordings.values()
    assert len(row.parts) == len(list(place.glob("*split-*.fif")))
    done = running.preprocess(made, tmp_path / "results")
    assert read_tsv(done.quality)["duration_s"].iloc[0] == 80
    assert np.abs(clean(done)["B4"] - data[-1]).max() < 0.01
    (place / f"{STEM}_split-02_ieeg.fif").unlink()
    with pytest.raises(InputError, match="split"):
        running.preprocess(running.design(tmp_path / "bids", film_zero=FILM), tmp_path / "again")


def test_parts_of_other_formats_are_one_recording_with_a_seam(tmp_path, data):
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    half = data.shape[1] // 2
    for k, part in enumerate((data[:, :half], data[:, half:]), 1):
        path = place / f"{STEM}_split-0{k}_ieeg.vhdr"
        paused.vhdr(path, [(0.0, part)], NAMES, SFREQ)
        vmrk = path.with_suffix(".vmrk")
        # the second part began 10 s after the first ended
        text = vmrk.read_text().replace("20200101120000", f"202001011200{(k - 1) * 40:02d}")
        vmrk.write_text(text)
    row = read_tsv(preprocess(tmp_path / "bids").quality).iloc[0]
    assert (row["segments"], row["duration_s"], row["lost_s"]) == (2, 60, 10)


def test_two_formats_of_one_recording_are_an_error(tmp_path, data):
    write(tmp_path / "bids", "vhdr", data)
    write(tmp_path / "bids", "edf", data)
    with pytest.raises(InputError, match=rf"{STEM}_ieeg.edf and {STEM}_ieeg.vhdr"):
        running.design(tmp_path / "bids")


@pytest.mark.parametrize(
    ("kind", "names"),
    [("set", {".fdt"}), ("vhdr", {".eeg", ".vmrk"}), ("mefd", {".tmet", ".tidx", ".tdat"})],
)
def test_companions_are_inputs(tmp_path, data, kind, names):
    write(tmp_path / "bids", kind, data)
    made = running.design(tmp_path / "bids")
    given = made.preprocess.inputs(recording=STEM)["companions"]
    assert {"." + path.rsplit(".", 1)[1] for path in given} == names


def test_an_edf_file_cut_short_is_an_error(tmp_path, data):
    path = write(tmp_path / "bids", "edf", data[:, : SFREQ * 40], promise=4 * 70)
    with pytest.raises(InputError, match="160 whole records; expected 280 records"):
        preprocess(tmp_path / "bids")
    assert path.exists()


@pytest.mark.parametrize("kind", ["set", "nwb", "bdf"])
def test_a_file_cut_short_is_an_error_in_every_format(tmp_path, data, kind):
    path = write(tmp_path / "bids", kind, data)
    cut = path.with_suffix({"set": ".fdt"}.get(kind, path.suffix))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 6 // 10])
    with pytest.raises(InputError):
        preprocess(tmp_path / "bids")


@pytest.mark.parametrize("how", ["link", "pointer"])
def test_a_file_of_git_annex_without_content_is_named_with_the_command(tmp_path, data, how):
    path = write(tmp_path / "bids", "edf", data)
    path.unlink()
    if how == "link":
        path.symlink_to("../../.git/annex/objects/x/y")
    else:
        path.write_text("/annex/objects/MD5E-s62914560--d41d8cd98f00b204e9800998ecf8427e.edf\n")
    with pytest.raises(InputError, match=rf"datalad get sub-01/ieeg/{STEM}_ieeg.edf"):
        running.design(tmp_path / "bids")


# ---- formats
def test_nwb_series_side_by_side_and_of_another_rate(tmp_path):
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.ecephys import ElectricalSeries

    rng = np.random.default_rng(2)
    file = NWBFile("film", "film", paused.START)
    device = file.create_device(name="amplifier")
    group = file.create_electrode_group(name="A", description="depth", location="x", device=device)
    file.add_electrode_column(name="label", description="contact")
    names = ["A1", "A2", "B1", "B2", "MIC"]
    for name in names:
        file.add_electrode(location="x", group=group, label=name)
    parts = {"a": ([0, 1], 500.0), "b": ([3, 2], 500.0), "sound": ([4], 2000.0)}
    data = {}
    for name, (rows, rate) in parts.items():
        data[name] = rng.normal(0, 30e-6, (int(rate * 20), len(rows)))
        region = file.create_electrode_table_region(region=rows, description="x")
        file.add_acquisition(
            ElectricalSeries(name=name, data=data[name], electrodes=region, rate=rate)
        )
    path = tmp_path / "x.nwb"
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    opened = recording.open_recording([str(path)], ["A1", "A2", "B1", "B2"], {})
    assert (opened.names, opened.sfreq) == (["A1", "A2", "B2", "B1"], 500.0)
    assert np.allclose(
        opened.read([3, 0], 100, 200), [data["b"][100:200, 1], data["a"][100:200, 0]]
    )
    assert "left out sound" in opened.notes[0]


def test_places_of_the_electrode_table_serve_where_no_other_are(tmp_path, data):
    write(tmp_path / "bids", "nwb", data, describe={"positions": False})
    done = preprocess(tmp_path / "bids")
    assert read_tsv(done.electrodes)["x"].tolist() == [10.0 + k for k in range(9)]
    assert "positions are those of the data file" in warned(done)


# ---- at -n
def test_the_dry_run_names_a_link_without_content(tmp_path, data):
    path = write(tmp_path / "bids", "edf", data)
    path.unlink()
    path.symlink_to("../../.git/annex/objects/x/y")
    config = tmp_path / "case.yaml"
    film = {"video": "film.mp4", "transcript": {"file": "w.tsv", "format": "words"}}
    for name in ("film.mp4", "w.tsv"):
        (tmp_path / "bids" / name).touch()
    given = {"dataset": "case", "source": "bids", "root": str(tmp_path / "bids")}
    config.write_text(json.dumps({**given, "models": ["slip"], "stimuli": {"film": film}}))
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", str(config)]
    done = subprocess.run(
        [*command, "-s", str(REPOSITORY / "Snakefile"), "-d", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "datalad get sub-01/ieeg" in done.stderr + done.stdout


# ---- what is listed
def test_the_recordings_listed_are_those_that_mne_bids_finds(tmp_path, data):
    import mne_bids

    root = tmp_path / "bids"
    for stem, kind in (
        ("sub-01_task-film", "vhdr"),
        ("sub-01_task-film_run-2", "edf"),
        ("sub-01_task-film_acq-HD", "set"),
        ("sub-01_task-rest", "nwb"),
    ):
        write(root, kind, data[:, :2000], stem=stem)
    found = mne_bids.find_matching_paths(
        root, datatypes="ieeg", extensions=[".vhdr", ".edf", ".set", ".nwb"]
    )
    ours = recordings(running.design(root).study.config, root)
    assert {row.ieeg for row in ours.values()} == {str(path.fpath) for path in found}
    for row in ours.values():
        given = mne_bids.get_entities_from_fname(row.ieeg)
        assert given["subject"] == row.subject
