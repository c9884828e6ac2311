"""Films as the world sends them: the right picture at the right time, or a clear refusal."""

import json
from fractions import Fraction

import av
import numbered_films
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from fusion.io.errors import InputError
from fusion.stimuli import colour, facts, film, frames, plausible, soundtrack, stamps

FAST = {"preset": "ultrafast", "crf": 10}
N, RATE = 100, 10
CODECS = {
    "H.264 in MP4": ("mp4", "libx264", {**FAST, "bf": 2}),
    "H.264 in Matroska": ("mkv", "libx264", FAST),
    "H.264 in MPEG-TS": ("ts", "libx264", FAST),
    "H.264 in AVI": ("avi", "libx264", {**FAST, "bf": 0}),
    "H.264 in FLV": ("flv", "libx264", {**FAST, "bf": 0}),
    "H.264 in QuickTime": ("mov", "libx264", FAST),
    "HEVC in MP4": ("mp4", "libx265", {**FAST, "x265-params": "log-level=0"}),
    "VP9 in WebM": ("webm", "libvpx-vp9", {"cpu-used": 8, "deadline": "realtime", "crf": 10}),
    "VP8 in WebM": ("webm", "libvpx", {"cpu-used": 8, "deadline": "realtime", "b": "1M"}),
    "AV1 in MP4": ("mp4", "libsvtav1", {"preset": 12, "crf": 20}),
    "AV1 in Matroska": ("mkv", "libsvtav1", {"preset": 12, "crf": 20}),
    "MPEG-2 in MPEG-PS": ("vob", "mpeg2video", {"b": "4000000", "bf": 2}),
    "MPEG-2 in MPEG-TS": ("ts", "mpeg2video", {"b": "4000000"}),
    "MPEG-4 in AVI": ("avi", "mpeg4", {"b": "4000000"}),
    "ProRes in QuickTime": ("mov", "prores_ks", {}),
    "FFV1 in Matroska": ("mkv", "ffv1", {}),
    "MJPEG in AVI": ("avi", "mjpeg", {"q": 3}),
    "WMV in ASF": ("asf", "wmv2", {"b": "4000000"}),
    "MPEG-2 in MXF": ("mxf", "mpeg2video", {"b": "4000000"}),
    "H.264 in 3GP": ("3gp", "libx264", {**FAST, "bf": 0}),
    "H.264 in fragments": ("mp4", "libx264", FAST),
    "H.264 in Matroska, 4:4:4": ("mkv", "libx264", FAST),
    "HEVC in MP4, 10 bits": ("mp4", "libx265", {**FAST, "x265-params": "log-level=0"}),
}  # fmt: skip
PIXELS = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}
#: Levels of 255 by which a field of a picture may differ from the source's.
TOLERANCE = 8


def write(path, codec, options, n=N, first=0, pts=None, prepare=None, name=""):
    """Write numbered pictures at ``RATE`` a second."""
    split = {"movflags": "frag_keyframe+empty_moov"} if "fragments" in name else {}
    pixels = {"4:4:4": "yuv444p", "10 bits": "yuv420p10le"}
    with av.open(str(path), "w", options=split) as container:
        rate = 25 if codec == "mpeg2video" else RATE
        stream = container.add_stream(
            codec, rate=rate, options={key: str(value) for key, value in options.items()}
        )
        stream.width = stream.height = numbered_films.SIDE
        stream.pix_fmt = next(
            (form for part, form in pixels.items() if part in name), PIXELS.get(codec, "yuv420p")
        )
        stream.codec_context.gop_size = 20
        if pts:
            stream.codec_context.time_base = Fraction(1, 1000)
        if prepare:
            prepare(stream)
        for k in range(n):
            frame = av.VideoFrame.from_ndarray(numbered_films.picture(first + k), format="rgb24")
            if "HDR" in name:
                frame = in_pq(frame)
            if "full range" in name:
                frame = frame.reformat(format="yuv420p", dst_color_range=ColorRange.JPEG)
            frame.pts = pts[k] if pts else k
            frame.time_base = Fraction(1, 1000) if pts else Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def fields(image):
    """Return the levels (4, 4) in the middle of the fields of a picture of any shape."""
    rows, columns = (
        (np.arange(4) * n / 4 + n / 8).astype(int)[:, None] + np.arange(-1, 2)
        for n in image.shape[:2]
    )
    grey = image.astype(float).mean(axis=2)
    return grey[rows][:, :, columns].mean(axis=(1, 3))


