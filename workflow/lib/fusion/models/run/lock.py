"""What was downloaded without a pin: the first download is written down, and later ones are held
against it.
"""

from __future__ import annotations

import fcntl
import json
import logging
from pathlib import Path

from fusion.io.errors import InputError
from fusion.models.spec import Located

log = logging.getLogger(__name__)


def is_remote(source: str) -> bool:
    """Return whether a source is fetched."""
    return source.startswith(("http://", "https://", "hf:"))


def hold(found: Located, pinned: bool, path: str | Path) -> None:
    """Hold what was found against the lock file, or enter it there.

    Parameters
    ----------
    found
        A checkpoint, tokenizer or backbone.
    pinned
        Whether its row says what it must be: a full SHA-256 of its weights.
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
    with open(path, "a+", encoding="utf-8") as file:
        # Several models are fetched side by side.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        held: dict[str, dict[str, str]] = json.loads(file.read() or "{}")
        before = held.get(found.source)
        if before is None:
            held[found.source] = dict(found.files)
            file.truncate(0)
            file.write(json.dumps(held, indent=1, sort_keys=True) + "\n")
            log.warning(
                "%s has no sha256 in its row: what came is written to %s, and later runs are held"
                " against it",
                found.source,
                path,
            )
            return
    differ = [name for name, sha256 in before.items() if found.files.get(name) != sha256]
    if differ:
        name = differ[0]
        raise InputError(
            path,
            found.source,
            f"{name} with SHA-256 {found.files.get(name, 'missing')}",
            f"{before[name]}, as downloaded first; delete the entry to accept the new file",
        )
