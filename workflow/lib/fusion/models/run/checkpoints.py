"""Reading checkpoints without running what is in them, and loading them without forgiving a
difference.
"""

from __future__ import annotations

import collections
import fnmatch
import pickle
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fusion.io import archives
from fusion.io.errors import InputError
from fusion.models.run import plain_pickle

File = str | Path

#: Where training scripts keep the weights: SLIP, timm and open_clip under ``state_dict``, ALBEF and
#: BLIP under ``model``, Lightning and MMEngine under ``state_dict``, JAX ports under ``params``.
KEYS = ("state_dict", "model", "model_state_dict", "params")
#: What wrappers put before the names of all weights.
WRAPPERS = ("module.", "_orig_mod.")
#: torch.save stores tensors as they are: an archive that unpacks to many times its size is none of
#: its own.
LARGEST_RATIO = 10
EXPORT = (
    "tensors and plain data; where the checkpoint was made, save the tensors alone:"
    " torch.save(model.state_dict(), 'weights.pt'), or safetensors.torch.save_file"
)


def read(path: File) -> Any:
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
    # A job with several inits reads one checkpoint several times.
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, changed_ns: int) -> Any:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        _refuse_archives(path)
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=plain_pickle)
    except pickle.UnpicklingError as error:
        name = str(error).splitlines()[0]
        raise InputError(path, "", f"a pickle that is refused: it holds {name}", EXPORT) from None
    except InputError:
        raise
    # Damage shows up as whatever error the machine comes to first.
    except (SafetensorError, Exception) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        found = f"a file that cannot be read ({reason})"
        raise InputError(path, "", found, "a whole checkpoint") from None


def _refuse_archives(path: Path) -> None:
    """Raise ``InputError`` for TorchScript programs and for the tar files of torch 0.1."""
    kind = None
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as held:
            accepted = "tensors that are not compressed, as torch.save writes them"
            archives.check_size(held, path, LARGEST_RATIO, accepted)
            if any(name.endswith("/constants.pkl") for name in held.namelist()):
                kind = "a TorchScript program"
    elif tarfile.is_tarfile(path):
        kind = "a tar archive"
    if kind:
        raise InputError(path, "", f"{kind}, which is refused", EXPORT)


def state_dict(
    path: File, keys: Iterable[str] = KEYS, rename: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint by name.

    Parameters
    ----------
    keys
        Where they are looked for before the top: under the first of these that holds a mapping.
    rename
        Pattern -> new name, as :func:`renamed` takes it.

    Raises
    ------
    InputError
        If no tensors are there.
    """
    held = read(path)
    if isinstance(held, plain_pickle.Inert):
        raise InputError(path, "", f"an object of class {held.name}", EXPORT)
    if isinstance(held, Mapping):
        held = next((held[key] for key in keys if isinstance(held.get(key), Mapping)), held)
    state = {}
    for name, value in held.items() if isinstance(held, Mapping) else ():
        if isinstance(value, Tensor):
            state[_unwrapped(str(name))] = value.detach()
    if not state:
        found = type(held).__name__
        if isinstance(held, Mapping):
            found = ", ".join(map(str, list(held)[:5]))
        accepted = f"a state dict, at the top or under {' or '.join(keys)}"
        raise InputError(path, "", f"no tensors ({found})", accepted)
    return renamed(state, rename or {}, path)


def _unwrapped(name: str) -> str:
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def renamed(
    state: Mapping[str, Tensor], rename: Mapping[str, str], path: File
) -> dict[str, Tensor]:
    """Return weights under other names.

    Parameters
    ----------
    state
        Name -> tensor.
    rename
        Pattern -> new name, applied one after another. ``*`` stands for any characters; each ``*``
        of the new name is what the pattern's ``*`` of the same number stood for. ``re:`` before a
        pattern makes it a regular expression, whose groups the new name calls ``\\1``.
    path
        The file, for messages.

    Raises
    ------
    InputError
        If a pattern fits nothing, or two weights get one name.
    """
    names = {name: name for name in state}
    for old, new in rename.items():
        pattern, target = _rule(old, new)
        found = {key: pattern.fullmatch(name) for key, name in names.items()}
        if not any(found.values()):
            some = ", ".join(list(names.values())[:3])
            wrong = f"{old!r}, which fits no weight"
            raise InputError(path, "rename_keys", wrong, f"patterns of names such as {some}")
        try:
            names |= {key: one.expand(target) for key, one in found.items() if one}
        except (re.error, IndexError) as error:
            raise InputError(path, "rename_keys", f"{new!r} ({error})", "a new name") from None
    if len(set(names.values())) < len(names):
        twice = collections.Counter(names.values()).most_common(1)[0][0]
        raise InputError(path, "rename_keys", f"two weights for {twice}", "one for each name")
    return {names[key]: value for key, value in state.items()}


def _rule(old: str, new: str) -> tuple[re.Pattern[str], str]:
    if old.startswith("re:"):
        try:
            return re.compile(old.removeprefix("re:")), new
        except re.error as error:
            found = f"{old!r} ({error})"
            raise InputError("rename_keys", "", found, "a regular expression") from None
    pattern = re.compile("(.*)".join(map(re.escape, old.split("*"))))
    parts = new.replace("\\", r"\\").split("*")
    numbered = parts[0] + "".join(f"\\g<{i}>{part}" for i, part in enumerate(parts[1:], 1))
    return pattern, numbered


def load_strict(
    module: nn.Module,
    state: Mapping[str, Tensor],
    path: File,
    ignore: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> None:
    """Load ``state`` into ``module``: every key must be there, none may be left over, every shape
    must agree.

    Parameters
    ----------
    ignore
        Patterns (``temp``, ``*_m.*``) of keys in ``state`` that the module is known not to need.
    optional
        Patterns of keys that the module has and that may be missing, because no layer of the row
        depends on them; they keep what the initialiser gave them.

    Raises
    ------
    InputError
        Naming the first keys that differ.
    """
    wanted = module.state_dict()
    left = set(left_over([key for key in state if key not in wanted], ignore))
    state = {key: value for key, value in state.items() if key in wanted or key in left}
    spared = tuple(optional)
    check_keys(
        left_over([key for key in wanted if key not in state], spared),
        [key for key in state if key not in wanted],
        [
            f"{key} {tuple(state[key].shape)} for {tuple(wanted[key].shape)}"
            for key in wanted
            if key in state and state[key].shape != wanted[key].shape
        ],
        type(module).__name__,
        path,
    )
    module.load_state_dict(dict(state), strict=not spared)


def left_over(keys: Iterable[str], ignore: Iterable[str]) -> list[str]:
    """Return the keys that no pattern of ``ignore`` matches, sorted."""
    patterns = list(ignore)
    return sorted(
        key for key in keys if not any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)
    )


def check_keys(
    missing: list[str],
    unexpected: list[str],
    mismatched: list[str],
    architecture: str,
    path: File,
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
        accepted = f"the weights of this row's {architecture}"
        if missing and unexpected:
            accepted += "; rename_keys in the row serves weights of other names"
        raise InputError(path, "", " and ".join(parts), accepted)