def seen(path, wanted):
    clock = film.read_clock(path)
    return [
        numbered_films.number(one.image)
        for one in frames.pictures(path, clock, np.asarray(wanted), 64)
    ]


@pytest.mark.parametrize("name", CODECS)
def test_the_picture_at_a_known_time_is_the_source_s(name, tmp_path):
    suffix, codec, options = CODECS[name]
    path = write(tmp_path / f"film.{suffix}", codec, options, name=name)
    clock = film.read_clock(path)
    rate = 25 if codec == "mpeg2video" else RATE
    assert len(clock.pts) == N
    np.testing.assert_allclose(clock.seconds, np.arange(N) / rate, atol=0.002)
    times = np.arange(0, N, 2) / rate
    wanted = clock.frame_at(times, tolerance_s=0.002)
    found = np.stack([fields(one.image) for one in frames.pictures(path, clock, wanted, 64)])
    source = np.stack([fields(numbered_films.picture(k)) for k in range(0, N, 2)])
    off = np.abs(found - source).max(axis=(1, 2)) > TOLERANCE
    if "AV1" not in name:
        assert not off.any()
        return
    with av.open(str(path)) as container:  # this encoder loses a field of one picture
        plain = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)][::2]
    assert off.sum() <= 1
    assert np.abs(found - [fields(one) for one in plain]).max() < TOLERANCE


@pytest.mark.parametrize(
    ("width", "height", "declared", "matrix"),
    [
        (64, 64, 2, Colorspace.ITU601),
        (1280, 544, 2, Colorspace.ITU709),
        (720, 576, 2, Colorspace.ITU601),
        (608, 1080, 2, Colorspace.ITU709),
        (64, 64, 1, Colorspace.ITU709),
        (1280, 544, 5, Colorspace.ITU601),
    ],
)
def test_colours_go_by_the_declared_matrix_else_by_the_size(
    width, height, declared, matrix, tmp_path
):
    image = np.full((height, width, 3), (200, 40, 60), np.uint8)
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "4"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.colorspace = declared
        for k in range(3):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=matrix)
            frame.colorspace = declared
            frame.pts, frame.time_base = k, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    (one,) = frames.pictures(path, film.read_clock(path), np.array([1]), 64)
    assert np.abs(one.image[5, 5].astype(int) - (200, 40, 60)).max() <= 4


def in_pq(frame):
    """Return a picture of the usual range as HDR10 codes it."""
    light = (frame.to_ndarray(format="rgb24") / 255.0) ** 2.4 * 203
    wide = np.clip(light @ np.linalg.inv(colour.NARROWER).T, 0, None)
    coded = np.round(65535 * pq(wide)).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(coded, format="rgb48le").reformat(
        format="yuv420p10le", dst_colorspace=9
    )
    frame.color_trc, frame.color_primaries = colour.PQ, colour.WIDE
    return frame


def hdr(stream):
    stream.codec_context.color_trc = colour.PQ
    stream.codec_context.color_primaries = colour.WIDE
    stream.codec_context.colorspace = 9


def interlaced(stream):
    stream.codec_context.flags |= 0x00040000 | 0x20000000


def wide_pixels(stream):
    stream.codec_context.sample_aspect_ratio = Fraction(16, 9)


def uneven():
    """Return stamps (ms) of 5 to 25 pictures a second."""
    return np.cumsum(np.random.default_rng(3).integers(40, 200, N)).tolist()


