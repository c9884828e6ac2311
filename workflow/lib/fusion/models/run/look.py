"""A first look at a network: one pass over two different inputs, before any film is run.

It finds out what shape every layer has, how many of its tokens are no patches, which axis holds the
channels, and how often its module runs; and it refuses what could only give wrong features: layers
that do not depend on the input, or that differ between equal inputs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fusion.io.errors import InputError
from fusion.models.paths import matches
from fusion.models.run.hooks import Layer, Layers, first_tensor
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.pooling import Channels, pool
from fusion.models.spec import Row

#: Two texts that share no content word.
TEXTS = ("A red circle moves to the left.", "Two people are talking in the kitchen!")
#: Equal inputs give outputs that are equal to this, relative to the largest.
SAME = 1e-4
#: More leading tokens than this are no prefix.
MOST_PREFIX = 16
CLASS_TOKEN = re.compile(r"(cls|class)_?(token|emb|embed|embedding)s?$")
ITEMS = 3
HINTS = {
    "transformers_text": "; for T5, CLIP or SigLIP a class of one tower, such as T5EncoderModel or"
    " CLIPTextModel",
    "transformers_vision": "; for CLIP or SigLIP the class of the image tower, such as"
    " CLIPVisionModel",
}


@dataclass
class Seen:
    """What the modules of a network put out in one pass.

    Attributes
    ----------
    batch
        What the network was given.
    outputs
        Module path -> output of each of its calls.
    grids
        Numbers of places of the maps that convolutions put out.
    fixed
        Number of tokens -> (n_tokens,) bool, which of them did not depend on the input where so
        many tokens first appeared, before they saw each other.
    """

    batch: Batch
    outputs: dict[str, list[Tensor]]
    grids: set[int]
    fixed: dict[int, Tensor]


def look(
    network: Network,
    layers: Layers,
    row: Row,
    *,
    frames: Sequence[int] = (),
    texts: Iterable[str] = (),
    trained: bool = True,
) -> Layers:
    """Return the layers with what a pass over two inputs tells about them.

    Parameters
    ----------
    network
        Runs where its module is; its texts are padded to one length from now on if a layer needs
        it.
    layers
        From :func:`fusion.models.run.hooks.expand`.
    row
        Its row.
    frames
        Presentation indices of frames of the film, for models that look regions up.
    texts
        Texts of the film.
    trained
        Whether layers must depend on the input: some initialisers begin with zeros.

    Raises
    ------
    InputError
        If the network does not run, or if a layer cannot be read as the row says.
    """
    if row.feed not in ("image", "text", "joint") and network.examples is None:
        return layers
    items = _items(network, row, frames, texts)
    with _one_error(row):
        first, second = (_passed(network, items, layers) for _ in range(2))
        longer = _beside_a_longer_text(network, items, layers)
    known: Layers = {}
    for name, layer in layers.items():
        for one in _calls(layer, first.outputs[layer.path], row):
            made = _shaped(network, one, first, row)
            _check_chance(network, made, first, second, row)
            depends = trained and not _one_region(network, items)
            _check_values(network, made, first, depends, row)
            _check_padding(network, made, first, longer, row)
            known[name if made.calls == 1 else f"{name}@{made.call}"] = made
    if network.texts is not None and not network.texts.fixed:
        # Only a flattened layer of tokens needs all texts at one length.
        network.texts.fixed = any(
            layer.pooling == "flatten"
            and len(layer.shape or ()) == 2
            and network.tokens(layer.path, first.batch) is not None
            for layer in known.values()
        )
        if network.texts.fixed:
            return look(network, layers, row, frames=frames, texts=texts, trained=trained)
    return known


def _one_region(network: Network, items: Items) -> bool:
    """Return whether both inputs show the same image regions, of a film of one frame."""
    return (
        "regions" in network.notes
        and items.frames is not None
        and items.frames[0] == items.frames[1]
    )


def _items(network: Network, row: Row, frames: Sequence[int], texts: Iterable[str]) -> Items:
    """Return three items: two that differ, and the first of them again."""
    images = network.examples
    if images is None:
        images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    numbers = np.array([*frames[:2], *frames[:1], 0, 1][:2])
    two = TEXTS
    if network.texts is not None:
        ids = network.texts.ids
        # Texts of the film, should its tokenizer know no word of ours.
        second = (text for text in (TEXTS[1], *texts) if text and ids(text) != ids(TEXTS[0]))
        two = (TEXTS[0], next(second, TEXTS[1]))
    order = [0, 1, 0]
    return Items(
        None if row.feed == "text" else numbers[order],
        None if row.feed == "text" else images[order],
        None if row.feed not in ("text", "joint") else [two[i] for i in order],
    )


def _passed(network: Network, items: Items, layers: Layers, scale: int = 1) -> Seen:
    """Return what the layers' modules put out for ``items``, images enlarged by ``scale``."""
    outputs: dict[str, list[Tensor]] = {layer.path: [] for layer in layers.values()}
    grids: set[int] = set()
    fixed: dict[int, Tensor] = {}

    def keep(path: str) -> Any:
        def hook(module: nn.Module, given: object, output: Any) -> None:
            outputs[path].append(first_tensor(output).detach().float().cpu().clone())

        return hook

    def note_fixed(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        tokens = next((one for one in (*given, *named.values()) if isinstance(one, Tensor)), None)
        if tokens is None or tokens.ndim != 3 or len(tokens) != ITEMS or tokens.is_complex():
            return
        if tokens.shape[1] not in fixed and tokens.is_floating_point():
            fixed[tokens.shape[1]] = (tokens[0] == tokens[1]).all(dim=-1).cpu()

    def note_grid(module: nn.Module, given: object, output: Any) -> None:
        places = math.prod(output.shape[2:])
        if places >= 4:
            grids.add(places)

    handles = []
    for path, module in network.module.named_modules():
        if path in outputs:
            handles.append(module.register_forward_hook(keep(path)))
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            handles.append(module.register_forward_hook(note_grid))
        if path:
            handles.append(module.register_forward_pre_hook(note_fixed, with_kwargs=True))
    device = next(iter(network.module.parameters())).device
    try:
        with torch.inference_mode():
            batch = {key: value.to(device) for key, value in network.prepare(items).items()}
            if scale > 1:
                batch = {
                    key: functional.interpolate(value, scale_factor=scale)
                    if value.ndim == 4
                    else value
                    for key, value in batch.items()
                }
            network.run(batch)
    finally:
        for handle in handles:
            handle.remove()
    return Seen({key: value.cpu() for key, value in batch.items()}, outputs, grids, fixed)


@contextmanager
def _one_error(row: Row) -> Iterator[None]:
    """Turn whatever a library raises into one error of the row."""
    try:
        yield
    except (InputError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0] if lines else ''}"
        hint = HINTS.get(row.family, "")
        raise row.error(
            f"family {row.family}, feed {row.feed}",
            f"a network that does not run ({reason})",
            f"architecture and preprocess.size that fit the checkpoint{hint}",
        ) from error


