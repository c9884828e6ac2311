"""Image encoders of transformers (ViT, BEiT, ConvNeXt, DINOv2 ..), and image preprocessing by a
checkpoint's own processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of
from fusion.models.run import images
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout; ``architecture`` as for
    text models.
    """
    model = model_of(row, weights, trained)
    preprocess = image_input(row, weights)

    def prepare(items: Items) -> Batch:
        return {"pixel_values": preprocess(images.needed(items.images))}

    notes = {"preprocessing": preprocess.described}
    return Network(model, prepare, lambda batch: model(**batch), notes=notes)


def image_input(row: Row, weights: Weights) -> images.Preprocess:
    """Return images (n_items, y, x, 3) uint8 -> pixels, by the row's ``preprocess`` if it has a
    size, else by the checkpoint's processor.

    The processor's PIL version is used: its torchvision version differs by up to 0.015 and is not
    what models were trained with."""
    if "size" in row.preprocess:
        return images.own(row)
    if row.preprocess:
        raise row.error(
            "preprocess",
            ", ".join(row.preprocess),
            "a size too, or nothing: the checkpoint's own processing",
        )
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            weights.path, backend="pil", local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise InputError(
            weights.path,
            "preprocessor_config.json",
            (str(error).splitlines() or [type(error).__name__])[0],
            "one that transformers knows, or a preprocess with size in the row",
        ) from None

    def process(frames: np.ndarray) -> Tensor:
        made = processor(list(frames), return_tensors="np")["pixel_values"]
        return torch.as_tensor(np.asarray(made))

    return images.Preprocess(process, described(processor))


def described(processor: Any) -> str:
    """Return what a processor of transformers does, in words: its class and settings."""
    kept = ("size", "crop_size", "resample", "image_mean", "image_std", "rescale_factor")
    settings = {**processor.to_dict()}
    told = ", ".join(f"{key} {settings[key]}" for key in kept if settings.get(key) is not None)
    return f"{type(processor).__name__}: {told}"
