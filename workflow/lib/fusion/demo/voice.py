"""The sound of the demo's film: every word is a tone of a voice with known pitch and brightness.

Each sentence has a voice. Its pitch rises with how pleasant the sentence is, as voices do, so that
the words tell part of what a site hears that follows the voice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.demo import speech

RATE_HZ = 16_000
FEATURES = ("pitch", "brightness")
PITCH_HZ = 160.0
#: Octaves of one standard deviation of pitch.
SPREAD = 0.35
HARMONICS = 12
#: How much of the pitch the meaning of a sentence decides (correlation).
TOLD_BY_WORDS = 0.6
LEVEL, NOISE = 0.2, 0.002


def draw_voices(words: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the voice of every word, (n_words, 2): pitch and brightness, standard units, the same
    for all words of a sentence.

    Parameters
    ----------
    words
        As :func:`fusion.demo.speech.draw_words` returns them.
    """
    sentence, _ = pd.factorize(words["sentence_id"])
    n = sentence.max() + 1
    pleasant = speech.meanings(words["word"])[:, speech.MEANINGS.index("pleasantness")]
    told = np.bincount(sentence, pleasant, n) / np.bincount(sentence, minlength=n)
    told = (told - told.mean()) / max(told.std(), 1e-9)
    own = rng.standard_normal((n, 2))
    pitch = TOLD_BY_WORDS * told + np.sqrt(1 - TOLD_BY_WORDS**2) * own[:, 0]
    return np.column_stack([pitch, own[:, 1]])[sentence]


def tone(voice: np.ndarray, length_s: float, rng: np.random.Generator) -> np.ndarray:
    """Return one word (n_samples,): harmonics of the voice's pitch that fall off the less the
    brighter it is, with a little of its own intonation.
    """
    n = max(1, round(length_s * RATE_HZ))
    t = np.arange(n) / RATE_HZ
    glide = rng.uniform(-0.05, 0.05) * (t / length_s - 0.5)
    hz = PITCH_HZ * 2 ** (SPREAD * voice[0] + glide)
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    k = np.arange(1, HARMONICS + 1)
    strength = k ** -(1.5 - 0.5 * np.clip(voice[1], -2, 2))
    strength /= np.sqrt((strength**2).sum())
    # sin(k x) from sin and cos of x (Chebyshev): a tenth of the time of twelve sines.
    before, now, twice = np.zeros(n), np.sin(phase), 2 * np.cos(phase)
    wave = np.zeros(n)
    for amplitude in strength:
        wave += amplitude * now
        before, now = now, twice * now - before
    edge = np.minimum(1, np.minimum(t, length_s - t) / 0.02)
    return (LEVEL * edge.clip(0) * wave).astype(np.float32)


def sound_track(
    words: pd.DataFrame, voices: np.ndarray, film_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the film's sound (n_samples,), mono, 16 kHz, full scale 1.

    Parameters
    ----------
    words
        ``onset_s, offset_s`` of each word.
    voices
        As from :func:`draw_voices`.
    film_s
        Length of the film (s).
    """
    sound = NOISE * rng.standard_normal(round(film_s * RATE_HZ), np.float32)
    for onset_s, offset_s, voice in zip(words["onset_s"], words["offset_s"], voices, strict=True):
        start = round(onset_s * RATE_HZ)
        spoken = tone(voice, offset_s - onset_s, rng)[: len(sound) - start]
        sound[start : start + len(spoken)] += spoken
    return sound
