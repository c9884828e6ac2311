"""The data file of a recording, opened through mne and turned from time-major into channel-major in
one pass.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fusion.ieeg.brainvision import Vectorized
from fusion.io.errors import InputError

SIZES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4, "IEEE_FLOAT_64": 8}


def open_raw(ieeg: str, info: dict, rates: dict[str, float] | None = None):
    """Open a BIDS iEEG data file without loading it.

    Parameters
    ----------
    ieeg
        ``.vhdr``, ``.edf``, ``.fif``, ``.set``, or what else mne reads.
    info
        Content of ``*_ieeg.json``; its SamplingFrequency must agree with the file.
    rates
        Sampling rates (Hz) that channels.tsv gives the neural channels. An EDF file may hold
        channels of several rates, of which mne raises all to the highest; then only those of the
        neural channels' commonest rate are opened.

    Returns
    -------
    mne.io.BaseRaw

    Raises
    ------
    InputError
        If the file is missing, truncated, unreadable, or sampled at another rate than the sidecar
        says.
    """
    path = Path(ieeg)
    if not path.exists():
        raise InputError(path, "", "no such file", "the recording")
    if path.suffix == ".vhdr":
        check_brainvision(path)
    raw = _read(path)
    seen = {float(raw.info["sfreq"])}
    if path.suffix == ".edf" and rates:
        common = Counter(rates.values()).most_common(1)[0][0]
        same = [name for name, rate in rates.items() if rate == common and name in raw.ch_names]
        if same and abs(raw.info["sfreq"] / common - 1) > 1e-3:
            raw = _read(path, include=same)
    sfreq = float(raw.info["sfreq"])
    stated = info.get("SamplingFrequency")
    if isinstance(stated, int | float) and all(
        abs(stated / rate - 1) > 1e-3 for rate in seen | {sfreq}
    ):
        raise InputError(
            path,
            "sampling rate",
            f"{sfreq:g} Hz in the data file and {stated:g} Hz in ieeg.json",
            "the same rate in both",
        )
    if raw.n_times < 2:
        raise InputError(path, "", f"{raw.n_times} samples", "a recording")
    return raw


def _read(path: Path, **options):
    # Imported on use: mne loads a reader's dependencies lazily, and only one reader is needed.
    import mne

    try:
        return mne.io.read_raw(path, preload=False, verbose="warning", **options)
    # whatever a reader stumbles over is a fault of this file, and must carry its name
    except Exception as error:
        found = f"a file that cannot be read ({type(error).__name__}: {_first_line(error)})"
        raise InputError(
            path, "", found, f"a valid {path.suffix} recording, of a format that mne reads"
        ) from error


def check_brainvision(vhdr: Path) -> None:
    """Raise ``InputError`` if the files that a BrainVision header names are missing or the data
    file is cut short.
    """
    text = vhdr.read_bytes().decode("utf-8", errors="replace").lstrip("\ufeff")
    if not text.startswith(("Brain Vision Data Exchange", "BrainVision Data Exchange")):
        raise InputError(vhdr, "line 1", repr(text[:40]), "Brain Vision Data Exchange Header File")
    common, binary = _section(text, "Common Infos"), _section(text, "Binary Infos")
    if not common.get("DataFile") or not common.get("NumberOfChannels", "").isdigit():
        raise InputError(vhdr, "[Common Infos]", "no DataFile or no NumberOfChannels", "both")
    files = {
        key: common[key].replace("$b", vhdr.stem)
        for key in ("DataFile", "MarkerFile")
        if common.get(key)
    }
    for key, name in files.items():
        if not (vhdr.parent / name).exists():
            raise InputError(
                vhdr,
                f"{key}={name}",
                "no such file beside the header",
                "the file that the header names",
            )
    width = SIZES.get(binary.get("BinaryFormat", ""))
    if width is None:
        return
    data, frame = vhdr.parent / files["DataFile"], width * int(common["NumberOfChannels"])
    size = data.stat().st_size
    if size == 0 or size % frame:
        raise InputError(
            data,
            "",
            f"{size} bytes",
            f"a multiple of {frame} bytes (all channels of a sample): the file is cut short",
        )
    points = common.get("DataPoints", "")
    if points.isdigit() and int(points) > 0 and size != int(points) * frame:
        found = f"{size // frame} samples"
        raise InputError(
            data,
            "",
            found,
            f"{points} samples, as its header says: it is cut short or belongs to another header",
        )


def _section(text: str, name: str) -> dict[str, str]:
    """Return the keys and values of a section of a BrainVision header."""
    found = re.search(rf"^\[{name}\]\s*$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    lines = found[1].splitlines() if found else []
    pairs = (
        line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith(";")
    )
    return {key.strip(): value.strip() for key, value in pairs}


def transpose(
    raw, names: list[str], out, chunk_bytes: int = 8 * 2**20
) -> tuple[Vectorized, dict[str, str], np.ndarray]:
    """Write channels of ``raw`` one after the other, in µV, float32, to the file ``out``.

    The recording is read once, in pieces of ``chunk_bytes``.

    Returns
    -------
    by_channel : Vectorized
        Reads one channel at a time from ``out``.
    silent : dict
        channel -> why it holds no signal (``flat``, ``not finite``).
    range_uv : numpy.ndarray
        (channel,) largest minus smallest value (µV).
    """
    samples = raw.n_times
    picks = [raw.ch_names.index(name) for name in names]
    step = max(1024, chunk_bytes // (8 * max(len(raw.ch_names), 1)))
    low, high = np.full(len(picks), np.inf), np.full(len(picks), -np.inf)
    with open(out, "wb") as file:
        file.truncate(4 * samples * len(picks))
        for start in tqdm(range(0, samples, step), desc="reading", mininterval=5):
            stop = min(start + step, samples)
            try:
                volts = raw.get_data(picks=picks, start=start, stop=stop)
            except Exception as error:
                where = f"samples {start} to {stop}"
                raise InputError(
                    raw.filenames[0],
                    where,
                    f"{type(error).__name__}: {_first_line(error)}",
                    "readable samples",
                ) from error
            piece = np.empty(volts.shape, np.float32)
            np.multiply(volts, 1e6, out=piece, casting="unsafe")
            # a value that is not finite makes the smallest or the largest one so
            low, high = np.minimum(low, piece.min(axis=1)), np.maximum(high, piece.max(axis=1))
            for k in range(len(picks)):
                file.seek(4 * (samples * k + start))
                file.write(piece[k].data)
    finite = np.isfinite(low) & np.isfinite(high)
    flat = high == low
    silent = {
        name: "not finite" if not finite[k] else "flat"
        for k, name in enumerate(names)
        if flat[k] or not finite[k]
    }
    return Vectorized(out, len(names)), silent, high - low


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
