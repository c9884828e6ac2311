"""Dandiset 000623: a miniature of its layout becomes a BIDS dataset with the film's clock."""

import datetime

import numpy as np
import pytest
import running
from helpers.runs import REPOSITORY
from helpers.scripts import design_for, run_script
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import LFP, ElectricalSeries
from pynwb.misc import AnnotationSeries

from fusion.design.schema import read_yaml
from fusion.ieeg import dandi
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv
from fusion.io.text import write_json

SFREQ, PAD, FILM_S, STARTS = 500.0, 10.0, 20.0, 0.5
MACROS = ["LAMY1", "LAMY2", "LHIP1", "LHIP2", "LHIP3"]
MICROS = ["LAMY1", "LAMY2"]  # microwires have the names of contacts


def session(path, drift=1.0, macros=True, trial="encoding"):
    """Write a session as the release has it; every macro contact is its number of µV in a pulse at
    film second 4.
    """
    start = datetime.datetime(2015, 1, 1, tzinfo=datetime.UTC)
    nwb = NWBFile("Movie watching", path.stem, start, session_id="P41CSR1")
    nwb.add_acquisition(TimeSeries("events_ttl", data=[4, 66], timestamps=[0.0, 400.0], unit="NA"))
    device = nwb.create_device("Neuralynx")
    nwb.add_electrode_column("origchannel_name", "name of the channel")
    for kind, names in (("micros", MICROS), ("macros", MACROS)):
        for k, name in enumerate(names):
            group = nwb.create_electrode_group(f"{kind}-{k}", kind, "left amygdala", device)
            nwb.add_electrode(
                x=-20.0 - k, y=-4.0, z=-18.0, location="Left amygdala", group=group,
                origchannel_name=name,
            )  # fmt: skip
    nwb.add_trial_column("stim_phase", "phase")
    nwb.add_trial(start_time=0.0, stop_time=FILM_S * drift, stim_phase=trial)
    nwb.add_trial(start_time=50.0, stop_time=52.0, stim_phase="recognition")
    number = np.arange(int(FILM_S * 25))
    nwb.add_stimulus(
        AnnotationSeries("movieframe_time", "frames", data=number, timestamps=number / 25 * drift)
    )
    module = nwb.create_processing_module("ecephys", "signals")
    n = int(SFREQ * (PAD + FILM_S + 5))
    at = int((PAD + 4 * drift - STARTS) * SFREQ)
    for name, first, count in (("LFP_micro", 0, 2), ("LFP_macro", 2, 5)):
        if name == "LFP_macro" and not macros:
            continue
        data = np.zeros((n, count))
        data[at : at + 50] = 1e-6 * np.arange(1, count + 1)
        region = nwb.create_electrode_table_region(list(range(first, first + count)), "all")
        series = ElectricalSeries(
            "ElectricalSeries", data, region, rate=SFREQ, starting_time=STARTS
        )
        module.add(LFP(series, name=name))
    path.parent.mkdir(parents=True, exist_ok=True)
    with NWBHDF5IO(str(path), "w") as file:
        file.write(nwb)
    return path


@pytest.fixture
def release(tmp_path):
    root = tmp_path / "000623"
    session(root / "sub-CS41/sub-CS41_ses-P41CSR1_behavior+ecephys.nwb")
    session(root / "sub-CS42/sub-CS42_ses-P42CSR1_behavior+ecephys.nwb")
    return root


def config(root, tmp_path):
    given = read_yaml(REPOSITORY / "config/dandi000623.yaml")
    film = given["stimuli"]["film"]
    for name in ("film.mp4", "c.csv", "words.json"):
        (tmp_path / name).touch()
    film["video"], film["scene_cuts"]["file"] = str(tmp_path / "film.mp4"), str(tmp_path / "c.csv")
    film["transcript"]["file"] = str(tmp_path / "words.json")
    return {**given, "root": str(root)}


