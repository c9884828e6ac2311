"""Tables, written and read the same way everywhere: TSV for people, Parquet for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusion.io.atomic import whole
from fusion.io.dictionary import data_dictionary
from fusion.io.errors import InputError

FilePath = str | Path


def write_tsv(table: pd.DataFrame, path: FilePath, float_format: str = "%.6g") -> None:
    """Write ``table`` as BIDS-style TSV: numbers to six significant digits, ``n/a`` where missing,
    ``true`` and ``false`` in lower case, no index.

    Times of long films and recordings need more digits: six leave 10 ms at two hours; ``%.10g``
    leaves a microsecond."""
    written = table.copy()
    for name in table.select_dtypes(["bool", "boolean", "object"]):
        written[name] = [_lower(value) for value in table[name]]
    with whole(path) as part:
        written.to_csv(part, sep="\t", index=False, float_format=float_format, na_rep="n/a")


def _lower(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool | np.bool_) else value


def read_tsv(
    path: FilePath, columns: tuple[str, ...] = (), dtype: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Read a TSV (with or without BOM), ``n/a`` as missing; ``columns`` must be there.

    Only ``n/a`` and the empty cell count as missing, so that an electrode or a word called ``NA``
    survives.

    Raises
    ------
    InputError
        If the file is missing, empty, or lacks one of ``columns``.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(path, "", "no such file", "a tab-separated table")
    try:
        table = pd.read_csv(
            path,
            sep="\t",
            encoding="utf-8-sig",
            na_values=["n/a", ""],
            keep_default_na=False,
            dtype=dtype,
        )
    except pd.errors.EmptyDataError:
        raise InputError(path, "", "an empty file", "a tab-separated table with a header") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise InputError(path, "", str(error).strip(), "a tab-separated table in UTF-8") from None
    if missing := [name for name in columns if name not in table]:
        raise InputError(
            path,
            f"column {missing[0]!r}",
            f"columns {', '.join(map(str, table.columns))}",
            "that column",
        )
    return table


def write_parquet(table: pd.DataFrame, path: FilePath) -> None:
    """Write ``table`` as Parquet, without the index."""
    with whole(path) as part:
        table.to_parquet(part, index=False)


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
    with whole(dictionary_path) as part:
        part.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n")


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
