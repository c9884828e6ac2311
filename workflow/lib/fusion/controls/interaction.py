"""The interaction part of a joint network's features: what is left when everything additive in
vision and language is taken out.

M_int(v, l) = M(v, l) - mean over misaligned l~ of M(v, l~) - mean over misaligned v~ of M(v~, l),
the empirical multimodally-additive projection (Hessel and Lee, 2020, EMNLP) turned into features. A
network that only adds a vision and a language code has nothing but noise in M_int; the two means
are its additive part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parts:
    """The parts of a joint network's features, each (event, feature)."""

    interaction: np.ndarray
    over_language: np.ndarray
    """Mean over misaligned language: follows vision."""
    over_vision: np.ndarray
    """Mean over misaligned vision: follows language."""


def parts(
    joint: np.ndarray, shuffled: list[np.ndarray], sources: list[np.ndarray], sweeps: int = 0
) -> Parts:
    """Return the interaction part and the two additive parts of a joint network's features.

    A pairing gives event i the frame of event i and the text of event ``source[i]``. Read along the
    text, the same forward passes are the text of event j with a misaligned frame: event j's row of
    M(v~, l) is row i with ``source[i] == j``. So K pairings serve both means and nothing is
    computed twice.

    With few pairings the two means are noisy: the mean over misaligned texts still holds the mean
    of K texts' own features. ``sweeps`` takes that out: M(v_i, l_j) = a_i + b_j is fitted to all
    misaligned cells by least squares (alternating means, the two-way analysis of variance that the
    projection is), and only what interacts is left to average out.

    Parameters
    ----------
    joint
        (event, feature) M(v, l).
    shuffled
        K arrays (event, feature): M(v, l~) of each pairing.
    sources
        K arrays (event,) of event indices whose text each event was paired with.
    sweeps
        Rounds of the alternating fit; 0 leaves the plain means.

    Raises
    ------
    ValueError
        If there is no pairing, or a text is used by no event in any pairing.
    """
    if not shuffled:
        raise ValueError("the interaction part needs at least one misaligned pairing")
    uses = np.zeros(len(joint))
    for source in sources:
        np.add.at(uses, source, 1)
    if (uses == 0).any():
        raise ValueError(
            f"{int((uses == 0).sum())} of {len(joint)} texts are used by no misaligned pairing"
        )

    def along_text(rows: list[np.ndarray]) -> np.ndarray:
        total = np.zeros_like(shuffled[0])
        for values, source in zip(rows, sources, strict=True):
            np.add.at(total, source, values)
        return np.asarray(total / uses[:, None])

    over_language, over_vision = np.mean(shuffled, axis=0), along_text(shuffled)
    first_language, first_vision = over_language, over_vision
    for _ in range(sweeps):
        grand = over_vision.mean(0)
        over_language = first_language - np.mean(
            [(over_vision - grand)[source] for source in sources], axis=0
        )
        centred = over_language - over_language.mean(0)
        over_vision = first_vision - along_text([centred] * len(sources))
    return Parts(joint - over_language - over_vision, over_language, over_vision)


def shifted(
    features: np.ndarray, onset_s: np.ndarray, min_shift_s: float, n_shifts: int
) -> list[np.ndarray]:
    """Return ``n_shifts`` circularly shifted copies of ``features`` (event, feature), spread evenly
    over the film.

    Each copy keeps the features' own course in time; every shift is at least ``min_shift_s`` of
    film time in both directions.

    Raises
    ------
    ValueError
        If the film is shorter than two smallest shifts.
    """
    return [np.roll(features, k, axis=0) for k in shift_sizes(onset_s, min_shift_s, n_shifts)]


def shift_sizes(onset_s: np.ndarray, min_shift_s: float, n_shifts: int) -> list[int]:
    """Return circular shifts in events, evenly spread, each at least ``min_shift_s`` away from 0 on
    both sides.
    """
    n = len(onset_s)
    duration = onset_s[-1] - onset_s[0]
    if duration < 2 * min_shift_s:
        raise ValueError(
            f"{duration:.0f} s of film leave no circular shift of {min_shift_s:g} s or more"
        )
    lowest = int(np.ceil(n * min_shift_s / duration))
    return [int(k) for k in np.unique(np.linspace(lowest, n - lowest, n_shifts + 2)[1:-1].round())]


def second_order(streams: list[np.ndarray], most: int = 12) -> np.ndarray:
    """Return each stream's leading features, their squares and their products (event, feature),
    standardised.

    Parameters
    ----------
    streams
        (n, p) features of each stream, the most important first.
    most
        Features taken of each stream; fewer where the result would have more than an eighth as many
        features as there are events.
    """
    n = len(streams[0])
    while most > 1 and len(streams) * most * (most + 3) // 2 > n / 8:
        most -= 1
    columns = []
    for stream in streams:
        x = stream[:, :most] - stream[:, :most].mean(0)
        x = x / np.where(x.std(0) > 0, x.std(0), 1)
        columns += [x, *(x[:, [i]] * x[:, i:] for i in range(x.shape[1]))]
    made = np.hstack(columns)
    sd = made.std(0)
    return np.asarray((made - made.mean(0)) / np.where(sd > 0, sd, 1))


def without(part: np.ndarray, others: np.ndarray, shrinkage: float = 1e-3) -> np.ndarray:
    """Return what of some features (event, feature) others do not explain, by slightly shrunk least
    squares over all events.

    Responses take no part in it, so no test event is seen before its time.
    """
    x = others - others.mean(0)
    sd = x.std(0)
    x = x / np.where(sd > 0, sd, 1)
    left = part - part.mean(0)
    gram = x.T @ x + shrinkage * len(x) * np.eye(x.shape[1])
    return np.asarray(left - x @ np.linalg.solve(gram, x.T @ left))


def stream_correlation(
    vision: np.ndarray,
    language: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
    alpha: float = 100.0,
) -> float:
    """Return how well one stream predicts the other: the mean over columns and both directions of
    cross-validated r, at least 0.

    Where it is high, a non-linear code of one stream leaks into the interaction part.
    """

    def one_way(x: np.ndarray, y: np.ndarray) -> float:
        predicted = np.full(y.shape, np.nan)
        for train, test in folds:
            mean, sd = x[train].mean(0), x[train].std(0) + 1e-12
            xt = (x[train] - mean) / sd
            w = np.linalg.solve(
                xt.T @ xt + alpha * np.eye(x.shape[1]), xt.T @ (y[train] - y[train].mean(0))
            )
            predicted[test] = (x[test] - mean) / sd @ w + y[train].mean(0)
        ok = np.isfinite(predicted[:, 0])
        a, b = predicted[ok] - predicted[ok].mean(0), y[ok] - y[ok].mean(0)
        return float(
            np.mean(
                (a * b).sum(0)
                / np.maximum(np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0), 1e-12)
            )
        )

    return max(0.0, (one_way(vision, language) + one_way(language, vision)) / 2)