def _calls(layer: Layer, outputs: list[Tensor], row: Row) -> list[Layer]:
    """Return one layer for each call of its module that is to be read.

    Raises
    ------
    InputError
        If the module does not run, or runs several times with outputs of different shape of which
        not exactly one fits the pooling.
    """
    where = f"layers.{layer.path}"
    if not outputs:
        raise row.error(
            where, "a module that this model's forward pass does not reach", "modules that run"
        )
    n = len(outputs)
    if len({tuple(output.shape) for output in outputs}) == 1:
        return [replace(layer, call=i, calls=n) for i in range(n)]
    flat = layer.pooling == "flatten"
    fitting = [i for i, output in enumerate(outputs) if (output.ndim == 2) == flat]
    if len(fitting) != 1:
        shapes = ", ".join(str(tuple(output.shape)) for output in outputs)
        raise row.error(
            where, f"a module that runs {n} times a pass ({shapes})", "one that runs once"
        )
    return [replace(layer, call=fitting[0])]


def _shaped(network: Network, layer: Layer, seen: Seen, row: Row) -> Layer:
    """Return the layer with shape, prefix tokens and axis of channels.

    Raises
    ------
    InputError
        If they cannot be told, or do not fit the pooling.
    """
    where = f"layers.{layer.path}"
    output = seen.outputs[layer.path][layer.call]
    shape = tuple(output.shape[1:])
    if output.ndim < 2 or len(output) != ITEMS:
        raise row.error(
            where,
            f"an output {tuple(output.shape)} of {ITEMS} inputs, whose first axis is not theirs",
            "a module that keeps the inputs apart, such as the block around it",
        )
    layer = replace(layer, shape=shape)
    if len(shape) == 3:
        return replace(layer, channels=_channels(network, layer, seen, row))
    if len(shape) != 2:
        return layer
    prefix, has_class = _prefix(network, layer, seen, row)
    if layer.pooling == "cls" and not has_class:
        raise row.error(
            where,
            f"pooling 'cls' of {shape[0]} tokens without a class token",
            "mean, last or flatten; or a layer with a class token",
        )
    if layer.pooling == "mean" and prefix is None:
        raise row.error(
            where,
            f"{shape[0]} tokens of which it is not known how many are no patches",
            f"prefix_tokens: {{{layer.path}: n}} in the row, or pooling flatten",
        )
    return replace(layer, prefix=prefix or 0)