HEVC = {**FAST, "x265-params": "log-level=0"}
# name -> (suffix, codec, options, what is done to the stream, stamps)
STATES = {
    "rotated": ("mp4", "libx264", FAST, lambda s: s.set_display_rotation(90), None),
    "wide pixels": ("mp4", "libx264", FAST, wide_pixels, None),
    "interlaced": ("mpg", "mpeg2video", {"b": "8000000"}, interlaced, None),
    "HDR10": ("mkv", "libx265", HEVC, hdr, None),
    "variable rate": ("mkv", "libx264", FAST, None, uneven()),
    "full range": ("mp4", "libx264", FAST,
                   lambda s: setattr(s.codec_context, "color_range", 2), None),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_the_picture_is_the_source_s_in_whatever_state_the_film_is(name, tmp_path):
    suffix, codec, options, prepare, pts = STATES[name]
    label = f"{name}, 10 bits" if name == "HDR10" else name
    path = tmp_path / f"film.{suffix}"
    write(path, codec, options, prepare=prepare, pts=pts, name=label)
    clock = film.read_clock(path)
    truth = (np.array(pts) - pts[0]) / 1000 if pts else clock.seconds
    np.testing.assert_allclose(clock.seconds, truth, atol=0.002)
    wanted = clock.frame_at(truth[::2], tolerance_s=0.002)
    assert wanted.tolist() == list(range(0, N, 2))
    found = np.stack([fields(one.image) for one in frames.pictures(path, clock, wanted, 64)])
    source = np.stack([fields(numbered_films.picture(k)) for k in range(0, N, 2)])
    source = np.rot90(source, axes=(1, 2)) if name == "rotated" else source
    assert np.abs(found - source).max() < TOLERANCE


# -- pixel aspect


def disc(path, codec, aspect, options, shape):
    y, x = np.mgrid[:96, :96]
    image = np.full((96, 96, 3), 30, np.uint8)
    image[((x - 47.5) / (40 / shape)) ** 2 + ((y - 47.5) / 40) ** 2 < 1] = 220
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10, options=options)
        stream.width = stream.height = 96
        stream.pix_fmt = "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for k in range(10):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def remuxed(source, path, aspect):
    with av.open(str(source)) as read, av.open(str(path), "w") as out:
        stream = read.streams.video[0]
        copy = out.add_stream_from_template(stream)
        copy.codec_context.sample_aspect_ratio = aspect
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    return path


@pytest.mark.parametrize("case", ["in both", "in the container", "of VP9", "corrected"])
def test_a_disc_is_round_wherever_the_aspect_stands(case, tmp_path):
    wide, fast = Fraction(16, 9), {"preset": "ultrafast"}
    path = tmp_path / "film.mp4"
    if case == "in both":
        disc(path, "libx264", wide, fast, wide)
    elif case == "of VP9":
        disc(path, "libvpx-vp9", wide, {"cpu-used": "8", "deadline": "realtime"}, wide)
    elif case == "in the container":
        remuxed(disc(tmp_path / "a.mp4", "libx264", None, fast, wide), path, wide)
    else:
        plain = disc(tmp_path / "a.mp4", "libx264", Fraction(4, 3), fast, 1)
        remuxed(plain, path, Fraction(1, 1))
    (one,) = frames.pictures(path, film.read_clock(path), np.array([5]), 96)
    bright = one.image[..., 0] > 128
    assert abs(int(bright.any(0).sum()) - int(bright.any(1).sum())) <= 2


# -- interlace and high dynamic range


def test_the_fields_of_an_interlaced_picture_are_not_mixed():
    image = np.full((64, 64, 3), 20, np.uint8)
    image[0::2, :20] = 220  # the bar moves between the fields
    image[1::2, 30:50] = 220
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    combed = frames.resized(frame, 64)
    interlaced = frames.first_field(frame)
    assert (interlaced.width, interlaced.height) == (64, 32)
    whole = interlaced.reformat(64, 64, "rgb24").to_ndarray()
    rows = combed[:, 40, 0].astype(int)
    assert np.abs(np.diff(rows)).max() > 100
    assert np.abs(np.diff(whole[4:-4, 40, 0].astype(int))).max() < 20
    assert whole[32, 10, 0] > 200 and whole[32, 40, 0] < 60


