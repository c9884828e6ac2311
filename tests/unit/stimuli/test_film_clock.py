"""The picture on screen at a time is the right one, whatever the container does to time."""

from fractions import Fraction

import av
import numbered_films
import numpy as np
import pytest

from fusion.io.errors import InputError
from fusion.stimuli import film, frames

N = 240
TICK = Fraction(1, 90_000)
RNG = np.random.default_rng(4)
EVEN = np.arange(N) * 3600  # 25 pictures a second
FILM_RATE = np.arange(N) * 1001  # in 1/24000 s: 23.976 pictures a second
# 7.5 to 100 pictures a second, from a late start
UNEVEN = np.cumsum(RNG.integers(900, 12_000, N)) - 900
X264 = {"preset": "ultrafast", "crf": 20}
B_FRAMES = {"preset": "fast", "bf": 3, "b_strategy": 0, "b-pyramid": "normal", "crf": 20}
OPEN = {**B_FRAMES, "x264-params": "open-gop=1:keyint=24:scenecut=0"}
MPEG2 = {"codec": "mpeg2video", "options": {"bf": 2, "b": 4_000_000}, "gop": 12}
HEVC = {
    "codec": "libx265",
    "options": {"preset": "ultrafast", "x265-params": "bframes=3:keyint=30:log-level=none"},
}
VP8 = {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": 8, "b": 500_000}}
VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": 8, "b": 500_000}}

# name -> (file, timestamps, their unit, options of numbered_films.write)
VARIANTS = {
    "cfr": ("a.mp4", EVEN, TICK, {"options": X264}),
    "23.976": (
        "a.mp4",
        FILM_RATE,
        Fraction(1, 24_000),
        {"options": B_FRAMES, "rate": Fraction(24_000, 1001)},
    ),
    "23.976 in whole milliseconds": (
        "a.mkv",
        FILM_RATE,
        Fraction(1, 24_000),
        {"options": B_FRAMES, "rate": Fraction(24_000, 1001)},
    ),
    "vfr": ("a.mp4", UNEVEN, TICK, {"options": X264}),
    "vfr with B-frames": ("a.mp4", UNEVEN, TICK, {"options": B_FRAMES, "gop": 48}),
    "vfr in matroska": ("a.mkv", UNEVEN, TICK, {"options": B_FRAMES}),
    "B-frames": ("a.mp4", EVEN, TICK, {"options": B_FRAMES, "gop": 60}),
    "open groups": ("a.mp4", EVEN, TICK, {"options": OPEN}),
    "late start": ("a.ts", EVEN + 5 * 90_000, TICK, {"options": B_FRAMES, "gop": 25}),
    "late start in mp4": ("a.mp4", EVEN + 3 * 90_000, TICK, {"options": B_FRAMES, "gop": 50}),
    "mpeg2 in a transport stream": ("a.ts", np.arange(N), Fraction(1, 25), MPEG2),
    "mpeg4 in avi": (
        "a.avi",
        np.arange(N),
        Fraction(1, 25),
        {"codec": "mpeg4", "options": {"bf": 2, "b": 4_000_000}, "gop": 12},
    ),
    "mpeg2 in a program stream": ("a.mpg", np.arange(N), Fraction(1, 25), MPEG2),
    "h264 in avi, without times": (
        "a.avi",
        np.arange(N),
        Fraction(1, 25),
        {"options": B_FRAMES, "gop": 12},
    ),
    "bare h264, without times": (
        "a.h264",
        np.arange(N),
        Fraction(1, 25),
        {"options": B_FRAMES, "gop": 12},
    ),
    "hevc": ("a.mp4", EVEN, TICK, HEVC),
    "vp9": ("a.webm", EVEN, TICK, VP9),
    "vp8": ("a.webm", EVEN, TICK, VP8),
}


def stored_times(file, pts, time_base):
    """Return when each picture is shown, from what was written: Matroska keeps whole
    milliseconds.
    """
    seconds = [Fraction(int(p)) * time_base for p in pts]
    if file.endswith((".mkv", ".webm")):
        seconds = [Fraction(int(s * 1000 + Fraction(1, 2)), 1000) for s in seconds]
    return np.array([float(s - seconds[0]) for s in seconds])


def random_times(seconds, end_s, n=1000):
    """Return times all over the film, a third of them a picture's own or a microsecond to either
    side.
    """
    anywhere = RNG.uniform(0, end_s, n - 3 * (n // 9))
    own = RNG.choice(seconds, n // 9)
    return np.concatenate([anywhere, own, np.maximum(own - 1e-6, 0), own + 1e-6])


def shown(path, clock, index):
    return {
        k: numbered_films.number(frames.resized(picture, 256))
        for k, picture in film.decode(path, clock, index)
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_picture_at_a_thousand_random_times_is_the_right_one(variant, tmp_path):
    file, pts, time_base, options = VARIANTS[variant]
    path = tmp_path / file
    numbered_films.write(path, pts, time_base, **options)
    truth = stored_times(file, pts, time_base)

    clock = film.read_clock(path)
    np.testing.assert_allclose(clock.seconds, truth, atol=1e-9)
    times = random_times(truth, clock.end_s)
    index = clock.frame_at(times)
    seen = shown(path, clock, np.unique(index))
    # The definition, spelt out: the first picture shown at or after the time; past the last start,
    # the last picture.
    right = [next((k for k, s in enumerate(truth) if s >= t), N - 1) for t in times]
    assert [seen[k] for k in index] == right


def test_pictures_before_an_edit_list_are_not_counted(tmp_path):
    # Negative timestamps make the muxer write an edit list that cuts the first 20 pictures off.
    path = tmp_path / "edited.mp4"
    numbered_films.write(path, EVEN - 20 * 3600, TICK, options=B_FRAMES, gop=48)
    clock = film.read_clock(path)
    assert len(clock.pts) == N - 20
    np.testing.assert_allclose(clock.seconds, np.arange(N - 20) / 25, atol=1e-9)
    seen = shown(path, clock, np.arange(N - 20))
    assert seen == {k: k + 20 for k in range(N - 20)}


def test_sound_before_the_first_picture_is_second_zero(tmp_path):
    path = tmp_path / "sound.mkv"
    numbered_films.write(path, EVEN + 90_000, TICK, options=X264, sound_from=0)
    clock = film.read_clock(path)
    # the tone starts some milliseconds early: AAC primes its decoder
    assert clock.seconds[0] == pytest.approx(1, abs=0.08)
    assert clock.frame_at(0.5) == 0


@pytest.mark.parametrize("gop", [10, 50])
def test_few_pictures_far_apart_are_the_right_ones(gop, tmp_path):
    path = tmp_path / "sparse.mp4"
    options = {**B_FRAMES, "x264-params": f"open-gop=1:keyint={gop}:scenecut=0"}
    numbered_films.write(path, EVEN, TICK, options=options)
    clock = film.read_clock(path)
    assert clock.group.max() >= N // gop - 1
    for wanted in (
        [0],
        [N - 1],
        [gop - 1],
        [gop],
        [gop + 1],
        [5, 130],
        [5, 6, 7, 131, 239],
        *([k] for k in range(95, 110)),
    ):
        assert shown(path, clock, np.array(wanted)) == {k: k for k in wanted}


@pytest.mark.parametrize(
    "variant", ["vfr with B-frames", "open groups", "mpeg2 in a transport stream", "hevc", "vp9"]
)
def test_the_number_of_threads_changes_no_picture(variant, tmp_path):
    file, pts, time_base, options = VARIANTS[variant]
    numbered_films.write(tmp_path / file, pts, time_base, **options)
    clock = film.read_clock(tmp_path / file)
    wanted = np.sort(np.random.default_rng(8).choice(N, 60, replace=False))
    one, four = (
        [(k, picture.to_ndarray()) for k, picture in film.decode(tmp_path / file, clock, wanted, n)]
        for n in (1, 4)
    )
    assert [k for k, _ in one] == [k for k, _ in four] == wanted.tolist()
    for (_, a), (_, b) in zip(one, four, strict=True):
        np.testing.assert_array_equal(a, b)


def test_runs_without_a_wanted_picture_are_not_decoded(tmp_path, monkeypatch):
    path = tmp_path / "sparse.mp4"
    numbered_films.write(path, EVEN, TICK, options=X264, gop=10)
    clock = film.read_clock(path)
    decoded = []
    original = film._pictures
    monkeypatch.setattr(
        film, "_pictures", lambda *args: (decoded.append(p.pts) or p for p in original(*args))
    )
    assert list(shown(path, clock, np.array([5, 205]))) == [5, 205]
    assert len(decoded) <= 20


def test_times_outside_the_film_have_no_picture(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(path, EVEN[:10], TICK, options=X264)
    clock = film.read_clock(path)
    assert clock.end_s == pytest.approx(0.4)
    assert clock.frame_at([-0.001, 0, 0.36, 0.361, 0.4, 0.401]).tolist() == [-1, 0, 9, 9, 9, -1]


def test_a_file_that_is_no_film_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        film.read_clock(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("words, words")
    with pytest.raises(InputError, match="cannot be opened"):
        film.read_clock(tmp_path / "text.mp4")
    with av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as file:
        numbered_films.write_tone(file, file.add_stream("aac", rate=16000), 0, 1)
    with pytest.raises(InputError, match="without a video stream"):
        film.read_clock(tmp_path / "sound.m4a")


def test_a_codec_without_decoder_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(path, EVEN[:10], TICK, options=X264)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    with pytest.raises(InputError, match="codec"):
        film.read_clock(path)


def test_a_truncated_film_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(
        path, EVEN, TICK, options=X264, container_options={"movflags": "faststart"}
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="of 240 pictures"):
        film.read_clock(path)


def test_damaged_pictures_are_refused(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(path, EVEN, TICK, options=X264)
    with av.open(str(path)) as file:
        places = [(p.pos, p.size) for p in file.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for pos, size in places[100:140]:
        data[pos : pos + size] = bytes(size)
    path.write_bytes(data)
    clock = film.read_clock(path)
    with pytest.raises(InputError, match="picture"):
        list(film.decode(path, clock, np.arange(N)))


def test_pictures_are_shrunk_never_enlarged(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(path, EVEN[:30], TICK, options=X264, side=256)
    clock = film.read_clock(path)
    small = list(frames.pictures(path, clock, np.arange(30), 96))
    assert {p.image.shape for p in small} == {(96, 96, 3)}
    assert [numbered_films.number(p.image) for p in small] == list(range(30))
    whole = list(frames.pictures(path, clock, np.array([7]), 1000))
    assert whole[0].image.shape == (256, 256, 3)


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    path = tmp_path / "wide.mp4"
    numbered_films.write(path, EVEN[:10], TICK, options=X264, side=128, aspect=Fraction(16, 9))
    clock = film.read_clock(path)
    (picture,) = frames.pictures(path, clock, np.array([3]), 64)
    assert picture.image.shape == (64, 114, 3)


def turned(path, angle):
    """Write a film whose upper half is white, to be shown turned counterclockwise by ``angle``."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32] = 255
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(angle)
        for _ in range(5):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode())
    return image


@pytest.mark.parametrize(
    ("angle", "white"), [(0, "top"), (90, "left"), (-90, "right"), (180, "bottom")]
)
def test_a_film_to_be_shown_turned_is_turned(angle, white, tmp_path):
    turned(tmp_path / "a.mp4", angle)
    (picture,) = frames.pictures(
        tmp_path / "a.mp4", film.read_clock(tmp_path / "a.mp4"), np.array([2]), 64
    )
    image = picture.image.mean(2)
    height, width = image.shape
    assert (height, width) == ((64, 96) if angle % 180 == 0 else (96, 64))
    half = {
        "top": image[: height // 2],
        "bottom": image[height // 2 :],
        "left": image[:, : width // 2],
        "right": image[:, width // 2 :],
    }
    assert half[white].mean() > 240
    assert image.mean() == pytest.approx(127, abs=5)


def test_a_film_that_changes_its_size_is_refused(tmp_path):
    # Two elementary streams, one after the other: what a capture of changing channels looks like.
    for name, side in (("a", 64), ("b", 128)):
        numbered_films.write(
            tmp_path / f"{name}.h264", np.arange(20), Fraction(1, 25), options=X264, side=side
        )
    path = tmp_path / "both.h264"
    path.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    with pytest.raises(InputError, match="128 x 128 px after 64 x 64"):
        list(frames.pictures(path, film.read_clock(path), np.arange(40), 256))


def test_motion_energy_is_the_squared_change_of_luma_per_second(tmp_path):
    path = tmp_path / "a.mp4"
    numbered_films.write(
        path, UNEVEN[:40], TICK, codec="libx264", options={"preset": "ultrafast", "qp": 0}
    )
    clock = film.read_clock(path)
    wanted = np.array([0, 1, 7, 8, 30])
    found = {p.index: p.motion for p in frames.pictures(path, clock, wanted, 64)}
    # grey, and 64 px as it is
    images = {k: numbered_films.picture(k)[..., 0] / 255 for k in range(40)}
    assert found[0] == 0
    for k in wanted[1:]:
        expected = np.mean((images[k] - images[k - 1]) ** 2) / (
            (UNEVEN[k] - UNEVEN[k - 1]) / 90_000
        )
        assert found[k] == pytest.approx(expected, rel=0.05)
