"""The data file of a recording, opened through mne and turned from time-major into channel-major in one pass."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import numpy as np
from tqdm import tqdm

from fusion.errors import InputError
from fusion.ieeg.brainvision import Vectorized

SIZES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4, "IEEE_FLOAT_64": 8}


def open_raw(ieeg: str, info: dict):
    """Open a BIDS iEEG data file without loading it.

    Parameters
    ----------
    ieeg
        ``.vhdr``, ``.edf``, ``.fif``, ``.set``, ``.nwb`` or ``.mefd``.
    info
        Content of ``*_ieeg.json``; its SamplingFrequency must agree with the file.

    Returns
    -------
    mne.io.BaseRaw

    Raises
    ------
    InputError
        If the file is missing, truncated, unreadable, or sampled at another rate than the sidecar says.
    """
    path = Path(ieeg)
    if not path.exists():
        link = path.is_symlink() and "annex" in str(path.readlink())
        raise InputError(
            path, "", "a git-annex link without its content" if link else "no such file", "the recording; for a link: datalad get"
        )
    if path.suffix == ".vhdr":
        check_brainvision(path)
    try:
        raw = _reader(path)
    except InputError:
        raise
    except Exception as error:  # whatever a reader stumbles over is a fault of this file, and must carry its name
        raise InputError(
            path, "", f"a file that cannot be read ({type(error).__name__}: {_first_line(error)})", f"a valid {path.suffix} recording"
        ) from error
    sfreq = float(raw.info["sfreq"])
    stated = info.get("SamplingFrequency")
    if isinstance(stated, int | float) and abs(stated / sfreq - 1) > 1e-3:
        raise InputError(path, "sampling rate", f"{sfreq:g} Hz in the data file and {stated:g} Hz in ieeg.json", "the same rate in both")
    if raw.n_times < 2:
        raise InputError(path, "", f"{raw.n_times} samples", "a recording")
    return raw


def _reader(path: Path):
    # Imported on use: mne loads a reader's dependencies lazily, and only one reader is needed.
    import mne

    readers = {
        ".vhdr": mne.io.read_raw_brainvision,
        ".edf": mne.io.read_raw_edf,
        ".set": mne.io.read_raw_eeglab,
        ".fif": mne.io.read_raw_fif,
    }
    if path.suffix in readers:
        return readers[path.suffix](path, preload=False, verbose="warning")
    return mne.io.read_raw(path, preload=False, verbose="warning")


def check_brainvision(vhdr: Path) -> None:
    """Raise ``InputError`` if the files that a BrainVision header names are missing or the data file is cut short."""
    try:
        text = vhdr.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(vhdr, "", str(error), "a BrainVision header") from None
    if not text.lstrip("\ufeff").startswith(("Brain Vision Data Exchange", "BrainVision Data Exchange")):
        raise InputError(vhdr, "line 1", repr(text[:40]), "Brain Vision Data Exchange Header File")
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True, comment_prefixes=(";",))
    body = text[text.index("[") :] if "[" in text else ""
    body = re.split(r"^\[(Comment|Coordinates)\]", body, flags=re.MULTILINE)[0]
    try:
        parser.read_string(body)
        common = parser["Common Infos"]
        channels = int(common["NumberOfChannels"])
        names = {"DataFile": common["DataFile"], "MarkerFile": common.get("MarkerFile", "")}
    except (configparser.Error, KeyError, ValueError) as error:
        raise InputError(vhdr, "[Common Infos]", _first_line(error), "DataFile and NumberOfChannels") from None
    for key, name in names.items():
        name = name.replace("$b", vhdr.stem)
        if name and not (vhdr.parent / name).exists():
            raise InputError(vhdr, f"{key}={name}", "no such file beside the header", "the file that the header names")
    width = SIZES.get(parser.get("Binary Infos", "BinaryFormat", fallback=""))
    if width:
        data = vhdr.parent / names["DataFile"].replace("$b", vhdr.stem)
        size = data.stat().st_size
        if size == 0 or size % (width * channels):
            raise InputError(
                data,
                "",
                f"{size} bytes",
                f"a multiple of {width * channels} bytes ({channels} channels of {width} bytes): the file is cut short",
            )
        points = common.get("DataPoints", "")
        if points.isdigit() and int(points) > 0 and size != int(points) * width * channels:
            raise InputError(
                data,
                "",
                f"{size // (width * channels)} samples",
                f"{points} samples, as its header says: the file is cut short or does not belong to it",
            )


def transpose(raw, names: list[str], out, chunk_bytes: int = 16 * 2**20) -> tuple[Vectorized, dict[str, str], np.ndarray]:
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
                raise InputError(raw.filenames[0], where, f"{type(error).__name__}: {_first_line(error)}", "readable samples") from error
            volts *= 1e6
            piece = volts.astype(np.float32)
            # a value that is not finite makes the smallest or the largest one so
            low, high = np.minimum(low, piece.min(axis=1)), np.maximum(high, piece.max(axis=1))
            for k in range(len(picks)):
                file.seek(4 * (samples * k + start))
                file.write(piece[k].data)
    finite = np.isfinite(low) & np.isfinite(high)
    flat = high == low
    silent = {name: "not finite" if not finite[k] else "flat" for k, name in enumerate(names) if flat[k] or not finite[k]}
    return Vectorized(out, len(names)), silent, high - low


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