def _prefix(network: Network, layer: Layer, seen: Seen, row: Row) -> tuple[int | None, bool]:
    """Return how many leading tokens are no patches, None if unknown, and whether the first token
    is a class token.
    """
    declared = next(
        (n for pattern, n in row.prefix_tokens.items() if matches(layer.path, pattern)),
        network.prefix(layer.path),
    )
    if network.tokens(layer.path, seen.batch) is not None:
        own = network.texts is not None and network.texts.class_token
        return declared or 0, own or bool(declared)
    names = (name.rsplit(".", 1)[-1] for name, _ in network.module.named_parameters())
    has_class = any(CLASS_TOKEN.match(name) for name in names)
    n_tokens = (layer.shape or (0,))[0]
    if declared is None:
        declared = _before(layer, seen.fixed.get(n_tokens), row)
    n = leading(n_tokens, seen.grids, has_class) if declared is None else declared
    return n, has_class and bool(n)


def _before(layer: Layer, fixed: Tensor | None, row: Row) -> int | None:
    """Return how many leading tokens do not depend on the image; None if that tells nothing.

    Raises
    ------
    InputError
        If a mean would hold such tokens, because they do not come first.
    """
    if fixed is None or not fixed.any() or fixed.all():
        return None
    n = int((~fixed).int().argmax())
    if layer.pooling == "mean" and (after := int(fixed[n:].sum())):
        raise row.error(
            f"layers.{layer.path}",
            f"{after} tokens among or after the patches that are none (queries, detection tokens)",
            "cls, last or flatten; or another layer",
        )
    return n or None


