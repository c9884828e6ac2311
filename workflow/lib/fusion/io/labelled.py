"""Labelled arrays in NetCDF-4 files: every array carries the ids of its rows and columns.

Files are written with h5netcdf, one variable at a time and slice by slice where an array is larger
than memory, and read with xarray, lazily. Arrays are stored contiguously and uncompressed unless
chunks are asked for, so that reading a slice costs one seek."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import xarray as xr

from fusion.io.atomic import whole


@contextmanager
def create(
    path: str | Path,
    coords: Mapping[str, Any],
    attrs: Mapping[str, object] | None = None,
) -> Iterator[h5netcdf.File]:
    """Create a NetCDF file with one dimension per entry of ``coords``; it appears when the block
    ends.

    Parameters
    ----------
    path
        The file to write.
    coords
        Dimension name -> its labels (strings or numbers), in order. An integer instead of labels
        makes a dimension of that size without a coordinate.
    attrs
        Attributes of the file: strings and numbers.

    Yields
    ------
    h5netcdf.File
        Open for writing: add arrays with :func:`add`.
    """
    with whole(path) as part, h5netcdf.File(part, "w") as file:
        for name, labels in coords.items():
            add_dimension(file, name, labels)
        for key, value in (attrs or {}).items():
            file.attrs[key] = value
        yield file


def add_dimension(file: h5netcdf.File, name: str, labels: Any) -> None:
    """Add a dimension to an open file, with ``labels`` as its coordinate (or only a size)."""
    if isinstance(labels, int | np.integer):
        file.dimensions[name] = int(labels)
        return
    labels = np.asarray(labels)
    file.dimensions[name] = len(labels)
    if labels.dtype.kind in "UO":
        variable = file.create_variable(name, (name,), dtype=h5py.string_dtype())
        variable[...] = labels.astype(object)
    else:
        file.create_variable(name, (name,), data=labels)


def add(
    file: h5netcdf.File,
    name: str,
    dims: Sequence[str],
    values: np.ndarray | None = None,
    dtype: str = "float32",
    attrs: Mapping[str, object] | None = None,
    **storage: Any,
) -> h5netcdf.Variable:
    """Add an array over ``dims`` and return it; without ``values`` it is filled later, slice by
    slice.
    """
    if values is not None:
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            variable = file.create_variable(name, tuple(dims), dtype=h5py.string_dtype(), **storage)
            variable[...] = values.astype(object)
        else:
            variable = file.create_variable(name, tuple(dims), data=values, **storage)
    else:
        variable = file.create_variable(name, tuple(dims), dtype=dtype, **storage)
    for key, value in (attrs or {}).items():
        variable.attrs[key] = value
    return variable


def open_labelled(path: str | Path) -> xr.Dataset:
    """Open a file lazily: values are read when they are used. Use as a context manager."""
    return xr.open_dataset(path, engine="h5netcdf", decode_cf=False)
