"""Errors that a user can act on."""

from __future__ import annotations

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
