"""What a family of models gives to the extraction: a network in evaluation mode and how to feed
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True)
class Items:
    """A batch of what a model is shown.

    Attributes
    ----------
    frames
        (batch,) presentation indices of the frames, for models that look regions up, or None where
        there are none.
    images
        (batch, y, x, 3) uint8 RGB, or None where there are none to be prepared.
    texts
        ``batch`` strings, or None where there are none to be prepared.
    picture
        What was prepared of one picture like those that the texts go with, where their own are
        prepared already.
    """

    frames: np.ndarray | None
    images: np.ndarray | None
    texts: list[str] | None
    picture: dict[str, Tensor] | None = None

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.texts if self.frames is None else self.frames)


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
    tokens
        (layer path, prepared batch) -> (batch, token) bool, False for padding, or None where
        nothing is padded.
    prefix
        Layer path -> number of leading tokens (class, registers) that are no patches of the image.
    channels_last
        Whether four-dimensional outputs are (batch, y, x, channel).
    image_only
        Patterns of module paths that only the image decides, for a network that takes image and
        text.
    text_only
        Patterns of module paths that only the text decides. Named only where :attr:`run` takes a
        batch of images or of texts alone.
    notes
        What the model card should say besides (``truncated_texts`` is counted here while it runs).
    """

    module: nn.Module
    prepare: Callable[[Items], dict[str, Tensor]]
    run: Callable[[dict[str, Tensor]], object]
    tokens: Callable[[str, dict[str, Tensor]], Tensor | None] = lambda path, batch: None
    prefix: Callable[[str], int] = lambda path: 0
    notes: dict = field(default_factory=dict)
    channels_last: bool = False
    image_only: tuple[str, ...] = ()
    text_only: tuple[str, ...] = ()
