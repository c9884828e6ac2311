"""Labelled arrays in NetCDF-4 files: every array carries the ids of its rows and columns.

Files are written with h5netcdf, one variable at a time and slice by slice where an array is larger
than memory, and read with xarray, lazily. Arrays of numbers are stored uncompressed, in chunks with
checksums that HDF5 compares whenever it reads them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import xarray as xr

from fusion.io.atomic import whole
from fusion.io.errors import InputError

#: Bytes of a chunk.
CHUNK = 1 << 19


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
        file.create_variable(name, (name,), data=labels, **_checked(labels.shape, labels.dtype))


def add(
    file: h5netcdf.File,
    name: str,
    dims: Sequence[str],
    values: np.ndarray | None = None,
    dtype: str = "float32",
    attrs: Mapping[str, object] | None = None,
    *,
    by: str | None = None,
    **storage: Any,
) -> h5netcdf.Variable:
    """Add an array over ``dims`` and return it; without ``values`` it is filled later, slice by
    slice.

    Parameters
    ----------
    file
        Open for writing.
    name, dims
        Of the array.
    values
        The array.
    dtype
        Without ``values``: of the array.
    attrs
        Its attributes.
    by
        Dimension along which it is filled; by default the first.
    storage
        What else h5netcdf should know: ``chunks``, ``compression``, ...
    """
    if values is not None:
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            variable = file.create_variable(name, tuple(dims), dtype=h5py.string_dtype(), **storage)
            variable[...] = values.astype(object)
        else:
            storage = _checked(values.shape, values.dtype) | storage
            variable = file.create_variable(name, tuple(dims), data=values, **storage)
    else:
        shape = tuple(file.dimensions[dim].size for dim in dims)
        storage = _checked(shape, np.dtype(dtype), dims.index(by) if by else 0) | storage
        variable = file.create_variable(name, tuple(dims), dtype=dtype, **storage)
    for key, value in (attrs or {}).items():
        variable.attrs[key] = value
    return variable


def _checked(shape: Sequence[int], dtype: np.dtype[Any], by: int = 0) -> dict[str, Any]:
    """Return how an array is stored so that HDF5 checks every read: in chunks of half a megabyte at
    most, each with a Fletcher-32 checksum.

    A chunk is as short along axis ``by`` as need be, then along the first, the second, ...
    """
    if not shape or 0 in shape:
        return {}
    chunk, size = list(shape), dtype.itemsize
    for axis in (by, *(k for k in range(len(shape)) if k != by)):
        rest = size * math.prod(chunk) // chunk[axis]
        chunk[axis] = max(1, min(shape[axis], CHUNK // rest))
    return {"chunks": tuple(chunk), "fletcher32": True}


def require(file: xr.Dataset, path: str | Path, **wanted: str) -> None:
    """Raise ``InputError`` if a file says that it is of something else than was asked for.

    Parameters
    ----------
    file
        The open file.
    path
        Its path.
    wanted
        Attribute -> value. An attribute that the file does not have is not compared.
    """
    for name, value in wanted.items():
        if name in file.attrs and str(file.attrs[name]) != value:
            raise InputError(
                path, f"attribute {name!r}", repr(str(file.attrs[name])), f"{value!r}, as was asked"
            )


def open_labelled(path: str | Path) -> xr.Dataset:
    """Open a file lazily: values are read when they are used. Use as a context manager."""
    return xr.open_dataset(path, engine="h5netcdf", decode_cf=False)


def take(values: xr.DataArray, rows: np.ndarray) -> np.ndarray:
    """Return some rows of an array in an open file, read in stretches of consecutive rows.

    HDF5 takes some ten times as long for a list of single rows as for its stretches.

    Parameters
    ----------
    values
        (n_rows, ...) array, not read yet.
    rows
        (n_wanted,) ascending row numbers.

    Returns
    -------
    np.ndarray
        (n_wanted, ...).
    """
    out = np.empty((len(rows), *values.shape[1:]), values.dtype)
    starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
    for start, stop in itertools.pairwise([*starts, len(rows)]):
        out[start:stop] = values[rows[start] : rows[stop - 1] + 1].to_numpy()
    return out
