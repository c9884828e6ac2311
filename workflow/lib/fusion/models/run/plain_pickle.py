"""A pickle module for ``torch.load`` that reads tensors and plain data and runs nothing else.

Training scripts store options, paths, optimiser states and library settings beside the weights.
What a pickle names is looked up in a table: plain data of the standard library, numpy and torch
becomes what it is; settings objects of known libraries become an :class:`Inert` record, without
importing or calling them. Everything else is refused. ``torch.load(weights_only=True)`` knows fewer
classes and only the second pickle protocol.
"""

from __future__ import annotations

import argparse
import codecs
import collections
import copyreg
import datetime
import decimal
import fractions
import pathlib
import pickle
import types
import uuid
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import _weights_only_unpickler

#: Libraries whose classes may appear among the options that a training run saves.
LIBRARIES = (
    "accelerate",
    "addict",
    "deepspeed",
    "detectron2",
    "easydict",
    "fairseq",
    "fvcore",
    "lightning",
    "lightning_fabric",
    "ml_collections",
    "mmcv",
    "mmengine",
    "munch",
    "omegaconf",
    "open_clip",
    "pytorch_lightning",
    "ruamel",
    "timm",
    "torch",
    "torchvision",
    "transformers",
    "yacs",
)
#: Packages of these libraries that hold networks: pickled modules are no plain data.
NETWORKS = ("nn", "modeling", "models", "jit", "fx")


class Inert:
    """Stands for an object of a library's own class: holds what was pickled, does nothing.

    It reads as a mapping of its items where it was one.
    """

    name = "?"

    def __new__(cls, *given: Any, **options: Any) -> Inert:
        """Return a record of the arguments."""
        made = super().__new__(cls)
        made.given, made.state, made.items = given, options, {}
        return made

    given: tuple[Any, ...]
    state: Any
    items: dict[Any, Any]

    def __init__(self, *given: Any, **options: Any) -> None:
        """Accept any arguments."""

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep an item."""
        self.items[key] = value

    def append(self, value: Any) -> None:
        """Keep an element."""
        self.items[len(self.items)] = value

    def extend(self, values: list[Any]) -> None:
        """Keep elements."""
        for value in values:
            self.append(value)


def _reconstructor(cls: type, base: type, state: Any) -> Any:
    """Return a new object, as old pickle protocols make them."""
    return copyreg._reconstructor(cls, base, state)  # type: ignore[attr-defined]


def _plain_dict(*_: Any) -> dict[Any, Any]:
    """Return an empty dict, whatever would have filled in missing keys."""
    return {}


def _named() -> dict[str, Any]:
    """Return name -> object of everything that is plain data."""
    table: dict[str, Any] = dict(_weights_only_unpickler._get_allowed_globals())
    posix = ("Path", "PosixPath", "PurePath", "PurePosixPath")
    for module in ("pathlib", "pathlib._local"):
        table |= {f"{module}.{name}": pathlib.PurePosixPath for name in posix}
        table |= dict.fromkeys(
            (f"{module}.WindowsPath", f"{module}.PureWindowsPath"), pathlib.PureWindowsPath
        )
    kinds: tuple[type, ...] = (
        dict,
        list,
        set,
        frozenset,
        tuple,
        int,
        float,
        str,
        bool,
        complex,
        slice,
        range,
        bytes,
        bytearray,
        object,
    )
    table |= {f"builtins.{kind.__name__}": kind for kind in kinds}
    plain: tuple[type, ...] = (
        argparse.Namespace,
        types.SimpleNamespace,
        collections.deque,
        collections.Counter,
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        datetime.timezone,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
        uuid.SafeUUID,
    )
    table |= {f"{kind.__module__}.{kind.__qualname__}": kind for kind in plain}
    table |= {
        "collections.defaultdict": _plain_dict,
        "_codecs.encode": codecs.encode,
        "copyreg._reconstructor": _reconstructor,
        "numpy.ndarray": np.ndarray,
        "numpy.dtype": np.dtype,
    }
    for module in ("numpy.core", "numpy._core"):
        table |= {
            f"{module}.multiarray.scalar": np._core.multiarray.scalar,
            f"{module}.multiarray._reconstruct": np._core.multiarray._reconstruct,
            f"{module}.numeric._frombuffer": np._core.numeric._frombuffer,  # type: ignore[attr-defined]
        }
    numbers = {kind for kind in vars(np).values() if isinstance(kind, type)}
    table |= {f"numpy.{kind.__name__}": kind for kind in numbers if issubclass(kind, np.generic)}
    constants = (torch.dtype, torch.layout, torch.memory_format, torch.qscheme)
    for name, value in vars(torch).items():
        if isinstance(value, constants):
            table[f"torch.{name}"] = value
    return table


TABLE = _named()


def look_up(module: str, name: str) -> Any:
    """Return what a pickle names, or an :class:`Inert` class that stands for it.

    Raises
    ------
    pickle.UnpicklingError
        If it is neither plain data nor an options class of a known library.
    """
    full = f"{module}.{name}"
    if full in TABLE:
        return TABLE[full]
    parts = module.split(".")
    is_class = name.isidentifier() and name[0].isupper()
    if is_class and parts[0] in LIBRARIES and not set(parts) & set(NETWORKS):
        return type(name, (Inert,), {"name": full})
    raise pickle.UnpicklingError(full)


# The stubs know the machine in C only.
_Machine: Any = pickle._Unpickler


class Unpickler(_Machine):  # type: ignore[misc]
    """The standard library's machine, in Python, with :func:`look_up` for names."""

    dispatch = dict(_Machine.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name stands for, Python 2's names included."""
        if self.proto < 3:
            import _compat_pickle

            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[(module, name)]
            elif module in _compat_pickle.IMPORT_MAPPING:
                module = _compat_pickle.IMPORT_MAPPING[module]
        return look_up(module, name)

    def load_build(self) -> None:
        """Set the state of an object, never of a class or a function."""
        if isinstance(self.stack[-2], type) or callable(self.stack[-2]):
            raise pickle.UnpicklingError("a state for something that is no object")
        super().load_build()

    def load_reduce(self) -> None:
        """Call what was looked up, and nothing that was made on the way."""
        called = self.stack[-2]
        known = isinstance(called, type | types.FunctionType | types.BuiltinFunctionType)
        if not known and called not in TABLE.values():
            raise pickle.UnpicklingError(f"a call of {type(called).__name__}")
        super().load_reduce()

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.REDUCE[0]] = load_reduce


def load(file: BinaryIO, **options: Any) -> Any:
    """Read one object from an open file."""
    return Unpickler(file, **options).load()
