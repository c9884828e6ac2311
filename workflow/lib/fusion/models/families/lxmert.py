"""LXMERT (Tan and Bansal 2019, arXiv 1908.07490) from transformers."""

from __future__ import annotations

from torch import Tensor

from fusion.models.families.transformers_text import as_batch, model_of, text_input
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.regions import region_input
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row.

    ``encoder.layer.*`` read text, ``encoder.r_layers.*`` regions; ``encoder.x_layers.*`` put out
    the text side, their ``visn_output`` the region side. Both sides always run, for ``feed: image``
    on an empty text.

    Raises
    ------
    InputError
        For ``feed: text``: LXMERT does not run without regions.
    """
    if row.feed == "text":
        raise row.error(
            "feed",
            "text for family lxmert",
            "joint or image; its layers encoder.layer.* see the text only",
        )
    model = model_of(row, weights, trained, default="LxmertModel")
    regions, described = region_input(row, weights, model.config.visual_feat_dim)
    texts = text_input(row, weights, model)

    def prepare(items: Items) -> Batch:
        batch = {}
        if items.images is not None:
            batch["visual_feats"], batch["visual_pos"] = regions(items)
        if items.texts is not None or row.feed == "image":
            batch |= as_batch(texts, items.texts or [""] * len(items))
        return batch

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        return None if _of_regions(layer) else batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        lambda batch: model(**batch),
        texts,
        tokens,
        # Regions have no class token.
        prefix=lambda layer: 0 if _of_regions(layer) else None,
        image_only=("encoder.visn_fc", "encoder.r_layers.*"),
        notes={"regions": described},
    )


def _of_regions(layer: str) -> bool:
    return ".r_layers." in layer or "visn" in layer
