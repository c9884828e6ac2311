import json
import subprocess
import sys
from pathlib import Path

import av
import mne
import numpy as np
import pandas as pd
import pytest
from mne_bids import BIDSPath, read_raw_bids

from fusion.demo import bids, confusion, film, recording, scenes
from fusion.io.errors import InputError
from fusion.report import tables

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small film, and what is in it."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    onsets = film.draw_cuts(20, RNG(0))
    content = scenes.draw_scenes(len(onsets), RNG(1))
    film.write_film(path, onsets, content, 20, RNG(2))
    return path, onsets, content


def frames_of(path):
    with av.open(str(path)) as file:
        return (
            np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]),
            file.streams.video[0],
        )


def test_film_has_every_frame_and_cuts_where_it_says(made):
    path, onsets, content = made
    frames, stream = frames_of(path)
    assert len(frames) == 20 * film.FPS and stream.average_rate == film.FPS
    for onset, row in zip(onsets, content.to_dict("records"), strict=True):
        frame = frames[round(onset * film.FPS)].astype(float) / 255
        for k in (1, 2):
            x, y = int(row[f"x_{k}"] * film.SIZE_PX), int(row[f"y_{k}"] * film.SIZE_PX)
            assert np.allclose(frame[y, x], scenes.COLOURS[row[f"colour_{k}"]], atol=0.12)
    change = np.abs(np.diff(frames.astype(float), axis=0)).mean((1, 2, 3))
    cuts = np.round(onsets[1:] * film.FPS).astype(int) - 1
    assert set(np.argsort(change)[-len(cuts) :]) == set(cuts)
    assert (np.delete(change, cuts) > 0).all(), "shapes move in every frame"


def test_film_is_the_same_bytes_again(made, tmp_path):
    path, onsets, content = made
    film.write_film(tmp_path / "again.mp4", onsets, content, 20, RNG(2))
    assert (tmp_path / "again.mp4").read_bytes() == path.read_bytes()


def test_no_scene_is_too_short():
    for seed in range(5):
        onsets = film.draw_cuts(120, RNG(seed))
        lengths = np.diff(np.append(onsets, 120))
        assert onsets[0] == 0 and lengths.min() >= 1.6 - 1e-9 and lengths.max() <= 3.2 + 1.6
        assert np.allclose(onsets * film.FPS, np.round(onsets * film.FPS))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, made):
    root = tmp_path_factory.mktemp("bids")
    contacts = recording.implant("01", 2, 6, RNG(3))
    data = 50 * RNG(4).standard_normal((12, 30 * 256)).astype(np.float32)
    bids.write_dataset(root)
    bids.write_subject(root, "01", contacts, data, 256.0, (4.125, 20.0), recording.LINE_HZ)
    (root / "stimuli").mkdir()
    (root / "stimuli" / "film.mp4").write_bytes(made[0].read_bytes())
    return root, contacts, data


def test_dataset_passes_the_official_validator(dataset):
    command = [str(Path(sys.executable).parent / "bids-validator-deno"), str(dataset[0]), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True)
    issues = json.loads(ran.stdout)["issues"]["issues"]
    errors = [issue for issue in issues if issue["severity"] == "error"]
    assert not errors, errors
    assert ran.returncode == 0


def test_mne_bids_reads_what_was_written(dataset):
    root, contacts, data = dataset
    path = BIDSPath(
        root=root,
        subject="01",
        task="film",
        run="1",
        datatype="ieeg",
        suffix="ieeg",
        extension=".vhdr",
    )
    with mne.utils.use_log_level("ERROR"):
        raw = read_raw_bids(path, verbose="ERROR")
    assert raw.ch_names == contacts["electrode"].tolist()
    assert set(raw.get_channel_types()) == {"seeg"}
    assert raw.info["bads"] == [contacts["electrode"].iloc[-1]]
    assert raw.info["line_freq"] == 60
    assert np.abs(raw.get_data() * 1e6 - data).max() < 1e-3
    shown = [a for a in raw.annotations if a["description"] == "film"]
    assert len(shown) == 1 and shown[0]["onset"] == 4.125 and shown[0]["duration"] == 20
    places = raw.get_montage().get_positions()["ch_pos"]
    assert np.allclose(places["A1"] * 1000, contacts[["x", "y", "z"]].iloc[0], atol=0.01)


