"""Which events train a model, which choose its penalty and layer, and which test it.

Folds are contiguous in film time. Events within ``gap_s`` seconds of a held-out event are excluded
from training (purged cross-validation), because response windows overlap and brain and film drift
together. That no event is on both sides is asserted here, where the split is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Held:
    """One training set and the sets of events that its models are scored on.

    Attributes
    ----------
    blocks
        The held-out blocks: one, or two for the inner folds of a nested search.
    train
        Indices of the training events, ascending.
    scored
        Outer fold -> indices of the events whose predictions count for that fold.
    """

    blocks: tuple[int, ...]
    train: np.ndarray
    scored: dict[int, np.ndarray]


@dataclass(frozen=True)
class Folds:
    """A complete plan of training, validation and test sets.

    Attributes
    ----------
    fold
        (event,) held-out block of each event.
    near
        (event, fold) whether the event may not train while that block is held out: it is inside, or
        within the gap.
    outer
        One entry a fold: the training set, and its test events.
    inner
        The validation fits. ``nested``: one entry a pair of blocks, because the model that
        validates block g for outer fold f is the one that validates block f for outer fold g.
        ``halves``: one a fold, the same training set as outer.
    gap_s
        Seconds kept free on both sides of a held-out block.
    """

    fold: np.ndarray
    near: np.ndarray
    outer: tuple[Held, ...]
    inner: tuple[Held, ...]
    gap_s: float

    @property
    def tested(self) -> np.ndarray:
        """(event,) the fold that tests each event, -1 where none does."""
        fold = np.full(len(self.fold), -1, dtype=np.int16)
        for f, held in enumerate(self.outer):
            fold[held.scored[f]] = f
        return fold


def contiguous_blocks(onset_s: np.ndarray, stimulus: np.ndarray, k: int) -> np.ndarray:
    """Return the block 0..k-1 of every event: each film is cut into ``k`` pieces of film time with
    equally many events.

    Block f of every film belongs to fold f. Events of one onset (a film shown twice, duplicated
    rows) stay in one block.

    Parameters
    ----------
    onset_s
        (event,) film time (s).
    stimulus
        (event,) film of each event.
    k
        Number of blocks.
    """
    onset_s, stimulus = np.asarray(onset_s, float), np.asarray(stimulus)
    block = np.empty(len(onset_s), dtype=np.int16)
    for film in np.unique(stimulus):
        rows = np.flatnonzero(stimulus == film)
        times, moment, count = np.unique(onset_s[rows], return_inverse=True, return_counts=True)
        sizes = np.full(k, len(rows) // k) + (np.arange(k) < len(rows) % k)
        before = np.cumsum(count) - count
        block[rows] = np.searchsorted(np.cumsum(sizes), before, side="right")[moment]
    return block


def film_pairs(stimulus: np.ndarray) -> tuple[tuple[str, str], ...]:
    """Return (training film, test film) of every ordered pair of films, sorted by name.

    They are the folds of ``split="one_film"``, in this order.
    """
    films = [str(film) for film in np.unique(np.asarray(stimulus))]
    return tuple((one, other) for one in films for other in films if one != other)


def film_blocks(stimulus: np.ndarray) -> np.ndarray:
    """Return the fold of every event when one film is left out at a time: the film's rank by
    name.
    """
    return np.unique(np.asarray(stimulus), return_inverse=True)[1].astype(np.int16)


def cut(onset_s: np.ndarray, stimulus: np.ndarray, k: int, split: str) -> np.ndarray:
    """Return the fold that holds out each event (n_events,).

    Parameters
    ----------
    onset_s, stimulus
        Film time (s) and film of the events (n_events,).
    k
        Number of contiguous blocks of a film.
    split
        ``film_time`` for blocks, ``film`` for one film at a time.
    """
    return film_blocks(stimulus) if split == "film" else contiguous_blocks(onset_s, stimulus, k)


def within_gap(
    onset_s: np.ndarray, stimulus: np.ndarray, held: np.ndarray, gap_s: float
) -> np.ndarray:
    """Return (event,) whether an event is held out, or nearer than ``gap_s`` to a held-out event of
    the same film.

    Parameters
    ----------
    onset_s, stimulus
        (event,) film time (s) and film.
    held
        (event,) whether the event is held out.
    gap_s
        Gap (s); at 0 only the held-out events themselves count.
    """
    near = held.copy()
    for film in np.unique(stimulus[held]):
        here = stimulus == film
        times = np.sort(onset_s[here & held])
        at = np.searchsorted(times, onset_s[here])
        left = onset_s[here] - times[np.maximum(at - 1, 0)]
        right = times[np.minimum(at, len(times) - 1)] - onset_s[here]
        near[here] |= np.minimum(np.abs(left), np.abs(right)) < gap_s
    return near


def make_folds(
    onset_s: np.ndarray,
    stimulus: np.ndarray,
    *,
    k: int = 5,
    split: str = "film_time",
    validation: str = "nested",
    gap_s: float = 10.0,
    fold: np.ndarray | None = None,
) -> Folds:
    """Return the folds of a set of events.

    Parameters
    ----------
    onset_s
        (event,) film time (s).
    stimulus
        (event,) film of each event; times of different films are not compared.
    k
        Number of contiguous blocks (``split="film_time"``).
    split
        ``film_time``; ``film``: every film is a fold; or ``one_film``: a fold trains on one film
        and tests on another (:func:`film_pairs`), and ``k`` blocks of the training film validate.
    validation
        ``nested``: for each outer fold, its training blocks take turns as validation set.
        ``halves``: the first half of each held-out block validates, the second tests.
    gap_s
        Seconds on both sides of held-out events from which no event trains.
    fold
        (event,) blocks decided elsewhere, instead of ``k`` and ``split``.

    Raises
    ------
    ValueError
        If a fold is left without enough events to train (3), to validate or to test (2), or if
        ``nested`` has fewer than 3 folds.
    """
    onset_s, stimulus = np.asarray(onset_s, float), np.asarray(stimulus)
    if split == "one_film":
        return _one_film(onset_s, stimulus.astype(str), k, gap_s)
    if fold is None:
        fold = cut(onset_s, stimulus, k, split)
    fold = np.asarray(fold)
    count = int(fold.max(initial=-1)) + 1
    if validation == "nested" and count < 3:
        raise ValueError(f"{count} folds; nested validation needs at least 3")
    near = (
        np.stack([within_gap(onset_s, stimulus, fold == f, gap_s) for f in range(count)], axis=1)
        if count
        else np.empty((0, 0), bool)
    )
    maker = _nested if validation == "nested" else _halves
    outer, inner = maker(onset_s, stimulus, fold, near, gap_s)
    for held in (*outer, *inner):
        _check(held, onset_s, stimulus, gap_s)
    return Folds(fold, near, outer, inner, gap_s)


def _nested(
    onset_s: np.ndarray, stimulus: np.ndarray, fold: np.ndarray, near: np.ndarray, gap_s: float
) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    count = near.shape[1]
    outer = tuple(
        Held((f,), np.flatnonzero(~near[:, f]), {f: np.flatnonzero(fold == f)})
        for f in range(count)
    )
    inner = []
    for f in range(count):
        for g in range(f + 1, count):
            # An event that validates block g for fold f is part of what fold f trains on: the gap
            # around f is cut off it.
            scored = {
                f: np.flatnonzero((fold == g) & ~near[:, f]),
                g: np.flatnonzero((fold == f) & ~near[:, g]),
            }
            inner.append(Held((f, g), np.flatnonzero(~near[:, f] & ~near[:, g]), scored))
    return outer, tuple(inner)


def _halves(
    onset_s: np.ndarray, stimulus: np.ndarray, fold: np.ndarray, near: np.ndarray, gap_s: float
) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
    outer, inner = [], []
    for f in range(near.shape[1]):
        train = np.flatnonzero(~near[:, f])
        second = np.zeros(len(fold), dtype=bool)
        for film in np.unique(stimulus[fold == f]):
            rows = np.flatnonzero((fold == f) & (stimulus == film))
            rows = rows[np.argsort(onset_s[rows], kind="stable")]
            second[rows[len(rows) // 2 :]] = True
        first = (fold == f) & ~within_gap(onset_s, stimulus, second, gap_s)
        outer.append(Held((f,), train, {f: np.flatnonzero(second)}))
        inner.append(Held((f,), train, {f: np.flatnonzero(first)}))
    return tuple(outer), tuple(inner)


def _one_film(onset_s: np.ndarray, stimulus: np.ndarray, k: int, gap_s: float) -> Folds:
    pairs = film_pairs(stimulus)
    if not pairs:
        raise ValueError("one film; folds from film to film need at least two")
    piece = contiguous_blocks(onset_s, stimulus, k)
    outer = tuple(
        Held((f,), np.flatnonzero(stimulus == one), {f: np.flatnonzero(stimulus == other)})
        for f, (one, other) in enumerate(pairs)
    )
    inner = []
    for film in dict.fromkeys(one for one, _ in pairs):
        served = [f for f, (one, _) in enumerate(pairs) if one == film]
        for g in range(k):
            held = (stimulus == film) & (piece == g)
            train = (stimulus == film) & ~within_gap(onset_s, stimulus, held, gap_s)
            # No outer fold has this name: fits are shared by name only where training sets agree.
            name = (served[0], len(pairs) + g)
            rows = np.flatnonzero(held)
            inner.append(Held(name, np.flatnonzero(train), dict.fromkeys(served, rows)))
    for held_out in (*outer, *inner):
        _check(held_out, onset_s, stimulus, gap_s)
    near = np.ones((len(stimulus), len(outer)), bool)
    for f, fit in enumerate(outer):
        near[fit.train, f] = False
    return Folds(film_blocks(stimulus), near, outer, tuple(inner), gap_s)


def _check(held: Held, onset_s: np.ndarray, stimulus: np.ndarray, gap_s: float) -> None:
    """Assert that no training event is, or is near, a scored one; raise ``ValueError`` if a set is
    too small.
    """
    if len(held.train) < 3:
        raise ValueError(
            f"{len(held.train)} events are left to train on when block {held.blocks} is held out"
            f" with a gap of {gap_s:g} s"
        )
    for f, scored in held.scored.items():
        if len(scored) < 2:
            raise ValueError(
                f"{len(scored)} events are left to score for fold {f} when block {held.blocks} is"
                f" held out with a gap of {gap_s:g} s"
            )
        mask = np.zeros(len(onset_s), dtype=bool)
        mask[scored] = True
        assert not within_gap(onset_s, stimulus, mask, gap_s)[held.train].any(), (
            f"training and scored events of block {held.blocks} overlap"
        )


def film_time_blocks(
    onset_s: np.ndarray, stimulus: np.ndarray, block_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cut film time into pieces for the statistics.

    Returns
    -------
    labels
        (block,) ``{stimulus}:{k}`` of every piece that has an event, in order of film and time.
    block
        (event,) index into ``labels``.
    """
    piece = np.floor(np.asarray(onset_s, float) / block_s).astype(int)
    films, film = np.unique(np.asarray(stimulus), return_inverse=True)
    pairs, block = np.unique(np.stack([film, piece], axis=1), axis=0, return_inverse=True)
    return np.array([f"{films[f]}:{k}" for f, k in pairs], dtype=object), block.reshape(-1)
