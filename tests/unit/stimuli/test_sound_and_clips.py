"""A click and a flash planted in films reach the windows and clips of events at their own time, to
the sample and the picture.
"""

import tracemalloc
from fractions import Fraction

import av
import numbered_films
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers.scripts import run_script
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.io import labelled
from fusion.io.errors import InputError
from fusion.io.tables import write_tsv
from fusion.stimuli import clips, film, soundtrack, waveform
from fusion.stimuli.spec import Clip, FramesSpec, SoundSpec

SECONDS = 6
TICK = Fraction(1, 90_000)


def film_with_click(path, click_s, rate_hz=16_000, late_s=0.0, codec="pcm_s16le", layout="mono"):
    """Write a film of 25 pictures a second whose sound, from ``late_s`` on, is one click."""
    n = round((SECONDS - late_s) * rate_hz)
    sound = np.zeros((n, 2 if layout == "stereo" else 1), np.int16)
    sound[round((click_s - late_s) * rate_hz)] = 30_000
    with av.open(str(path), "w") as file:
        picture = file.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        tone = file.add_stream(codec, rate=rate_hz, layout=layout)
        for k in range(SECONDS * 25):
            image = np.full((32, 32, 3), k % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            file.mux(picture.encode(frame))
        file.mux(picture.encode())
        for start in range(0, n, 1024):
            part = np.ascontiguousarray(sound[start : start + 1024].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, start + round(late_s * rate_hz)
            frame.time_base = Fraction(1, rate_hz)
            file.mux(tone.encode(frame))
        file.mux(tone.encode())
    return path


def sound_of(path, folder):
    """Return the waveform that the script wrote."""
    run_script("sound", {"film": path}, {"sound": folder / "sound.nc"}, SoundSpec("film"))
    with labelled.open_labelled(folder / "sound.nc") as store:
        assert store.attrs["rate_hz"] == waveform.RATE_HZ
        return store["waveform"].load()


@pytest.mark.parametrize(
    ("rate_hz", "late_s", "layout"),
    [
        (16_000, 0.0, "mono"),
        (16_000, 0.03, "mono"),
        (16_000, 1.5, "stereo"),
        (48_000, 0.0, "mono"),
        (48_000, 0.5, "stereo"),
    ],
)
def test_a_click_is_in_the_window_at_its_own_sample(tmp_path, rate_hz, late_s, layout):
    click_s = 3.1235
    path = film_with_click(tmp_path / "a.mkv", click_s, rate_hz, late_s, layout=layout)
    heard = sound_of(path, tmp_path)
    assert int(np.abs(heard.to_numpy()).argmax()) == round(click_s * 16_000)
    onset_s = np.array([3.0, click_s, click_s + 1 / 16_000, 4.0, 5.5])
    found = waveform.windows(heard, waveform.stops(onset_s), 16_000)
    loud = np.abs(found) > 0.8 * np.abs(heard.to_numpy()).max()
    # Strictly before the event: at the click's own sample it is not heard yet.
    assert loud.any(1).tolist() == [False, False, True, True, False]
    assert loud[2].argmax() == 15_999
    assert loud[3].argmax() == 16_000 - round((4.0 - click_s) * 16_000)
    after = waveform.windows(heard, waveform.stops(onset_s[:1], after_s=0.5), 16_000)
    assert np.abs(after[0]).argmax() == 16_000 - round((3.5 - click_s) * 16_000)


def test_sound_of_a_compressed_film_keeps_its_time(tmp_path):
    path = film_with_click(tmp_path / "a.mp4", 2.5, 16_000, codec="aac")
    heard = np.abs(sound_of(path, tmp_path).to_numpy())
    centre = (heard * np.arange(len(heard))).sum() / heard.sum()
    assert abs(centre - 2.5 * 16_000) < 16, "within a millisecond: the encoder smears the click"


def test_a_silent_film_has_an_empty_waveform(tmp_path):
    numbered_films.write(tmp_path / "a.mp4", np.arange(20) * 3600, TICK)
    assert len(sound_of(tmp_path / "a.mp4", tmp_path)) == 0


def test_damaged_sound_names_the_film(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"a\.wav"):
        list(soundtrack.decode(path, 0.0))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 50),
    st.integers(1, 30),
    st.lists(st.integers(-20, 80), min_size=1, max_size=10),
)
def test_windows_against_a_loop(n, length, stop):
    sound = xr.DataArray(np.arange(1, n + 1, dtype=np.float32), dims="sample")
    found = waveform.windows(sound, np.array(stop), length)
    for row, end in zip(found, stop, strict=True):
        expected = [k + 1 if 0 <= k < n else 0 for k in range(end - length, end)]
        assert row.tolist() == expected


