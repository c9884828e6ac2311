"""What several tests share although they run in several processes: made by the first that asks,
used by all.
"""

import os
from pathlib import Path

from filelock import FileLock


def made_once(factory, name: str, make) -> Path:
    """Return a folder of the session's ``tmp_path_factory`` that ``make(folder)`` has filled,
    whatever the number of workers.
    """
    base = factory.getbasetemp()
    base = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = base / name
    with FileLock(base / f"{name}.lock"):
        if not (folder / "done").exists():
            make(folder)
            (folder / "done").touch()
    return folder
