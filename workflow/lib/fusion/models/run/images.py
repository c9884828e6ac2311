"""From film frames to what a vision tower takes: resize, crop, normalise, with PIL as the models
were trained.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CLIP = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
STATISTICS = {"imagenet": IMAGENET, "clip": CLIP, "half": HALF}


def preprocess(
    images: np.ndarray,
    size: int,
    resize: str = "crop",
    crop: float = 1.0,
    interpolation: str = "bilinear",
    normalise: str | dict = "imagenet",
) -> Tensor:
    """Return normalised images.

    Parameters
    ----------
    images
        (batch, y, x, 3) uint8.
    size
        Side of the square that the model takes.
    resize
        ``crop``: the shorter side becomes ``size / crop`` and the centre is cut out; ``squash``:
        both sides become ``size``.
    crop
        Share of the shorter side that is kept.
    interpolation
        ``bilinear``, ``bicubic`` or ``lanczos``.
    normalise
        ``imagenet``, ``clip``, ``half``, or a mapping with ``mean`` and ``std`` of the three
        colours in 0..1.

    Returns
    -------
    Tensor
        (batch, 3, size, size) float32.
    """
    height, width = images.shape[1:3]
    if resize == "squash":
        new = (size, size)
    else:
        short = int(size / crop)
        new = (
            (short, int(short * height / width))
            if width <= height
            else (int(short * width / height), short)
        )
    left, top = round((new[0] - size) / 2), round((new[1] - size) / 2)
    out = np.empty((len(images), size, size, 3), np.uint8)
    for i, image in enumerate(images):
        resized = (
            image
            if new == (width, height)
            else np.asarray(Image.fromarray(image).resize(new, FILTERS[interpolation]))
        )
        out[i] = resized[top : top + size, left : left + size]
    statistics = STATISTICS[normalise] if isinstance(normalise, str) else normalise
    pixels = torch.from_numpy(out).permute(0, 3, 1, 2).to(torch.float32).div_(255)
    mean, std = (torch.tensor(statistics[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    return pixels.sub_(mean).div_(std).contiguous()
