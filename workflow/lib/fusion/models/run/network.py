"""What a family of models gives to the extraction: a network in evaluation mode and how to feed
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor, nn

from fusion.models.run.texts import Texts

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Items:
    """A batch of what a model is shown.

    Attributes
    ----------
    frames
        (n_items,) presentation indices of the frames, for models that look regions up, or None
        where there are none.
    images
        (n_items, y, x, 3) uint8 RGB, or None where there are none to be prepared. In their place,
        networks of motion get clips (n_items, n_pictures, y, x, 3) uint8, networks of sound
        waveforms (n_items, n_samples) float32.
    texts
        ``n_items`` strings, or None where there are none to be prepared.
    picture
        What was prepared of one picture like those that the texts go with, where their own are
        prepared already.
    """

    frames: np.ndarray | None
    images: np.ndarray | None
    texts: list[str] | None
    picture: Batch | None = None

    def __len__(self) -> int:
        """Return the number of items."""
        for given in (self.texts, self.frames, self.images):
            if given is not None:
                return len(given)
        return 0


@dataclass
class Hearing:
    """Which part of its window of sound a network is read at; set before it runs.

    Attributes
    ----------
    window
        Length of the window (samples).
    read
        Length of its last part, over whose frames layers are averaged (samples).
    """

    window: int = 160_000
    read: int = 8_000


@dataclass
class Network:
    """A model that is ready to run.

    Attributes
    ----------
    module
        In evaluation mode; layers are named by their paths in it.
    prepare
        Items -> tensors that :attr:`run` takes, on the CPU; may be called from a worker thread. Of
        items without images or without texts it prepares the other half; the first axis of what it
        makes of images goes through them in order.
    run
        One forward pass; what it returns is not used, hooks see the layers.
    texts
        How texts become tokens; None for a model that reads none, or whose processor makes turns.
    tokens
        (layer path, prepared batch) -> (n_items, n_tokens) bool, False for padding, or None where
        nothing is padded, as for the patches of images.
    prefix
        Layer path -> number of leading tokens (class, registers) that are no patches of the image;
        None where it is to be found out from the layer's shape (:mod:`fusion.models.run.look`).
    image_only
        Patterns of module paths that only the image decides, for a network that takes image and
        text.
    text_only
        Patterns of module paths that only the text decides. Named only where :attr:`run` takes a
        batch of images or of texts alone.
    examples
        (2, ...) two inputs that differ, in place of images, for a network that takes no pictures
        (:mod:`fusion.models.run.look`).
    hearing
        For a network of sound.
    notes
        What the model card should say besides.
    """

    module: nn.Module
    prepare: Callable[[Items], Batch]
    run: Callable[[Batch], object]
    texts: Texts | None = None
    tokens: Callable[[str, Batch], Tensor | None] = lambda path, batch: None
    prefix: Callable[[str], int | None] = lambda path: None
    image_only: tuple[str, ...] = ()
    text_only: tuple[str, ...] = ()
    examples: np.ndarray | None = None
    hearing: Hearing | None = None
    notes: dict[str, Any] = field(default_factory=dict)
