"""Tables, written and read the same way everywhere: TSV for people, Parquet for programs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.io.atomic import whole
from fusion.io.dictionary import data_dictionary
from fusion.io.errors import InputError, going_on
from fusion.io.text import read_text, write_json

FilePath = str | Path
#: What ends a line, and what would end a cell or a line in the middle of one.
LINE = re.compile(r"\r\n|\n|\r")
BREAKS = re.compile(r"[\t\r\n]+")
#: What a spreadsheet takes for a formula: a sign in front, unless it is that of a number. Some take
#: the wide signs of East Asian scripts for the same.
FORMULA = re.compile(
    r"'*(?:[=@\uff1d\uff20\uff0b\uff0d]|[+-](?!(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z)(?=.))",
    re.ASCII | re.DOTALL,
)
MARKED = re.compile(r"(?:^|\t)'", re.MULTILINE)

#: What columns of a table of electrodes are read as: labels may look like numbers.
ELECTRODES = dict.fromkeys(("electrode", "region", "hemisphere", "space", "reason"), str)


def write_tsv(
    table: pd.DataFrame, path: FilePath, float_format: str = "%.6g", *, literal: bool = False
) -> None:
    """Write ``table`` as a BIDS table: numbers to six significant digits, ``n/a`` where missing,
    ``true`` and ``false`` in lower case, no index, nothing quoted.

    A tab or a line break inside a cell becomes a space, as the format has no way to write it. An
    apostrophe is put before text that a spreadsheet would run as a formula (``=..``, ``@..``,
    ``+..``, ``-..``); :func:`read_tsv` takes it away. ``literal`` leaves it out, for files that
    other programs read as BIDS.

    Times of long films and recordings need more digits: six leave 10 ms at two hours; ``%.10g``
    leaves a microsecond.
    """
    written = table.copy()
    for name in table.select_dtypes(["bool", "boolean", "object", "string", "category"]):
        written[name] = [_cell(value, literal) for value in table[name]]
    written.columns = [_cell(name, literal) for name in table.columns]
    with whole(path) as part:
        written.to_csv(
            part,
            sep="\t",
            index=False,
            float_format=float_format,
            na_rep="n/a",
            quoting=csv.QUOTE_NONE,
            encoding="utf-8",
            lineterminator="\n",
        )


def _cell(value: Any, literal: bool) -> Any:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    text = BREAKS.sub(" ", value)
    return f"'{text}" if not literal and FORMULA.match(text) else text


def _unmarked(value: Any) -> Any:
    marked = isinstance(value, str) and value.startswith("'") and FORMULA.match(value[1:])
    return value[1:] if marked else value


def read_tsv(
    path: FilePath,
    columns: Iterable[str] = (),
    dtype: Mapping[str, Any] | None = None,
    *,
    literal: bool = False,
) -> pd.DataFrame:
    """Read a BIDS table: tab-separated UTF-8 (with or without a mark), nothing quoted, ``n/a`` as
    missing; ``columns`` must be there.

    Only ``n/a`` and the empty cell count as missing, so that an electrode or a word called ``NA``
    survives. A quotation mark is a character like any other. ``literal`` is for tables that
    :func:`write_tsv` did not write, or wrote so: an apostrophe in front is part of the text.

    Raises
    ------
    InputError
        If the file is missing, empty or not UTF-8, lacks one of ``columns`` or names one twice, has
        a row with more or fewer cells than columns, or holds an infinite number.
    """
    path = Path(path)
    text = read_text(path)
    lines = [line for line in LINE.split(text) if line]
    if not lines:
        raise InputError(path, "", "an empty file", "a tab-separated table with a header")
    header = lines[0].split("\t")
    ragged = None
    for number, line in enumerate(LINE.split(text), 1):
        if line and (cells := line.count("\t") + 1) != len(header):
            ragged = InputError(
                path,
                f"line {number}",
                f"{cells} cells",
                f"{len(header)}, one for each column; separated by tabs",
            )
            with going_on():
                raise ragged
    if ragged is not None:
        raise ragged
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputError(path, f"column {twice[0]!r}", "two of that name", "every column once")
    if missing := [name for name in columns if name not in header]:
        raise InputError(
            path, f"column {missing[0]!r}", f"columns {', '.join(header)}", "that column"
        )
    try:
        table = pd.read_csv(
            io.StringIO("\n".join(lines)),
            sep="\t",
            quoting=csv.QUOTE_NONE,
            na_values=["n/a", ""],
            keep_default_na=False,
            dtype=dtype,
            index_col=False,
            low_memory=False,
        )
    except (ValueError, OverflowError) as error:
        raise InputError(path, "", str(error).strip(), "a tab-separated table") from None
    if not literal and MARKED.search(text):
        for name in table.select_dtypes(["object", "string"]):
            table[name] = table[name].map(_unmarked)
    for name in table.select_dtypes("float"):
        if (infinite := np.isinf(table[name].to_numpy())).any():
            row = int(infinite.argmax())
            raise InputError(
                path,
                f"row {row + 1}, column {name!r}",
                str(table[name].iloc[row]),
                "a finite number",
            )
    return table


def write_parquet(table: pd.DataFrame, path: FilePath) -> None:
    """Write ``table`` as Parquet with a checksum for every page, without the index."""
    with whole(path) as part:
        table.to_parquet(part, index=False, write_page_checksum=True)


def read_parquet(path: FilePath, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Read a Parquet table, its checksums compared; ``columns`` must be there (None for all).

    Raises
    ------
    InputError
        If it is not a Parquet table, is damaged, or lacks a column.
    """
    wanted = None if columns is None else list(columns)
    try:
        table: pd.DataFrame = pd.read_parquet(
            path, engine="pyarrow", columns=wanted, page_checksum_verification=True
        )
    except FileNotFoundError:
        raise InputError(path, "", "no such file", "a Parquet table") from None
    except (ValueError, OSError) as error:  # pyarrow's errors are of these kinds
        lines = str(error).splitlines() or [type(error).__name__]
        if missing := re.match(r"No match for FieldRef\.Name\((.*?)\)", lines[0]):
            names = ", ".join(map(str, read_parquet(path).columns))
            raise InputError(
                path, f"column {missing[1]!r}", f"columns {names}", "that column"
            ) from None
        raise InputError(path, "", lines[0], "a sound Parquet table") from None
    return table


