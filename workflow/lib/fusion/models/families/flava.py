"""FLAVA (Singh et al. 2022, arXiv 2112.04482): an image, a text and a fusion encoder, from
transformers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fusion.models.families.transformers_text import as_batch, model_of, text_input
from fusion.models.families.transformers_vision import image_input
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row; layers begin with ``image_model``, ``text_model`` or
    ``multimodal_model``.

    The fusion encoder sees its own class token, then the image's tokens (its class token first),
    then the text's: its prefix are the two class tokens.
    """
    model = model_of(row, weights, trained, default="FlavaModel")
    preprocess = image_input(row, weights) if row.feed != "text" else None
    texts = text_input(row, weights, model.text_model) if row.feed != "image" else None
    vision = model.config.image_config
    own = int(model.multimodal_model.use_cls_token)
    image_tokens = 1 + (vision.image_size // vision.patch_size) ** 2

    def prepare(items: Items) -> Batch:
        batch = {}
        if items.images is not None and preprocess is not None:
            batch["pixel_values"] = preprocess(items.images)
        if items.texts is not None and texts is not None:
            batch |= as_batch(texts, items.texts)
        return batch

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        if layer.startswith(("image_model", "image_")):
            return None
        text = batch["attention_mask"].bool()
        if layer.startswith("text_"):
            return text
        return torch.cat([text.new_ones(len(text), own + image_tokens), text], 1)

    return Network(
        model,
        prepare,
        lambda batch: model(**batch),
        texts,
        tokens,
        prefix=lambda layer: own + 1 if layer.startswith("multimodal_model") else None,
        image_only=("image_model", "image_projection", "image_to_mm_projection"),
        text_only=("text_model", "text_projection", "text_to_mm_projection"),
        notes={"preprocessing": preprocess.described} if preprocess else {},
    )