def test_electrodes_table_has_regions(dataset):
    table = pd.read_csv(next(dataset[0].rglob("*_electrodes.tsv")), sep="\t")
    assert {"name", "x", "y", "z", "size", "hemisphere", "region"} <= set(table.columns)
    assert table["region"].str.match(r"ctx-[lr]h-[a-z]+$").all()
    assert set(table["hemisphere"]) <= {"L", "R"}


def table(verdicts, planted):
    n = len(planted)
    sites = pd.DataFrame(
        {"subject": "01", "electrode": [f"A{k}" for k in range(n)], "verdict": verdicts}
    )
    truth = pd.DataFrame(
        {"subject": "01", "electrode": [f"A{k}" for k in range(n)], "planted": planted}
    )
    return sites, truth.sample(frac=1, random_state=0)


def test_confusion_counts_by_identity_not_by_order():
    planted = ["vision", "vision", "language", "colour", "colour", "none", "none"]
    verdicts = [
        "vision",
        "undecided",
        "language",
        "beats linear",
        "not tested",
        "none",
        "beats linear",
    ]
    joined = confusion.join(*table(verdicts, planted))
    counts = confusion.confusion(
        joined, ("beats linear", "vision", "language", "undecided", "none", "not tested")
    ).set_index("planted")
    assert (
        counts.loc["vision", "vision"]
        == counts.loc["vision", "undecided"]
        == counts.loc["none", "beats linear"]
        == 1
    )
    assert counts.to_numpy().sum() == 7 and counts.loc["colour"].sum() == 2
    rates = confusion.rates(joined, "colour")
    assert rates == {"sensitivity": 1.0, "false_discovery": 0.5}
    assert confusion.rates(joined, "vision") == {"sensitivity": 0.5, "false_discovery": 0.0}


def test_rungs_are_held_against_what_was_planted():
    planted = ["joint", "colour", "both", "vision", "none", "voice", "none"]
    sites, truth = table([*["none"] * 6, "not tested"], planted)
    q = {
        "signal": [0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01],
        "unimodal": [0.01, 0.01, 0.9, 0.01, 1, 0.01, 1],
        "linear": [0.01, 0.2, 1, 1, 1, 1, 1],
        "interaction": [0.2, 0.01, 1, 1, 1, 1, 1],
    }
    sites = sites.assign(**{f"q_{rung}": values for rung, values in q.items()})
    found = confusion.rungs(sites, truth, 0.05).set_index("rung")
    assert found.loc["signal"].tolist() == [5, 4, 4]
    assert found.loc["unimodal"].tolist() == [3, 2, 2]
    assert found.loc["linear"].tolist() == [1, 1, 2]
    assert found.loc["interaction"].tolist() == [1, 0, 1]


def test_sites_of_the_voice_by_verdict_with_and_without_networks_of_sound():
    sites, truth = table(["audio", "audio", "language", "language"], ["voice"] * 3 + ["language"])
    sites["verdict_without_audio"] = ["language", "none", "language", "language"]
    found = confusion.voices(sites, truth).set_index("verdict")
    assert found.loc["audio"].tolist() == [0, 2]
    assert found.loc["language"].tolist() == [2, 1]
    assert found.loc["none"].tolist() == [1, 0]
    shown = tables.voices(found.reset_index()).caption
    assert "Of 3 electrodes that were planted to follow the voice, 2 would be called" in shown
    assert "and 1 are; 2 are called audio" in shown
    assert confusion.voices(sites, truth[truth["planted"] != "voice"]).empty


def test_a_site_without_truth_is_an_error():
    sites, truth = table(["none", "none"], ["none", "none"])
    with pytest.raises(InputError, match="A1"):
        confusion.join(sites, truth[truth["electrode"] != "A1"])
