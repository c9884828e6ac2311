"""Recordings with pauses, in every format: true times, signals of each segment, events that touch a
seam.
"""

import json

import bids_dataset
import numpy as np
import paused
import pytest
import running

from fusion.ieeg import recording
from fusion.ieeg.clock import on_samples
from fusion.ieeg.segments import Seam, segments
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled
from fusion.io.tables import read_tsv

SFREQ, SECONDS, ZERO = 256, 120, 2.0
NAMES = [f"A{k}" for k in range(1, 6)]
PAUSES = ((30.25, 41.5), (70.0, 78.75))
FILM = {"rule": "first_event", "value": "film"}
WORDS = np.round(np.arange(3.0, 112.0, 0.7), 3)
STEM = "sub-01_task-film"


@pytest.fixture(scope="module")
def data():
    """(n_channels, n_samples) µV: 1/f noise, drift, an offset, and line noise."""
    rng = np.random.default_rng(5)
    n = SECONDS * SFREQ
    freqs = np.fft.rfftfreq(n, 1 / SFREQ)
    spectrum = rng.normal(size=(5, len(freqs))) + 1j * rng.normal(size=(5, len(freqs)))
    spectrum /= np.sqrt(np.maximum(freqs, 0.05))
    noise = np.fft.irfft(spectrum, n)
    noise *= 40 / noise.std(axis=1, keepdims=True)
    line = 10 * np.sin(2 * np.pi * 50 * np.arange(n) / SFREQ)
    return noise + line + 100 * np.arange(5)[:, None]


def responses_of(root, results, **sections):
    made = running.design(root, film_zero=FILM, **sections)
    done = running.preprocess(made, results)
    words = bids_dataset.words(results / "words.tsv", tuple(WORDS))
    with open_labelled(running.responses(made, done, words, results)) as found:
        return done, found.load()


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory):
    root = tmp_path_factory.mktemp("unbroken")
    place = root / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, data)], NAMES, SFREQ)
    return responses_of(root, root / "results")[1]


@pytest.mark.parametrize("kind", paused.FORMATS)
def test_responses_away_from_seams_are_those_of_the_unbroken_recording(
    kind, data, unbroken, tmp_path
):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    paused.write(place / f"{STEM}_ieeg", kind, pieces, NAMES, SFREQ)
    done, found = responses_of(tmp_path, tmp_path / "results")
    row = read_tsv(done.quality).iloc[0]
    lost = sum(b - a for a, b in PAUSES)
    assert row["sfreq_hz"] == SFREQ
    assert row["segments"] == 3
    assert row["lost_s"] == pytest.approx(lost, abs=1e-3)
    assert row["duration_s"] == pytest.approx(SECONDS - lost, abs=1e-3)
    table = read_tsv(done.segments)
    assert table["onset_s"].to_numpy() == pytest.approx([0, 41.5, 78.75], abs=1e-3)
    # exactly the events whose window of -2.1 .. 2.1 s touches a seam are dropped
    at, whole = WORDS + ZERO, unbroken["onset_s"].to_numpy()
    clear = np.ones(len(WORDS), bool)
    for a, b in PAUSES:
        clear &= (at + 2.1 <= a + 1 / SFREQ) | (at - 2.1 >= b - 1 / SFREQ)
    expected = [t for t, good in zip(WORDS, clear, strict=True) if good and t in whole]
    assert found["onset_s"].to_numpy().tolist() == expected
    paused_events = sum(a <= t < b for t in at for a, b in PAUSES)
    dropped = json.loads(found.attrs["dropped"])
    assert dropped["in a pause of the recording"] == paused_events
    seams = len(whole) - len(expected) - paused_events
    assert dropped["window touches a seam"] == seams
    # away from the seams: the high-pass has settled after 10 s
    away = np.array([all(abs(t + ZERO - edge) > 8 for p in PAUSES for edge in p) for t in expected])
    assert away.sum() > 50
    ours = found["response"].values[away]
    theirs = unbroken["response"].sel(event=found["event"].values[away]).values
    for k in range(len(found["electrode"])):
        a, b = ours[:, k].ravel(), theirs[:, k].ravel()
        assert np.corrcoef(a, b)[0, 1] > 0.99
        assert np.std(a) / np.std(b) == pytest.approx(1, abs=0.02)
    clean = paused_clean(done)
    assert clean == 3