def leading(n_tokens: int, grids: set[int], has_class: bool) -> int | None:
    """Return how many of an image's tokens come before its patches, None if it cannot be told.

    Parameters
    ----------
    n_tokens
        Tokens of the layer.
    grids
        Numbers of places of the maps that convolutions put out, that of the patches among them.
    has_class
        Whether the network has a class token.
    """
    if n_tokens == 1:
        return int(has_class)
    if before := [n_tokens - grid for grid in grids if 0 <= n_tokens - grid <= MOST_PREFIX]:
        return min(before)
    # Hierarchical transformers merge patches 2 x 2.
    halved = {grid // 4**k for grid in grids for k in range(1, 6) if grid % 4**k == 0}
    return 0 if n_tokens in halved else None


def _channels(network: Network, layer: Layer, seen: Seen, row: Row) -> Channels:
    """Return which axis of a map (n_items, a, b, c) holds the channels.

    Maps have the aspect of the images. Where channels are as many as places, the kind of module
    tells, or a pass over larger images.
    """
    shape = layer.shape or ()
    image = next((value.shape[-2:] for value in seen.batch.values() if value.ndim == 4), (1, 1))
    told = _by_aspect(shape, image)
    if len(told) == 1:
        return told[0]
    module = network.module.get_submodule(layer.path)
    if len(told) == 2 and (kind := _by_kind(module)):
        return kind
    items = _items(network, row, (), ())
    try:
        larger = _passed(network, items, {layer.path: layer}, scale=2)
        grown = larger.outputs[layer.path][layer.call].shape[1:]
    except Exception:  # whatever the library says of another size
        grown = torch.Size(shape)
    kept = [axis for axis in (0, 2) if grown[axis] == shape[axis]]
    if len(kept) == 1:
        return "first" if kept == [0] else "last"
    raise row.error(
        f"layers.{layer.path}",
        f"an output {shape} of which it cannot be told which axis holds the channels",
        "a module around it, or in it",
    )


def _by_aspect(shape: tuple[int, ...], image: Sequence[int]) -> list[Channels]:
    """Return which axes of channels leave a map of the image's aspect."""
    a, b, c = shape
    height, width = image

    def fits(y: int, x: int) -> bool:
        return y == x if height == width else abs(y / height - x / width) < 1 / max(height, width)

    return [axis for axis, map_fits in (("first", fits(b, c)), ("last", fits(a, b))) if map_fits]  # type: ignore[misc]


def _by_kind(module: nn.Module) -> Channels | None:
    """Return the axis that a module's own kind fixes, or that of all layers in it."""
    found: set[Channels] = set()
    for part in module.modules():
        name = type(part).__name__
        if isinstance(part, nn.Linear) or (isinstance(part, nn.LayerNorm) and "2d" not in name):
            found.add("last")
        elif isinstance(part, nn.Conv2d | nn.BatchNorm2d | nn.GroupNorm) or "2d" in name:
            found.add("first")
    return found.pop() if len(found) == 1 else None


def _pooled(network: Network, layer: Layer, seen: Seen, row: Row) -> Tensor:
    """Return (n_items, n_features) what is read of a layer.

    Raises
    ------
    InputError
        If its pooling does not fit.
    """
    tokens = network.tokens(layer.path, seen.batch)
    output = seen.outputs[layer.path][layer.call]
    try:
        return pool(output, layer.pooling, tokens, layer.prefix, layer.channels)
    except ValueError as error:
        where = f"layers.{layer.path}"
        raise row.error(where, error, "a pooling that fits the layer") from None


def _check_chance(network: Network, layer: Layer, first: Seen, second: Seen, row: Row) -> None:
    """Raise ``InputError`` if what is read of a layer differs between equal inputs."""
    output, again = (_pooled(network, layer, seen, row) for seen in (first, second))
    close = SAME * max(1.0, float(output.abs().max()))
    again = torch.stack([again, output[[2, 1, 0]]])
    # Comparisons with what is not finite hold nothing against chance.
    if float((again - output).abs().nan_to_num(0).max()) > close:
        raise row.error(
            f"layers.{layer.path}",
            "different values for equal inputs",
            "a network without random masks or dropout in use (mask_ratio: 0 in architecture)",
        )


def _beside_a_longer_text(network: Network, items: Items, layers: Layers) -> Seen | None:
    """Return a pass in which the second text is longer, so that the first is padded more; None
    where nothing is padded to the longest.
    """
    if network.texts is None or network.texts.fixed or items.texts is None:
        return None
    first, second, again = items.texts
    return _passed(network, replace(items, texts=[first, " ".join([second] * 3), again]), layers)


def _check_padding(
    network: Network, layer: Layer, seen: Seen, longer: Seen | None, row: Row
) -> None:
    """Raise ``InputError`` if what a layer says of a text depends on the other texts of the
    batch.
    """
    if longer is None or len(layer.shape or ()) > 2:
        return
    tokens = network.tokens(layer.path, seen.batch)
    if layer.pooling == "flatten" and len(layer.shape or ()) == 2 and tokens is not None:
        return  # read again with all texts at one length
    first, padded = (_pooled(network, layer, one, row)[0] for one in (seen, longer))
    if float((first - padded).abs().max()) > SAME * max(1.0, float(first.abs().max())):
        raise row.error(
            f"layers.{layer.path}",
            "values of a text that depend on how long the other texts of a batch are",
            "a network that heeds the attention mask",
        )


def _check_values(network: Network, layer: Layer, seen: Seen, depends: bool, row: Row) -> None:
    """Raise ``InputError`` if a layer is not finite, or is the same for different inputs."""
    where = f"layers.{layer.path}"
    values = _pooled(network, layer, seen, row)
    if not torch.isfinite(values).all():
        raise row.error(where, "values that are not finite", "other weights or another layer")
    if depends and torch.equal(values[0], values[1]):
        raise row.error(
            where,
            "the same values for different inputs",
            "a layer that depends on the input; a class or start token does so after attention"
            " only, and never where it sees itself alone",
        )
