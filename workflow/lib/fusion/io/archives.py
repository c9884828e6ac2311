"""Zip archives from outside, before anything of them is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

from fusion.io.errors import InputError


def check_size(
    held: zipfile.ZipFile, path: Path, largest_ratio: int, accepted: str, source: str | Path = ""
) -> None:
    """Refuse an archive that unpacks to many times its own size.

    Parameters
    ----------
    held, path
        The open archive and its file.
    largest_ratio
        Of the unpacked size to the archive's.
    accepted
        What would be accepted, for the error.
    source
        What the error names in place of the file.

    Raises
    ------
    InputError
        If it is larger than that.
    """
    packed, unpacked = path.stat().st_size, sum(one.file_size for one in held.infolist())
    if unpacked > largest_ratio * packed:
        found = f"an archive of {packed:,} bytes that unpacks to {unpacked:,}"
        raise InputError(source or path, "", found, accepted)
