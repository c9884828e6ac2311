"""The data file of a recording, whatever its format: opened, and turned from time-major into
channel-major in one pass.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from fusion.ieeg.brainvision import Vectorized
from fusion.ieeg.formats import edf, mef, nwb, vhdr
from fusion.ieeg.formats.opened import Opened, one_after_another, renamed, suffixed
from fusion.ieeg.segments import JOINTS, SKIP, Seam, Segments
from fusion.io.errors import InputError
from fusion.io.hdf5 import refuse_elsewhere
from fusion.io.text import require_file

#: No amplifier samples faster.
HIGHEST_HZ = 1e6


def open_recording(files: Sequence[str], wanted: list[str], rates: dict[str, float]) -> Opened:
    """Open a recording without reading it.

    Parameters
    ----------
    files
        Its data file, or the parts of a split recording in order.
    wanted
        Channels of channels.tsv.
    rates
        Sampling rates (Hz) that channels.tsv gives the neural channels. An EDF file may hold
        channels of several rates, of which mne raises all to the highest; then only those of the
        neural channels' commonest rate are opened.

    Raises
    ------
    InputError
        If a file is missing, cut short or unreadable, or parts do not belong together.
    """
    for path in files:
        require_file(path, "the recording", folder=True)  # MEF3 is a folder
    if len(files) == 1 or Path(files[0]).suffix == ".fif":  # mne follows the parts of a FIF file
        opened = _open(files[0], wanted, rates)
    else:
        opened = _joined([_open(path, wanted, rates) for path in files])
    if not 0 < opened.sfreq <= HIGHEST_HZ:
        raise InputError(
            files[0], "sampling rate", f"{opened.sfreq:g} Hz", f"a rate up to {HIGHEST_HZ:g} Hz"
        )
    if opened.samples < 2:
        raise InputError(files[0], "", f"{opened.samples} samples", "a recording")
    return opened


def _open(path: str, wanted: list[str], rates: dict[str, float]) -> Opened:
    kind = Path(path).suffix.lower()
    if kind == ".nwb":
        return nwb.open_nwb(path, wanted)
    if kind == ".vhdr":
        vhdr.check(Path(path))
        raw, said = _read(path)
        opened = _of_mne(path, raw, said)
        seams, notes = vhdr.seams(Path(path), opened.sfreq, opened.samples)
        opened.seams, opened.notes = opened.seams + seams, opened.notes + notes
        opened.units = dict(raw._orig_units)
        opened.assumed = {n: 1.0 for n, unit in opened.units.items() if unit not in _BV_UNITS}
        opened.rounds, opened.dated = partial(vhdr.rounds, Path(path)), True
        opened.promised = vhdr.promised(Path(path)) > 0
        return opened
    if kind in (".edf", ".bdf"):
        return _open_edf(path, rates)
    if kind == ".mefd":
        mef.try_out(path, lambda: _read(path)[0])
    if kind == ".set":
        refuse_elsewhere(path)  # MATLAB 7.3
    raw, said = _read(path)
    opened = _of_mne(path, raw, said)
    if kind == ".mefd":
        opened.seams = mef.seams(raw, path, opened.names)
        opened.units = dict(raw._orig_units)
    elif kind == ".set":
        # raw.annotations limits durations to the length of the file
        opened.seams = _annotated(_read_annotations(path), opened.sfreq, 0.0)
        opened.convention = "µV"
    if kind != ".fif":
        opened.duplicates = suffixed(opened.names)
    return opened


_BV_UNITS = ("V", "mV", "µV", "uV", "nV")


def _open_edf(path: str, rates: dict[str, float]) -> Opened:
    header = edf.read_header(Path(path))
    edf.check_length(Path(path), header)
    (raw, said), notes = _read(path), list[str]()
    names = list(raw.ch_names)
    values = [rate for name, rate in rates.items() if name in raw.ch_names]
    if values:
        common = max(set(values), key=values.count)
        same = [name for name, rate in rates.items() if rate == common and name in raw.ch_names]
        if abs(float(raw.info["sfreq"]) / common - 1) > 1e-3:
            highest = float(raw.info["sfreq"])
            raw, said = _read(path, include=same)
            notes = [f"of channels of several rates (to {highest:g} Hz) took {common:g}"]
    opened = _of_mne(path, raw, said)
    opened.unsure_rate = header.record_s == 0
    opened.duplicates = renamed(header.of_signals(header.labels), names)
    seams, drifts = edf.seams(Path(path), header, opened.sfreq)
    opened.seams, opened.notes = opened.seams + seams, [*opened.notes, *notes, *drifts]
    opened.rounds = partial(header.rounds, sfreq=opened.sfreq)
    opened.promised = header.records >= 0
    _units_of_edf(opened, header)
    return opened


def _units_of_edf(opened: Opened, header: edf.Header) -> None:
    labels, units = header.of_signals(header.labels), header.of_signals(header.units)
    by_label = dict(zip(labels, units, strict=True))
    opened.units = {name: by_label[name] for name in opened.names if name in by_label}
    known = {"uV": 1e-6, "µV": 1e-6, "μV": 1e-6, "mV": 1e-3, "V": 1.0}
    bytes_differ = {"µV", "μV"}  # mne decodes as latin-1, so a µ in UTF-8 is unknown to it
    latin = header.of_signals(header.units_latin)
    by_latin = dict(zip(labels, latin, strict=True))
    for name, unit in opened.units.items():
        if unit not in known or (unit in bytes_differ and by_latin[name] not in edf.MNE_MICROVOLT):
            opened.assumed[name] = 1.0


def _read(path: str, **options: Any) -> tuple[Any, list[str]]:
    """Return a recording as mne opens it, and what mne warned of."""
    # Imported on use: mne loads a reader's dependencies lazily, and only one reader is needed.
    import mne

    own = {".edf": "read_raw_edf", ".bdf": "read_raw_bdf", ".mefd": "read_raw_mef"}
    # by name where mne would look for a suffix in lower case
    reader = getattr(mne.io, own.get(Path(path).suffix.lower(), "read_raw"))
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            raw = reader(path, preload=False, verbose="warning", **options)
    # whatever a reader stumbles over is a fault of this file, and must carry its name
    except Exception as error:
        found = f"a file that cannot be read ({type(error).__name__}: {_first_line(error)})"
        suffix = Path(path).suffix
        raise InputError(
            path, "", found, f"a valid {suffix} recording, of a format that mne reads"
        ) from error
    beside = (Path(path).parent.resolve(), Path(path).resolve().parent)
    for part in filter(None, raw.filenames):
        if Path(part).parent.resolve() not in beside and not Path(path).is_dir():
            raise InputError(path, "", f"signals in {part}", "signals beside the header")
    return raw, _in_words(said)


def _in_words(said: Sequence[warnings.WarningMessage]) -> list[str]:
    """Return the warnings of a reader, each once, in one line: they bear on the data, and belong
    into the table of recordings.
    """
    # the table joins warnings by semicolons
    found = (_first_line(Exception(str(one.message))).replace(";", ",") for one in said)
    return [f"reader: {text}" for text in dict.fromkeys(found)]


def _read_annotations(path: str) -> Any:
    import mne

    return mne.read_annotations(path)


def _of_mne(path: str, raw: Any, said: list[str]) -> Opened:
    sfreq = float(raw.info["sfreq"])

    def read(picks: list[int], start: int, stop: int) -> np.ndarray:
        volts: np.ndarray = raw.get_data(picks=picks, start=start, stop=stop)
        return volts

    opened = Opened(path, list(raw.ch_names), sfreq, int(raw.n_times), read)
    if not path.endswith((".set", ".mefd")):
        opened.seams = _annotated(raw.annotations, sfreq, float(raw.first_time))
    opened.began = raw.info["meas_date"]
    opened.notes += said
    return opened


def _annotated(annotations: Any, sfreq: float, first_s: float) -> list[Seam]:
    """Return the seams that annotations mark."""
    found = []
    for one in annotations:
        text = str(one["description"]).rpartition("/")[2].strip()
        at = (float(one["onset"]) - first_s) * sfreq
        sample = round(at) if abs(at - round(at)) < 0.01 else int(np.ceil(at))
        duration = float(one["duration"])
        if text.upper() == SKIP:
            found.append(Seam(sample, 0.0, round(duration * sfreq)))
        elif text.lower() in JOINTS:
            found.append(Seam(sample, duration if duration > 0 else np.nan))
    return found


def _joined(parts: list[Opened]) -> Opened:
    """Return the parts of a split recording as one."""
    one = parts[0]
    for part in parts[1:]:
        if part.names != one.names or abs(part.sfreq / one.sfreq - 1) > 1e-6:
            raise InputError(
                part.path, "", "other channels or another rate", f"those of {one.path}"
            )
    first = np.concatenate([[0], np.cumsum([part.samples for part in parts])])
    seams: list[Seam] = []
    for k, part in enumerate(parts):
        seams += [Seam(s.sample + int(first[k]), s.lost_s, s.filler) for s in part.seams]
        if k:
            before, lost = parts[k - 1], np.nan
            if part.began and before.began:
                inside = sum(s.lost_s for s in before.seams if np.isfinite(s.lost_s))
                lost = (part.began - before.began).total_seconds()
                lost -= before.samples / one.sfreq + inside
                # a start is often given in whole seconds
                lost = 0.0 if abs(lost) <= 1.0 else lost
            if lost < 0:
                raise InputError(
                    part.path, "start", "before the end of the part before", "parts in order"
                )
            seams.append(Seam(int(first[k]), lost))

    read = one_after_another([part.read for part in parts], [part.samples for part in parts])
    joined = Opened(one.path, one.names, one.sfreq, int(first[-1]), read, seams)
    joined.units, joined.assumed, joined.duplicates = one.units, one.assumed, one.duplicates
    joined.convention, joined.dated = one.convention, True
    joined.rounds, joined.promised = one.rounds, all(part.promised for part in parts)
    joined.notes = [note for part in parts for note in part.notes]
    joined.notes.append(f"{len(parts)} parts of a split recording joined")
    return joined


def transpose(
    opened: Opened,
    names: list[str],
    factors: np.ndarray,
    segments: Segments,
    out: Path,
    chunk_bytes: int = 64 * 2**20,
) -> tuple[Vectorized, dict[str, str], np.ndarray]:
    """Write channels one after the other, in µV, float32, to the file ``out``.

    The recording is read once, in pieces of ``chunk_bytes``; only the segments are.

    Parameters
    ----------
    opened
        The recording.
    names
        Channels to write.
    factors
        (n_channels,) by which volts are multiplied, 1 where the unit is known.
    segments
        What is read.
    out
        The file to write.
    chunk_bytes
        How much is read at once.

    Returns
    -------
    by_channel : Vectorized
        Reads one channel at a time from ``out``.
    silent : dict
        channel -> why it holds no signal (``flat``, ``not finite``).
    range_uv : numpy.ndarray
        (n_channels,) largest minus smallest value (µV).
    """
    samples = segments.samples
    picks = [opened.names.index(name) for name in names]
    step = max(1024, chunk_bytes // (8 * max(len(opened.names), 1)))
    low, high = np.full(len(picks), np.inf), np.full(len(picks), -np.inf)
    scale = 1e6 * factors[:, None]
    progress = tqdm(total=samples, desc="reading", mininterval=5)
    with open(out, "wb") as file:
        file.truncate(4 * samples * len(picks))
        for first, count, target in zip(
            segments.first, segments.count, segments.start, strict=True
        ):
            for start in range(int(first), int(first + count), step):
                stop = min(start + step, int(first + count))
                try:
                    volts = opened.read(picks, start, stop)
                except Exception as error:
                    raise InputError(
                        opened.path,
                        f"samples {start} to {stop}",
                        f"{type(error).__name__}: {_first_line(error)}",
                        "readable samples",
                    ) from error
                piece = np.empty(volts.shape, np.float32)
                np.multiply(volts, scale, out=piece, casting="unsafe")
                # a value that is not finite makes the smallest or the largest one so
                low, high = np.minimum(low, piece.min(axis=1)), np.maximum(high, piece.max(axis=1))
                at = int(target) + start - int(first)
                for k in range(len(picks)):
                    file.seek(4 * (samples * k + at))
                    file.write(piece[k].data)
                progress.update(stop - start)
    finite = np.isfinite(low) & np.isfinite(high)
    flat = high == low
    silent = {
        name: "not finite" if not finite[k] else "flat"
        for k, name in enumerate(names)
        if flat[k] or not finite[k]
    }
    return Vectorized(out, len(names)), silent, high - low


def samples_of(opened: Opened, pick: int, segments: Segments, pieces: int = 12) -> np.ndarray:
    """Return short stretches of a channel spread over the recording, (n_pieces, n_samples)
    volts.
    """
    length = int(min(round(2 * opened.sfreq), segments.count.min()))
    edges = np.linspace(0, segments.samples - length, pieces).astype(int)
    start = segments.start
    out = []
    for at in np.unique(edges):
        k = int(np.searchsorted(start, at, side="right")) - 1
        inside = min(int(at - start[k]), int(segments.count[k]) - length)
        first = int(segments.first[k]) + inside
        out.append(opened.read([pick], first, first + length)[0])
    return np.array(out)


def _first_line(error: Exception) -> str:
    text = re.sub(r"\s+", " ", str(error)).strip()
    return (text or type(error).__name__)[:200]
