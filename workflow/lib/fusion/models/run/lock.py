"""What was downloaded without a pin: the first download is written down, and later ones are held
against it.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fusion.io.errors import InputError
from fusion.io.text import read_json, write_json
from fusion.models.spec import Located

log = logging.getLogger(__name__)


def is_remote(source: str) -> bool:
    """Return whether a source is fetched."""
    return source.startswith(("http://", "https://", "hf:"))


def is_pinned(found: Located, sha256: str | Mapping[str, str] | None) -> bool:
    """Return whether a row's hashes are whole and say what every file of a checkpoint must be: its
    config and tokenizer too.
    """
    if isinstance(sha256, str):
        return len(sha256) == 64 and len(found.files) == 1
    named = sha256 or {}
    return bool(named) and all(len(named.get(name, "")) == 64 for name in found.files)


def hold(found: Located, pinned: bool, path: str | Path) -> None:
    """Hold what was found against the lock file, or enter it there.

    Parameters
    ----------
    found
        A checkpoint, tokenizer or backbone.
    pinned
        Whether its row says what it must be, as :func:`is_pinned` tells.
    path
        The lock file, a JSON object of source -> file name -> SHA-256; made if need be. Keep it
        under version control; without an entry, another file is accepted.

    Raises
    ------
    InputError
        If it is not what was downloaded first.
    """
    if pinned or not is_remote(found.source):
        return
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        held = read_json(path) if path.stat().st_size else {}
        before = held.get(found.source)
        if before is None:
            held[found.source] = dict(found.files)
            write_json(held, path, indent=1, sort=True)
            log.warning(
                "%s has no sha256 in its row: what came is written to %s, and later runs are held"
                " against it",
                found.source,
                path,
            )
            return
    if not isinstance(before, dict):
        raise InputError(path, found.source, repr(before)[:80], "file name -> SHA-256")
    differ = [name for name, sha256 in before.items() if found.files.get(name) != sha256]
    if differ:
        name = differ[0]
        raise InputError(
            path,
            found.source,
            f"{name} with SHA-256 {found.files.get(name, 'missing')}",
            f"{before[name]}, as downloaded first; delete the entry to accept the new file",
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a file alone: several models are fetched side by side, and each puts a new file in its
    place.
    """
    while True:
        with open(path, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield
                return
