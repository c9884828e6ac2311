"""Parts of the page, one by one: what cannot be made costs itself and says so, never the page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fusion.io.errors import InputError

log = logging.getLogger(__name__)
Made = TypeVar("Made")


@dataclass
class Parts:
    """Parts that are made one by one.

    Attributes
    ----------
    lost
        (sentence, section that says more) of every part that could not be made.
    """

    lost: list[tuple[str, str]] = field(default_factory=list)

    def make(self, name: str, how: Callable[[], Made], otherwise: Callable[[], Made]) -> Made:
        """Return what ``how`` makes, or ``otherwise`` if it fails; the log has the traceback.

        Raises
        ------
        InputError
            If what the page is made from is wrong: that is for the user to mend.
        """
        try:
            return how()
        except InputError:
            raise
        except Exception as error:
            log.exception("%s could not be made", name)
            why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            sentence = f"{name} could not be made ({type(error).__name__}: {why})"
            self.lost.append((f"{sentence}; see the log of rule report.", "provenance"))
            return otherwise()

    def tables(self, makers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Return tables by name, None for those that fail."""
        return {
            name: self.make(f"The table “{name.replace('_', ' ')}”", how, lambda: None)
            for name, how in makers.items()
        }
