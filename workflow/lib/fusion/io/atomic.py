"""A file appears whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` when the block ends without an
    error.

    The temporary name keeps the suffixes of ``path`` because writers choose the format by them.
    After an error the temporary file is removed and ``path`` is as it was. What a killed process of
    this machine left behind is removed by the next that writes ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    host = re.sub("[^A-Za-z0-9]", "", os.uname().nodename)
    part = path.with_name(f".part-{host}.{os.getpid()}-{path.name}")
    left_behind = re.compile(rf"\.part-{host}\.([0-9]+)-{re.escape(path.name)}")
    for other in path.parent.glob(".part-*"):
        found = left_behind.fullmatch(other.name)
        if found and not Path("/proc", found[1]).exists() and Path("/proc/self").exists():
            other.unlink(missing_ok=True)
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path``; it takes the place of ``path`` when the block ends
    without an error.

    Its name does not depend on the process, so what a killed one left behind is cleared by the
    next."""
    path = Path(path)
    part = path.with_name(f".part-{path.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(path, ignore_errors=True)
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder at ``path`` and remove it at the end; what a killed process left there
    is cleared first.
    """
    path = Path(path)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
