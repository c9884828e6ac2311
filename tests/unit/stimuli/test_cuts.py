"""Cuts are pictures: from tables however rounded, and from films with known shots."""

import logging
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from fusion.io.errors import InputError
from fusion.stimuli import cuts, film
from fusion.stimuli.film import FilmClock
from fusion.stimuli.spec import AnnotatedCuts


def how(column="onset", unit="s", *, skip_first=True, strict=True):
    return AnnotatedCuts(column, unit, skip_first, strict)


REAL = os.environ.get("FUSION_REAL_LAYOUT")


def clock(seconds):
    seconds, n = np.asarray(seconds), len(seconds)
    return FilmClock(
        np.arange(n),
        seconds,
        np.zeros(n, int),
        np.zeros(n, bool),
        float(seconds[-1] + seconds[1]),
        0.0,
    )


@pytest.mark.parametrize("digits", [2, 3, 4, 6, 9])
def test_a_rounded_time_is_the_picture_it_was(digits, tmp_path):
    seconds = np.arange(20_000) * 1001 / 24_000
    frames = np.arange(7, 20_000, 13)
    pd.DataFrame({"t": seconds[frames].round(digits)}).to_csv(tmp_path / "a.csv", index=False)
    table = cuts.from_table(tmp_path / "a.csv", how("t", skip_first=True), clock(seconds))
    assert table["frame"].tolist() == frames.tolist()
    np.testing.assert_allclose(table["cut_s"], seconds[frames], atol=1e-12)


def test_the_first_shot_is_no_cut_unless_asked_for(tmp_path, caplog):
    (tmp_path / "a.tsv").write_text("onset\n2.0\n0\n1.0\n1.0\n99\n")
    timing = clock(np.arange(100) / 25)
    assert cuts.from_table(tmp_path / "a.tsv", how("onset", skip_first=True), timing)[
        "frame"
    ].tolist() == [25, 50]
    assert cuts.from_table(tmp_path / "a.tsv", how("onset", skip_first=False), timing)[
        "frame"
    ].tolist() == [
        0,
        25,
        50,
    ]
    assert "1 of 5 cuts lie outside the film" in caplog.text


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("onset\n2000\n1000\n", how(unit="ms")),
        ("onset\n50\n25\n", how(unit="frames")),
        ("onset\n32000\n16000\n", how(unit=16000.0)),
        ("onset\n00:00:02.000\n00:00:01.000\n", how()),
        ("start;end\n2,0;3\n1,0;2\n", how("start")),
        (
            "Timecode List:,00:00:01.000,00:00:02.000\n"
            "Scene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame\n"
            "1,1,00:00:00.000,0.000,25\n2,26,00:00:01.000,1.000,50\n3,51,00:00:02.000,2.000,99\n",
            how(),
        ),
        (
            "Scene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame\n"
            "1,1,00:00:00.000,0.000,25\n2,26,00:00:01.000,1.000,50\n3,51,00:00:02.000,2.000,99\n",
            how(unit="frames"),
        ),
    ],
)
def test_cuts_in_every_unit_and_of_pyscenedetect(text, given, tmp_path):
    (tmp_path / "a.csv").write_text(text)
    table = cuts.from_table(tmp_path / "a.csv", given, clock(np.arange(100) / 25))
    assert table["frame"].tolist() == [25, 50]


def test_pictures_that_are_counted_from_one_are_counted_from_nought(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("shot,first\n1,1\n2,26\n3,51\n")
    table = cuts.from_table(
        tmp_path / "a.csv", how("first", unit="frames"), clock(np.arange(100) / 25)
    )
    assert table["frame"].tolist() == [25, 50]
    assert "counted from 1" in caplog.text
    (tmp_path / "a.csv").write_text("first\n0.5\n26\n")
    with pytest.raises(InputError, match="no number of a picture"):
        cuts.from_table(tmp_path / "a.csv", how("first", unit="frames"), clock(np.arange(100) / 25))


@pytest.mark.parametrize(
    ("factor", "unit"), [(1000, "unit: ms"), (25, "unit: frames"), (16_000, "unit: 16000")]
)
def test_cuts_in_another_unit_are_refused_with_the_key(factor, unit, tmp_path):
    times = "\n".join(f"{k * factor}" for k in range(5, 100, 5))
    (tmp_path / "a.tsv").write_text(f"onset\n{times}\n")
    with pytest.raises(InputError, match=f"scene_cuts.{unit}"):
        cuts.from_table(tmp_path / "a.tsv", how(), clock(np.arange(2500) / 25))


def test_what_is_no_table_of_cuts_is_refused(tmp_path):
    (tmp_path / "a.tsv").write_text("onset\n1.0\nlater\n")
    with pytest.raises(InputError, match="row 3: found 'later'"):
        cuts.from_table(tmp_path / "a.tsv", how("onset", skip_first=True), clock([0, 1, 2]))
    with pytest.raises(InputError, match="column 'shot'"):
        cuts.from_table(tmp_path / "a.tsv", how("shot", skip_first=True), clock([0, 1, 2]))


@pytest.mark.skipif(
    not REAL, reason="FUSION_REAL_LAYOUT is not set: the bmovie annotation is not at hand"
)
def test_the_shots_of_bmovie_begin_with_the_pictures_it_names():
    path = Path(REAL, "bmovie_annotations/assets/annotations/scenecut_info.csv")
    shots = pd.read_csv(path)
    table = cuts.from_table(
        path, how("shot_start_t", skip_first=True), clock(np.arange(12_000) / 25)
    )
    first = (shots["shot_start_fr"] - 1).astype(int).tolist()
    assert len(shots) == 93
    assert table["frame"].tolist() == sorted(set(first) - {0})


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """A film of uneven frame rate with noise that jumps at known pictures: (path, first pictures of
    the shots).
    """
    rng = np.random.default_rng(2)
    path, first = tmp_path_factory.mktemp("shots") / "film.mp4", [0, 31, 77, 90, 150, 201]
    stamps = np.cumsum(rng.integers(2000, 5200, 240))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"preset": "ultrafast", "bf": "2"}
        )
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.time_base = (
            160,
            120,
            "yuv420p",
            Fraction(1, 90_000),
        )
        for k, stamp in enumerate(stamps):
            if k in first:
                scene = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((20, 20, 1)))
            image = np.clip(scene + 6 * np.sin(k / 5), 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = int(stamp), Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path, first


@pytest.mark.parametrize("detector", ["content", "adaptive"])
def test_detected_cuts_are_the_first_pictures_of_shots(detector, shots, caplog):
    path, first = shots
    timing = film.read_clock(path)
    with caplog.at_level(logging.INFO):
        table = cuts.detect(path, timing, detector, None, 0.2)
    assert table["frame"].tolist() == first[1:]
    np.testing.assert_allclose(table["cut_s"], timing.seconds[first[1:]])
    assert "5 cuts found" in caplog.text


def test_threshold_and_shortest_scene_matter(shots):
    path, first = shots
    timing = film.read_clock(path)
    assert cuts.detect(path, timing, "content", 250, 0.2).empty
    sparse = cuts.detect(path, timing, "content", None, 1.0)["frame"].tolist()
    assert set(sparse) < set(first)
