"""ALBEF (Li et al. 2021, arXiv 2107.07651) from its own checkpoint, without LAVIS, whose
requirements fit no current library.

The image tower is timm's ViT. BERT's twelve layers are two BlipTextModels: the first six read text
(``text_encoder``), the last six read text and image through cross-attention (``fusion_encoder``).
BLIP's text model is ALBEF's with another name."""

from __future__ import annotations

from functools import partial

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from transformers import BlipTextConfig
from transformers.models.blip.modeling_blip_text import BlipTextModel

from fusion.io.errors import InputError
from fusion.models.families import lavis
from fusion.models.families.transformers_text import text_input
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Items, Network
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

    def __init__(self, vision: dict, text: dict):
        super().__init__()
        text = dict(text)
        first, depth = text.pop("first_fusion"), text.pop("num_hidden_layers")
        config = partial(
            BlipTextConfig,
            **text,
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
        self.text_encoder = BlipTextModel(
            config(num_hidden_layers=first, is_decoder=False), add_pooling_layer=False
        )
        self.fusion_encoder = BlipTextModel(
            config(num_hidden_layers=depth - first, is_decoder=True), add_pooling_layer=False
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
        if len(out) == 2:
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
    path, architecture: dict, size: int | None, trained: bool, ignore: list[str] = ()
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
    state = checkpoints.state_dict(path)
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
        row.ignore_keys,
    )
    squash = {"size": size, "resize": "squash", "interpolation": "bicubic", "normalise": "clip"}
    preprocess = partial(images.preprocess, **(squash | row.preprocess))
    tokenize = text_input(row, weights, model.text_encoder.config) if row.feed != "image" else None
    notes: dict = {}

    def prepare(items: Items) -> dict[str, Tensor]:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        return batch | (
            tokenize([lavis.caption(text) for text in items.texts], notes)
            if items.texts is not None
            else {}
        )

    def run(batch: dict[str, Tensor]) -> None:
        model(batch.get("pixels"), batch.get("input_ids"), batch.get("attention_mask"))

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor | None:
        return None if layer.startswith("visual_encoder") else batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        run,
        tokens,
        lambda layer: int(layer.startswith("visual_encoder")),
        notes,
        image_only=("visual_encoder", *lavis.crossed("fusion_encoder")),
        text_only=("text_encoder",),
    )