def test_an_interlaced_film_has_no_combs(tmp_path):
    def interlaced(stream):
        stream.codec_context.flags |= 0x00040000 | 0x20000000  # interlaced coding

    path = tmp_path / "film.mpg"
    image = np.full((64, 64, 3), 20, np.uint8)
    image[0::2, :20] = 220
    image[1::2, 30:50] = 220
    with av.open(str(path), "w", format="mpeg") as out:
        stream = out.add_stream("mpeg2video", rate=25, options={"b": "8000000"})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv422p"
        interlaced(stream)
        for k in range(10):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with av.open(str(path)) as read:
        marked = next(read.decode(video=0)).interlaced_frame
    if not marked:
        pytest.skip("this encoder does not mark its pictures as interlaced")
    (one,) = frames.pictures(path, film.read_clock(path), np.array([5]), 64)
    assert np.abs(np.diff(one.image[8:-8, 40, 0].astype(int))).max() < 60


def pq(light):
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    y = (light / 10_000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def test_hdr_becomes_the_picture_it_was_made_of():
    rng = np.random.default_rng(1)
    source = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    light = (source / 255.0) ** 2.4 * 203
    wide = light @ np.linalg.inv(colour.NARROWER).T
    found = colour.to_sdr(pq(wide), colour.PQ)
    assert np.abs(found.astype(int) - source).max() <= 1
    assert colour.to_sdr(np.full((1, 1, 3), pq(4000.0)), colour.PQ).min() == 255


def test_hlg_s_reference_white_is_white_and_black_is_black():
    # ITU-R BT.2408: 75% of HLG is reference white, 203 cd/m² on a display of 1,000.
    assert colour.from_hlg(np.full((1, 1, 3), 0.75))[0, 0, 0] == pytest.approx(203, rel=0.01)
    assert colour.from_hlg(np.ones((1, 1, 3)))[0, 0, 0] == pytest.approx(1000, rel=0.01)
    assert colour.from_hlg(np.zeros((1, 1, 3)))[0, 0, 0] == pytest.approx(0, abs=1e-6)


def test_an_hdr_film_is_not_dark(tmp_path):
    def wide(stream):
        stream.codec_context.color_trc = colour.PQ
        stream.codec_context.color_primaries = colour.WIDE
        stream.codec_context.colorspace = 9

    path = tmp_path / "film.mkv"
    grey = np.full((64, 64, 3), pq((0.5**2.4) * 203) * 65535, np.uint16)
    options = {"preset": "ultrafast", "crf": "4", "x265-params": "log-level=0"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx265", rate=10, options=options)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p10le"
        wide(stream)
        for k in range(10):
            frame = av.VideoFrame.from_ndarray(grey, format="rgb48le").reformat(
                format="yuv420p10le", dst_colorspace=9
            )
            frame.color_trc, frame.color_primaries = colour.PQ, colour.WIDE
            frame.pts, frame.time_base = k, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    (one,) = frames.pictures(path, film.read_clock(path), np.array([5]), 64)
    assert abs(float(one.image.mean()) - 127.5) < 6


# -- stamps that jump


@pytest.mark.parametrize("suffix", ["mp4", "mov", "flv"])
def test_parts_of_which_only_the_first_is_seen_are_refused(suffix, tmp_path):
    options = {**FAST, "bf": 0}
    parts = [write(tmp_path / f"{k}.{suffix}", "libx264", options, n=30) for k in range(2)]
    path = tmp_path / f"film.{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(film.read_clock(parts[0]).pts) == 30
    with pytest.raises(InputError, match="2 films one after the other"):
        film.read_clock(path)


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [("ts", "libx264", FAST), ("vob", "mpeg2video", {"b": "4000000", "bf": 2}),
     ("mkv", "libx264", FAST), ("webm", *CODECS["VP8 in WebM"][1:])],
)  # fmt: skip
def test_two_parts_put_together_follow_on_each_other(suffix, codec, options, tmp_path, caplog):
    parts = [write(tmp_path / f"{k}.{suffix}", codec, options, first=k * N) for k in range(2)]
    path = tmp_path / f"film.{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    clock = film.read_clock(path)
    rate = 25 if codec == "mpeg2video" else RATE
    assert len(clock.pts) == 2 * N
    np.testing.assert_allclose(clock.seconds, np.arange(2 * N) / rate, atol=0.01)
    wanted = np.arange(0, 2 * N, 3)
    assert seen(path, wanted) == wanted.tolist()
    assert "begin again 1 times" in caplog.text


def test_one_stray_stamp_is_put_between_its_neighbours():
    times = np.arange(50) / 10
    times[20] = 10_800.0
    found = stamps.repaired(times)
    np.testing.assert_allclose(found.seconds, np.arange(50) / 10, atol=1e-9)
    assert "1 pictures with a stray time stamp" in found.notes[0]


def test_a_leap_that_does_not_come_back_is_refused():
    times = np.arange(50) / 10
    times[20:] += 3600
    assert stamps.repaired(times) is None


def test_jitter_is_no_part():
    times = np.array([0.0, 0.1, 0.2, 0.15, 0.3, 0.4])
    assert not stamps.jumps(times)
    assert stamps.jumps(np.array([0.0, 0.4, 0.8, 0.0, 0.4]))
    assert stamps.jumps(np.array([0.0, 0.1, 3600.0]))


def test_a_film_with_a_stray_stamp_shows_its_pictures(tmp_path):
    path = write(tmp_path / "film.flv", "libx264", {**FAST, "bf": 0})
    data, at, tags = bytearray(path.read_bytes()), 13, 0
    while at + 11 < len(data):  # no muxer writes such a stamp: that of picture 40 is set to 3 hours
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        tags += data[at] == 9
        if tags == 42:  # the first one is the codec's header
            data[at + 4 : at + 8] = b"\xa4\xcb\x80\x00"
            break
        at += 11 + size + 4
    path.write_bytes(data)
    clock = film.read_clock(path)
    assert clock.end_s < 12
    assert seen(path, np.arange(0, N, 5)) == list(range(0, N, 5))


# -- films cut short


@pytest.mark.parametrize(
    "name", ["H.264 in Matroska", "VP9 in WebM", "MPEG-4 in AVI", "H.264 in MP4"]
)
def test_a_film_cut_short_says_where_it_ends_and_what_lies_behind(name, tmp_path):
    suffix, codec, options = CODECS[name]
    whole = write(tmp_path / f"whole.{suffix}", codec, options, n=300)
    content = whole.read_bytes()
    path = tmp_path / f"film.{suffix}"
    path.write_bytes(content[: int(len(content) * 0.55)])
    with pytest.raises(InputError) as error:
        film.read_clock(path, np.array([1.0, 2.0, 29.0, 29.5]))
    if suffix != "mp4":
        assert "with 2 of 4 events behind it" in str(error.value)
        assert "after" in str(error.value)


@pytest.mark.parametrize(("suffix", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"),
                                              ("mp3", "libmp3lame"), ("m4a", "aac")])  # fmt: skip
def test_a_sound_cut_short_says_where_it_ends(suffix, codec, tmp_path):
    path, noise = tmp_path / f"a.{suffix}", np.random.default_rng(0)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=16000, layout="mono")
        resampler = av.AudioResampler(stream.format.name, "mono", 16000, frame_size=1024)
        for k in range(310):
            samples = (0.1 * noise.standard_normal((1, 1024))).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16000, 1024 * k, Fraction(1, 16000)
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode())
    assert film.read_any_clock(path).end_s == pytest.approx(19.84, abs=0.2)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.55)])
    with pytest.raises(InputError) as error:
        film.read_any_clock(path, np.array([1.0, 2.0, 19.0]))
    if suffix != "m4a":  # without its index it cannot be opened
        assert "with 1 of 3 events behind it" in str(error.value)


