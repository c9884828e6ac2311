"""Image encoders of transformers (ViT, BEiT, ConvNeXt, DINOv2 ..), and image preprocessing by a
checkpoint's own processor.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import transformers
from torch import Tensor

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of
from fusion.models.run import images
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout; ``architecture`` as for
    text models.
    """
    model = model_of(row, weights, trained)
    preprocess = image_input(row, weights)
    embeddings = getattr(model, "embeddings", None)
    prefix = (
        1 + getattr(model.config, "num_register_tokens", 0)
        if getattr(embeddings, "cls_token", None) is not None
        else 0
    )

    def prepare(items: Items) -> dict[str, Tensor]:
        return {"pixel_values": preprocess(items.images)}

    return Network(model, prepare, lambda batch: model(**batch), prefix=lambda layer: prefix)


def image_input(row: Row, weights: Weights) -> Callable[[np.ndarray], Tensor]:
    """Return images (batch, y, x, 3) uint8 -> pixels, by the row's ``preprocess`` if it has a size,
    else by the checkpoint's processor.

    The processor's PIL version is used: its torchvision version differs by up to 0.015 and is not
    what models were trained with."""
    if "size" in row.preprocess:
        return partial(images.preprocess, **row.preprocess)
    if row.preprocess:
        raise InputError(
            "config/models.yaml",
            "preprocess",
            ", ".join(row.preprocess),
            "a size too, or nothing: the checkpoint's own processing",
        )
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            weights.path, backend="pil", local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise InputError(
            weights.path,
            "",
            str(error).splitlines()[0],
            "a preprocessor_config.json, or a preprocess with size in the row",
        ) from None

    def process(frames: np.ndarray) -> Tensor:
        return torch.as_tensor(
            np.asarray(processor(list(frames), return_tensors="np")["pixel_values"])
        )

    return process