def test_writing_holds_a_minute_of_sound_at_most(tmp_path):
    minutes = 20

    def pieces():
        for k in range(minutes * 60):
            yield np.full(waveform.RATE_HZ, k, np.float32)

    tracemalloc.start()
    with labelled.create(tmp_path / "sound.nc", {}) as file:
        n = waveform.write(file, pieces())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == minutes * 60 * waveform.RATE_HZ
    assert peak < 3 * 4 * waveform.BLOCK < 4 * n
    with labelled.open_labelled(tmp_path / "sound.nc") as store:
        assert store["waveform"][:: waveform.RATE_HZ].to_numpy().tolist() == list(range(1200))
        assert sum(map(len, waveform.blocks(store["waveform"]))) == n


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=60),
    st.integers(1, 6),
    st.sampled_from([1.0, 4.0, 7.5, 25.0]),
    st.sampled_from([None, 0.1, 0.5]),
    st.data(),
)
def test_clips_against_a_loop(steps, n, rate_hz, seconds, data):
    shown = np.cumsum([0, *steps]) / 25
    frame = data.draw(st.integers(0, len(shown) - 1))
    found = clips.pictures(shown, np.array([frame]), Clip(n, rate_hz, seconds))[0]
    for k, picture in enumerate(found):
        back = (n - 1 - k) / rate_hz
        t = shown[frame] - (back if seconds is None else min(back, seconds))
        assert picture == max([0, *(i for i, s in enumerate(shown) if s <= t + 1e-6)])
    assert found[-1] == frame


def test_a_flash_is_in_the_clip_at_its_own_place(tmp_path):
    """Every picture shows its number: the flash is a picture whose number is known."""
    stamps = np.arange(400) * 3750  # 24 a second
    numbered_films.write(tmp_path / "film.mkv", stamps, TICK, options={"bf": 2}, gop=48)
    clock = film.read_clock(tmp_path / "film.mkv")
    onset_s = np.array([0.2, 5.01, 9.99, 16.0])
    frame = clock.frame_at(onset_s)
    events = pd.DataFrame({"event": list("abcd"), "onset_s": onset_s, "frame": frame})
    write_tsv(events, tmp_path / "events.tsv")
    video, slow = Clip(16, 8.0, None), Clip(8, 1.0, 3.0)
    run_script(
        "frames",
        {"film": tmp_path / "film.mkv", "events": [tmp_path / "events.tsv"]},
        {"frames": tmp_path / "film.nc"},
        FramesSpec(stimulus="film", size_px=32, clips=(video, slow)),
    )
    with labelled.open_labelled(tmp_path / "film.nc") as store:
        place = {int(k): i for i, k in enumerate(store["frame"].to_numpy())}
        shown = store["picture_s"].to_numpy()
        np.testing.assert_array_equal(shown, clock.seconds)
        for clip in (video, slow):
            for row, last in zip(clips.pictures(shown, frame, clip), frame, strict=True):
                numbers = [
                    numbered_films.number(store["image"][place[int(k)]].to_numpy()) for k in row
                ]
                assert numbers[-1] == last
                back = min(1 / clip.rate_hz, clip.seconds or np.inf)
                before = max(0, last - round(24 * back))
                assert numbers[-2] == before, "the picture on screen one step before"
        assert len(place) == len(clips.wanted(shown, frame, (video, slow)))
