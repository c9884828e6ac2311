"""Keys and values of the config that have new names, so that an old config says what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fusion.io.errors import InputError

_CHOSEN = {
    "subjects": "subject",
    "sessions": "session",
    "tasks": "task",
    "acquisitions": "acquisition",
    "runs": "run",
    "sub": "subject",
    "ses": "session",
    "acq": "acquisition",
}

#: Old path -> new path; ``*`` stands for any name.
KEYS = {
    "bids_root": "root",
    "treebank_root": "root",
    "calibrate": "calibration",
    "contrasts.*.test": "contrasts.*.role",
    "responses.bin_ms": "responses.bin_width_ms",
    **{f"recordings.{old}": f"recordings.{new}" for old, new in _CHOSEN.items()},
    **{
        f"stimuli.*.recordings.{old}": f"stimuli.*.recordings.{new}" for old, new in _CHOSEN.items()
    },
    "statistics.multipliers": "statistics.calibrated.multipliers",
    "statistics.gate_bins": "statistics.paper.gate_bins",
    "statistics.resamples": "statistics.paper.resamples or statistics.block_bootstrap.resamples",
    "statistics.shifts": "statistics.shift_null.shifts",
    "statistics.shift_min_s": "statistics.shift_null.min_shift_s",
}

#: (path, old value) -> new value.
VALUES = {("contrasts.*.role", "slip"): "matched"}


def check_renamed(config: Mapping[str, Any], file: str | Path) -> None:
    """Raise ``InputError`` for a key or value that has a new name.

    Parameters
    ----------
    config
        What the user wrote.
    file
        Its file, for the message.
    """
    for path, value in _items(config):
        for old, new in KEYS.items():
            if fnmatchcase(path, old) and path.count(".") == old.count("."):
                named = _filled(new, path)
                was = VALUES.get((new, value)) if isinstance(value, str) else None
                hint = f" ({value!r} is now {was!r})" if was else ""
                raise InputError(file, f"key {path}", "the key's old name", f"{named}{hint}")
        for (place, old_value), new_value in VALUES.items():
            if fnmatchcase(path, place) and value == old_value:
                raise InputError(file, f"key {path}", f"{value!r}, an old name", repr(new_value))


def _items(value: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        path = f"{where}.{key}" if where else str(key)
        yield path, inner
        if isinstance(inner, Mapping):
            yield from _items(inner, path)


def _filled(new: str, path: str) -> str:
    """Return the new path with the name that stands at ``*`` in the old one."""
    return new.replace("*", path.split(".")[1]) if "*" in new else new
