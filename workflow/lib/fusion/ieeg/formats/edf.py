"""EDF, EDF+ and BDF headers, and the onset of every record (www.edfplus.info/specs/edfplus.html).

mne reads the samples. It joins the records of a discontinuous file (EDF+D, BDF+D), renames labels
that stand twice, takes units that it does not know for volts, and only logs that records are
missing: what it does not tell is read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fusion.ieeg.formats.opened import digits_left_out
from fusion.ieeg.segments import Seam, gaps
from fusion.io.errors import InputError

ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
#: Drift of the time stamps over a file that is said (s).
DRIFT_S = 0.05
MNE_MICROVOLT = ("\u03bcV", "\u00b5V", "\x83\xcaV", "uV")


@dataclass(frozen=True)
class Header:
    """What a header says of the file.

    Attributes
    ----------
    kind
        ``EDF``, ``EDF+C``, ``EDF+D``, ``BDF`` ..
    bytes
        Length of the header.
    records
        Number of records; -1 if it is not known.
    record_s, record_text
        Length of a record (s), and as the header spells it. Where it is 0, mne takes 1 s.
    labels, units
        Of every signal, annotations included.
    units_latin
        Units as mne decodes them.
    per_record
        Samples of each signal in a record.
    width
        Bytes of a sample.
    """

    kind: str
    bytes: int
    records: int
    record_s: float
    record_text: str
    labels: list[str]
    units: list[str]
    units_latin: list[str]
    per_record: list[int]
    width: int

    @property
    def discontinuous(self) -> bool:
        """Whether the file says that there are pauses between its records."""
        return self.kind.endswith("+D")

    @property
    def record_bytes(self) -> int:
        """Bytes of a record."""
        return self.width * sum(self.per_record)

    def rounds(self, rate: float, sfreq: float) -> bool:
        """Return whether ``sfreq``, the header's rate (Hz), is ``rate`` but for the digits that the
        length of a record had no room for.
        """
        samples = round(sfreq * self.record_s)
        return len(self.record_text) >= 7 and digits_left_out(samples / rate, self.record_text)

    def of_signals(self, values: list[str]) -> list[str]:
        """Return a column of the header without the annotations' entries."""
        pairs = zip(self.labels, values, strict=True)
        return [value for label, value in pairs if label not in ANNOTATIONS]


def read_header(path: Path) -> Header:
    """Return the header of an EDF or BDF file.

    Raises
    ------
    InputError
        If it is none, or is cut short.
    """
    with open(path, "rb") as file:
        head = file.read(256)
        try:
            count = int(head[252:256])
            rest = file.read(256 * count)
            columns: list[list[str]] = []
            at = 0
            for width in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32):
                cells = [rest[at + k * width : at + (k + 1) * width] for k in range(count)]
                if len(columns) == 2:
                    cells_of_units = cells
                columns.append([_text(cell) for cell in cells])
                at += width * count
            bdf = head[:1] == b"\xff"
            reserved = _text(head[192:236])
            kind = reserved if reserved[:4] in ("EDF+", "BDF+") else "BDF" if bdf else "EDF"
            return Header(
                kind=kind,
                bytes=int(head[184:192]),
                records=int(head[236:244]),
                record_s=float(head[244:252]),
                record_text=_text(head[244:252]),
                labels=columns[0],
                units=columns[2],
                units_latin=[cell.decode("latin-1").strip() for cell in cells_of_units],
                per_record=[int(n) for n in columns[8]],
                width=3 if bdf else 2,
            )
        except ValueError as error:
            raise InputError(path, "header", str(error), "a valid EDF or BDF header") from None


def _text(cell: bytes) -> str:
    try:
        return cell.decode("utf-8").strip().strip("\0").strip()
    except UnicodeDecodeError:
        return cell.decode("latin-1").strip().strip("\0").strip()


def check_length(path: Path, header: Header) -> None:
    """Raise ``InputError`` if the file holds fewer records than its header promises."""
    size = path.stat().st_size - header.bytes
    found, left = divmod(size, header.record_bytes)
    if header.records >= 0 and found < header.records:
        raise InputError(
            path,
            "",
            f"{found} whole records",
            f"{header.records} records, as its header says: the file is cut short",
        )
    if header.records < 0 and left:
        raise InputError(
            path, "", f"{left} bytes after {found} records", "whole records: the file is cut short"
        )


def record_onsets(path: Path, header: Header) -> np.ndarray | None:
    """Return the onset of every record (n_records,) s, by its first time-stamped annotation list;
    None if the file has none.

    Raises
    ------
    InputError
        If a record of a discontinuous file has none.
    """
    signal = next((k for k, label in enumerate(header.labels) if label in ANNOTATIONS), None)
    if signal is None:
        return None
    offset = header.width * sum(header.per_record[:signal])
    length = header.width * header.per_record[signal]
    records = (path.stat().st_size - header.bytes) // header.record_bytes
    if header.records >= 0:
        records = min(records, header.records)
    onsets = np.empty(records)
    with open(path, "rb") as file:
        for k in range(records):
            file.seek(header.bytes + k * header.record_bytes + offset)
            stamp = re.match(rb"([+-]\d+(?:\.\d*)?)\x14", file.read(length))
            if stamp is None:
                if not header.discontinuous:
                    return None
                raise InputError(
                    path, f"record {k + 1}", "no time stamp", "a time stamp in every record (EDF+)"
                )
            onsets[k] = float(stamp[1])
    return onsets


def seams(path: Path, header: Header, sfreq: float) -> tuple[list[Seam], list[str]]:
    """Return the pauses of a file, and what a user should know about its time stamps.

    Parameters
    ----------
    path
        The file.
    header
        Its header.
    sfreq
        Rate at which it is read (Hz).

    Raises
    ------
    InputError
        If records of a discontinuous file overlap.
    """
    onsets = record_onsets(path, header)
    if onsets is None or len(onsets) < 2:
        return [], []
    record_s = header.record_s or 1.0
    length = np.full(len(onsets), record_s)
    late = gaps(onsets, length, max(1.5 / sfreq, 0.001))
    if (late < 0).any():
        k = int(np.argmax(late < 0))
        if not header.discontinuous:
            return [], [f"time stamps of records that do not rise (record {k + 1}) are not used"]
        raise InputError(
            path,
            f"record {k + 1}",
            f"a record that begins at {onsets[k]:.6g} s, before the one before it ends",
            "records in the order of time",
        )
    samples, notes = record_s * sfreq, []
    drift = float(onsets[-1] - onsets[0] - length[:-1].sum() - late.sum())
    if abs(drift) > DRIFT_S:
        notes.append(
            f"time stamps of the records drift by {drift:.3g} s against the sampling rate, which is"
            " used"
        )
    return [Seam(round(k * samples), float(late[k])) for k in np.flatnonzero(late)], notes