# -- sound tracks


def with_tracks(path, titles, dispositions):
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        tracks = []
        for k, title in enumerate(titles):
            track = out.add_stream("aac", rate=16000)
            track.metadata["title"] = title
            track.disposition = dispositions[k]
            tracks.append(track)
        for k in range(30):
            frame = av.VideoFrame.from_ndarray(numbered_films.picture(k), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 10)
            out.mux(video.encode(frame))
        for k, track in enumerate(tracks):
            numbered_films.write_tone(out, track, 0, 3, frequency=400 * (k + 1))
        out.mux(video.encode())
    return path


def pitch(path):
    sound = np.concatenate(list(soundtrack.decode(path, 0.0)))[8000:24000]
    return int(np.abs(np.fft.rfft(sound)).argmax() * 16000 / len(sound))


@pytest.mark.parametrize(
    ("titles", "dispositions", "taken", "warns"),
    [
        (["Stereo", "Other"], [1, 0], 1, False),
        (["Stereo", "Other"], [0, 1], 2, False),
        (["Director's commentary", "Stereo"], [1, 0], 2, True),
        (["Stereo", "Other"], [9, 0], 2, True),
        (["Audio description"], [1], 1, True),
    ],
)
@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_sound_is_the_default_track_that_is_no_commentary(
    titles, dispositions, taken, warns, suffix, tmp_path
):
    if suffix == "mp4" and max(dispositions) > 1:
        pytest.skip("MP4 has no such disposition")
    path = with_tracks(tmp_path / f"film.{suffix}", titles, dispositions)
    assert abs(pitch(path) - 400 * taken) < 20
    found = facts.of_film(path, film.read_clock(path), "film")
    assert found["sound"].startswith(f"track {taken} of {len(titles)}")
    assert bool(found["sound_warning"]) == warns
    json.dumps(found)


