"""What every reader of a data file gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from fusion.ieeg.segments import Seam

#: Channels (positions in ``names``), first sample, last sample + 1 -> volts, (n_channels, n).
Reader = Callable[[list[int], int, int], np.ndarray]


@dataclass
class Opened:
    """A data file, open and not read.

    Attributes
    ----------
    path
        The file.
    names
        Its channels.
    sfreq
        Sampling rate (Hz) by the file.
    samples
        Number of samples.
    read
        Reads a piece.
    seams
        Where it is not continuous.
    units
        Channel -> unit as the file spells it; only where it names one.
    assumed
        Channel -> volts per unit that ``read`` took for a unit that it does not know.
    convention
        Unit that ``read`` took for all channels because the format has it so, not because the file
        says it; None where it does.
    duplicates
        Labels that stand more than once in the file, and under which names they are read.
    places
        Positions that the file itself holds (electrode, x, y, z); None if it holds none.
    unsure_rate
        Whether the file does not say how fast it was sampled, and ``sfreq`` is a guess.
    rounds
        Whether a rate (Hz) is that of the file but for digits that the file leaves out.
    dated
        Whether its pauses were measured between dates, less the samples between them at ``sfreq``.
    promised
        Whether the file itself says how long it is.
    notes
        What a user should know.
    began
        Date of the first sample, where the file has one.
    """

    path: str
    names: list[str]
    sfreq: float
    samples: int
    read: Reader
    seams: list[Seam] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    assumed: dict[str, float] = field(default_factory=dict)
    convention: Literal["V", "µV"] | None = None
    duplicates: dict[str, list[str]] = field(default_factory=dict)
    places: pd.DataFrame | None = None
    unsure_rate: bool = False
    rounds: Callable[[float], bool] = lambda rate: False
    dated: bool = False
    promised: bool = True
    notes: list[str] = field(default_factory=list)
    began: datetime | None = None


def one_after_another(readers: Sequence[Reader], counts: Sequence[int]) -> Reader:
    """Return what reads pieces of given lengths (samples) as one."""
    first = np.concatenate([[0], np.cumsum(counts)])

    def read(picks: list[int], start: int, stop: int) -> np.ndarray:
        parts = []
        for k, reader in enumerate(readers):
            a, b = max(start, int(first[k])), min(stop, int(first[k + 1]))
            if b > a:
                parts.append(reader(picks, a - int(first[k]), b - int(first[k])))
        return np.concatenate(parts, axis=1) if parts else np.empty((len(picks), 0))

    return read


def digits_left_out(exact: float, text: str) -> bool:
    """Return whether ``text`` is ``exact``, rounded or cut off at its last digit."""
    unit: float = 10.0 ** -len(text.partition(".")[2])
    return -0.501 * unit <= exact - float(text) < unit


def renamed(labels: list[str], names: list[str]) -> dict[str, list[str]]:
    """Return label -> names under which mne reads it, for labels that stand more than once."""
    twice = {label for label in labels if labels.count(label) > 1}
    if len(labels) != len(names):
        return {label: [n for n in names if n.rsplit("-", 1)[0] == label] for label in twice}
    return {label: [n for k, n in zip(labels, names, strict=True) if k == label] for label in twice}


def suffixed(names: list[str]) -> dict[str, list[str]]:
    """Return label -> names ``label-0``, ``label-1`` .. as mne renames labels that stand more than
    once, for formats whose own labels are not read here.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        stem, _, number = name.rpartition("-")
        if stem and number.isdigit():
            found.setdefault(stem, []).append(name)
    return {
        stem: every
        for stem, every in found.items()
        if len(every) > 1
        and [n.rpartition("-")[2] for n in every] == [*map(str, range(len(every)))]
    }
