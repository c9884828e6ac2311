"""Whether a film is long enough: the folds that its events allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fusion.encoding.folds import film_time_blocks, make_folds

#: Fewer events than this train and test nothing that could be told from chance.
FEWEST = 50
#: Folds and gaps (s) that are tried, the workflow's own first.
TRIED = ((5, 10.0), (5, 5.0), (4, 5.0), (3, 5.0))


@dataclass(frozen=True)
class Folding:
    """Folds for the events of a film.

    Attributes
    ----------
    folds, gap_s
        Number of folds and gap between them (s); None if nothing fits.
    why
        What stands against it; empty if it fits.
    """

    folds: int | None
    gap_s: float | None
    why: str = ""


def folding(onset_s: list[np.ndarray], block_s: float, min_blocks: int) -> Folding:
    """Return the folds that the events of some films allow.

    Parameters
    ----------
    onset_s
        Of each film (n_events,) onsets (s).
    block_s
        Length of the blocks of the statistics (s).
    min_blocks
        Blocks below which nothing is tested.
    """
    events = np.concatenate(onset_s) if onset_s else np.zeros(0)
    film = np.repeat(np.arange(len(onset_s)), [len(some) for some in onset_s])
    if len(events) < FEWEST:
        return Folding(None, None, f"{len(events)} events, of which {FEWEST} are needed at least")
    blocks = len(film_time_blocks(events, film, block_s)[0])
    for folds, gap_s in TRIED:
        if blocks < max(min_blocks, folds + 1):
            continue
        try:
            made = make_folds(events, film, k=folds, gap_s=gap_s)
        except ValueError:
            continue
        if min(len(held.train) for held in (*made.outer, *made.inner)) >= FEWEST / 3:
            return Folding(folds, gap_s)
    if blocks < min_blocks:
        why = f"events in {blocks} blocks of {block_s:g} s, of which {min_blocks} are needed"
        return Folding(None, None, why)
    return Folding(None, None, f"{len(events)} events leave too few to train on beside the gaps")
