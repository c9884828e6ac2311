"""Real sidecars of ds003688 and ds005574 around noise: counts, reasons, places, film zero. And
shapes that other subjects have.
"""

import json
import os
import shutil
from pathlib import Path

import bids_dataset
import mne
import mne_bids
import nibabel
import numpy as np
import pandas as pd
import pytest
import running
from edfio import Edf, EdfSignal

from fusion.design import config as settings
from fusion.ids import entities
from fusion.ieeg import derivative, positions, quality, validation
from fusion.io.errors import InputError
from fusion.io.tables import read_tsv, write_tsv
from fusion.io.text import write_json

REAL = os.environ.get("FUSION_REAL_LAYOUT")
real = pytest.mark.skipif(not REAL, reason="FUSION_REAL_LAYOUT is not set")


@pytest.fixture
def ds003688(tmp_path):
    """Noise at 64 Hz, as long as the film, under the real sidecars of sub-01 (their rate changed to
    that).
    """
    source, root = Path(REAL) / "ds003688", tmp_path / "ds003688"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("annotations", "*task-rest*"))
    place = root / "sub-01/ses-iemu/ieeg"
    stem = "sub-01_ses-iemu_task-film_acq-clinical_run-1"
    kept = {path: path.read_bytes() for path in place.iterdir()}
    names = read_tsv(place / f"{stem}_channels.tsv")["name"].astype(str)
    bids_dataset.write(
        tmp_path / "noise",
        stem=stem,
        names=list(names),
        sfreq=64,
        data=bids_dataset.signals(0, names, 64, 425),
    )
    for part in ("vhdr", "vmrk", "eeg"):
        shutil.copy(tmp_path / "noise" / bids_dataset.FOLDER / f"{stem}_ieeg.{part}", place)
    for path, content in kept.items():
        path.write_bytes(content.replace(b"2048.000", b"64.000").replace(b": 2048", b": 64"))
    return root


@real
def test_ds003688(ds003688, tmp_path):
    cfg = running.design(
        ds003688,
        film_zero={"rule": "first_event", "value": "music"},
        recordings={"task": ["film"]},
    )
    cleaned = running.preprocess(cfg, tmp_path / "results")
    table, row = (
        read_tsv(cleaned.electrodes).set_index("electrode"),
        read_tsv(cleaned.quality).iloc[0],
    )
    assert (row["channels"], row["neural"], row["kept"]) == (111, 103, 82)
    assert row["film_zero_s"] == 21.325  # the first block of music, not 'start task' at 21.306
    assert row["line_freq_hz"] == 50
    assert table.loc["AR8", "reason"] == "bad: noisy"
    assert table.loc["AR7", "reason"] == "no usable neighbour: AR8 not kept"
    assert (table["reason"].str.startswith("bad", na=False)).sum() == 2
    assert (table["reason"].str.startswith("type ", na=False)).sum() == 8
    assert table.loc["AR2", ["x", "y", "z"]].tolist() == [25.334, 23.354, -31.654]
    assert set(table.loc[table["kept"], "space"]) == {"ACPC"}
    assert table.loc["AR2", "hemisphere"] == "R"
    assert table.loc[table["kept"], "x"].notna().all()
    assert "cutoff of 107 channels look swapped" in row["warnings"]


@real
def test_the_shipped_config_fits_ds003688(ds003688):
    shipped = settings.read_yaml(running.REPOSITORY / "config/ds003688.yaml")
    rows = list(running.design(**{**shipped, "root": ds003688}).study.recordings.values())
    assert [(r.name, r.stimulus) for r in rows] == [
        ("sub-01_ses-iemu_task-film_acq-clinical_run-1", "film")
    ]
    names = {Path(p).name for p in rows[0].sidecars}
    # without the acq entity of the recording
    assert "sub-01_ses-iemu_task-film_run-1_events.tsv" in names
    assert "sub-01_ses-iemu_acq-clinical_electrodes.tsv" in names