def converted(design, folder, place):
    rule = design.convert_dandi
    stem = folder / f"{place}_task-film"
    out = {part: f"{stem}_ieeg.{part}" for part in ("vhdr", "vmrk", "eeg")}
    out |= {part: f"{stem}_{part}.tsv" for part in ("channels", "events")}
    out |= {"sidecar": f"{stem}_ieeg.json"}
    out |= {"electrodes": f"{folder / place}_space-MNI152NLin2009cAsym_electrodes.tsv"}
    out |= {"coordsystem": f"{folder / place}_space-MNI152NLin2009cAsym_coordsystem.json"}
    return run_script("convert_dandi", rule.inputs(place), out, {}).output


def test_the_config_needs_paths_only(release, tmp_path):
    study = design_for(config(release, tmp_path)).study
    assert list(study.recordings) == [
        "sub-CS41_ses-P41CSR1_task-film",
        "sub-CS42_ses-P42CSR1_task-film",
    ]
    assert study.stimuli == ("film",)


def test_a_session_becomes_a_recording_on_the_film_s_clock(release, tmp_path):
    design = design_for(config(release, tmp_path))
    out = converted(design, tmp_path / "bids", "sub-CS41_ses-P41CSR1")
    channels = read_tsv(out.channels)
    assert channels["name"].tolist() == MACROS
    assert set(channels["type"]) == {"SEEG"}
    (row,) = read_tsv(out.events).itertuples()
    assert row.onset == pytest.approx(PAD - STARTS)
    assert (row.film_s, row.film_end_s) == (0.0, pytest.approx(FILM_S - 0.04))
    data = np.fromfile(out.eeg, "<f4").reshape(len(MACROS), -1)
    at = int((row.onset + 4) * SFREQ) + 10
    np.testing.assert_allclose(data[:, at], np.arange(1, 6), atol=1e-4)
    assert (data[:, at - 30] == 0).all()
    places = read_tsv(out.electrodes)
    assert places["x"].tolist() == [-20.0, -21.0, -22.0, -23.0, -24.0]
    assert set(places["region"]) == {"Left amygdala"}
    assert set(places["hemisphere"]) == {"L"}


def test_the_converted_recording_is_cleaned_like_any_other(release, tmp_path):
    design = design_for(config(release, tmp_path))
    bids = tmp_path / "bids"
    converted(design, bids / "sub-CS41/ses-P41CSR1/ieeg", "sub-CS41_ses-P41CSR1")
    write_json({"Name": "x", "BIDSVersion": "1.10.0"}, bids / "dataset_description.json")
    again = running.design(
        bids, film_zero={"rule": "film_events"}, ieeg={"reference": "none", "line_freq_hz": 60}
    )
    cleaned = running.preprocess(again, tmp_path / "results")
    clock = read_tsv(cleaned.clock)
    assert clock["film_s"].min() == 0.0
    assert clock["recording_s"].min() == pytest.approx(PAD - STARTS)
    assert read_tsv(cleaned.electrodes)["kept"].all()


def test_a_film_s_drift_against_the_recording_is_kept(tmp_path):
    path = session(tmp_path / "a.nwb", drift=1.002)
    row = dandi.read(path).film.iloc[0]
    assert row["duration"] == pytest.approx((FILM_S - 0.04) * 1.002)
    assert row["film_end_s"] == pytest.approx(FILM_S - 0.04)
    with pytest.raises(InputError, match="pictures at 25 a second"):
        dandi.read(session(tmp_path / "b.nwb", drift=1.05))


def test_what_is_not_laid_out_so_is_refused(tmp_path):
    with pytest.raises(InputError, match="LFP_macro"):
        dandi.read(session(tmp_path / "a.nwb", macros=False))
    with pytest.raises(InputError, match="stim_phase 'encoding'"):
        dandi.read(session(tmp_path / "b.nwb", trial="learning"))
    (tmp_path / "c.nwb").write_text("no file")
    with pytest.raises(InputError, match="a valid NWB file"):
        dandi.read(tmp_path / "c.nwb")


def test_the_dataset_is_described(release, tmp_path):
    given = design_for(config(release, tmp_path)).convert_dandi.of_dataset()
    path = tmp_path / "bids/dataset_description.json"
    run_script("convert_dandi_dataset", given, {"description": path}, {})
    assert "000623" in path.read_text()
    assert "macro contacts" in (tmp_path / "bids/README").read_text()