def write_described(
    table: pd.DataFrame,
    path: FilePath,
    dictionary_path: FilePath,
    schema: Mapping[str, Any],
    families: Mapping[str, str] | None = None,
    *,
    float_format: str = "%.6g",
) -> None:
    """Write a table, as TSV or Parquet by its suffix, and its data dictionary beside it.

    Parameters
    ----------
    table
        The table.
    path
        Where it goes: ``.tsv`` or ``.parquet``.
    dictionary_path
        Where its JSON data dictionary goes.
    schema
        What the columns mean, as for :func:`fusion.io.dictionary.data_dictionary`
        (:func:`fusion.io.schema.read_schema` reads it).
    families
        Column -> the set of tests corrected together.
    float_format
        Format of the numbers of a TSV.

    Raises
    ------
    InputError
        If table and schema do not have the same columns; nothing is written then.
    """
    described = data_dictionary(table, schema, families)
    if Path(path).suffix == ".parquet":
        write_parquet(table, path)
    else:
        write_tsv(table, path, float_format)
    write_json(described, dictionary_path)


def require_unique(labels: Iterable[Any], file: FilePath, what: str) -> None:
    """Raise ``InputError`` if a label stands twice.

    Parameters
    ----------
    labels
        The labels; missing ones count as labels.
    file
        Where they come from.
    what
        What they name, in the singular: ``event``, ``electrode``, ``channel``.
    """
    index = pd.Index(list(labels))
    if index.has_duplicates:
        twice = ", ".join(map(repr, index[index.duplicated()].unique()[:10]))
        raise InputError(file, what, f"{twice} twice", f"every {what} once")