def paused_clean(done):
    """Return the number of segments of the clean recording, as it can be read again."""
    opened = recording.open_recording([done.vhdr], [], {})
    return len(segments(opened.samples, opened.sfreq, opened.seams))


@pytest.mark.parametrize("kind", [k for k in paused.FORMATS if k != "fif"])
def test_every_format_gives_volts_names_and_times(kind, data, tmp_path):
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    path = paused.write(tmp_path / f"{STEM}_ieeg", kind, pieces, NAMES, SFREQ)
    opened = recording.open_recording([str(path)], NAMES, {})
    assert opened.names == NAMES
    assert opened.sfreq == SFREQ
    joined = np.concatenate([part for _, part in pieces], axis=1)
    assert opened.samples == joined.shape[1]
    got = opened.read([4, 1], 1000, 9000)
    assert np.abs(got * 1e6 - joined[[4, 1], 1000:9000]).max() < 0.11
    found = segments(opened.samples, opened.sfreq, opened.seams)
    assert found.onset_s == pytest.approx([0, 41.5, 78.75], abs=1e-4)


def test_segments_shorter_than_a_period_of_the_high_pass_are_left_out_and_counted(data, tmp_path):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    pieces = paused.pieces_of(data, SFREQ, ((40.0, 41.0), (45.0, 46.0)))
    paused.write(place / f"{STEM}_ieeg", "edf", pieces, NAMES, SFREQ)
    done, found = responses_of(tmp_path, tmp_path / "results")
    row = read_tsv(done.quality).iloc[0]
    assert (row["segments"], row["segments_left_out"]) == (3, 1)
    assert "1 short segments (4 s) left out" in row["warnings"]
    assert read_tsv(done.segments)["kept"].tolist() == [True, False, True]
    at = found["onset_s"].to_numpy() + ZERO
    assert not ((at > 37.9) & (at < 48.1)).any()
    assert (at > 48.1).any()


def test_onsets_counted_without_pauses(data, tmp_path):
    """The film begins after the first pause, 40 s into the recording or 28.75 s into the file."""
    place = tmp_path / "sub-01/ieeg"
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    paused.describe(place, STEM, NAMES, SFREQ, zero=50.0 - (41.5 - 30.25))
    paused.write(place / f"{STEM}_ieeg", "edf", pieces, NAMES, SFREQ)
    made = running.design(tmp_path, film_zero=FILM, ieeg={"onsets": "samples"})
    row = read_tsv(running.preprocess(made, tmp_path / "results").quality).iloc[0]
    assert row["film_zero_s"] == pytest.approx(50.0)


def test_onsets_that_prove_to_leave_out_pauses_are_an_error(data, tmp_path):
    place = tmp_path / "sub-01/ieeg"
    pieces = paused.pieces_of(data, SFREQ, PAUSES)
    paused.describe(place, STEM, NAMES, SFREQ)
    paused.write(place / f"{STEM}_ieeg", "edf", pieces, NAMES, SFREQ)
    rows = ["onset\tduration\ttrial_type\tsample", f"2.0\t0\tfilm\t{2 * SFREQ}"]
    (place / f"{STEM}_events.tsv").write_text("\n".join([*rows, f"50.0\t0\tx\t{50 * SFREQ}"]))
    with pytest.raises(InputError, match=r"leave out the pauses.*ieeg\.onsets: samples"):
        running.preprocess(running.design(tmp_path, film_zero=FILM), tmp_path / "results")
    counted = running.design(tmp_path, film_zero=FILM, ieeg={"onsets": "samples"})
    running.preprocess(counted, tmp_path / "results")


def test_upper_case_suffixes_and_exact_rates(data, tmp_path):
    path = tmp_path / "late.EDF"
    paused.edf(path, [(0.0, data)], NAMES, SFREQ)
    assert recording.open_recording([str(path)], NAMES, {}).samples == data.shape[1]
    rate, far = 999.99, np.random.default_rng(0).normal(0, 30, (5, 120_000))
    paused.nwb(tmp_path / "x.nwb", [(0.0, far)], NAMES, rate, timestamps=True)
    opened = recording.open_recording([str(tmp_path / "x.nwb")], NAMES, {})
    assert opened.sfreq == pytest.approx(rate, rel=1e-9)


