"""Brain sources of the demo: what each kind of planted site responds to, and how that unfolds in
time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import signal

from fusion.demo import scenes, speech


def scene_features(content: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return, for each kind that follows the screen, what its sites can respond to: kind -> (scene,
    feature).

    ``vision``: the grey of the background and the size of the objects. No caption mentions them; a
    model that tells images apart from augmented views needs them. ``colour``: which colours
    there are. Captions speak of them; views whose hue is turned by any angle make a model that
    learns from augmented views alone disregard them."""
    colours = np.stack(
        [
            sum((content[f"colour_{k}"] == name).astype(float) for k in (1, 2))
            for name in scenes.COLOURS
        ],
        1,
    )
    size = (content["size_1"] ** 2 + content["size_2"] ** 2).to_numpy()
    return {"vision": np.stack([content["background"].to_numpy(), size], 1), "colour": colours}


def matches(words: pd.DataFrame, cuts: np.ndarray, content: pd.DataFrame) -> np.ndarray:
    """Return, for each word, how the colours that its sentence has named so far agree with what is
    on screen: how many of them are there, less how many are not (word,).

    Neither the words nor the picture alone tell it: a code of both together.

    Parameters
    ----------
    words
        ``word, onset_s, sentence_id``.
    cuts, content
        Onset (s) and content of each scene.
    """
    scene = np.searchsorted(cuts, words["onset_s"].to_numpy(), side="right") - 1
    shown = content[["colour_1", "colour_2"]].to_numpy()[scene]
    found, sentence = np.zeros(len(words)), None
    named: list[str] = []
    for k, (word, own) in enumerate(zip(words["word"], words["sentence_id"], strict=True)):
        if own != sentence:
            named, sentence = [], own
        if word in scenes.COLOURS:
            named.append(word)
        found[k] = sum(1 if colour in shown[k] else -1 for colour in named)
    return found


def word_features(words: pd.DataFrame) -> np.ndarray:
    """Return what language sites can respond to, (word, feature): the word's meaning, and the mean
    meaning of the sentence so far.
    """
    own = speech.meanings(words["word"])
    so_far = (
        pd.DataFrame(own).groupby(words["sentence_id"].to_numpy()).expanding().mean().to_numpy()
    )
    return np.hstack([own, so_far])


def code(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one site's response to each row: a random weighting of the standardised features,
    standardised.
    """
    varying = features[:, features.std(0) > 0]
    weighted = ((varying - varying.mean(0)) / varying.std(0)) @ rng.standard_normal(
        varying.shape[1]
    )
    return _standardised(weighted)


def kernel(peak_s: float, sfreq: float) -> np.ndarray:
    """Return the response to an impulse: a gamma function that peaks at ``peak_s`` (maximum 1)."""
    t = np.arange(0, 6 * peak_s, 1 / sfreq) / peak_s
    return (t * np.exp(1 - t)) ** 3


def scene_source(
    values: np.ndarray, onsets: np.ndarray, film_s: float, sfreq: float, peak_s: float
) -> np.ndarray:
    """Return the time course (film time, mean 0, SD 1) of a source that follows the screen.

    The source holds the scene's value for as long as the scene lasts, twice as strongly in its
    first half second, seen through a kernel that peaks ``peak_s`` after the cut."""
    return _standardised(_through(_held(values, onsets, film_s, sfreq), peak_s, sfreq))


def _held(values: np.ndarray, onsets: np.ndarray, film_s: float, sfreq: float) -> np.ndarray:
    n = round(film_s * sfreq)
    starts = np.round(onsets * sfreq).astype(int)
    lengths = np.diff(np.append(starts, n))
    since_cut = np.arange(n) - np.repeat(starts, lengths)
    return np.repeat(values, lengths) * np.where(since_cut < 0.5 * sfreq, 2.0, 1.0)


def word_source(
    values: np.ndarray, onsets: np.ndarray, film_s: float, sfreq: float, peak_s: float
) -> np.ndarray:
    """Return the time course (film time, mean 0, SD 1) of a source that responds to each word's
    onset.
    """
    drive = np.zeros(round(film_s * sfreq))
    np.add.at(drive, np.round(onsets * sfreq).astype(int), values)
    return _standardised(_through(drive, peak_s, sfreq))


def _through(drive: np.ndarray, peak_s: float, sfreq: float) -> np.ndarray:
    return signal.fftconvolve(drive, kernel(peak_s, sfreq))[: len(drive)]


def _standardised(course: np.ndarray) -> np.ndarray:
    z: np.ndarray = (course - course.mean()) / course.std()
    return z


# When the response of each kind of site peaks after what it responds to (s).
PEAK_S = {"vision": 0.20, "voice": 0.25, "language": 0.30, "colour": 0.35, "match": 0.30}
#: Sites that follow two things, each as strongly as other sites follow one.
TWOFOLD = {"both": ("vision", "language"), "joint": ("colour", "match")}
SPOKEN = ("language", "voice", "match")


def strength(kind: str) -> float:
    """Return the SD of a kind's source relative to that of a site that follows one thing."""
    return float(np.sqrt(len(TWOFOLD.get(kind, (kind,)))))


def site_course(
    kind: str,
    features: dict[str, np.ndarray],
    cuts: np.ndarray,
    words: np.ndarray,
    film_s: float,
    sfreq: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the time course of one planted site, (sample,) of film time, mean 0 and SD 1.

    Parameters
    ----------
    kind
        ``vision``, ``language``, ``voice``, ``colour``; ``both`` follows vision and language side
        by side, ``joint`` colours and whether the words match them.
    features
        What is followed -> (event, feature): events are words for ``language``, ``voice`` and
        ``match``, else scenes.
    cuts, words
        Onsets of scenes and words (s).
    """
    total = np.zeros(round(film_s * sfreq))
    for part in TWOFOLD.get(kind, (kind,)):
        peak_s = PEAK_S[part] * rng.uniform(0.85, 1.15)
        values = code(features[part], rng)
        follow, onsets = (word_source, words) if part in SPOKEN else (scene_source, cuts)
        total += follow(values, onsets, film_s, sfreq, peak_s)
    return _standardised(total)