# -- times judged together


@pytest.mark.parametrize(("suffix", "codec"), [("h264", "libx264"), ("hevc", "libx265")])
def test_a_bare_stream_runs_at_the_rate_that_its_pictures_say(suffix, codec, tmp_path):
    """A demuxer takes 25 a second for any bare stream."""
    options = FAST if suffix == "h264" else CODECS["HEVC in MP4"][2]
    path = write(tmp_path / f"a.{suffix}", codec, options)
    clock = film.read_clock(path)
    assert clock.end_s == pytest.approx(N / RATE)
    assert "evenly spaced at 10 a second" in clock.notes[0]
    assert seen(path, clock.frame_at([0.0, 4.2, 9.9])) == [0, 42, 99]


def test_a_bare_stream_whose_pictures_say_no_rate_is_refused(tmp_path):
    path = write(tmp_path / "a.mjpeg", "mjpeg", {"q": 3})
    with pytest.raises(InputError, match="neither timestamps nor a frame rate.*-framerate"):
        film.read_clock(path)


@pytest.mark.parametrize(
    ("factor", "shift", "says"),
    [
        (1000, 0, "transcript.unit: ms"),
        (16_000, 0, "transcript.unit: 16000"),
        (44_100, 0, "transcript.unit: 44100"),
        (25, 0, "transcript.unit: 25"),
        (1, 400, "transcript.zero_s"),
        (1 / 60, 0, "transcript.unit: 0.016667"),
    ],
)
def test_words_that_cannot_belong_to_the_film_name_the_key(factor, shift, says):
    onset = np.linspace(5, 390, 700)
    with pytest.raises(InputError, match=says):
        plausible.check_words(onset * factor + shift, 400.0, 25.0, "words.tsv", "film")
    assert plausible.check_words(onset, 400.0, 25.0, "words.tsv", "film") == ""
    note = plausible.check_words(
        onset * factor + shift, 400.0, 25.0, "words.tsv", "film", strict=False
    )
    assert says in note


def test_words_in_disorder_are_refused():
    onset = np.random.default_rng(0).permutation(np.linspace(5, 390, 200))
    with pytest.raises(InputError, match="before the word above them"):
        plausible.check_words(onset, 400.0, 25.0, "words.tsv", "film")
