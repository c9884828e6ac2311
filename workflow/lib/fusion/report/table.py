"""Tables of the page: which columns are shown where, and how each cell reads and sorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from fusion.figures.names import printed

#: Text, and the value to sort by (None if the text will do).
Cell = tuple[str, str | None]
#: 1: always shown; 2: not on telephones; 3: on wide screens; 4: on demand.
Rank = Literal[1, 2, 3, 4]
#: Columns shown on a wide screen where nothing says which.
MOST_COLUMNS = 8
#: A column with at most so many different words is filtered by a menu.
MOST_CHOICES = 40


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    label
        Its heading.
    number
        Whether it holds numbers.
    words
        Whether it holds running text, which may wrap.
    rank
        Where it is shown.
    choices
        What a menu offers; none: a field that searches (text) or compares (numbers).
    """

    label: str
    number: bool = False
    words: bool = False
    rank: Rank = 1
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table as the template draws it.

    Attributes
    ----------
    id
        Its id in the page.
    caption
        What it holds.
    columns, rows
        Headings and cells.
    keys
        Key of each row, where rows can be looked up.
    sortable, filtered, tall
        Whether headings sort, whether columns have filters, and whether it scrolls in a box of its
        own.
    file
        The file that has all of it, relative to the page.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...] = ()
    sortable: bool = False
    filtered: bool = False
    tall: bool = False
    file: str | None = None

    @property
    def on_demand(self) -> int:
        """Number of columns that are not shown on a wide screen."""
        return sum(column.rank == 4 for column in self.columns)


@dataclass(frozen=True)
class Shown:
    """How a table is shown.

    Attributes
    ----------
    labels
        Column -> heading, where it differs.
    words
        Columns of running text.
    ranks
        Column -> where it is shown; by default the first are shown everywhere.
    menus
        Columns filtered by a menu.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    menus: Sequence[str] = ()


def table(
    frame: pd.DataFrame,
    name: str,
    caption: str,
    shown: Shown | None = None,
    *,
    keys: Sequence[str] = (),
    filtered: bool = False,
    file: str | None = None,
) -> Table:
    """Return a table of a data frame.

    Parameters
    ----------
    frame
        Rows and columns.
    name
        Id of the table in the page.
    caption
        What it holds.
    shown
        How it is shown.
    keys
        Key of each row.
    filtered
        Whether columns have filters.
    file
        The file that has all of it, relative to the page.
    """
    shown = shown or Shown()
    columns = tuple(
        Column(
            label=shown.labels.get(name_, name_.replace("_", " ")),
            number=is_number(frame[name_]),
            words=name_ in shown.words,
            rank=shown.ranks.get(name_, default_rank(at)),
            choices=choices(frame[name_]) if filtered and name_ in shown.menus else (),
        )
        for at, name_ in enumerate(map(str, frame))
    )
    rows = tuple(
        tuple(cell(value, column.number) for value, column in zip(row, columns, strict=True))
        for row in frame.itertuples(index=False, name=None)
    )
    return Table(
        name,
        caption,
        columns,
        rows,
        tuple(keys),
        sortable=len(rows) > 2,
        filtered=filtered,
        tall=len(rows) > 12,
        file=file,
    )


def is_number(column: pd.Series) -> bool:
    """Return whether a column holds numbers."""
    numeric = pd.api.types.is_numeric_dtype(column)
    return bool(numeric and not pd.api.types.is_bool_dtype(column))


def default_rank(at: int) -> Rank:
    """Return where the column at a place is shown."""
    if at < 3:
        return 1
    if at < 5:
        return 2
    return 3 if at < MOST_COLUMNS else 4


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold text."""
    return [str(name) for name in frame if not is_number(frame[str(name)])]


def choices(column: pd.Series) -> tuple[str, ...]:
    """Return what a menu offers for a column: its words, if there are few."""
    words = sorted({cell(value, False)[0] for value in column})
    return tuple(words) if len(words) <= MOST_CHOICES else ()


def cell(value: object, number: bool) -> Cell:
    """Return how a value reads and sorts."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return "n/a", None
    if isinstance(value, bool):
        return ("yes" if value else "no"), None
    if number and isinstance(value, int | float):
        return printed(value), f"{float(value):.6g}"
    return str(value), None
