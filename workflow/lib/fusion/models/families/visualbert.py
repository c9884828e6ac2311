"""VisualBERT (Li et al. 2019, arXiv 1908.03557) from transformers."""

from __future__ import annotations

import torch
from torch import Tensor

from fusion.models.families.transformers_text import as_batch, model_of, text_input
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.regions import region_input
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: one encoder over the text's tokens followed by the regions, or
    over text alone (``feed: text``).
    """
    model = model_of(row, weights, trained, default="VisualBertModel")
    width = model.config.visual_embedding_dim
    regions, described = region_input(row, weights, width) if row.feed != "text" else (None, "none")
    texts = text_input(row, weights, model)

    def prepare(items: Items) -> Batch:
        batch: Batch = {}
        if items.texts is not None or row.feed == "image":
            batch |= as_batch(texts, items.texts or [""] * len(items))
        if items.images is not None and regions is not None:
            features, _ = regions(items)
            ones = torch.ones(features.shape[:2], dtype=torch.long)
            batch |= {
                "visual_embeds": features,
                "visual_token_type_ids": ones,
                "visual_attention_mask": ones,
            }
        return batch

    def tokens(layer: str, batch: Batch) -> Tensor:
        return torch.cat(
            [batch[key] for key in ("attention_mask", "visual_attention_mask") if key in batch], 1
        ).bool()

    return Network(
        model,
        prepare,
        lambda batch: model(**batch),
        texts,
        tokens,
        image_only=("embeddings.visual_projection",),
        notes={"regions": described},
    )
