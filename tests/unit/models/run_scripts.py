"""Run a rule's script in this process, with the inputs and params its rule would give it."""

import logging
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"


def run_script(name, log, **given):
    """Run ``workflow/scripts/<name>.py``; what it does to the process (descriptors, logging, hooks)
    is undone.
    """
    given = {
        key: SimpleNamespace(**value) if key in ("input", "output", "params") else value
        for key, value in given.items()
    }
    kept = [os.dup(1), os.dup(2)]
    root = logging.getLogger()
    before = sys.excepthook, root.handlers[:], root.level
    try:
        runpy.run_path(
            str(SCRIPTS / f"{name}.py"), {"snakemake": SimpleNamespace(log=[str(log)], **given)}
        )
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)
        os.close(kept[0]), os.close(kept[1])
        sys.excepthook, root.handlers[:], level = before
        root.setLevel(level)
        logging.captureWarnings(False)
