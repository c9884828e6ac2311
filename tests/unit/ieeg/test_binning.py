"""Binned responses against a loop, and events that cannot be used."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.ieeg import binning
from fusion.ieeg.clock import clock_table, first_event, on_samples, to_recording
from fusion.ieeg.segments import Seam, segments
from fusion.ieeg.spec import FilmZero, ResponsesSpec
from fusion.io.errors import InputError


def one_piece(duration, zero=0.0):
    rule = FilmZero("first_event", "trial_type", "film")
    return clock_table(
        rule,
        pd.DataFrame({"onset": [zero], "trial_type": ["film"]}),
        "events.tsv",
        duration,
        "x.vhdr",
    )


def place(events, clock, grid, sfreq, samples, seams=()):
    pieces = segments(samples, sfreq, seams)
    kept = pieces.table(np.ones(len(pieces), bool))
    return binning.place(events, on_samples(clock, pieces), kept, grid)


def test_the_paper_has_161_bins():
    grid = binning.bins((-2000, 2000), 200, 25, 2048)
    assert len(grid.centre_ms) == 161
    assert grid.centre_ms[[0, 80, 160]].tolist() == [-2000, 0, 2000]
    assert grid.start[80] == -205
    assert grid.stop[80] == 205


@settings(max_examples=30, deadline=None)
@given(
    sfreq=st.sampled_from([160.0, 512.0, 999.5, 1024.0, 2048.0]),
    width=st.integers(20, 400),
    step=st.integers(5, 60),
    first=st.integers(-900, 0),
    seed=st.integers(0, 1000),
    offset=st.sampled_from([0.0, 1e4]),
)
def test_bins_are_plain_means(sfreq, width, step, first, seed, offset):
    rng = np.random.default_rng(seed)
    n = int(17 * sfreq)
    x = (rng.standard_normal(n) * 50 + offset).astype(np.float32)
    zero = 0.777
    onset = np.sort(rng.uniform(3, 15, 9))
    grid = binning.bins((first, first + 900), width, step, sfreq)
    events = pd.DataFrame({"event": [f"w{k}" for k in range(9)], "onset_s": onset})
    kept, dropped = place(events, one_piece(n / sfreq, zero), grid, sfreq, n)
    assert dropped == {}
    got = binning.bin_means(x, kept["sample"].to_numpy(), grid)
    for e, at in enumerate(onset):
        for b, centre in enumerate(grid.centre_ms):
            sample = round((at + zero) * sfreq)
            start = sample + int(np.rint((centre - width / 2) / 1000 * sfreq))
            stop = sample + int(np.rint((centre + width / 2) / 1000 * sfreq))
            oracle = np.mean([float(v) for v in x[start:stop]])
            assert got[e, b] == pytest.approx(oracle, rel=1e-5, abs=1e-4 + 1e-7 * offset)


def test_a_long_recording_does_not_lose_precision():
    n, sfreq = 6_000_000, 2048.0
    x = np.full(n, 4000.0, np.float32)
    x[-3000:] += np.sin(np.arange(3000, dtype=np.float32))
    grid = binning.bins((-100, 100), 50, 25, sfreq)
    sample = np.array([n - 1500])
    oracle = [
        x[n - 1500 + a : n - 1500 + b].astype(float).mean()
        for a, b in zip(grid.start, grid.stop, strict=True)
    ]
    # float32 of 4000 itself is 2.4e-4 apart
    assert np.abs(binning.bin_means(x, sample, grid)[0] - oracle).max() < 5e-4


def test_events_whose_window_leaves_the_recording_are_dropped_and_counted():
    grid = binning.bins((-2000, 2000), 200, 25, 512)
    events = pd.DataFrame(
        {"event": list("abcdef"), "onset_s": [-1.0, 1.0, 1.11, 50.0, 97.8, 97.95]}
    )
    kept, dropped = place(events, one_piece(101.0, 1.0), grid, 512.0, 101 * 512)
    assert list(kept["event"]) == ["c", "d", "e"]
    assert dropped == {"window leaves the recording": 3}


def test_events_beyond_the_film_are_dropped_and_counted():
    grid = binning.bins((-2000, 2000), 200, 25, 512)
    events = pd.DataFrame({"event": list("ab"), "onset_s": [50.0, 300.0]})
    kept, dropped = place(events, one_piece(101.0, 1.0), grid, 512.0, 101 * 512)
    assert list(kept["event"]) == ["a"]
    assert dropped == {"not on the film's clock": 1}


def test_a_window_that_spans_a_pause_is_dropped():
    films = pd.DataFrame(
        {
            "onset": [10.0, 80.0],
            "duration": [30.0, 30.0],
            "trial_type": "film",
            "film_s": [0.0, 30.0],
        }
    )
    clock = clock_table(
        FilmZero("film_events", "trial_type", None), films, "events.tsv", 120.0, "x.vhdr"
    )
    grid = binning.bins((-2000, 2000), 200, 25, 512)
    onset = [1.0, 2.2, 27.8, 28.5, 31.0, 32.2, 57.8, 59.0, 61.0]
    kept, dropped = place(
        pd.DataFrame({"event": [str(t) for t in onset], "onset_s": onset}),
        clock,
        grid,
        512.0,
        120 * 512,
    )
    assert kept["onset_s"].tolist() == [2.2, 27.8, 32.2, 57.8]
    assert kept["sample"].tolist() == [round(t * 512) for t in (12.2, 37.8, 82.2, 107.8)]
    assert dropped == {"not on the film's clock": 1, "window crosses a gap": 4}


def test_a_drifting_clock_is_followed():
    films = pd.DataFrame(
        {
            "onset": [5.0, 105.1],
            "duration": [100.1, 100.1],
            "trial_type": "film",
            "film_s": [0.0, 100.0],
            "film_end_s": [100.0, 200.0],
        }
    )
    clock = clock_table(
        FilmZero("film_events", "trial_type", None), films, "events.tsv", 300.0, "x.vhdr"
    )
    assert set(clock["segment"]) == {0}
    recording, segment = to_recording(clock, np.array([0.0, 50.0, 150.0, 200.0, 200.1]))
    assert np.allclose(recording[:4], [5, 55.05, 155.15, 205.2])
    assert segment.tolist() == [0, 0, 0, 0, -1]


def test_the_film_starts_with_the_first_music_block_not_with_the_task():
    events = pd.DataFrame(
        {
            "onset": [21.25, 118.875, 148.875],
            "trial_type": ["start task", "music", "speech"],
            "value": ["9", "2", "1"],
        }
    )
    assert first_event(events, None, "trial_type", "music") == 118.875
    assert first_event(events, None, "value", "2") == 118.875
    assert first_event(events.assign(value=["9.0", "2.0", "1.0"]), None, "value", "2") == 118.875
    with pytest.raises(InputError, match="film_zero.value"):
        first_event(events, None, "trial_type", "film")


def test_no_bin_without_a_sample():
    with pytest.raises(ValueError, match="no sample"):
        binning.bins((0, 100), 1, 25, 100)


def test_batches_cover_every_electrode_once():
    assert [list(b) for b in binning.batches(5, 10, limit=20)] == [[0, 1], [2, 3], [4]]
    assert [list(b) for b in binning.batches(2, 100, limit=20)] == [[0], [1]]


EVENTS = pd.DataFrame({"event": [f"w{k}" for k in range(97)], "onset_s": np.arange(3.0, 100)})


def share(film_zero, duration, seams=(), strict=True, zero=0.0, rows=None):
    """Return what is said of a recording whose first_event is at second ``zero``, or whose
    ``rows`` say when the film ran.
    """
    spec = ResponsesSpec.read(
        {
            "recording": "sub-01_task-film",
            "subject": "01",
            "stimulus": "film",
            "alignments": ["language"],
            "unit": "µV",
            "window_ms": [-1000, 1000],
            "bin_width_ms": 100,
            "step_ms": 25,
            "reject": False,
            "film_zero": film_zero.plain(),
            "strict": strict,
        }
    )
    events = pd.DataFrame({"onset": [zero], "trial_type": ["film"]}) if rows is None else rows
    clock = clock_table(film_zero, events, "events.tsv", duration, "x.vhdr")
    pieces = segments(round(100 * duration), 100.0, seams)
    grid = binning.bins((-1000, 1000), 100, 25, 100.0)
    clock = on_samples(clock, pieces)
    kept, dropped = binning.place(EVENTS, clock, pieces.table(np.ones(len(pieces), bool)), grid)
    return binning.check_share(kept, dropped, EVENTS, clock, spec)


def test_a_recording_in_which_few_events_of_the_film_survive_is_an_error():
    whole = FilmZero("first_event", "trial_type", "film")
    assert share(whole, 120.0) == share(whole, 60.0) == ""
    with pytest.raises(InputError, match="36 of 97 events .*film_zero may name a later moment"):
        share(whole, 40.0)
    with pytest.raises(InputError, match=r"59 not on the film's clock.*stimuli\.film\.implausible"):
        share(whole, 120.0, zero=80.0)
    assert "36 of 97 events" in share(whole, 40.0, strict=False)


def test_a_part_that_the_config_names_is_no_small_share():
    part = FilmZero("first_event", "trial_type", "film", 0.0, 30.0)
    assert share(part, 40.0) == ""
    assert share(FilmZero("first_event", "trial_type", "film", 70.0, None), 40.0) == ""


def test_rows_that_say_when_the_film_ran_say_which_events_to_expect():
    rows = pd.DataFrame(
        {
            "onset": [5.0, 40.0],
            "duration": [20.0, 15.0],
            "trial_type": "film",
            "film_s": [0.0, 30.0],
        }
    )
    rule = FilmZero("film_events", "trial_type", None)
    assert share(rule, 60.0, rows=rows) == ""
    with pytest.raises(InputError, match="of 34 events"):
        share(rule, 60.0, [Seam(k, 0.0) for k in range(150, 6000, 150)], rows=rows)


def test_pauses_that_take_most_events_are_named():
    whole = FilmZero("first_event", "trial_type", "film")
    seams = [Seam(k, 0.0) for k in range(150, 12000, 150)]
    with pytest.raises(InputError, match=r"touches a seam.*shorter responses\.window_ms"):
        share(whole, 120.0, seams)
