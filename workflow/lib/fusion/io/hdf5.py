"""HDF5 files from elsewhere: what they hold lies in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py

from fusion.io.errors import InputError


def refuse_elsewhere(path: str | Path) -> None:
    """Raise ``InputError`` if an HDF5 file takes data from files outside its own folder: by
    external links, external storage or virtual datasets.

    A file that is no HDF5 is left to its reader.
    """
    home = Path(path).resolve().parent
    try:
        with h5py.File(path) as file:
            for where, name in _elsewhere(file):
                if not (home / name).resolve().is_relative_to(home):
                    raise InputError(
                        path, where, f"data of {name!r}", "data of this file or of one beside it"
                    )
    except OSError:
        return


def _elsewhere(file: h5py.File) -> Iterator[tuple[str, str]]:
    """Yield name -> file of everything that another file is to give."""
    groups, seen = [file["/"]], set()
    while groups:
        group = groups.pop()
        info = h5py.h5o.get_info(group.id)
        if (info.fileno, info.addr) in seen:
            continue
        seen.add((info.fileno, info.addr))
        for name in group:
            link, where = group.get(name, getlink=True), f"{group.name.rstrip('/')}/{name}"
            if isinstance(link, h5py.ExternalLink):
                yield where, link.filename
            if not isinstance(link, h5py.HardLink):
                continue
            held = group[name]
            if isinstance(held, h5py.Group):
                groups.append(held)
            elif isinstance(held, h5py.Dataset):
                for given, *_ in held.external or ():
                    yield where, given
                for source in held.virtual_sources() if held.is_virtual else ():
                    if source.file_name != ".":
                        yield where, source.file_name
