"""VisualBERT (Li et al. 2019, arXiv 1908.03557) from transformers."""

from __future__ import annotations

import torch
from torch import Tensor

from fusion.models.families.transformers_text import model_of, text_input
from fusion.models.run.network import Items, Network
from fusion.models.run.regions import region_input
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: one encoder over the text's tokens followed by the regions, or
    over text alone (``feed: text``).
    """
    model = model_of(row, weights, trained, default="VisualBertModel")
    regions, described = (
        region_input(row, weights, model.config.visual_embedding_dim)
        if row.feed != "text"
        else (None, "none")
    )
    tokenize = text_input(row, weights, model.config)
    notes: dict = {"regions": described}

    def prepare(items: Items) -> dict[str, Tensor]:
        batch = (
            tokenize(items.texts or [""] * len(items), notes)
            if items.texts is not None or row.feed == "image"
            else {}
        )
        if items.images is not None:
            features, _ = regions(items)
            ones = torch.ones(features.shape[:2], dtype=torch.long)
            batch |= {
                "visual_embeds": features,
                "visual_token_type_ids": ones,
                "visual_attention_mask": ones,
            }
        return batch

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor:
        return torch.cat(
            [batch[key] for key in ("attention_mask", "visual_attention_mask") if key in batch], 1
        ).bool()

    return Network(
        model,
        prepare,
        lambda batch: model(**batch),
        tokens,
        notes=notes,
        image_only=("embeddings.visual_projection",),
    )
