"""Where a script's words go."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from pathlib import Path
from types import TracebackType

from fusion.io.errors import InputError

log = logging.getLogger(__name__)


def log_to(path: str | Path) -> logging.Logger:
    """Send everything the process prints to ``path`` and return the script's logger.

    File descriptors 1 and 2 are redirected, so that child processes and C libraries are heard too.
    An uncaught ``InputError`` is written as one line, without a traceback: its message is for the
    user."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    logging.captureWarnings(True)
    faulthandler.enable(2)  # a crash in C says where, too
    sys.excepthook = _report
    return logging.getLogger("fusion.script")


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, InputError):
        log.error("%s", error)
    else:
        log.error("Uncaught exception", exc_info=(kind, error, traceback))
