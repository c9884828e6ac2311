"""Layers by module path: which there are, and what they put out in one forward pass."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.models.paths import matches
from fusion.models.run.network import Network
from fusion.models.run.pooling import pool


def expand(
    module: nn.Module, layers: dict[str, str], model: str, file="config/models.yaml"
) -> dict[str, str]:
    """Return module path -> pooling, with patterns (``visual.blocks.*``) replaced by what they
    match, in the module's order.

    A ``*`` stands for one part of a path, not for several.

    Raises
    ------
    InputError
        If a path or pattern is no module of the model.
    """
    known = [name for name, _ in module.named_modules() if name]
    found = {}
    for pattern, pooling in layers.items():
        matched = [name for name in known if matches(name, pattern)]
        if not matched:
            close = difflib.get_close_matches(pattern, known, n=3) or known[:5]
            raise InputError(
                file,
                f"{model}.layers",
                repr(pattern),
                f"a module of {type(module).__name__}, such as {', '.join(close)}",
            )
        found |= dict.fromkeys(matched, pooling)
    return found


@contextmanager
def capture(network: Network, layers: dict[str, str]) -> Iterator[dict]:
    """Hook ``layers`` (module path -> pooling) for the length of the block.

    Yields
    ------
    dict
        ``batch`` is to be set before a forward pass; ``features`` holds the layers' pooled outputs
        after it, by path. Outputs are pooled inside the hook: a whole layer lives only until the
        next one runs.
    """
    state = {"batch": None, "features": {}}

    def hook_for(path: str, pooling: str):
        def hook(module, arguments, output) -> None:
            output = _tensor(output)
            if network.channels_last and output.ndim == 4:
                output = output.permute(0, 3, 1, 2)
            tokens = network.tokens(path, state["batch"])
            try:
                # A copy, because a token of a layer, as long as it is held, holds the whole layer.
                state["features"][path] = (
                    pool(output, pooling, tokens, network.prefix(path)).detach().clone()
                )
            except ValueError as error:
                raise InputError(
                    "config/models.yaml",
                    f"layers.{path}",
                    str(error),
                    "a pooling that fits the layer",
                ) from None

        return hook

    modules = dict(network.module.named_modules())
    handles = [
        modules[path].register_forward_hook(hook_for(path, pooling))
        for path, pooling in layers.items()
    ]
    try:
        yield state
    finally:
        for handle in handles:
            handle.remove()


def _tensor(output) -> Tensor:
    """Return the first tensor of what a module returned: modules of one library return tuples in
    one version, tensors in another.
    """
    while not isinstance(output, Tensor):
        output = output[0]
    return output
