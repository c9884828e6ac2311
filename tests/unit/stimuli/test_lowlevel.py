"""Low-level descriptions against loops, and sound against tones of known level, pitch and time."""

from fractions import Fraction

import av
import numbered_films
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.io.errors import InputError
from fusion.stimuli import film, lowlevel, sound, soundtrack

TICK = Fraction(1, 90_000)


def test_light_is_taken_from_the_picture_of_the_event():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (130, 8, 10, 3), dtype=np.uint8)
    kept = np.arange(130) * 3 + 5
    motion = rng.uniform(size=130).astype(np.float32)
    store = xr.Dataset(
        {"image": (("frame", "y", "x", "rgb"), image), "motion_energy": ("frame", motion)},
        coords={"frame": kept},
    )
    asked = rng.choice(kept, 40)
    table = lowlevel.visual(store, asked)
    for row, frame in zip(table.itertuples(), asked, strict=True):
        light = (image[(frame - 5) // 3].astype(float) * [0.2126, 0.7152, 0.0722]).sum(2) / 255
        assert row.luminance == pytest.approx(light.mean(), rel=1e-5)
        assert row.contrast == pytest.approx(light.std(), rel=1e-4)
        assert row.motion_energy == motion[(frame - 5) // 3]
    with pytest.raises(AssertionError):
        lowlevel.visual(store, np.array([6]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=20),
    st.lists(st.integers(1, 399), max_size=8),
    st.lists(st.integers(0, 400), max_size=30),
)
def test_places_in_speech_and_film(onset, cut, word):
    onset, cut, word = (np.sort(np.array(x, float)) / 10 for x in (onset, sorted(set(cut)), word))
    table = lowlevel.temporal(onset, cut, word, 40.0, 3.0)
    for t, row in zip(onset, table.itertuples(), strict=True):
        assert row.since_cut_s == pytest.approx(t - max([0.0, *(c for c in cut if c < t)]))
        assert row.to_cut_s == pytest.approx(min([40.0, *(c for c in cut if c > t)]) - t)
        assert row.word_rate_hz == pytest.approx(sum(t - 1.5 <= w <= t + 1.5 for w in word) / 3)
        assert row.film_position == pytest.approx(t / 40)
    assert np.isfinite(table.to_numpy()).all()


def test_letters_of_words():
    assert lowlevel.letters(["Who", "'s", "été,", "10"]).tolist() == [3, 1, 3, 2]


def test_mel_filters_are_triangles_side_by_side():
    filters = sound.mel_filters(8, 400, 16_000)
    np.testing.assert_allclose(filters.sum(0), 1)
    assert (np.diff(filters.argmax(0)) > 0).all()
    for band in filters.T:
        assert (np.diff(np.sign(np.diff(band[band > 0]))) <= 0).all(), "up, then down"


@pytest.mark.parametrize(
    ("file", "late"), [("a.mp4", 0.0), ("a.mkv", 0.0), ("a.mkv", 2.0), ("a.ts", 2.0)]
)
def test_a_tone_has_its_level_its_pitch_and_its_time(file, late, tmp_path):
    path = tmp_path / file
    numbered_films.write(
        path,
        np.arange(125) * 3600 + 90_000,
        TICK,
        options={"preset": "ultrafast"},
        sound_from=1 + late,
    )
    clock = film.read_clock(path)
    spectrum = sound.spectrum(soundtrack.decode(path, clock.zero_s), 20)
    start = int(np.flatnonzero(spectrum[:, 0] > -15)[0]) * sound.HOP / sound.RATE_HZ
    assert start == pytest.approx(late, abs=0.09), (
        "AAC primes its decoder with one or two frames of 64 ms"
    )
    inside = slice(int((late + 0.5) * 100), int((late + 2) * 100))
    np.testing.assert_allclose(spectrum[inside, 0], 10 * np.log10(0.5**2 / 2), atol=0.5)
    centres = (
        sound.mel_filters(20, sound.WINDOW, sound.RATE_HZ).argmax(0) * sound.RATE_HZ / sound.WINDOW
    )
    assert abs(centres[spectrum[inside, 1:].mean(0).argmax()] - 440) == np.abs(centres - 440).min()
    events = lowlevel.acoustic(spectrum, np.array([late + 1.0, 1000.0]), (0, 0.5))
    assert events["envelope_db"][0] == pytest.approx(-9.03, abs=0.5)
    assert events.shape == (2, 21)
    assert np.isfinite(events.to_numpy()).all()


def test_sound_is_averaged_over_the_window_of_the_event():
    spectrum = np.random.default_rng(5).normal(size=(400, 3))
    onset, window = np.array([0.0, 1.234, 2.5, 3.7, 9.0]), (-0.1, 0.4)
    found = lowlevel.acoustic(spectrum, onset, window).to_numpy()
    for row, t in zip(found, onset, strict=True):
        first, last = (min(max(round((t + w) * 100), 0), 400) for w in window)
        inside = spectrum[first:last] if last > first else spectrum[-1:]
        np.testing.assert_allclose(row, inside.mean(0), atol=1e-12)


def test_damaged_sound_is_refused_with_its_place(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(
        path, np.arange(50) * 3600, TICK, options={"preset": "ultrafast"}, sound_from=0
    )
    with av.open(str(path)) as file:
        places = [(packet.pos, packet.size) for packet in file.demux(audio=0) if packet.size]
    data = bytearray(path.read_bytes())
    for pos, size in places[15:20]:
        data[pos : pos + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"sound after 0\.\d+ s: found damaged data"):
        sound.spectrum(soundtrack.decode(path, film.read_clock(path).zero_s), 8)


def test_a_silent_film_has_no_spectrum(tmp_path):
    numbered_films.write(
        tmp_path / "a.mp4", np.arange(30) * 3600, TICK, options={"preset": "ultrafast"}
    )
    path = tmp_path / "a.mp4"
    assert sound.spectrum(soundtrack.decode(path, film.read_clock(path).zero_s), 8) is None
