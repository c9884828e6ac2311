"""Layers by module path: which there are, and what they put out in one forward pass."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from fusion.models.paths import matches
from fusion.models.run.network import Batch, Network
from fusion.models.run.pooling import Channels, pool
from fusion.models.spec import Pooling, Row


@dataclass(frozen=True)
class Layer:
    """What is read of a network: a module's output, in one of its calls.

    Attributes
    ----------
    path
        The module.
    pooling
        How its output becomes one vector an item.
    call
        Which of its calls in a forward pass, from 0.
    calls
        How many there are.
    shape
        Shape of the output without the axis of items; None before it is known.
    prefix
        Leading tokens that are no patches.
    channels
        Axis of the channels of a four-dimensional output.
    """

    path: str
    pooling: Pooling
    call: int = 0
    calls: int = 1
    shape: tuple[int, ...] | None = None
    prefix: int = 0
    channels: Channels = "first"


#: Name in files -> layer.
Layers = dict[str, Layer]


def expand(module: nn.Module, row: Row) -> Layers:
    """Return the layers of a row, with patterns (``visual.blocks.*``) replaced by what they match,
    in the module's order.

    A ``*`` stands for one part of a path, not for several.

    Raises
    ------
    InputError
        If a path or pattern is no module of the model.
    """
    known = [name for name, _ in module.named_modules() if name]
    found: Layers = {}
    for pattern, pooling in row.layers.items():
        matched = [name for name in known if matches(name, pattern)]
        if not matched:
            close = difflib.get_close_matches(pattern, known, n=3) or known[:5]
            raise row.error(
                "layers",
                repr(pattern),
                f"a module of {type(module).__name__}, such as {', '.join(close)}",
            )
        found |= {path: Layer(path, pooling) for path in matched}
    return found


@dataclass
class Captured:
    """What hooks see of forward passes.

    Attributes
    ----------
    features
        Layer -> (n_items, n_features), of the last forward pass.
    calls
        Module path -> how often it has run in it.
    """

    batch: Batch = field(default_factory=dict)
    features: dict[str, Tensor] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def begin(self, batch: Batch) -> None:
        """Forget the forward pass before; the next one is of ``batch``."""
        self.batch, self.features, self.calls = batch, {}, Counter()


@contextmanager
def capture(network: Network, layers: Mapping[str, Layer]) -> Iterator[Captured]:
    """Hook layers for the length of the block.

    Outputs are pooled inside the hook: a whole layer lives only until the next one runs.

    Yields
    ------
    Captured
        :meth:`Captured.begin` is to be called before each forward pass.
    """
    captured = Captured()
    of_module: dict[str, dict[int, tuple[str, Layer]]] = {}
    for name, layer in layers.items():
        of_module.setdefault(layer.path, {})[layer.call] = name, layer

    def hook_for(path: str, read: dict[int, tuple[str, Layer]]) -> Any:
        def hook(module: nn.Module, given: object, output: Any) -> None:
            call = captured.calls[path]
            captured.calls[path] += 1
            if call not in read:
                return
            name, layer = read[call]
            tokens = network.tokens(path, captured.batch)
            pooled = pool(first_tensor(output), layer.pooling, tokens, layer.prefix, layer.channels)
            # A copy, because a token of a layer, as long as it is held, holds the whole layer.
            captured.features[name] = pooled.detach().clone()

        return hook

    modules = dict(network.module.named_modules())
    handles = [
        modules[path].register_forward_hook(hook_for(path, read))
        for path, read in of_module.items()
    ]
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def first_tensor(output: Any) -> Tensor:
    """Return the first tensor of what a module returned: modules of one library return tuples in
    one version, tensors in another.

    Raises
    ------
    ValueError
        If there is none, or a list of several, which are streams of their own.
    """
    while not isinstance(output, Tensor):
        values = list(output.values()) if isinstance(output, Mapping) else output
        if isinstance(output, list) and sum(isinstance(one, Tensor) for one in output) > 1:
            raise ValueError("a list of several tensors; a module within one of the streams fits")
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"an output that is no tensor but {type(output).__name__}")
        output = values[0]
    return output
