"""Text files as people leave them: encodings, separators, decimal commas, clock times."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.io.errors import InputError
from fusion.io.text import require_file

QUOTED = re.compile(r'"(?=.*"".*")(?:[^"]|"")*"')  # a cell in quotes because it holds some, doubled
CLOCK = re.compile(r"([-+]?)(?:(\d+):)?(\d+):(\d+(?:[.,]\d+)?)")
#: Beyond this a file of words is something else, and would be read for minutes.
MOST_BYTES, MOST_LINES = 200_000_000, 500_000
#: Ticks that no clock of a film counts.
LATEST_S = 1e15
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
#: Share of letters beyond ASCII from which text in cp1252 is none (French has 0.05).
FOREIGN = 0.4
#: Signs inside words: letters of other Windows code pages.
INSIDE = re.compile(r"[^\W\d_][¹³¿¡¼½¾£¥§©®±¶¤¦][^\W\d_]|[^\W\d_][¹³¿¡¼¾£¥¶¤](?=[\s,.!?]|$)")


@dataclass
class Notes:
    """What was taken where a file leaves a choice (encoding, separator, columns, unit), and what
    was left out of it.
    """

    said: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def add(self, note: str) -> None:
        """Keep a note, once."""
        if note not in self.said:
            self.said.append(note)

    def lose(self, note: str) -> None:
        """Keep a note of something that is left out."""
        self.add(note)
        if note not in self.lost:
            self.lost.append(note)


def read_text(path: str | Path, what: str, notes: Notes | None = None) -> str:
    """Return the text of a file in UTF-8, UTF-16 or, failing these, Windows' cp1252.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages.
    notes
        Where an encoding other than UTF-8 is noted.

    Raises
    ------
    InputError
        If the file is missing, empty or not text.
    """
    path = Path(path)
    require_file(path, what)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise InputError(path, "", f"{size:,} bytes", f"{what} of at most {MOST_BYTES:,} bytes")
    raw = path.read_bytes()
    if not raw.strip():
        raise InputError(path, "", "an empty file", what)
    encoding = next((name for bom, name in BOMS.items() if raw.startswith(bom)), "")
    if not encoding:
        zeros = raw[:400].count(0)
        if zeros > len(raw[:400]) // 4:
            encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
        else:
            encoding = "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = _western(raw, path, what), "cp1252 (Windows), as it is not UTF-8"
    if "\0" in text:
        raise InputError(path, "", "a file that is not text", what)
    if notes is not None and encoding not in ("utf-8", "utf-8-sig"):
        notes.add(f"encoding {encoding}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (lines := text.count("\n")) > MOST_LINES:
        raise InputError(
            path, "", f"{lines:,} lines", f"{what} of at most {MOST_LINES:,}, the words of a week"
        )
    return text


def _western(raw: bytes, path: Path, what: str) -> str:
    """Return text in cp1252, unless what comes out is no Western language."""
    found, accepted = "", f"{what} in UTF-8 (iconv -f <its encoding> -t utf-8)"
    lenient = raw.decode("utf-8", errors="replace")
    broken = lenient.count("\ufffd")
    if broken < sum(not c.isascii() for c in lenient) / 2:
        number = lenient.count("\n", 0, lenient.index("\ufffd")) + 1
        raise InputError(
            path,
            f"line {number}",
            f"text in UTF-8 with {broken} bytes that are not",
            f"{what} in UTF-8",
        )
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in raw)
        found = "a file that is not text" if control > len(raw) // 50 else "bytes of no encoding"
        found += ": neither UTF-8 nor cp1252" if found.startswith("bytes") else ""
        raise InputError(path, "", found, accepted) from None
    letters = [c for c in text if c.isalpha()]
    accented = [c for c in letters if not c.isascii()]
    if len(accented) > FOREIGN * len(letters) or len(INSIDE.findall(text)) > len(accented) / 10:
        line = next(line for line in text.splitlines() if not line.isascii())
        raise InputError(
            path,
            "",
            f"what is no language in cp1252 ({line.strip()[:40]!r}), and not UTF-8 either",
            accepted,
        )
    return text


def read_cells(path: str | Path, notes: Notes | None = None, *, skip: str = "") -> pd.DataFrame:
    """Return a table with a header, every cell as text; separated by tab, ``;`` or ``,``.

    A first line that begins with ``skip`` is passed over.

    Raises
    ------
    InputError
        If the file is missing, empty or not a table.
    """
    text = read_text(path, "a table with a header", notes)
    for first in ("sep=", *([skip] if skip else [])):  # what Excel and PySceneDetect put before
        if text.lstrip("\n").startswith(first):
            text = text.lstrip("\n").partition("\n")[2]
    header = text.lstrip("\n").split("\n", 1)[0]
    sep = separator(header)
    if notes is not None and sep == ";":
        notes.add("separated by ;")
    # BIDS tables do not quote, so that a word may begin with a quote; other programs quote
    # everything, or what holds a quote.
    quoted = sep != "\t" or text.startswith('"')
    rows = list(
        csv.reader(
            text.split("\n"),
            delimiter=sep,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        )
    )
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    names = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            raise InputError(
                path,
                f"row {number}",
                f"{len(row)} cells under {len(names)} columns",
                "one cell a column",
            )
    width = len(names)
    cells = [(row + [""] * width)[:width] for row in rows[1:]]
    table = pd.DataFrame(cells, columns=names, dtype=object)
    return table if quoted else table.map(_unquoted)


def separator(header: str) -> str:
    """Return what separates the columns of a header line."""
    return next((sep for sep in ("\t", ";", ",") if sep in header), "\t")


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if QUOTED.fullmatch(cell) else cell


def seconds(cell: object) -> float:
    """Return a time as a number: ``1.25``, ``1,25``, ``00:00:01.25``, ``0:01,25``; NaN if none."""
    value = _seconds(cell)
    return value if abs(value) < LATEST_S else np.nan


def _seconds(cell: object) -> float:
    if cell is None or isinstance(cell, bool):
        return np.nan
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < LATEST_S else np.nan
    text = str(cell).strip()
    if found := CLOCK.fullmatch(text):
        sign, hours, minutes, rest = found.groups()
        value = 3600 * int(hours or 0) + 60 * int(minutes) + float(rest.replace(",", "."))
        return -value if sign == "-" else value
    try:
        return float(text.replace(",", ".")) if re.fullmatch(r"[-+\d.,eE]+", text) else np.nan
    except ValueError:
        return np.nan


def times(column: pd.Series, path: str | Path, notes: Notes | None = None) -> pd.Series:
    """Return a column of times in the unit of the file; empty cells are NaN.

    Raises
    ------
    InputError
        If a cell holds something that is no time.
    """
    given = column.map(lambda cell: None if str(cell).strip() in ("", "n/a", "None") else cell)
    found = given.map(seconds).astype(float)
    bad = given.notna() & found.isna() & ~given.astype(str).str.casefold().isin(("nan", "na"))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(
            path,
            f"column {column.name!r}, row {column.index[row] + 2}",
            repr(given.iloc[row]),
            "a time: seconds (1.25 or 1,25) or a clock (00:00:01.25)",
        )
    if notes is not None:
        text = given.dropna().astype(str)
        if text.str.contains(":").any():
            notes.add(f"clock times in column {column.name}")
        elif text.str.contains(",").any():
            notes.add(f"decimal commas in column {column.name}")
    return found
