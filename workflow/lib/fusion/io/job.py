"""What every script does first and last: open its log, check its inputs, record its outputs."""

from __future__ import annotations

import atexit
import logging
import signal
import sys
import threading
from typing import Any

from fusion.io import checksums, logs

log = logging.getLogger(__name__)


def begin(snakemake: Any) -> logging.Logger:
    """Begin a job: send what it says to its log, compare its inputs with their records, and record
    its outputs when it ends without an error. A job that is terminated leaves nothing half written.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives a script.

    Returns
    -------
    logging.Logger
        The script's logger.

    Raises
    ------
    InputError
        If an input is not the file that was written.
    """
    said = logs.log_to(snakemake.log[0])
    hook = sys.excepthook
    failed: list[bool] = []

    def fail(kind: Any, error: Any, traceback: Any) -> None:
        failed.append(True)
        hook(kind, error, traceback)

    def stop(number: int, frame: Any) -> None:
        failed.append(True)
        log.error("stopped by signal %d", number)
        sys.exit(128 + number)  # which removes what is half written

    sys.excepthook = fail
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
    inputs, unknown = checksums.check_inputs(snakemake.input)
    for path in unknown:
        log.warning("%s has no record in %s, so it is not checked", path, checksums.FOLDER)
    outputs = list(snakemake.output)
    made = {
        "rule": str(getattr(snakemake, "rule", "")),
        "log": str(snakemake.log[0]),
        "spec": checksums.text_digest(getattr(snakemake.params, "spec", None)),
        "code": str(getattr(snakemake.params, "code", "")),
        "inputs": inputs,
    }

    def end() -> None:
        if not failed:
            for path in (file for one in outputs for file in checksums.files_of(one)):
                if path.is_file():
                    checksums.write(path, **made)

    atexit.register(end)
    return said
