"""BrainVision headers and markers: completeness, labels, rates, pauses."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np

from fusion.ieeg.formats.opened import digits_left_out
from fusion.ieeg.segments import Seam
from fusion.io.errors import InputError

#: Codepages that a header may name, and what it is read as where it names none.
CODEPAGES = {"utf-8": "utf-8", "ansi": "cp1252"}
SIZES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4, "IEEE_FLOAT_64": 8}


def check(vhdr: Path) -> None:
    """Raise ``InputError`` if the files that a BrainVision header names are missing or the data
    file is cut short.
    """
    text = _read(vhdr)
    if not text.startswith(("Brain Vision Data Exchange", "BrainVision Data Exchange")):
        raise InputError(vhdr, "line 1", repr(text[:40]), "Brain Vision Data Exchange Header File")
    common, binary = section(text, "Common Infos"), section(text, "Binary Infos")
    if not common.get("datafile") or not re.fullmatch(
        "0*[1-9][0-9]{0,5}", common.get("numberofchannels", "")
    ):
        raise InputError(vhdr, "[Common Infos]", "no DataFile or no NumberOfChannels", "both")
    for key, path in files(vhdr).items():
        if path.parent != vhdr.parent or path.name == "..":
            raise InputError(
                vhdr, key, repr(common[key.lower()]), "the name of a file beside the header"
            )
        if not path.is_file():
            raise InputError(
                vhdr,
                f"{key}={path.name}",
                "no such file beside the header",
                "the file that the header names",
            )
    names = labels(vhdr)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            vhdr,
            "channel labels",
            ", ".join(f"{name!r} {names.count(name)} times" for name in twice),
            "every label once: which of them channels.tsv means is not known",
        )
    if binary.get("usebigendianorder", "").upper() == "YES":
        raise InputError(
            vhdr, "UseBigEndianOrder", "YES, which no reader follows", "little-endian samples"
        )
    width = SIZES.get(binary.get("binaryformat", "").upper())
    if width is None:
        return
    data, frame = files(vhdr)["DataFile"], width * int(common["numberofchannels"])
    size = data.stat().st_size
    if size == 0 or size % frame:
        raise InputError(
            data,
            "",
            f"{size} bytes",
            f"a multiple of {frame} bytes (all channels of a sample): the file is cut short",
        )
    points = promised(vhdr)
    if points and size != points * frame:
        raise InputError(
            data,
            "",
            f"{size // frame} samples",
            f"{points} samples, as its header says: it is cut short or belongs to another header",
        )


def promised(vhdr: Path) -> int:
    """Return the number of samples that a header promises; 0 if it does not say."""
    points = section(_read(vhdr), "Common Infos").get("datapoints", "")
    return int(points) if points.isdigit() else 0


def files(vhdr: Path) -> dict[str, Path]:
    """Return DataFile and, where there is one, MarkerFile of a header."""
    common = section(_read(vhdr), "Common Infos")
    return {
        key: vhdr.parent / common[key.lower()].replace("$b", vhdr.stem)
        for key in ("DataFile", "MarkerFile")
        if common.get(key.lower())
    }


def labels(vhdr: Path) -> list[str]:
    """Return the channels' labels as the header has them, in order."""
    rows = section(_read(vhdr), "Channel Infos")
    numbered = sorted((int(k[2:]), v) for k, v in rows.items() if re.fullmatch(r"ch\d+", k))
    return [row.split(",")[0].replace("\\1", ",") for _, row in numbered]


def rounds(vhdr: Path, rate: float) -> bool:
    """Return whether the sampling interval of a header is that of ``rate`` (Hz) but for the digits
    that it leaves out.
    """
    interval = section(_read(vhdr), "Common Infos").get("samplinginterval", "")
    return re.fullmatch(r"\d+(\.\d*)?", interval) is not None and digits_left_out(
        1e6 / rate, interval
    )


def seams(vhdr: Path, sfreq: float, samples: int) -> tuple[list[Seam], list[str]]:
    """Return the pauses, a ``New Segment`` marker at each sample after one, and notes.

    The length of a pause follows from the dates of this marker and the one before, where both have
    one. Dates in whole seconds tell it to a second.

    Parameters
    ----------
    vhdr
        The header.
    sfreq
        Sampling rate (Hz).
    samples
        Number of samples of the data file.

    Raises
    ------
    InputError
        If a marker lies after the end of the data file, or segments overlap.
    """
    path = files(vhdr).get("MarkerFile")
    if path is None or not path.exists():
        return [], []
    found: list[tuple[int, datetime | None]] = []
    for row in section(_read(path), "Marker Infos").values():
        cells = row.split(",")
        if len(cells) < 3 or not cells[2].strip().isdigit():
            continue
        sample = int(cells[2]) - 1
        if sample > samples + sfreq:
            raise InputError(
                vhdr,
                "",
                f"{samples} samples, and a marker at sample {sample + 1}",
                "a data file that reaches its last marker: it is cut short",
            )
        if cells[0].strip().lower() == "new segment":
            found.append((sample, _date(cells[5] if len(cells) > 5 else "")))
    found.sort(key=lambda marker: marker[0])
    dates = [date for _, date in found if date]
    coarse = bool(dates) and not any(date.microsecond for date in dates)
    out, rounded = [], 0
    start, begun = found[0] if found else (0, None)
    if found and start > 0:
        start, begun = 0, None
    for sample, date in found:
        if sample <= 0:
            continue
        lost = np.nan
        if date and begun:
            lost = (date - begun).total_seconds() - (sample - start) / sfreq
            if lost < (-1.01 if coarse else -0.01):
                raise InputError(
                    path,
                    f"New Segment at sample {sample + 1}",
                    f"a date {-lost:.6g} s before the end of the segment before it",
                    "dates in the order of time",
                )
            # segments that last whole seconds are dated exactly
            rounded += int(coarse and abs(lost - round(lost)) > 1e-3)
            lost = max(lost, 0.0)
        out.append(Seam(sample, lost))
        start, begun = sample, date
    notes = [f"the dates of {rounded} pauses are whole seconds: times after each may be 1 s off"]
    return out, notes if rounded else []


def _date(text: str) -> datetime | None:
    """Return the moment ``YYYYMMDDhhmmssuuuuuu``; None where there is none."""
    try:
        return datetime.strptime(text.strip(), "%Y%m%d%H%M%S%f")
    except ValueError:
        return None


def _read(path: Path) -> str:
    raw = path.read_bytes()
    named = re.search(rb"^Codepage\s*=\s*([\w-]+)", raw, re.MULTILINE)
    page = CODEPAGES.get(named[1].decode().lower(), "utf-8") if named else "utf-8"
    try:
        return raw.decode(page).lstrip("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def section(text: str, name: str) -> dict[str, str]:
    """Return the keys, in small letters, and values of a section of a header or marker file."""
    whole = re.compile(rf"^\[{name}\]\s*$(.*?)(?=^\[|\Z)", re.M | re.S | re.I)
    found = whole.search(text)
    lines = found[1].splitlines() if found else []
    pairs = (
        line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith(";")
    )
    return {key.strip().lower(): value.strip() for key, value in pairs}
