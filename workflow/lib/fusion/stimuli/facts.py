"""What a film is, in a few facts: length, pictures, sound track, what was repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.stimuli import container, film


def of_film(path: str | Path | None, clock: film.FilmClock, stimulus: str) -> dict[str, Any]:
    """Return the facts of a film.

    Parameters
    ----------
    path
        The film or sound; None where only the words are at hand.
    clock
        Its clock.
    stimulus
        Its name.

    Returns
    -------
    dict
        stimulus, end_s, pictures, pictures_hz (None without pictures), sound (track that is taken),
        sound_warning, notes.
    """
    sound = warning = ""
    if path is not None:
        with container.open_film(path) as opened:
            sound, warning = container.sound_facts(opened)
    pictures = len(clock.pts)
    return {
        "stimulus": stimulus,
        "end_s": clock.end_s,
        "pictures": pictures,
        "pictures_hz": pictures / clock.end_s if pictures and clock.end_s > 0 else None,
        "sound": sound,
        "sound_warning": warning,
        "notes": list(clock.notes),
    }
