"""Tables, written and read the same way everywhere: TSV for people, Parquet for programs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fusion.io.atomic import whole
from fusion.io.errors import InputError


def write_tsv(table: pd.DataFrame, path, float_format: str = "%.6g") -> None:
    """Write ``table`` as BIDS-style TSV: numbers to six significant digits, ``n/a`` where missing,
    no index.

    Times of long films and recordings need more digits: six leave 10 ms at two hours; ``%.10g``
    leaves a microsecond."""
    with whole(path) as part:
        table.to_csv(part, sep="\t", index=False, float_format=float_format, na_rep="n/a")


def read_tsv(path, columns: tuple[str, ...] = (), dtype: dict | None = None) -> pd.DataFrame:
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


def write_parquet(table: pd.DataFrame, path) -> None:
    """Write ``table`` as Parquet, without the index."""
    with whole(path) as part:
        table.to_parquet(part, index=False)
