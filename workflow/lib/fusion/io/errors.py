"""Errors that a user can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

#: Characters of a user's text that a message repeats.
LONGEST = 800


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} .. ({len(text):,} characters)"


class InputError(Exception):
    """Something in the user's data or config is wrong, and the message says what and where.

    Parameters
    ----------
    file
        The file that holds the problem, as the user would open it.
    where
        The field, row or key within the file; empty if the file as a whole is meant.
    found
        What stands there.
    accepted
        What would have been accepted.
    """

    def __init__(self, file: str | Path, where: str, found: str, accepted: str) -> None:
        where, found, accepted = _shortened(where), _shortened(found), _shortened(accepted)
        self.file, self.where, self.found, self.accepted = str(file), where, found, accepted
        place = f"{file}: {where}" if where else f"{file}"
        message = f"{place}: found {found}; expected {accepted}"
        super().__init__(" ".join(message.split()))  # one line, whatever stands in the user's file


_FOUND: ContextVar[list[InputError] | None] = ContextVar("found", default=None)


@contextmanager
def gathering() -> Iterator[list[InputError]]:
    """Yield a list to which every ``InputError`` within :func:`going_on` is added.

    Without it the first error stops the program.
    """
    found: list[InputError] = []
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


@contextmanager
def going_on() -> Iterator[None]:
    """Note an ``InputError`` of the block and go on behind it, where errors are gathered; raise it
    elsewhere.

    What follows must do without the block: ``with going_on():`` stands around checks whose failure
    leaves the others meaningful.
    """
    try:
        yield
    except InputError as error:
        found = _FOUND.get()
        if found is None:
            raise
        if str(error) not in map(str, found):
            found.append(error)


def is_gathering() -> bool:
    """Return whether errors are gathered."""
    return _FOUND.get() is not None
