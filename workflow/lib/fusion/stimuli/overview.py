"""All stimuli in one table: what each is, and how its transcript was understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

#: Column of the table of stimuli -> what it is.
COLUMNS = {
    "stimulus": "Name of the film, or of what was heard.",
    "recordings": "Recordings in which it was shown.",
    "length_s": "Length (s).",
    "pictures": "Pictures; 0 for a sound or words alone.",
    "pictures_hz": "Pictures a second.",
    "sound": "Sound track that was taken.",
    "words": "Words of the transcript.",
    "sentences": "Sentences of the transcript.",
    "transcript": "How the transcript was read: form, columns, unit, encoding.",
    "left_out": "What of the transcript is no word, by kind, with examples.",
    "warnings": "What was repaired in the film, and what is odd in its sound.",
}


def table(
    films: Sequence[Mapping[str, Any]],
    transcripts: Sequence[Mapping[str, Any]],
    shown: Sequence[str],
) -> pd.DataFrame:
    """Return one row a stimulus, with the columns ``COLUMNS``.

    Parameters
    ----------
    films
        Facts of :func:`fusion.stimuli.facts.of_film`.
    transcripts
        Facts of their transcripts, in the same order
        (:meth:`fusion.stimuli.transcripts.Transcript.facts`).
    shown
        The film of each recording.
    """
    rows = [
        {
            "stimulus": one["stimulus"],
            "recordings": list(shown).count(one["stimulus"]),
            "length_s": one["end_s"],
            "pictures": one["pictures"],
            "pictures_hz": one["pictures_hz"],
            "sound": one["sound"] or None,
            "words": words["words"],
            "sentences": words["sentences"],
            "transcript": "; ".join(words["taken"]) or None,
            "left_out": "; ".join(words["left_out"]) or None,
            "warnings": "; ".join(filter(None, [*one["notes"], one["sound_warning"]])) or None,
        }
        for one, words in zip(films, transcripts, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