@pytest.fixture
def ds005574(tmp_path):
    """20 s of noise in an EDF file under the real sidecars of sub-01."""
    root = tmp_path / "ds005574"
    shutil.copytree(Path(REAL) / "ds005574", root)
    place = root / "sub-01/ieeg"
    names = read_tsv(place / "sub-01_task-podcast_channels.tsv")["name"].astype(str)
    rng = np.random.default_rng(0)
    signals = [
        EdfSignal(rng.normal(0, 30, 512 * 20), 512, label=n, physical_dimension="uV") for n in names
    ]
    Edf(signals).write(place / "sub-01_task-podcast_ieeg.edf")
    return root


@real
@pytest.mark.parametrize(("space", "x"), [(None, 60.0), ("Other", 64.507256)])
def test_ds005574(ds005574, tmp_path, space, x):
    # audio second 0 is recording second 0; there is no events.tsv
    cfg = running.design(ds005574, ieeg={"space": space})
    cleaned = running.preprocess(cfg, tmp_path / "results")
    table, row = (
        read_tsv(cleaned.electrodes).set_index("electrode"),
        read_tsv(cleaned.quality).iloc[0],
    )
    assert (row["channels"], row["kept"]) == (124, 99)
    assert row["dropped"] == "bad: 11"
    assert row["film_zero_s"] == 0
    assert row["line_freq_hz"] == 60
    assert table.loc["G1", "reason"] == "bad: no localization"
    assert table.loc["G2", "x"] == pytest.approx(x, rel=1e-6)
    assert set(table.loc[table["kept"], "space"]) == {space or "MNI152NLin2009aSym"}
    assert row["with_position"] == table.loc[table["kept"], "x"].notna().sum() >= 92
    assert "of 2 spaces" in row["warnings"]
    assert ("taken as mm" in row["warnings"]) == (space == "Other")  # its unit is n/a
    if space == "Other":
        assert table["hemisphere"].isna().all()  # the axes of an unnamed space are not known


