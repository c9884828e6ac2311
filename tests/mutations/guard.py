"""What must not happen while a file is read: programs, connections, files elsewhere, waiting."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

RUNS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn"}
CALLS = {"socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request"}
WRITES = {"os.remove", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.rmdir", "os.truncate"}
SECONDS = 30


class Escaped(BaseException):
    """Raised where something runs, calls or writes that should not; no library catches it."""


_inside: list[Path] = []


def _watch(event: str, arguments: tuple) -> None:
    if not _inside:
        return
    if event in RUNS | CALLS:
        raise Escaped(f"{event} {arguments[:2]!r}")
    if event == "open":
        path, mode, flags = arguments
        writes = any(sign in (mode or "") for sign in "wax+") or (flags or 0) & (
            os.O_WRONLY | os.O_RDWR | os.O_CREAT
        )
        if writes and isinstance(path, str | bytes | os.PathLike):
            _check(event, os.fsdecode(path))
    # a number at the end that is not -1 is an open folder, within which the name lies
    elif (
        event in WRITES
        and arguments[-1] in (-1, None)
        and isinstance(arguments[0], str | bytes | os.PathLike)
    ):
        _check(event, os.fsdecode(arguments[0]))


def _check(event: str, path: str) -> None:
    full = Path(path).absolute()
    if path != os.devnull and not any(full.is_relative_to(place) for place in _inside):
        raise Escaped(f"{event} {full}")


_hooked: list[bool] = []


@contextmanager
def guarded(folder: Path):
    """Raise :class:`Escaped` if code in the block runs a program, opens a connection, writes
    outside of ``folder`` and the folder for temporary files, or takes longer than ``SECONDS``.
    """
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked.append(True)

    def late(*_):
        raise Escaped(f"still busy after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    _inside[:] = [folder.absolute(), Path(tempfile.gettempdir())]
    try:
        yield
    finally:
        _inside.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
