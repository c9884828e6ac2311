"""Reading checkpoints without running what is in them, and loading them without forgiving a
difference.
"""

from __future__ import annotations

import argparse
import fnmatch
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fusion.io.errors import InputError

# Plain data that training scripts store beside their weights: options, and numpy numbers such as a
# best accuracy.
PLAIN = [
    argparse.Namespace,
    np.dtype,
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
    (np._core.multiarray.scalar, "numpy._core.multiarray.scalar"),
    *(type(np.dtype(kind)) for kind in ("float64", "float32", "int64", "int32", "bool")),
]


def read(path) -> dict:
    """Return what a checkpoint file holds: tensors and plain data, nothing that would run code.

    Raises
    ------
    InputError
        If the file is missing, damaged, or a pickle that asks for anything but tensors and plain
        data.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(path, "", "no such file", "a checkpoint")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with torch.serialization.safe_globals(PLAIN):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = next(
            (line for line in str(error).splitlines() if "GLOBAL" in line or "Unsupported" in line),
            str(error).splitlines()[0],
        )
        raise InputError(
            path,
            "",
            f"a pickle that is refused ({reason.strip()})",
            "a checkpoint of tensors and plain data only",
        ) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise InputError(
            path,
            "",
            f"a file that cannot be read ({(str(error) or type(error).__name__).splitlines()[0]})",
            "a whole checkpoint",
        ) from None


def state_dict(
    path, keys: Iterable[str] = ("state_dict", "model"), prefix: str = "module."
) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint by name, found under one of ``keys`` or at the top,
    ``prefix`` stripped.

    Raises
    ------
    InputError
        If no tensors are there.
    """
    held = read(path)
    for key in keys:
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    state = (
        {
            name.removeprefix(prefix): value
            for name, value in held.items()
            if isinstance(value, Tensor)
        }
        if isinstance(held, Mapping)
        else {}
    )
    if not state:
        found = (
            ", ".join(map(str, list(held)[:5]))
            if isinstance(held, Mapping)
            else type(held).__name__
        )
        raise InputError(
            path,
            "",
            f"no tensors ({found})",
            f"a state dict, at the top or under {' or '.join(keys)}",
        )
    return state


def load_strict(
    module: nn.Module, state: Mapping[str, Tensor], path, ignore: Iterable[str] = ()
) -> None:
    """Load ``state`` into ``module``: every key must be there, none may be left over, every shape
    must agree.

    Parameters
    ----------
    ignore
        Patterns (``temp``, ``*_m.*``) of keys in ``state`` that the module is known not to need.

    Raises
    ------
    InputError
        Naming the first keys that differ.
    """
    wanted = module.state_dict()
    left = set(left_over([key for key in state if key not in wanted], ignore))
    state = {key: value for key, value in state.items() if key in wanted or key in left}
    check_keys(
        [key for key in wanted if key not in state],
        [key for key in state if key not in wanted],
        [
            f"{key} {tuple(state[key].shape)} for {tuple(wanted[key].shape)}"
            for key in wanted
            if key in state and state[key].shape != wanted[key].shape
        ],
        type(module).__name__,
        path,
    )
    module.load_state_dict(state, strict=True)


def left_over(keys: Iterable[str], ignore: Iterable[str]) -> list[str]:
    """Return the keys that no pattern of ``ignore`` matches, sorted."""
    ignore = list(ignore)
    return sorted(
        key for key in keys if not any(fnmatch.fnmatchcase(key, pattern) for pattern in ignore)
    )


def check_keys(
    missing: list[str], unexpected: list[str], mismatched: list[str], architecture: str, path
) -> None:
    """Raise ``InputError`` if a checkpoint's keys and a model's differ, naming the first three of
    each kind.
    """
    parts = [
        f"{len(keys)} {kind} keys ({', '.join(keys[:3])}{', ..' if len(keys) > 3 else ''})"
        for kind, keys in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("differently shaped", mismatched),
        )
        if keys
    ]
    if parts:
        raise InputError(path, "", " and ".join(parts), f"the weights of this row's {architecture}")
