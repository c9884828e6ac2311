"""BLIP (Li et al. 2022, arXiv 2201.12086): transformers' BlipForImageTextRetrieval, from its own
checkpoints or from the hub's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BlipConfig, BlipForImageTextRetrieval

from fusion.models import paths
from fusion.models.families import lavis
from fusion.models.families.transformers_text import as_batch, attending, model_of
from fusion.models.families.transformers_vision import image_input
from fusion.models.run import checkpoints, images
from fusion.models.run.checkpoints import File
from fusion.models.run.network import Batch, Items, Network
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
# Heads of the pretraining tasks, which encoders by themselves do not have.
HEADS = ("itm_head.*", "vision_proj.*", "text_proj.*")
HEAD_MODULES = ("itm_head", "vision_proj", "text_proj")
TRAINING = ("temp", "*position_ids", "*_m.*", "*_queue", "*queue_ptr", "text_decoder.*")


def renamed(key: str) -> str:
    """Return transformers' name of a weight in a BLIP checkpoint."""
    for old, new in RENAMES:
        key = re.sub(old, new, key)
    return key


def from_checkpoint(
    path: File,
    architecture: Mapping[str, Any],
    size: int | None,
    trained: bool,
    *,
    ignore: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> BlipForImageTextRetrieval:
    """Return the model of a checkpoint in BLIP's own format, image positions resized to ``size`` px
    if that is given. Heads may be missing: no layer of the encoders needs them.
    """
    state = checkpoints.state_dict(path, rename=rename)
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
    model = attending(BlipForImageTextRetrieval, config)
    if trained:
        state["visual_encoder.pos_embed"] = lavis.resized(
            state["visual_encoder.pos_embed"], vision["image"], vision["patch"]
        )
        state = {renamed(key): value for key, value in state.items()}
        unused = (*TRAINING, *HEADS, *ignore)
        checkpoints.load_strict(model, state, path, unused, optional=HEADS)
    return model


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: ``joint`` reads the text with the image in view, ``text``
    without it, ``image`` sees only.

    With the image in view the text begins with the encode token (the vocabulary's last unless
    ``architecture.encode_token`` names another), as in the original; transformers' own forward pass
    leaves that out.

    Raises
    ------
    InputError
        If a layer lies in a head that the checkpoint does not have, or the row does not fit it.
    """
    if inside := [layer for layer in row.layers if paths.within(layer, HEAD_MODULES)]:
        raise row.error(
            f"layers.{inside[0]}", "a head, which the encoders do not run", "a layer of an encoder"
        )
    architecture = {key: value for key, value in row.architecture.items() if key != "encode_token"}
    model: Any
    if Path(weights.path).is_dir():
        named = {"class": "BlipForImageTextRetrieval"} | architecture
        model = model_of(replace(row, architecture=named), weights, trained)
        preprocess = image_input(row, weights)
    else:
        model = from_checkpoint(
            weights.path,
            architecture,
            row.preprocess.get("size"),
            trained,
            ignore=row.ignore_keys,
            rename=row.rename_keys,
        )
        preprocess = images.own(
            row,
            size=model.config.vision_config.image_size,
            resize="squash",
            interpolation="bicubic",
            normalise="clip",
        )
    vocabulary: int = model.config.text_config.vocab_size
    encode_token = row.architecture.get("encode_token", vocabulary - 1)
    texts = lavis.text_input(row, weights, model.text_encoder) if row.feed != "image" else None

    def prepare(items: Items) -> Batch:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        if items.texts is not None and texts is not None:
            batch |= as_batch(texts, items.texts)
            if row.feed == "joint":
                batch["input_ids"][:, 0] = encode_token
        return batch

    def run(batch: Batch) -> None:
        image = (
            model.vision_model(pixel_values=batch["pixels"]).last_hidden_state
            if "pixels" in batch
            else None
        )
        if texts is not None:
            seen = (
                None
                if image is None
                else torch.ones(image.shape[:2], dtype=torch.long, device=image.device)
            )
            text = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
            model.text_encoder(**text, encoder_hidden_states=image, encoder_attention_mask=seen)

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        return None if layer.startswith("vision_model") else batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        run,
        texts,
        tokens,
        image_only=("vision_model", *lavis.crossed("text_encoder")),
        notes={"preprocessing": preprocess.described} if row.feed != "text" else {},
    )
