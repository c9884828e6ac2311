"""A film is one file: playlists, patterns and headers that lie are refused, or harmless."""

import struct
from fractions import Fraction

import numbered_films
import numpy as np
import pytest

from fusion.io.errors import InputError
from fusion.stimuli import decoding, film, soundtrack


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    numbered_films.write(path, range(0, 10 * 512, 512), Fraction(1, 12800))
    return path


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period>'
    "<AdaptationSet><Representation><BaseURL>{}</BaseURL></Representation></AdaptationSet>"
    "</Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 {}\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("target", ["film.mp4", "http://127.0.0.1:9/film.mp4"])
def test_a_playlist_is_no_film(right, kind, target):
    path = right.with_name(f"list.{kind}")
    path.write_text(PLAYLISTS[kind].format(target))
    with pytest.raises(InputError, match="a film"):
        film.read_any_clock(path)
    path = right.with_name("named.mp4")
    path.write_text(PLAYLISTS[kind].format(target))
    with pytest.raises(InputError, match="a film"):
        film.read_any_clock(path)


@pytest.mark.parametrize("name", ["data:1.mp4", "concat:a.mp4", "film%03d.mp4", "a b é|c.mp4"])
def test_a_name_is_no_address_and_no_pattern(right, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(right.read_bytes())
    assert len(film.read_clock(name).pts) == 10


def wav(path, stated, samples=16000):
    """Write a WAV file whose header promises other lengths than it has."""
    data = (np.sin(np.arange(samples) / 5) * 8000).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    head = b"RIFF" + struct.pack("<I", min(stated + 36, 2**32 - 1)) + b"WAVEfmt "
    head += struct.pack("<I", 16) + form + b"data" + struct.pack("<I", stated)
    path.write_bytes(head + data)


@pytest.mark.parametrize("stated", [0, 7, 32000, 2**31, 2**32 - 1])
def test_a_wav_that_lies_about_its_length_gives_the_sound_it_has(tmp_path, stated):
    path = tmp_path / "a.wav"
    wav(path, stated)
    try:
        clock = film.read_any_clock(path)
        held = sum(len(piece) for piece in soundtrack.decode(path, clock.zero_s))
    except InputError as error:
        assert str(path) in str(error)
        return
    assert clock.end_s <= 1.01 and held <= 16100
    if stated >= 32000:
        assert held >= 15900


def test_a_transcript_of_millions_of_rows_is_refused_at_once(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_bytes(b"word\tonset\n" + b"a\t1.0\n" * 600_000)
    with pytest.raises(InputError, match="600,001 lines; expected .* at most 500,000"):
        decoding.read_cells(path)


@pytest.mark.parametrize("cell", ["1e999", "inf", "NaN", 10**400, float("inf"), True, "9" * 400])
def test_a_time_is_finite(cell):
    assert np.isnan(decoding.seconds(cell))
