"""Where a recording is continuous, and the true time of each sample.

A recorder may pause, and a file may be cut. Every format says so in its own way; all are turned
into one list of segments. Time runs from the first sample of the recording, pauses included, as
BIDS counts onsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Annotations of a stretch that the file fills with zeros.
SKIP = "BAD_ACQ_SKIP"
#: Annotations of a place where pieces were joined; EEGLAB also writes its ``boundary`` as -99.
JOINTS = {"boundary", "bad boundary", "edge boundary", "-99", "-99.0"}

#: Jitter of time stamps that is believed (s); more than that is a pause.
JITTER_S = 0.02

COLUMNS = ["segment", "onset_s", "duration_s", "sample", "samples", "kept"]


@dataclass(frozen=True)
class Seam:
    """A place where a file goes on after a pause.

    Attributes
    ----------
    sample
        First sample after the pause, or of the filler.
    lost_s
        Length of the pause that the file does not hold (s); NaN if unknown.
    filler
        Samples from ``sample`` on that stand for the pause and hold no data.
    """

    sample: int
    lost_s: float = 0.0
    filler: int = 0


@dataclass(frozen=True)
class Segments:
    """The continuous pieces of a recording, in order.

    Attributes
    ----------
    first
        (n_segments,) first sample of each in the data file.
    count
        (n_segments,) number of samples.
    onset_s
        (n_segments,) time of the first sample (s).
    sfreq
        Sampling rate (Hz).
    unknown
        Number of pauses whose length is not known.
    """

    first: np.ndarray
    count: np.ndarray
    onset_s: np.ndarray
    sfreq: float
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.first)

    @property
    def samples(self) -> int:
        """Samples of all segments together."""
        return int(self.count.sum())

    @property
    def start(self) -> np.ndarray:
        """First sample of each segment once all are joined, (n_segments,)."""
        starts: np.ndarray = np.concatenate([[0], np.cumsum(self.count)[:-1]])
        return starts

    @property
    def slices(self) -> list[slice]:
        """Each segment among the joined samples."""
        return [slice(a, a + n) for a, n in zip(self.start, self.count, strict=True)]

    @property
    def end_s(self) -> float:
        """Time at which the last segment ends (s)."""
        return float(self.onset_s[-1] + self.count[-1] / self.sfreq)

    @property
    def lost_s(self) -> float:
        """Seconds between the first and the last sample that were not recorded."""
        return float(max(0.0, self.end_s - self.onset_s[0] - self.samples / self.sfreq))

    def time_of(self, sample: np.ndarray) -> np.ndarray:
        """Return the time (s) of (fractional) samples of the data file; in a filler, its own."""
        sample = np.asarray(sample, float)
        k = np.clip(np.searchsorted(self.first, sample, side="right") - 1, 0, len(self) - 1)
        times: np.ndarray = self.onset_s[k] + (sample - self.first[k]) / self.sfreq
        return times

    def long_enough(self, shortest_s: float) -> np.ndarray:
        """Return which segments last ``shortest_s`` at least, (n_segments,) bool; one that is
        alone does.
        """
        long = self.count >= shortest_s * self.sfreq
        return np.ones(1, bool) if len(self) == 1 else long

    def take(self, chosen: np.ndarray) -> Segments:
        """Return some of the segments; times stay as they are."""
        return Segments(
            self.first[chosen], self.count[chosen], self.onset_s[chosen], self.sfreq, self.unknown
        )

    def table(self, kept: np.ndarray) -> pd.DataFrame:
        """Return one row a segment (``COLUMNS``): ``sample`` counts among those kept."""
        start = np.cumsum(np.where(kept, self.count, 0)) - np.where(kept, self.count, 0)
        return pd.DataFrame(
            {
                "segment": np.arange(len(self)),
                "onset_s": self.onset_s,
                "duration_s": self.count / self.sfreq,
                "sample": pd.array(np.where(kept, start, -1), "Int64"),
                "samples": self.count,
                "kept": kept,
            }
        ).assign(sample=lambda found: found["sample"].mask(~kept))


def segments(samples: int, sfreq: float, seams: Iterable[Seam] = ()) -> Segments:
    """Return the segments of a data file.

    Parameters
    ----------
    samples
        Number of samples in the file.
    sfreq
        Sampling rate (Hz).
    seams
        In any order. Seams at one sample, which a file may name in two ways, count once.
    """
    known: dict[int, Seam] = {}
    for seam in sorted(seams, key=lambda s: s.sample):
        at = next((k for k in (seam.sample, seam.sample - 1) if k in known), seam.sample)
        other = known.get(at, seam)
        finite = [s for s in (other.lost_s, seam.lost_s) if np.isfinite(s)]
        known[at] = Seam(at, max(finite, default=np.nan), max(other.filler, seam.filler))
    first: list[int] = []
    count: list[int] = []
    onset: list[float] = []
    begin, now, unknown = 0, 0.0, 0
    for seam in [*known.values(), Seam(samples)]:
        at = min(max(seam.sample, 0), samples)
        if at > begin:
            first.append(begin)
            count.append(at - begin)
            onset.append(now)
            now += (at - begin) / sfreq
        if at < samples and first:
            unknown += int(np.isnan(seam.lost_s))
        lost = 0.0 if np.isnan(seam.lost_s) else seam.lost_s
        # what is missing before the first sample is not counted: time begins with that sample
        now += (lost + seam.filler / sfreq) if first else 0.0
        begin = max(begin, at + seam.filler)
    return Segments(np.array(first), np.array(count), np.array(onset), sfreq, unknown)


def alike(one: Sequence[Seam], other: Sequence[Seam], sfreq: float) -> bool:
    """Return whether two channels were paused together; each may have its times rounded."""
    return len(one) == len(other) and all(
        abs(a.sample - b.sample) <= 1 and abs(a.lost_s - b.lost_s) <= 1.5 / sfreq
        for a, b in zip(one, other, strict=True)
    )


def at_rate(seams: Iterable[Seam], was: float, sfreq: float) -> list[Seam]:
    """Return seams of a file whose own rate ``was`` is not exact (Hz).

    A pause was measured between two dates, less the samples between them: at the exact rate these
    take another time.
    """
    out, before = [], 0
    for seam in sorted(seams, key=lambda s: s.sample):
        lost = seam.lost_s + (seam.sample - before) * (1 / was - 1 / sfreq)
        out.append(Seam(seam.sample, np.maximum(lost, 0.0), seam.filler))
        before = seam.sample + seam.filler
    return out


def gaps(
    onset_s: np.ndarray, length_s: np.ndarray, tolerance_s: float, steady: int = 3
) -> np.ndarray:
    """Return how much later each piece begins than the one before it ends, (n_pieces,) s; 0 where
    it follows on, negative where it overlaps.

    Parameters
    ----------
    onset_s, length_s
        (n_pieces,) time stamp and length of each piece.
    tolerance_s, steady
        As for :func:`jumps`.
    """
    ends = np.concatenate([[0.0], np.cumsum(length_s[:-1])])
    return jumps(onset_s - onset_s[0] - ends, tolerance_s, steady)


def jumps(late_s: np.ndarray, tolerance_s: float, steady: int = 3) -> np.ndarray:
    """Return by how much time stamps jump for good, (n_stamps,) s, 0 where they do not.

    Stamps of a clock jitter, and may drift against the samples. Neither is a pause: a jump counts
    if the ``steady`` stamps from there on all lie beyond the ``steady`` stamps before, by more than
    the tolerance and than four times the usual step (of which ``JITTER_S`` at most is believed).

    Parameters
    ----------
    late_s
        (n_stamps,) how late each stamp is against the number of samples before it.
    tolerance_s
        What rounding explains (s).
    steady
        Number of stamps that confirm a jump.
    """
    out = np.zeros(len(late_s))
    step, last = np.diff(late_s), len(late_s) - 1
    if not len(step):
        return out
    usual = 4 * float(np.median(np.abs(step[:: max(1, len(step) // 100_000)])))
    tolerance_s = max(tolerance_s, min(usual, JITTER_S))
    at = np.flatnonzero(np.abs(step) > tolerance_s) + 1
    reach = np.arange(steady)
    after = late_s[np.minimum(at[:, None] + reach, last)]
    before = late_s[np.maximum(at[:, None] - 1 - reach, 0)]
    at = at[
        (after.min(axis=1) - before.max(axis=1) > tolerance_s)
        | (after.max(axis=1) - before.min(axis=1) < -tolerance_s)
    ]
    edges = [0, *at.tolist(), len(late_s)]
    for start, k, stop in zip(edges, edges[1:-1], edges[2:], strict=False):
        later, earlier = late_s[k : min(stop, k + steady)], late_s[max(start, k - steady) : k]
        out[k] = np.median(later) - np.median(earlier)
    return out
