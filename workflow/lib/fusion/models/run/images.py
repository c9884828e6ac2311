"""From film frames to what a vision tower takes: resize, crop, normalise, with PIL as the models
were trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fusion.models.spec import Row

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
Statistics = Mapping[str, list[float]]
IMAGENET: Statistics = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CLIP: Statistics = {
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}
HALF: Statistics = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
STATISTICS = {"imagenet": IMAGENET, "clip": CLIP, "half": HALF}


@dataclass(frozen=True)
class Preprocess:
    """From pictures (n_items, y, x, 3) uint8 to what a network takes, and in words what is done."""

    process: Callable[[np.ndarray], Tensor]
    described: str

    def __call__(self, images: np.ndarray) -> Tensor:
        """Return what the network takes of pictures."""
        return self.process(images)


def preprocess(
    images: np.ndarray,
    size: int,
    *,
    resize: str = "crop",
    crop: float = 1.0,
    interpolation: str = "bilinear",
    normalise: str = "imagenet",
) -> Tensor:
    """Return normalised images, processed as torchvision does.

    Parameters
    ----------
    images
        (n_items, y, x, 3) uint8.
    size
        Side of the square that the model takes.
    resize
        ``crop``: the shorter side becomes ``size / crop``; ``squash``: both sides do. Of either the
        centre is cut out.
    crop
        Share of the shorter side that is kept.
    interpolation
        Name of a filter of :data:`FILTERS`.
    normalise
        ``imagenet``, ``clip`` or ``half``: the mean and standard deviation of the three colours.

    Returns
    -------
    Tensor
        (n_items, 3, size, size) float32.
    """
    height, width = images.shape[1:3]
    short = int(size / crop)
    if resize == "squash":
        new = (short, short)
    elif width <= height:
        new = (short, int(short * height / width))
    else:
        new = (int(short * width / height), short)
    left, top = round((new[0] - size) / 2), round((new[1] - size) / 2)
    out = np.empty((len(images), size, size, 3), np.uint8)
    for i, image in enumerate(images):
        resized = (
            image
            if new == (width, height)
            else np.asarray(Image.fromarray(image).resize(new, FILTERS[interpolation]))
        )
        out[i] = resized[top : top + size, left : left + size]
    statistics = STATISTICS[normalise]
    pixels = torch.from_numpy(out).permute(0, 3, 1, 2).to(torch.float32).div_(255)
    mean, std = (torch.tensor(statistics[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    return pixels.sub_(mean).div_(std).contiguous()


def own(row: Row, **defaults: Any) -> Preprocess:
    """Return the processing above with the family's defaults, or what the row says instead."""
    options = defaults | row.preprocess
    filled = {"resize": "crop", "crop": 1.0, "interpolation": "bilinear", "normalise": "imagenet"}
    told = ", ".join(f"{key} {value}" for key, value in sorted((filled | options).items()))
    return Preprocess(lambda images: preprocess(images, **options), told)


def of_library(transform: Callable[[Image.Image], Tensor]) -> Preprocess:
    """Return images -> pixels by a library's own transform of one PIL image."""

    def process(images: np.ndarray) -> Tensor:
        return torch.stack([transform(Image.fromarray(image)) for image in images])

    return Preprocess(process, " ".join(str(transform).split()))


def statistics(row: Row) -> dict[str, tuple[float, ...]]:
    """Return the mean and standard deviation that a row names, or nothing."""
    if "normalise" not in row.preprocess:
        return {}
    return {key: tuple(values) for key, values in STATISTICS[row.preprocess["normalise"]].items()}


def needed(images: np.ndarray | None) -> np.ndarray:
    """Return the images of a batch that has some."""
    if images is None:
        raise ValueError("a network of images was given none")
    return images
