"""Artefacts that were planted are found where they are, and nothing else is."""

import mne
import numpy as np
import pandas as pd
import paused
import pytest
import running

from fusion.ieeg import artefacts, binning
from fusion.ieeg.segments import Seam, segments
from fusion.ieeg.spec import ArtefactsSpec
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv

SFREQ = 500.0
SPEC = ArtefactsSpec(window_s=1, amplitude_sd=15, step_sd=15, line_ratio=20)


@pytest.fixture
def signal():
    rng = np.random.default_rng(0)
    freqs = np.fft.rfftfreq(60_000, 1 / SFREQ)
    spectrum = (rng.normal(size=len(freqs)) + 1j * rng.normal(size=len(freqs))) / np.sqrt(
        np.maximum(freqs, 0.1)
    )
    return (np.fft.irfft(spectrum, 60_000) * 1e4).astype(np.float32)


def find(x, pieces=(slice(0, 60_000),)):
    return artefacts.find(x, pieces, SFREQ, 50.0, SPEC)


def test_noise_like_a_brain_s_has_none(signal):
    assert find(signal) == []


@pytest.mark.parametrize("kind", artefacts.KINDS)
def test_what_was_planted_is_found_in_its_windows(signal, kind):
    x, sd = signal.copy(), signal.std()
    if kind == "amplitude":
        x[10_000:11_000] += 40 * sd * np.hanning(1000)
    elif kind == "step":
        x[10_300:] += 60 * sd  # and stays there
    elif kind == "line":
        x[10_000:11_000] += 5 * sd * np.sin(2 * np.pi * 50 * np.arange(1000) / SFREQ)
    else:
        x[10_000:11_000] = x[10_000]
    found = [mark for mark in find(x) if mark[2] == kind]
    assert found == ([(10_000, 500, kind)] if kind == "step" else [(10_000, 1000, kind)])


def test_windows_do_not_cross_a_seam(signal):
    x = signal.copy()
    x[9_000:11_000] = 0
    pieces = (slice(0, 10_250), slice(10_250, 60_000))
    flat = [mark for mark in find(x, pieces) if mark[2] == "flat"]
    assert flat == [(9_000, 1000, "flat"), (10_250, 500, "flat")]


def test_marks_carry_true_times_and_mne_annotations(signal):
    x = signal.copy()
    x[30_000:31_000] = 0
    where = segments(60_000, SFREQ, [Seam(20_000, 12.0)])
    marks = artefacts.Marks(where, 50.0, SPEC)
    assert len(list(marks.watch(["A1", "A2"], iter([x, signal])))) == 2
    row = marks.table.iloc[0]
    assert (row["onset"], row["duration"], row["channel"]) == (72.0, 2.0, "A1")
    assert marks.share == pytest.approx(2 / 240)
    assert isinstance(marks.annotations, mne.Annotations)
    assert marks.annotations.ch_names.tolist() == [("A1",)]
    assert set(marks.annotations.description) == {"BAD_flat"}


def test_events_in_marked_stretches_are_kept_or_dropped():
    marks = pd.DataFrame(
        {"channel": ["A1", "A2", "A2"], "sample": [100, 100, 500], "duration": [0.1, 0.1, 0.1]}
    )
    at = np.array([90, 200, 500])
    found = artefacts.at_events(marks, ["A1", "A2"], at, (-20, 20), 500.0)
    assert found.tolist() == [[True, True], [False, False], [False, True]]
    kept = pd.DataFrame({"event": list("abc"), "onset_s": at, "sample": at})
    assert binning.rejected(kept, found, {}, False)[0] is kept
    left, marked, dropped = binning.rejected(kept, found, {"x": 1}, 0.5)
    assert left["event"].tolist() == ["b", "c"]
    assert (marked.shape, dropped) == ((2, 2), {"x": 1, "artefacts": 1})


def test_the_share_is_in_the_tables(tmp_path):
    rng = np.random.default_rng(1)
    names = [f"A{k}" for k in range(1, 6)]
    data = rng.normal(0, 20, (5, 256 * 60))
    data[:, 20 * 256 : 22 * 256] += 5000 * np.hanning(512)
    place = tmp_path / "bids/sub-01/ieeg"
    paused.describe(place, "sub-01_task-film", names, 256)
    paused.vhdr(place / "sub-01_task-film_ieeg.vhdr", [(0.0, data)], names, 256)
    how = {"reference": "none", "high_pass_hz": False}
    zero = {"rule": "first_event", "value": "film"}
    made = running.design(tmp_path / "bids", film_zero=zero, ieeg=how, responses={"reject": 0.5})
    done = running.preprocess(made, tmp_path)
    assert read_tsv(done.quality)["artefacts_percent"].iloc[0] == pytest.approx(
        100 * 2 / 60, rel=0.6
    )
    assert set(read_tsv(done.artefacts)["channel"]) == set(names)
    words = pd.DataFrame({"event": ["a", "b"], "onset_s": [8.0, 19.0]})
    words.to_csv(tmp_path / "w.tsv", sep="\t", index=False)
    with open_labelled(running.responses(made, done, tmp_path / "w.tsv", tmp_path)) as found:
        assert found["event"].values.tolist() == ["a"]
        assert '"artefacts": 1' in found.attrs["dropped"]
        assert found["artefact"].shape == (1, 5)
