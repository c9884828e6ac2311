"""What is said in the demo's film: stories, and now and then a sentence about what is on screen.

Every word has a meaning, a point in a small space, which language sites follow. Words for colours,
shapes and relations have none (zero), so that a language site tells nothing about what is on
screen."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd

from fusion.demo import scenes

MEANINGS = ("animacy", "motion", "pleasantness", "indoors")

# word: animacy, motion, pleasantness, indoors
LEXICON = {
    "king": (1, -0.3, 0, 0.6),
    "queen": (1, -0.2, 0.4, 0.6),
    "child": (1, 0.6, 0.8, 0.3),
    "doctor": (0.9, 0, 0.2, 0.9),
    "sailor": (0.9, 0.5, 0, -0.9),
    "soldier": (0.9, 0.6, -0.8, -0.6),
    "thief": (0.9, 0.7, -1, 0.4),
    "mother": (1, 0, 0.9, 0.7),
    "horse": (0.7, 1, 0.3, -1),
    "dog": (0.7, 0.7, 0.6, 0),
    "bird": (0.6, 1, 0.5, -1),
    "spider": (0.5, 0.2, -0.9, 0.4),
    "old": (0.2, -0.7, -0.2, 0.1),
    "young": (0.3, 0.6, 0.5, 0),
    "happy": (0.5, 0.2, 1, 0),
    "sad": (0.5, -0.5, -1, 0.1),
    "brave": (0.6, 0.5, 0.6, -0.3),
    "cruel": (0.5, 0.3, -1, 0),
    "gentle": (0.4, -0.4, 0.9, 0.2),
    "tired": (0.4, -0.9, -0.5, 0.4),
    "runs": (0.4, 1, 0.1, -0.6),
    "walks": (0.4, 0.6, 0.2, -0.3),
    "jumps": (0.4, 1, 0.4, -0.3),
    "hides": (0.3, -0.4, -0.7, 0.4),
    "sleeps": (0.3, -1, 0.4, 0.9),
    "sings": (0.5, 0, 0.9, 0.3),
    "cries": (0.6, -0.2, -0.9, 0.2),
    "waits": (0.3, -0.9, -0.2, 0.2),
    "laughs": (0.6, 0.1, 1, 0.2),
    "fights": (0.4, 0.9, -1, -0.3),
    "cooks": (0.3, 0, 0.5, 1),
    "rests": (0.2, -0.9, 0.5, 0.5),
    "forest": (-0.4, 0, 0.1, -1),
    "river": (-0.5, 0.7, 0.3, -1),
    "mountain": (-0.8, -0.4, 0.2, -1),
    "garden": (-0.3, 0, 0.8, -0.7),
    "kitchen": (-0.8, 0, 0.5, 1),
    "castle": (-0.9, -0.5, 0, 0.8),
    "prison": (-0.9, -0.9, -1, 1),
    "bedroom": (-0.9, -0.8, 0.6, 1),
    "slowly": (0, -0.8, 0, 0),
    "quickly": (0, 0.9, 0, 0),
    "softly": (0, -0.3, 0.6, 0.1),
    "badly": (0, 0, -0.8, 0),
}
AGENTS, QUALITIES, ACTIONS, PLACES, MANNERS = (
    list(LEXICON)[:12],
    list(LEXICON)[12:20],
    list(LEXICON)[20:32],
    list(LEXICON)[32:40],
    list(LEXICON)[40:],
)
FUNCTION_WORDS = (
    "the",
    "a",
    "in",
    "near",
    "behind",
    "and",
    "is",
    "of",
    "while",
    "we",
    "see",
    "look",
    "there",
)
#: Share of the sentences that are about the screen: in what the text model is trained on, and in
#: the film.
SHARE_ON_SCREEN = 0.25
SHARE_IN_FILM = 0.5


def vocabulary() -> list[str]:
    """Return every word that can be said, sorted."""
    relations = {
        word for pair in scenes.RELATIONS.values() for relation in pair for word in relation.split()
    }
    return sorted({*LEXICON, *FUNCTION_WORDS, *scenes.COLOURS, *scenes.SHAPES, *relations})


def meanings(words: Iterable[str]) -> np.ndarray:
    """Return the meaning (n, 4) of each word; words without one are zero."""
    return np.array([LEXICON.get(word, (0.0,) * len(MEANINGS)) for word in words], float).reshape(
        -1, len(MEANINGS)
    )


def story_sentence(rng: np.random.Generator) -> str:
    """Make up a sentence such as "the old king walks slowly near a river"."""
    words = [rng.choice(["the", "a"])]
    if rng.random() < 0.6:
        words.append(rng.choice(QUALITIES))
    words += [rng.choice(AGENTS), rng.choice(ACTIONS)]
    if rng.random() < 0.4:
        words.append(rng.choice(MANNERS))
    if rng.random() < 0.7:
        words += [
            rng.choice(["in", "near", "behind"]),
            rng.choice(["the", "a"]),
            rng.choice(PLACES),
        ]
    if rng.random() < 0.3:
        words += [
            "and" if rng.random() < 0.5 else "while",
            rng.choice(["the", "a"]),
            rng.choice(AGENTS),
            rng.choice(ACTIONS),
        ]
    return " ".join(words)


def screen_sentence(scene: Mapping[Hashable, Any], rng: np.random.Generator) -> str:
    """Say what is on screen: "look there is a red circle left of a blue square"."""
    return f"{rng.choice(['look there is', 'we see', 'there is'])} {scenes.caption(scene, rng)}"


def draw_words(
    film_s: float, onsets: np.ndarray, content: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the film's transcript.

    Parameters
    ----------
    film_s
        Length of the film (s); nothing is said in its last second.
    onsets, content
        Onset (s) and content of each scene: a sentence about the screen speaks of the scene at its
        own onset.

    Returns
    -------
    DataFrame
        One row per word: ``word, onset_s, offset_s, sentence_id, sentence, on_screen`` (whether the
        sentence is about the screen).
    """
    rows, t, sentence_id = [], float(rng.uniform(0.5, 1.5)), 0
    while True:
        on_screen = rng.random() < SHARE_IN_FILM
        row = content.iloc[np.searchsorted(onsets, t, side="right") - 1]
        scene = cast(Mapping[Hashable, Any], row)
        sentence = screen_sentence(scene, rng) if on_screen else story_sentence(rng)
        spoken = []
        for word in sentence.split():
            length = 0.12 + 0.035 * len(word) + rng.uniform(0, 0.12)
            spoken.append(
                (
                    word,
                    round(t, 3),
                    round(t + length, 3),
                    f"s{sentence_id:04d}",
                    sentence,
                    on_screen,
                )
            )
            t += length + rng.uniform(0.01, 0.10)
        if t > film_s - 1:
            break
        rows += spoken
        t += rng.uniform(0.3, 1.5)
        sentence_id += 1
    return pd.DataFrame(
        rows, columns=["word", "onset_s", "offset_s", "sentence_id", "sentence", "on_screen"]
    )