def test_skips_marked_in_events(data, tmp_path):
    """A recording whose pauses were filled: events.tsv says where."""
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    events = place / f"{STEM}_events.tsv"
    events.write_text(events.read_text() + "30.25\t11.25\tBAD_ACQ_SKIP\n")
    filled = data.copy()
    filled[:, round(30.25 * SFREQ) : round(41.5 * SFREQ)] = 0
    paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, filled)], NAMES, SFREQ)
    done, _ = responses_of(tmp_path, tmp_path / "results")
    row = read_tsv(done.quality).iloc[0]
    assert row["segments"] == 2
    assert row["lost_s"] == pytest.approx(11.25)


def test_a_first_record_that_starts_later_is_no_pause(data, tmp_path):
    path = tmp_path / "late.edf"
    paused.edf(path, [(5.5, data)], NAMES, SFREQ)
    opened = recording.open_recording([str(path)], NAMES, {})
    assert opened.seams == []


def test_a_recording_said_to_be_discontinuous_without_a_pause_is_refused(data, tmp_path):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ, info={"RecordingType": "discontinuous"})
    paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, data)], NAMES, SFREQ)
    with pytest.raises(InputError, match=r"discontinuous, but the data file shows no pause"):
        running.preprocess(running.design(tmp_path, film_zero=FILM), tmp_path / "results")
    counted = running.design(tmp_path, film_zero=FILM, ieeg={"onsets": "samples"})
    done = running.preprocess(counted, tmp_path / "results")
    assert "calls the recording discontinuous" in read_tsv(done.quality)["warnings"].iloc[0]
    events = place / f"{STEM}_events.tsv"
    events.write_text(events.read_text() + "50\t5\tboundary\n")
    _, found = responses_of(tmp_path, tmp_path / "marked")
    assert (found.attrs["segments"], found.attrs["lost_s"]) == (2, 5)


def test_a_pause_of_unknown_length_is_a_seam_and_said(data, tmp_path):
    place = tmp_path / "sub-01/ieeg"
    paused.describe(place, STEM, NAMES, SFREQ)
    path = paused.write(place / f"{STEM}_ieeg", "vhdr", [(0.0, data)], NAMES, SFREQ)
    vmrk = path.with_suffix(".vmrk")
    vmrk.write_text(vmrk.read_text().rstrip() + f"\nMk2=New Segment,,{50 * SFREQ + 1},1,0\n")
    done, found = responses_of(tmp_path, tmp_path / "results")
    row = read_tsv(done.quality).iloc[0]
    assert (row["segments"], row["lost_s"]) == (2, 0)
    assert "length of 1 pauses is not known" in row["warnings"]
    at = found["onset_s"].to_numpy() + ZERO
    assert not (np.abs(at - 50) < 2.09).any()


def test_time_of_samples_follows_the_segments():
    found = segments(1000, 10.0, [Seam(300, 5.0), Seam(600, 0.0, 100), Seam(601, 2.0)])
    assert found.first.tolist() == [0, 300, 700]
    assert found.count.tolist() == [300, 300, 300]
    assert found.onset_s.tolist() == [0, 35, 77]
    assert found.time_of(np.array([0, 299, 300, 700])).tolist() == [0, 29.9, 35, 77]
    assert found.lost_s == 17.0
    assert [s.start for s in found.slices] == [0, 300, 600]


def test_a_film_that_runs_through_a_pause_keeps_its_time():
    import pandas as pd

    film = pd.DataFrame({"film_s": [-5.0, 0.0, 95.0], "recording_s": [0.0, 5.0, 100.0]})
    clock = on_samples(film.assign(segment=0), segments(900, 10.0, [Seam(400, 10.0)]))
    assert clock["film_s"].tolist() == [-5, 0, 35, 45, 95]
    assert clock["sample"].tolist() == [0, 50, 400, 400, 900]
    assert clock["piece"].tolist() == [0, 0, 0, 1, 1]
