"""Time stamps of pictures that jump: parts put together, one stray stamp. Repaired where the order
of the pictures is clear, refused elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: A jump forward that no film makes (s): slides that stand still for a minute are stamped closer.
JUMP_S = 60.0
#: A step back by more than this (s) begins a new part; less is jitter.
BACK_S = 0.5


@dataclass(frozen=True)
class Repaired:
    """Stamps in the order in which pictures are shown.

    Attributes
    ----------
    seconds
        (n_pictures,) increasing.
    notes
        What was repaired; empty if nothing was.
    """

    seconds: np.ndarray
    notes: tuple[str, ...]


def jumps(seconds: np.ndarray) -> bool:
    """Return whether stamps in decoding order step back, or leap further than a film does.

    Parameters
    ----------
    seconds
        (n_packets,) decoding times (s).
    """
    steps = np.diff(seconds)
    return bool(len(steps) and ((steps < -BACK_S).any() or (steps > JUMP_S).any()))


def repaired(seconds: np.ndarray) -> Repaired | None:
    """Return stamps that increase, or None where the order is not clear.

    Parameters
    ----------
    seconds
        (n_pictures,) stamps (s) of the pictures in the order in which the decoder shows them.

    Notes
    -----
    A single picture whose stamp leaps away from both neighbours gets the middle between them.
    A part whose stamps begin again follows the part before it after one step. A leap forward that
    does not come back is not repaired: whether something is missing there cannot be known.
    """
    times, notes = seconds.astype(float).copy(), []
    step = float(np.median(np.abs(np.diff(times)))) if len(times) > 1 else 0.0
    stray = [
        k
        for k in range(len(times))
        if abs(times[k] - times[k - 1 if k else 1]) > JUMP_S and _fits(times, k, step)
    ]
    for k in stray:
        before = times[k - 1] if k else times[k + 1] - 2 * step
        after = times[k + 1] if k + 1 < len(times) else before + 2 * step
        times[k] = (before + after) / 2
    if stray:
        notes.append(
            f"{len(stray)} pictures with a stray time stamp were put between their neighbours"
        )
    edges = [0, *(np.flatnonzero(np.diff(times) < -BACK_S) + 1).tolist(), len(times)]
    parts = len(edges) - 2
    for first, last in zip(edges, edges[1:], strict=False):
        part = times[first:last]
        even = part[0] + step * np.arange(last - first)
        if (np.diff(part) <= 0).any():
            # Program streams stamp some pictures only, and others come out twice.
            if np.abs(part - even).max() > 5 * step:
                return None
            part = even
        times[first:last] = part - (part[0] - times[first - 1] - step if first else 0)
    if parts:
        notes.append(f"time stamps begin again {parts} times: the parts follow on each other")
    steps = np.diff(times)
    if (steps <= 0).any() or (steps > JUMP_S).any():
        return None
    return Repaired(times, tuple(notes))


def _fits(times: np.ndarray, k: int, step: float) -> bool:
    """Return whether the pictures around picture k follow on each other without it."""
    if len(times) < 4:
        return False
    if k in (0, len(times) - 1):
        inner = abs(times[k + 2] - times[k + 1]) if k == 0 else abs(times[k - 2] - times[k - 1])
        return bool(inner < max(10 * step, 1.0))
    return bool(0 < times[k + 1] - times[k - 1] < max(10 * step, 1.0))
