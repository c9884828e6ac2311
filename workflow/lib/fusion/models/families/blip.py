"""BLIP (Li et al. 2022, arXiv 2201.12086): transformers' BlipForImageTextRetrieval, from its own
checkpoints or from the hub's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from transformers import BlipConfig, BlipForImageTextRetrieval

from fusion.models.families import lavis
from fusion.models.families.transformers_text import model_of, text_input
from fusion.models.families.transformers_vision import image_input
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights

# The original names of the image tower's parts, and those of transformers.
RENAMES = (
    (r"^visual_encoder\.blocks\.", "vision_model.encoder.layers."),
    (r"^visual_encoder\.norm\.", "vision_model.post_layernorm."),
    (r"^visual_encoder\.cls_token$", "vision_model.embeddings.class_embedding"),
    (r"^visual_encoder\.pos_embed$", "vision_model.embeddings.position_embedding"),
    (r"^visual_encoder\.patch_embed\.proj\.", "vision_model.embeddings.patch_embedding."),
    (r"^(vision_model\..*)\.attn\.proj\.", r"\1.self_attn.projection."),
    (r"^(vision_model\..*)\.attn\.", r"\1.self_attn."),
    (r"^(vision_model\..*)\.norm([12])\.", r"\1.layer_norm\2."),
)
TRAINING = ("temp", "*position_ids", "*_m.*", "*_queue", "*queue_ptr", "text_decoder.*")


def renamed(key: str) -> str:
    """Return transformers' name of a weight in a BLIP checkpoint."""
    for old, new in RENAMES:
        key = re.sub(old, new, key)
    return key


def from_checkpoint(
    path, architecture: dict, size: int | None, trained: bool, ignore: list[str] = ()
) -> BlipForImageTextRetrieval:
    """Return the model of a checkpoint in BLIP's own format, image positions resized to ``size`` px
    if that is given.
    """
    state = checkpoints.state_dict(path)
    vision = lavis.vision_sizes(state, architecture, path)
    text = lavis.text_sizes(state, "text_encoder.", architecture, path)
    text.pop("first_fusion")
    vision["image"] = size or vision["image"]
    config = BlipConfig(
        vision_config={
            "hidden_size": vision["width"],
            "intermediate_size": vision["hidden"],
            "num_hidden_layers": vision["depth"],
            "num_attention_heads": vision["heads"],
            "image_size": vision["image"],
            "patch_size": vision["patch"],
            "layer_norm_eps": 1e-6,
            "hidden_act": "gelu",
        },
        text_config={
            **text,
            "encoder_hidden_size": vision["width"],
            "layer_norm_eps": 1e-12,
            "hidden_act": "gelu",
            "bos_token_id": text["vocab_size"] - 2,
            "sep_token_id": min(102, text["vocab_size"] - 1),
            "pad_token_id": 0,
        },
        image_text_hidden_size=(
            len(state["vision_proj.bias"]) if "vision_proj.bias" in state else 256
        ),
    )
    model = BlipForImageTextRetrieval(config)
    if trained:
        state["visual_encoder.pos_embed"] = lavis.resized(
            state["visual_encoder.pos_embed"], vision["image"], vision["patch"]
        )
        checkpoints.load_strict(
            model, {renamed(key): value for key, value in state.items()}, path, (*TRAINING, *ignore)
        )
    return model


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: ``joint`` reads the text with the image in view, ``text``
    without it, ``image`` sees only.

    With the image in view the text begins with the encode token (the vocabulary's last unless
    ``architecture.encode_token`` names another), as in the original; transformers' own forward pass
    leaves that out."""
    architecture = {key: value for key, value in row.architecture.items() if key != "encode_token"}
    if Path(weights.path).is_dir():
        model = model_of(
            replace(row, architecture={"class": "BlipForImageTextRetrieval"} | architecture),
            weights,
            trained,
        )
        preprocess = image_input(row, weights)
    else:
        model = from_checkpoint(
            weights.path,
            architecture,
            row.preprocess.get("size"),
            trained,
            row.ignore_keys,
        )
        squash = {
            "size": model.config.vision_config.image_size,
            "resize": "squash",
            "interpolation": "bicubic",
            "normalise": "clip",
        }
        preprocess = partial(images.preprocess, **(squash | row.preprocess))
    text_config = model.config.text_config
    encode_token = row.architecture.get("encode_token", text_config.vocab_size - 1)
    tokenize = text_input(row, weights, text_config) if row.feed != "image" else None
    notes: dict = {}

    def prepare(items: Items) -> dict[str, Tensor]:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        if items.texts is not None:
            batch |= tokenize([lavis.caption(text) for text in items.texts], notes)
            if row.feed == "joint":
                batch["input_ids"][:, 0] = encode_token
        return batch

    def run(batch: dict[str, Tensor]) -> None:
        image = (
            model.vision_model(pixel_values=batch["pixels"]).last_hidden_state
            if "pixels" in batch
            else None
        )
        if tokenize:
            seen = (
                None
                if image is None
                else torch.ones(image.shape[:2], dtype=torch.long, device=image.device)
            )
            text = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
            model.text_encoder(**text, encoder_hidden_states=image, encoder_attention_mask=seen)

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor | None:
        return None if layer.startswith("vision_model") else batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        run,
        tokens,
        lambda layer: int(layer.startswith("vision_model")),
        notes,
        image_only=("vision_model", *lavis.crossed("text_encoder")),
    )
