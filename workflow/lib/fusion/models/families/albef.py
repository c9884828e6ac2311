"""ALBEF (Li et al. 2021, arXiv 2107.07651) from its own checkpoint, without LAVIS, whose
requirements fit no current library.

The image tower is timm's ViT. BERT's twelve layers are two BlipTextModels: the first six read text
(``text_encoder``), the last six read text and image through cross-attention (``fusion_encoder``).
BLIP's text model is ALBEF's with another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from transformers import BlipTextConfig
from transformers.models.blip.modeling_blip_text import BlipTextModel

from fusion.io.errors import InputError
from fusion.models.families import lavis
from fusion.models.families.transformers_text import as_batch, attending
from fusion.models.run import checkpoints, images
from fusion.models.run.checkpoints import File
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights

TEXT = "text_encoder.bert."


class Albef(nn.Module):
    """ALBEF's three encoders.

    Parameters
    ----------
    vision
        As :func:`lavis.vision_sizes` reads it.
    text
        As :func:`lavis.text_sizes` reads it.
    """

    def __init__(self, vision: Mapping[str, Any], text: Mapping[str, Any]):
        super().__init__()
        sizes = dict(text)
        first, depth = sizes.pop("first_fusion"), sizes.pop("num_hidden_layers")
        config = partial(
            BlipTextConfig,
            **sizes,
            layer_norm_eps=1e-12,
            hidden_act="gelu",
            encoder_hidden_size=vision["width"],
        )
        self.visual_encoder = VisionTransformer(
            img_size=vision["image"],
            patch_size=vision["patch"],
            embed_dim=vision["width"],
            depth=vision["depth"],
            num_heads=vision["heads"],
            mlp_ratio=vision["hidden"] / vision["width"],
            num_classes=0,
            global_pool="",
        )
        encoder = partial(BlipTextModel, add_pooling_layer=False)
        self.text_encoder = attending(encoder, config(num_hidden_layers=first, is_decoder=False))
        self.fusion_encoder = attending(
            encoder, config(num_hidden_layers=depth - first, is_decoder=True)
        )
        del self.fusion_encoder.embeddings  # it continues from the text encoder's states

    def forward(
        self, pixels: Tensor | None, ids: Tensor | None, mask: Tensor | None
    ) -> dict[str, Tensor]:
        """Return the last states of the encoders that have input: ``image``, ``text`` and, with
        both, ``fusion``.
        """
        out = {}
        if pixels is not None:
            out["image"] = self.visual_encoder(pixels)
        if ids is not None:
            out["text"] = self.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        if pixels is not None and ids is not None:
            out["fusion"] = self.fusion_encoder(
                encoder_embeds=out["text"],
                attention_mask=mask,
                encoder_hidden_states=out["image"],
                encoder_attention_mask=torch.ones(
                    out["image"].shape[:2], dtype=torch.long, device=pixels.device
                ),
            ).last_hidden_state
        return out


def from_checkpoint(
    path: File,
    architecture: Mapping[str, Any],
    size: int | None,
    trained: bool,
    *,
    ignore: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> tuple[Albef, int]:
    """Return the model of an ALBEF checkpoint and the side of its images.

    Parameters
    ----------
    architecture
        ``heads``, ``text_heads`` (else one per 64 of width); ``token_types``: add BERT's first
        token-type vector, as the original code did and LAVIS, which the paper ran, does not.
    size
        Image side to resize the position grid to; None keeps the checkpoint's.
    """
    state = checkpoints.state_dict(path, rename=rename)
    vision = lavis.vision_sizes(state, architecture, path)
    text = lavis.text_sizes(state, TEXT, architecture, path)
    if not text["first_fusion"]:
        raise InputError(
            path, "", "no layer with cross-attention after one without", "an ALBEF checkpoint"
        )
    vision["image"] = size or vision["image"]
    model = Albef(vision, text)
    if trained:
        state["visual_encoder.pos_embed"] = lavis.resized(
            state["visual_encoder.pos_embed"], vision["image"], vision["patch"]
        )
        types = state.pop(f"{TEXT}embeddings.token_type_embeddings.weight", None)
        if architecture.get("token_types") and types is not None:
            positions = f"{TEXT}embeddings.position_embeddings.weight"
            state[positions] = state[positions] + types[0]
        renamed = {_renamed(key, text["first_fusion"]): value for key, value in state.items()}
        checkpoints.load_strict(model, renamed, path, (*lavis.TRAINING, *ignore))
    return model, vision["image"]


def _renamed(key: str, first_fusion: int) -> str:
    if not key.startswith(TEXT):
        return key
    key = key.removeprefix(TEXT)
    if key.startswith("encoder.layer."):
        number, rest = key.removeprefix("encoder.layer.").split(".", 1)
        if int(number) >= first_fusion:
            return f"fusion_encoder.encoder.layer.{int(number) - first_fusion}.{rest}"
    return f"text_encoder.{key}"


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row; ``feed: joint`` runs all three encoders, ``image`` and ``text``
    one each.
    """
    model, size = from_checkpoint(
        weights.path,
        row.architecture,
        row.preprocess.get("size"),
        trained,
        ignore=row.ignore_keys,
        rename=row.rename_keys,
    )
    preprocess = images.own(
        row, size=size, resize="squash", interpolation="bicubic", normalise="clip"
    )
    texts = lavis.text_input(row, weights, model.text_encoder) if row.feed != "image" else None

    def prepare(items: Items) -> Batch:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        if items.texts is not None and texts is not None:
            batch |= as_batch(texts, items.texts)
        return batch

    def run(batch: Batch) -> None:
        model(batch.get("pixels"), batch.get("input_ids"), batch.get("attention_mask"))

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        return None if layer.startswith("visual_encoder") else batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        run,
        texts,
        tokens,
        image_only=("visual_encoder", *lavis.crossed("fusion_encoder")),
        text_only=("text_encoder",),
        notes={"preprocessing": preprocess.described} if row.feed != "text" else {},
    )
