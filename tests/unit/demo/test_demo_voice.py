"""The demo's voices: what is heard is what was drawn, and nothing else of the demo moves."""

from itertools import islice

import av
import numpy as np
import pandas as pd
import pytest
import torch

from fusion.demo import film, hearing, recording, scenes, sources, speech, voice
from fusion.stimuli import film as clocks
from fusion.stimuli import soundtrack

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def said():
    onsets = film.draw_cuts(120, RNG(0))
    content = scenes.draw_scenes(len(onsets), RNG(1))
    return onsets, content, speech.draw_words(120, onsets, content, RNG(2))


def test_a_sentence_has_one_voice_that_rises_with_what_is_pleasant(said):
    words = said[2]
    voices = voice.draw_voices(words, RNG(3))
    of_sentence = pd.DataFrame(voices).groupby(words["sentence_id"].to_numpy())
    assert (of_sentence.max() == of_sentence.min()).all(axis=None)
    meaning = speech.meanings(words["word"])[:, speech.MEANINGS.index("pleasantness")]
    pleasant = pd.Series(meaning).groupby(words["sentence_id"].to_numpy()).mean()
    r = np.corrcoef(pleasant, of_sentence.first()[0])[0, 1]
    assert 0.2 < r < 0.9


@pytest.mark.parametrize("pitch", [-1.0, 0.0, 1.0])
def test_the_pitch_of_a_word_is_its_voices(pitch):
    wave = voice.tone(np.array([pitch, 0.0]), 0.5, RNG(0))
    power = np.abs(np.fft.rfft(wave, 1 << 16)) ** 2
    hz = np.fft.rfftfreq(1 << 16, 1 / voice.RATE_HZ)
    expected = voice.PITCH_HZ * 2 ** (voice.SPREAD * pitch)
    assert hz[power.argmax()] == pytest.approx(expected, rel=0.03)


def test_bright_voices_have_more_power_in_high_harmonics():
    dark, bright = (voice.tone(np.array([0.0, b]), 0.5, RNG(0)) for b in (-1.5, 1.5))
    hz = np.fft.rfftfreq(len(dark), 1 / voice.RATE_HZ)
    high = [(np.abs(np.fft.rfft(w)) ** 2)[hz > 800].sum() / (w**2).sum() for w in (dark, bright)]
    assert high[1] > 3 * high[0]


def test_words_are_heard_when_the_transcript_says(said, tmp_path):
    onsets, content, words = said
    sound = voice.sound_track(words, voice.draw_voices(words, RNG(3)), 120, RNG(4))[: 20 * 16_000]
    onsets = onsets[onsets < 18]
    for name, track in (("silent", None), ("heard", sound)):
        film.write_film(tmp_path / f"{name}.mp4", onsets, content, 20, RNG(5), track)
    clocks_of = [clocks.read_clock(tmp_path / f"{name}.mp4") for name in ("silent", "heard")]
    np.testing.assert_array_equal(clocks_of[0].seconds, clocks_of[1].seconds)
    pictures = []
    for name in ("silent", "heard"):
        with av.open(str(tmp_path / f"{name}.mp4")) as file:
            shown = islice(file.decode(video=0), 60)
            pictures.append([frame.to_ndarray(format="rgb24") for frame in shown])
    np.testing.assert_array_equal(*pictures)
    heard = np.concatenate(list(soundtrack.decode(tmp_path / "heard.mp4", clocks_of[1].zero_s)))[
        : len(sound)
    ]
    assert np.corrcoef(heard, sound[: len(heard)])[0, 1] > 0.95


def test_the_voice_shaft_follows_the_voice():
    shaft = recording.implant_voice(RNG(0))
    assert shaft["planted"].tolist() == ["none", "voice", "none", "voice", "none"]
    features = {"voice": RNG(1).standard_normal((3, 2))}
    course = sources.site_course(
        "voice", features, np.array([]), np.array([1.0, 2.0, 3.0]), 5.0, 64.0, RNG(2)
    )
    assert course.std() == pytest.approx(1)
    assert np.ptp(course[:60]) < 1e-9, "nothing before the first word"


def test_the_network_of_sound_trains_to_the_same_bits():
    size = {"width": 16, "layers": 1, "channels": 8}
    torch.set_num_threads(1)
    one, _, losses = hearing.train(size, 3, 4, 0.002, 0)
    two, _, again = hearing.train(size, 3, 4, 0.002, 0)
    assert losses == again
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
