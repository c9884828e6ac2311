"""NWB recordings through pynwb: series of one rate become one recording.

A file may hold several ``ElectricalSeries``: of different electrodes, side by side, or of the same
electrodes, one after a pause. Those of the rate that most named channels have are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from fusion.ieeg.formats.opened import Opened, one_after_another
from fusion.ieeg.segments import Seam, alike, jumps
from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere

#: Timestamps that confirm a pause.
STEADY = 8
LABELS = ("label", "labels", "name", "electrode_label", "channel_name", "electrode_name")


@dataclass(frozen=True)
class Series:
    """One ``ElectricalSeries``.

    Attributes
    ----------
    name
        Its name.
    data
        The dataset, (n_samples, n_channels) or (n_samples,).
    names
        Its channels.
    sfreq
        Sampling rate (Hz).
    start_s
        Time of the first sample.
    seams
        Pauses within it.
    scale, offset
        (n_channels,) what turns numbers into volts.
    """

    name: str
    data: Any
    names: tuple[str, ...]
    sfreq: float
    start_s: float
    seams: tuple[Seam, ...]
    scale: np.ndarray
    offset: float

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.data.shape[0])

    def read(self, columns: list[int], start: int, stop: int) -> np.ndarray:
        """Return volts, (n_channels, n_samples)."""
        piece = np.asarray(self.data[start:stop], np.float64).reshape(stop - start, -1)
        volts: np.ndarray = piece[:, columns].T * self.scale[columns, None] + self.offset
        return volts


def open_nwb(path: str, wanted: list[str]) -> Opened:
    """Open a recording.

    Parameters
    ----------
    path
        The file.
    wanted
        Channels of channels.tsv. They tell which column of the electrode table holds the labels,
        and which series is meant where rates differ.

    Raises
    ------
    InputError
        If it is no NWB file, has no series, or its series cannot be one recording.
    """
    # Imported on use: only this format needs it.
    from pynwb import NWBHDF5IO
    from pynwb.ecephys import ElectricalSeries, SpikeEventSeries

    refuse_elsewhere(path)
    try:
        nwb = NWBHDF5IO(path, "r", load_namespaces=True).read()
    except Exception as error:
        found = str(error).strip().splitlines()[0][:200] if str(error).strip() else "no answer"
        raise InputError(path, "", found, "a valid NWB file") from error
    objects = [
        o
        for o in nwb.objects.values()
        if isinstance(o, ElectricalSeries) and not isinstance(o, SpikeEventSeries)
    ]
    acquired = [o for o in objects if any(o is a for a in nwb.acquisition.values())]
    if not objects:
        raise InputError(path, "", "no ElectricalSeries", "one that holds the recording")
    table = nwb.electrodes.to_dataframe()
    label = _label_column(table, wanted)
    # what was acquired comes before what was made of it, unless only that has the channels wanted
    named = [
        [one for one in some if _holds(one, table, label, wanted)] for some in (acquired, objects)
    ]
    chosen = next(filter(None, named), acquired or objects)
    series, notes = [as_series(one, table, label, path) for one in chosen], []
    if left := sorted(one.name for one in objects if not any(one is other for other in chosen)):
        notes.append(f"of {len(objects)} series left out {', '.join(left)}")
    # rates measured from timestamps differ in their last digits
    rates = [min(r.sfreq for r in series if abs(r.sfreq / one.sfreq - 1) < 1e-4) for one in series]
    votes = dict.fromkeys(rates, 0)
    for one, rate in zip(series, rates, strict=True):
        votes[rate] += len(set(one.names) & set(wanted))
    if len(votes) > 1:
        best = max(votes, key=lambda rate: (votes[rate], rate))
        left = [one.name for one, rate in zip(series, rates, strict=True) if rate != best]
        series = [one for one, rate in zip(series, rates, strict=True) if rate == best]
        notes.append(f"of series of several rates took {best:g} Hz, left out {', '.join(left)}")
    opened = _joined(path, series, notes)
    opened.places = _places(table, label)
    if all((one.scale == 1).all() for one in series):
        opened.convention = "V"  # the default of the format, whether or not anybody meant it
    return opened


def _label_column(table: pd.DataFrame, wanted: list[str]) -> str | None:
    text = [c for c in table if table[c].map(lambda v: isinstance(v, str)).all()]
    hits = {c: len(set(table[c]) & set(wanted)) for c in text}
    best = max(hits, key=lambda c: (hits[c], c in LABELS), default=None)
    return str(best) if best is not None and (hits[best] or best in LABELS) else None


def _labels(table: pd.DataFrame, label: str | None) -> list[str]:
    return [str(v).strip() for v in (table[label] if label else table.index)]


def _holds(one: Any, table: pd.DataFrame, label: str | None, wanted: list[str]) -> bool:
    """Return whether a series has one of the channels that are wanted."""
    rows = np.asarray(one.electrodes.data[:], int)
    return not {_labels(table, label)[row] for row in rows}.isdisjoint(wanted)


def as_series(one: Any, table: pd.DataFrame, label: str | None, path: str) -> Series:
    """Return an ``ElectricalSeries``, its channels named by a column of the electrode table."""
    rows = np.asarray(one.electrodes.data[:], int)
    names = tuple(_labels(table, label)[row] for row in rows)
    scale = np.full(len(names), float(one.conversion or 1.0))
    if one.channel_conversion is not None:
        scale = scale * np.asarray(one.channel_conversion[:], float)
    samples = int(one.data.shape[0])
    width = 1 if len(one.data.shape) == 1 else int(one.data.shape[1])
    if width != len(names):
        raise InputError(
            path, f"series {one.name}", f"{width} columns", f"{len(names)}, one an electrode"
        )
    if one.rate is not None:
        sfreq, start = float(one.rate), float(one.starting_time or 0.0)
        seams: tuple[Seam, ...] = ()
    else:
        sfreq, start, seams = _from_timestamps(one.timestamps, path, one.name)
        if len(one.timestamps) != samples:
            raise InputError(
                path,
                f"series {one.name}",
                f"{samples} samples and {len(one.timestamps)} timestamps",
                "a timestamp for every sample: the file is cut short",
            )
    return Series(
        one.name, one.data, names, sfreq, start, tuple(seams), scale, float(one.offset or 0.0)
    )


def _from_timestamps(stamps: Any, path: str, name: str) -> tuple[float, float, tuple[Seam, ...]]:
    """Return rate (Hz), start (s) and pauses of a series with a time for every sample."""
    at = np.asarray(stamps[:], float)
    # single steps are rounded and jitter: the usual length of many
    many = int(min(1000, max(1, (len(at) - 1) // 4)))
    usual = float(np.median(at[many:] - at[:-many])) / many if len(at) > many else 0.0
    if not (np.isfinite(at).all() and usual > 0):
        raise InputError(path, f"series {name}, timestamps", "no rising times", "times that rise")
    late = jumps(at - at[0] - usual * np.arange(len(at)), 0.5 * usual, STEADY)
    breaks = np.flatnonzero(late)
    if (late[breaks] < 0).any():
        k = int(breaks[late[breaks] < 0][0])
        raise InputError(
            path, f"series {name}, timestamps", f"a step back at sample {k}", "times that rise"
        )
    # the rate by the longest piece
    edges = np.concatenate([[0], breaks, [len(at)]])
    longest = int(np.argmax(np.diff(edges)))
    a, b = edges[longest], edges[longest + 1] - 1
    sfreq = (b - a) / (at[b] - at[a]) if b > a else 1 / usual
    whole = float(max(1, round(sfreq)))
    if abs(1 / sfreq - 1 / whole) * max(b - a, 1) < 0.5 / sfreq:
        sfreq = whole  # less than half a sample over the piece: times are rounded
    # a step holds one sample's time beside the pause
    seams = tuple(Seam(int(k), float(late[k] + usual - 1 / sfreq)) for k in breaks)
    return float(sfreq), float(at[0]), seams


def _joined(path: str, series: list[Series], notes: list[str]) -> Opened:
    """Return series of one rate as one file: side by side if they run together, else one after
    the other.
    """
    series = sorted(series, key=lambda one: (one.start_s, one.name))
    sfreq, zero = series[0].sfreq, series[0].start_s
    together = all(
        one.samples == series[0].samples
        and alike(one.seams, series[0].seams, sfreq)
        and abs(one.start_s - zero) < 0.5 / sfreq
        for one in series
    )
    if together:
        names = [name for one in series for name in one.names]
        _refuse_twice(names, path)
        width = [len(one.names) for one in series]
        owner = np.repeat(np.arange(len(series)), width)
        column = np.concatenate([np.arange(n) for n in width])

        def beside(picks: list[int], start: int, stop: int) -> np.ndarray:
            out = np.empty((len(picks), stop - start))
            for k, one in enumerate(series):
                rows = [r for r, p in enumerate(picks) if owner[p] == k]
                if rows:
                    columns = [int(column[picks[r]]) for r in rows]
                    out[rows] = one.read(columns, start, stop)
            return out

        seams = list(series[0].seams)
        return Opened(path, names, sfreq, series[0].samples, beside, seams, notes=notes)
    names = list(series[0].names)
    _refuse_twice(names, path)
    if any(set(one.names) != set(names) for one in series):
        raise InputError(
            path,
            "series " + ", ".join(one.name for one in series),
            "different electrodes at different times",
            "series that run together, or series of the same electrodes",
        )
    order = [[one.names.index(name) for name in names] for one in series]
    first = np.concatenate([[0], np.cumsum([one.samples for one in series])])
    seams = []
    for k, one in enumerate(series):
        seams += [Seam(s.sample + int(first[k]), s.lost_s) for s in one.seams]
        if k:
            before = series[k - 1]
            lost = sum(s.lost_s for s in before.seams)
            gap = one.start_s - (before.start_s + before.samples / sfreq + lost)
            if gap < -1.5 / sfreq:
                raise InputError(
                    path, f"series {one.name}", "an overlap with the one before", "pieces in order"
                )
            seams.append(Seam(int(first[k]), max(0.0, gap)))

    readers = [
        partial(_read_picks, one, columns) for one, columns in zip(series, order, strict=True)
    ]
    after = one_after_another(readers, [one.samples for one in series])
    return Opened(path, names, sfreq, int(first[-1]), after, seams, notes=notes)


def _read_picks(
    one: Series, columns: list[int], picks: list[int], start: int, stop: int
) -> np.ndarray:
    return one.read([columns[p] for p in picks], start, stop)


def _refuse_twice(names: list[str], path: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(path, "labels", f"{', '.join(twice)} more than once", "every label once")


def _places(table: pd.DataFrame, label: str | None) -> pd.DataFrame | None:
    if not {"x", "y", "z"} <= set(table):
        return None
    places = table[["x", "y", "z"]].apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(places.to_numpy(float)).all(axis=1).any():
        return None
    found: pd.DataFrame = places.assign(electrode=_labels(table, label)).reset_index(drop=True)
    return found