def test_edf_channels_of_several_rates(tmp_path):
    """The neural channels are opened at their own rate, though others are sampled faster and
    slower.
    """
    root = bids_dataset.write(tmp_path / "bids", stem="sub-02_task-film", folder="sub-02/ieeg")
    place = root / "sub-02/ieeg"
    data = bids_dataset.signals()
    rates = {name: 256 for name in bids_dataset.NAMES} | {"TRIG1": 1024, "ECG1": 128, "B4": 128}
    signals = [
        EdfSignal(
            x[:: 256 // min(rates[n], 256)].repeat(max(rates[n] // 256, 1)),
            rates[n],
            label=n,
            physical_dimension="uV",
        )
        for n, x in zip(bids_dataset.NAMES, data, strict=True)
    ]
    for part in ("vhdr", "vmrk", "eeg"):
        (place / f"sub-02_task-film_ieeg.{part}").unlink()
    Edf(signals).write(place / "sub-02_task-film_ieeg.edf")
    table = pd.read_csv(place / "sub-02_task-film_channels.tsv", sep="\t", keep_default_na=False)
    table["sampling_frequency"] = [rates[n] for n in table["name"]]
    table.to_csv(place / "sub-02_task-film_channels.tsv", sep="\t", index=False)
    done = running.preprocess(
        running.design(root, ieeg={"reference": "none", "high_pass_hz": False}),
        tmp_path / "results",
    )
    row = read_tsv(done.quality).iloc[0]
    assert (row["sfreq_hz"], row["kept"], row["dropped"]) == (256, 8, "not in the data file: 1")
    assert read_tsv(done.channels)["sampling_frequency"].eq(256).all()


@real
@pytest.mark.parametrize(
    ("file", "sfreq", "channels"),
    [
        ("naplib_ecog_2s/tests/io/tiny_test.edf", 2048, 115),
        ("mne-misc-data_ecog/ecog/sample_ecog_ieeg.fif", 160, 394),
    ],
)
def test_real_signals(tmp_path, file, sfreq, channels):
    """Real EDF and FIF: every good channel comes out as mne reads it, minus the average."""
    source = Path(REAL) / "signals" / file
    raw = mne.io.read_raw(source, preload=True, verbose="error")
    place = tmp_path / "bids/sub-01/ieeg"
    place.mkdir(parents=True)
    shutil.copy(source, place / f"sub-01_task-film_ieeg{source.suffix}")
    table = pd.DataFrame({"name": raw.ch_names, "type": "ECOG", "units": "n/a", "status": "good"})
    table.to_csv(place / "sub-01_task-film_channels.tsv", sep="\t", index=False)
    cfg = running.design(tmp_path / "bids", ieeg={"reference": "average", "high_pass_hz": False})
    done = running.preprocess(cfg, tmp_path / "results")
    row, kept = read_tsv(done.quality).iloc[0], read_tsv(done.channels)["name"].astype(str).tolist()
    assert (row["sfreq_hz"], row["channels"]) == (sfreq, channels)
    assert not {"EKG1", "DC1", "TRIG", "OSAT", "PR", "Pleth"} & set(kept)
    data = raw.get_data(picks=kept) * 1e6
    got = mne.io.read_raw_brainvision(done.vhdr, verbose="error").get_data() * 1e6
    oracle = data - data.mean(axis=0)
    assert np.abs(got - oracle).max() < 1e-5 * np.abs(data).max()


def hd_grid_beside_clinical(root):
    """Write a subject with two acquisitions of one film: two files of signals and electrodes, one
    events.tsv.
    """
    bids_dataset.write(root)
    other = bids_dataset.STEM.replace("clinical", "HDgrid")
    names = [f"B{k}" for k in range(1, 9)] + ["TRIG1"]
    bids_dataset.write(root, stem=other, names=names, sfreq=512)
    place = root / bids_dataset.FOLDER
    (place / f"{other}_events.tsv").unlink()
    contacts = pd.DataFrame(
        {"name": names[:8], "x": -40.0 - np.arange(8), "y": 5.0, "z": 40.0, "size": 1}
    )
    contacts.to_csv(place / "sub-01_ses-a_acq-HDgrid_electrodes.tsv", sep="\t", index=False)
    clinical = pd.DataFrame(
        {"name": bids_dataset.NAMES[:9], "x": np.arange(9) + 20.5, "y": -30.0, "z": 12.0, "size": 4}
    )
    clinical.to_csv(place / "sub-01_ses-a_acq-clinical_electrodes.tsv", sep="\t", index=False)
    shutil.copy(
        place / "sub-01_ses-a_acq-clinical_coordsystem.json",
        place / "sub-01_ses-a_acq-HDgrid_coordsystem.json",
    )
    return root


def test_two_acquisitions_are_two_recordings_of_one_film(tmp_path):
    root = hd_grid_beside_clinical(tmp_path / "bids")
    cfg = running.design(root, film_zero=bids_dataset.ZERO_RULE)
    rows = cfg.study.recordings.values()
    assert [r.name for r in rows] == [
        bids_dataset.STEM.replace("clinical", "HDgrid"),
        bids_dataset.STEM,
    ]
    tables = {}
    for row, x, kept, sfreq in zip(rows, (-41, 21.5), (6, 5), (512, 256), strict=True):
        done = running.preprocess(cfg, tmp_path / "results", row.name)
        table, found = read_tsv(done.electrodes), read_tsv(done.quality).iloc[0]
        assert table.loc[table["kept"], "x"].iloc[0] == x
        assert (found["kept"], found["sfreq_hz"], found["film_zero_s"]) == (
            kept,
            sfreq,
            bids_dataset.ZERO,
        )
        tables[row.name] = table
    only = running.design(
        root, film_zero=bids_dataset.ZERO_RULE, recordings={"acquisition": ["HDgrid"]}
    )
    assert len(only.study.recordings.values()) == 1
    # the clinical B2 and the grid's B2 are not one contact
    notes = quality.same_name_elsewhere(tables, dict.fromkeys(tables, "01"))
    assert len(notes) == 1
    assert "2 electrode names (B2 ..) mean different places" in notes[0][0]


def test_subjects_with_and_without_sessions_and_runs(tmp_path):
    root = bids_dataset.write(tmp_path)
    bids_dataset.write(root, stem="sub-02_task-film", folder="sub-02/ieeg")
    bids_dataset.write(root, stem="sub-02_task-rest", folder="sub-02/ieeg")
    bids_dataset.write(root, stem="sub-02_task-film_run-2", folder="sub-02/ieeg")
    names = [r.name for r in running.design(root).study.recordings.values()]
    assert names == [
        bids_dataset.STEM,
        "sub-02_task-film",
        "sub-02_task-film_run-2",
        "sub-02_task-rest",
    ]
    film = running.design(root, recordings={"task": ["film"], "subject": ["02"]})
    assert [r.name for r in film.study.recordings.values()] == [
        "sub-02_task-film",
        "sub-02_task-film_run-2",
    ]
    second = running.design(root, recordings={"run": ["2"]})
    assert [r.name for r in second.study.recordings.values()] == ["sub-02_task-film_run-2"]
    session = running.design(root, recordings={"session": ["a"]})
    assert [r.name for r in session.study.recordings.values()] == [bids_dataset.STEM]


def test_sidecars_at_the_top_are_inherited(tmp_path):
    root = bids_dataset.write(tmp_path / "bids")
    place = root / bids_dataset.FOLDER
    own = json.loads((place / f"{bids_dataset.STEM}_ieeg.json").read_text())
    (place / f"{bids_dataset.STEM}_ieeg.json").write_text(
        json.dumps({"SamplingFrequency": own["SamplingFrequency"]})
    )
    (root / "task-film_ieeg.json").write_text(
        json.dumps({"PowerLineFrequency": 60, "SamplingFrequency": 1})
    )
    (root / "task-other_ieeg.json").write_text(json.dumps({"PowerLineFrequency": 16}))
    shutil.move(place / f"{bids_dataset.STEM}_channels.tsv", root / "task-film_channels.tsv")
    done = running.preprocess(running.design(root), tmp_path / "results")
    assert read_tsv(done.quality).iloc[0]["line_freq_hz"] == 60


def test_regions_from_an_atlas_only_in_its_own_space(tmp_path):
    volume, labels = tmp_path / "dkt.nii.gz", tmp_path / "dkt.tsv"
    image = np.zeros((40, 40, 40), np.int16)
    image[20, 10, 20] = 2030
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -18, -50, -28  # voxel 20, 10, 20 is at 22, -30, 12 mm
    nibabel.save(nibabel.Nifti1Image(image, affine), volume)
    labels.write_text("index\tname\n2030\tctx-rh-superiortemporal\n")
    root = bids_dataset.write(tmp_path / "bids")
    atlas = {"volume": str(volume), "labels": str(labels), "reach_mm": 2}
    cfg = running.design(root, ieeg={"atlas": atlas})
    row = read_tsv(running.preprocess(cfg, tmp_path / "acpc").quality).iloc[0]
    assert "no region: positions are in ACPC, the atlas is in MNI space" in row["warnings"]
    place = root / bids_dataset.FOLDER
    (place / "sub-01_ses-a_acq-clinical_coordsystem.json").write_text(
        '{"iEEGCoordinateSystem": "MNI152NLin2009cAsym", "iEEGCoordinateUnits": "mm"}'
    )
    table = read_tsv(running.preprocess(cfg, tmp_path / "mni").electrodes).set_index("electrode")
    assert table["region"].dropna().to_dict() == dict.fromkeys(
        ["A1", "A2", "A3", "A4"], "ctx-rh-superiortemporal"
    )


def test_the_derivative_passes_the_validator(tmp_path):
    root = hd_grid_beside_clinical(tmp_path / "bids")
    bids_dataset.write(root, stem="sub-02_task-film", folder="sub-02/ieeg")
    for name in (
        "sub-01_ses-a_acq-clinical_electrodes.tsv",
        "sub-01_ses-a_acq-clinical_coordsystem.json",
    ):
        (root / "sub-02/ieeg" / name).unlink()
    cfg = running.design(
        root, film_zero=bids_dataset.ZERO_RULE, responses={"window_ms": [-1000, 1000]}
    )
    rows = cfg.study.recordings.values()
    found = validation.findings(
        validation.run(root), [str(Path(r.ieeg).relative_to(root)) for r in rows]
    )
    write_tsv(found, tmp_path / "validation.tsv")
    done = {
        r.name: running.preprocess(cfg, tmp_path / "results", r.name)
        for r in cfg.study.recordings.values()
    }
    events = bids_dataset.words(tmp_path / "events.tsv")
    given = {
        key: [getattr(d, key) for d in done.values()] for key in ("quality", "electrodes", "clock")
    }
    given["clean"] = [str(p) for p in (tmp_path / "results/clean").iterdir()]
    given["responses"] = [
        running.responses(cfg, d, events, tmp_path / name, name) for name, d in done.items()
    ]
    given["validation"] = str(tmp_path / "validation.tsv")
    out = {
        "table": tmp_path / "recordings.tsv",
        "dictionary": tmp_path / "recordings.json",
        "derivative": tmp_path / "derivative",
        "stimuli": tmp_path / "stimuli.tsv",
        "stimuli_dictionary": tmp_path / "stimuli.json",
    }
    film = {"stimulus": "film", "end_s": 60.0, "pictures": 1500, "pictures_hz": 25.0}
    film |= {"sound": "track 1 of 1", "sound_warning": "", "notes": ["parts follow on each other"]}
    said = {"words": 5, "sentences": 2, "taken": ["encoding utf-16"], "left_out": ["1 x note"]}
    write_json(film, tmp_path / "film.json")
    write_json(said, tmp_path / "transcript.json")
    given |= {"films": [tmp_path / "film.json"], "transcripts": [tmp_path / "transcript.json"]}
    running.run_rule(cfg, "recordings", out, inputs=given)
    issues = validation.findings(validation.run(out["derivative"]), [])
    assert not (issues["severity"] == "error").any(), issues.to_string()
    table = read_tsv(out["table"])
    assert list(table["recording"]) == sorted(done)
    assert ["mean different places" in str(w) for w in table["warnings"]] == [True, True, False]
    assert table["events_language"].tolist() == [5, 5, 5]
    described = json.loads(out["dictionary"].read_text())
    assert set(described) == set(table.columns)
    assert "dropped" in described["events_dropped_language"]["Description"]
    stimuli = read_tsv(out["stimuli"])
    shown = ["recordings", "words", "transcript", "left_out", "warnings"]
    assert stimuli.loc[0, shown].tolist() == [
        3, 5, "encoding utf-16", "1 x note", "parts follow on each other",
    ]  # fmt: skip
    assert set(json.loads(out["stimuli_dictionary"].read_text())) == set(stimuli.columns)
    # what was written can be read as an input again, with the film's clock as events
    again = running.design(
        out["derivative"],
        film_zero={"rule": "film_events"},
        ieeg={"reference": "none", "high_pass_hz": False},
    )
    name = next(
        n for n in (r.name for r in again.study.recordings.values()) if n.startswith("sub-02")
    )
    row = read_tsv(running.preprocess(again, tmp_path / "again", name).quality).iloc[0]
    assert (row["kept"], row["film_zero_s"]) == (5, bids_dataset.ZERO)


def test_findings_matter_where_the_file_is_read(tmp_path):
    root = bids_dataset.write(tmp_path)
    (root / "participants.tsv").write_text("participant_id\tage\nsub-01\told\n")
    path = root / bids_dataset.FOLDER / f"{bids_dataset.STEM}_channels.tsv"
    pd.read_csv(path, sep="\t", keep_default_na=False).drop(columns="units").to_csv(
        path, sep="\t", index=False
    )
    found = validation.findings(validation.run(root), [str(path.relative_to(root))])
    errors = found[found["severity"] == "error"]
    assert errors.loc[errors["matters"].astype(bool), "file"].tolist() == [
        str(path.relative_to(root))
    ]
    assert "a column that BIDS requires is missing" in errors.iloc[0]["message"]
    assert (errors["file"] == "participants.tsv").any()
    assert validation.errors_of(found, bids_dataset.STEM) == 1
    assert validation.errors_of(found, "sub-02_task-film") == 0


def test_film_events_leave_out_time_before_the_film():
    clock = pd.DataFrame(
        {
            "film_s": [-2.0, 0.0, 10.0, 10.0, 20.0],
            "recording_s": [0.0, 2.0, 12.0, 15.0, 25.0],
            "segment": [0, 0, 0, 1, 1],
        }
    )
    table = derivative.film_events(clock)
    assert table[["onset", "duration", "film_s", "film_end_s"]].to_numpy().tolist() == [
        [2, 10, 0, 10],
        [15, 10, 10, 20],
    ]


def test_mni_is_told_from_other_spaces():
    assert all(
        positions.is_mni(s)
        for s in ("MNI152NLin2009cAsym", "MNI152Lin", "ICBM152", "IXI549Space", "MNI152NLin6Asym")
    )
    assert not any(
        positions.is_mni(s)
        for s in ("ACPC", "Other", "n/a", "fsaverage", "Talairach", "MNI305", "ScanRAS", "Pixels")
    )


def test_entities():
    has = entities("sub-01_ses-a_task-film_acq-HD_run-1_ieeg.vhdr")
    assert has == {"sub": "01", "ses": "a", "task": "film", "acq": "HD", "run": "1"}
    assert derivative.folder(bids_dataset.STEM) == Path("sub-01/ses-a/ieeg")


def test_mne_bids_reads_the_same(tmp_path):
    root = bids_dataset.write(tmp_path / "bids")
    path = root / bids_dataset.FOLDER / f"{bids_dataset.STEM}_channels.tsv"
    table = pd.read_csv(path, sep="\t", keep_default_na=False)
    table.loc[table["name"] == "A4", ["status", "status_description"]] = ["bad", "noisy"]
    table.to_csv(path, sep="\t", index=False)
    where = mne_bids.BIDSPath("01", "a", "film", "clinical", "1", datatype="ieeg", root=root)
    raw = mne_bids.read_raw_bids(where, verbose="error")
    cfg = running.design(
        root,
        film_zero=bids_dataset.ZERO_RULE,
        ieeg={"reference": "none", "high_pass_hz": False, "line_freq_hz": 1000},
    )
    done = running.preprocess(cfg, tmp_path / "results")
    ours, electrodes = (
        mne.io.read_raw_brainvision(done.vhdr, verbose="error"),
        read_tsv(done.electrodes).set_index("electrode"),
    )
    assert (
        raw.info["bads"]
        == electrodes.index[electrodes["reason"].eq("bad: noisy")].tolist()
        == ["A4"]
    )
    neural = [
        n for n, kind in zip(raw.ch_names, raw.get_channel_types(), strict=True) if kind == "seeg"
    ]
    names = [n for n in neural if n not in raw.info["bads"]]
    assert ours.ch_names == names
    assert (
        np.abs(ours.get_data() - raw.get_data(picks=names)).max()
        < 1e-5 * np.abs(raw.get_data(picks=names)).max()
    )
    place = raw.get_montage().get_positions()
    assert place["coord_frame"] == "ras"
    for name in names:
        assert electrodes.loc[name, ["x", "y", "z"]].to_numpy(float) == pytest.approx(
            place["ch_pos"][name] * 1000
        )
    onset = raw.annotations.onset[list(raw.annotations.description).index("music")]
    assert read_tsv(done.quality).iloc[0]["film_zero_s"] == pytest.approx(onset)


def test_a_recording_fits_one_film(tmp_path):
    root = bids_dataset.write(tmp_path)
    bids_dataset.write(root, stem="sub-02_task-other", folder="sub-02/ieeg")
    film = {"video": "a.mp4", "transcript": {"file": "a.tsv", "format": "words"}}

    def stimuli(**recordings):
        given = {name: {**film, "recordings": fits} for name, fits in recordings.items()}
        cfg = running.design(root, stimuli=given)
        return {r.name: r.stimulus for r in cfg.study.recordings.values()}

    assert stimuli(a={"task": "film"}, b={"task": "other"}) == {
        bids_dataset.STEM: "a",
        "sub-02_task-other": "b",
    }
    assert stimuli(a={"task": "film"}) == {bids_dataset.STEM: "a"}
    with pytest.raises(InputError, match=rf"a, b all fit {bids_dataset.STEM}"):
        stimuli(a={"task": "film"}, b={})
