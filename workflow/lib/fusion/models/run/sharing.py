"""One network under several pairings: what only the image decides is computed once per frame, what
only the text decides once per text.

A network of two towers runs over the distinct frames and over the distinct texts, and every pairing
is gathered from those. In a network that fuses them, the frames of a batch go through the image's
modules once, with their first texts; for all other texts these modules hand out what they put out
then (:func:`remember`), and only the rest of the network runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fusion.models import paths
from fusion.models.run import extract, hooks
from fusion.models.run.hooks import Layers
from fusion.models.run.inputs import Inputs, Kind
from fusion.models.run.network import Batch, Items, Network

Pictures = Callable[[int, int], np.ndarray]
Rows = tuple[Kind, np.ndarray, dict[str, np.ndarray]]
#: What was prepared of pictures, and of each chunk of their pairs (rows of pairs, texts).
Joint = tuple[Batch, list[tuple[np.ndarray, Batch]]]


def kinds(network: Network, layers: Layers, feed: str) -> dict[Kind, Layers]:
    """Return kind of input -> the layers that it decides."""
    if feed != "joint":
        # Networks of motion and of sound are shown moments of the film as well.
        return {"text": layers} if feed == "text" else {"frame": layers}
    seen = {
        name: layer
        for name, layer in layers.items()
        if paths.within(layer.path, network.image_only)
    }
    read = {
        name: layer
        for name, layer in layers.items()
        if name not in seen and paths.within(layer.path, network.text_only)
    }
    if network.text_only and len(seen) + len(read) == len(layers):
        towers: dict[Kind, Layers] = {"frame": seen, "text": read}
        return {kind: own for kind, own in towers.items() if own}
    return {
        "frame": seen,
        "pair": {name: layer for name, layer in layers.items() if name not in seen},
    }


def pairings(
    network: Network,
    layers: Layers,
    feed: str,
    inputs: Inputs[Any],
    pictures: Pictures,
    running: extract.Running,
) -> Iterator[Rows]:
    """Run the network over all pairings and yield its layers.

    Parameters
    ----------
    layers
        As :func:`fusion.models.run.look.look` knows them.
    feed
        ``image``, ``text`` or ``joint``.
    inputs
        What is shown.
    pictures
        (start, stop) -> (frame, y, x, 3) uint8 RGB of that part of ``inputs.frames``.
    running
        Device, batch size and so on; progress counts as :func:`total` does.

    Yields
    ------
    kind, rows, layers
        (n_rows,) rows of ``inputs.of(kind)``, and (n_rows, n_features) float32 by name of the
        layers which that kind decides.

    Raises
    ------
    InputError
        If a layer is not reached by the forward pass, or puts out what is not finite.
    """
    of_kind = kinds(network, layers, feed)
    if "pair" in of_kind:
        yield from _fused(network, of_kind, inputs, pictures, running)
        return
    for kind, own in of_kind.items():

        def items(start: int, stop: int, kind: Kind = kind) -> Items:
            if kind == "frame":
                return Items(inputs.frames[start:stop], pictures(start, stop), None)
            return Items(None, None, list(inputs.texts[start:stop]))

        for start, stop, done in extract.features(
            network, own, len(inputs.of(kind)), items, running
        ):
            yield kind, np.arange(start, stop), done


def total(network: Network, layers: Layers, feed: str, inputs: Inputs[Any]) -> int:
    """Return how many inputs go through a network in whole or in part."""
    of_kind = kinds(network, layers, feed)
    return len(inputs.pairs) if "pair" in of_kind else sum(len(inputs.of(kind)) for kind in of_kind)


def _fused(
    network: Network,
    of_kind: dict[Kind, Layers],
    inputs: Inputs[Any],
    pictures: Pictures,
    running: extract.Running,
) -> Iterator[Rows]:
    layers = of_kind["frame"] | of_kind["pair"]

    def prepare(start: int, stop: int, size: int) -> Joint:
        pairs = np.flatnonzero((inputs.pairs[:, 0] >= start) & (inputs.pairs[:, 0] < stop))
        first = np.unique(inputs.pairs[pairs, 0], return_index=True)[1]
        rest = np.delete(pairs, first) if of_kind["pair"] else pairs[:0]
        chunks = [pairs[first], *(rest[i : i + size] for i in range(0, len(rest), size))]
        seen = extract.prepared(
            network, Items(inputs.frames[start:stop], pictures(start, stop), None)
        )
        one = {key: taken(value, torch.tensor([0]), stop - start) for key, value in seen.items()}
        read = []
        for rows in chunks:
            frame, text = inputs.pairs[rows].T
            read.append(
                network.prepare(Items(inputs.frames[frame], None, list(inputs.texts[text]), one))
            )
        return seen, list(zip(chunks, read, strict=True))

    with (
        remember(network.module, network.image_only) as memory,
        hooks.capture(network, layers) as captured,
    ):

        def compute(start: int, stop: int, made: Joint) -> Iterator[Rows]:
            n = stop - start
            seen, chunks = made
            seen = {key: value.to(running.device) for key, value in seen.items()}
            memory.begin(n, recording=len(chunks) > 1)
            for i, (rows, read) in enumerate(chunks):
                frame = torch.from_numpy(inputs.pairs[rows, 0] - start).to(running.device)
                shown = {key: taken(value, frame, n) for key, value in seen.items()} if i else seen
                batch = shown | {key: value.to(running.device) for key, value in read.items()}
                memory.rows = frame if i else None
                done = extract.forward(
                    network,
                    captured,
                    of_kind["pair"] if i else layers,
                    batch,
                    f"pair {rows[0]} ff.",
                )
                if not i and of_kind["frame"]:
                    yield (
                        "frame",
                        np.arange(start, stop),
                        {path: done.pop(path) for path in of_kind["frame"]},
                    )
                if done:
                    yield "pair", rows, done
            memory.begin(0, recording=False)
            running.progress(
                int(((inputs.pairs[:, 0] >= start) & (inputs.pairs[:, 0] < stop)).sum())
            )

        yield from extract.in_batches(network, len(inputs.frames), prepare, compute, running)


@dataclass
class Memory:
    """What modules put out for the ``n`` pictures of a batch.

    Attributes
    ----------
    rows
        None: the modules run. (item,) int: they hand out what they put out for these pictures.
    """

    n: int = 0
    recording: bool = False
    rows: Tensor | None = None
    outputs: dict[str, Any] = field(default_factory=dict)

    def begin(self, n: int, recording: bool) -> None:
        """Forget the pictures before, and turn to ``n`` others."""
        self.n, self.recording, self.rows, self.outputs = n, recording, None, {}


@contextmanager
def remember(module: nn.Module, patterns: tuple[str, ...]) -> Iterator[Memory]:
    """Let the modules that ``patterns`` name record what they put out, and hand it out again, for
    the length of the block.

    A module whose output does not split evenly into pictures, or that runs several times in a
    forward pass, is left alone."""
    memory = Memory()

    def remembering(path: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            held = memory.outputs.get(path)
            rows = memory.rows
            if rows is not None and held is not None:
                return _mapped(held, lambda value: taken(value, rows, memory.n))
            output = forward(*arguments, **options)
            if memory.recording and memory.rows is None:
                # Copied, because callers put their own values into what they are given.
                even = path not in memory.outputs and all(
                    value.ndim and len(value) % memory.n == 0 for value in _tensors(output)
                )
                memory.outputs[path] = _mapped(output, lambda value: value) if even else None
            return output

        return run

    named = {
        path: part
        for path, part in module.named_modules()
        if any(paths.matches(path, pattern) for pattern in patterns)
    }
    for path, part in named.items():
        part.forward = remembering(path, part.forward)
    try:
        yield memory
    finally:
        for part in named.values():
            del part.forward


def taken(value: Tensor, rows: Tensor, n: int) -> Tensor:
    """Return the part of ``value`` that belongs to the pictures ``rows``, where its first axis
    holds ``n`` pictures one after another.
    """
    return value.reshape(n, -1, *value.shape[1:])[rows].flatten(0, 1)


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict | tuple | list):
        for value in output.values() if isinstance(output, dict) else output:
            yield from _tensors(value)


def _mapped(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return ``output``, a tensor or a structure of tensors, with every tensor changed."""
    if isinstance(output, Tensor):
        return change(output)
    if isinstance(output, dict):
        return type(output)(**{key: _mapped(value, change) for key, value in output.items()})
    if isinstance(output, tuple | list):
        return type(output)(_mapped(value, change) for value in output)
    return output
