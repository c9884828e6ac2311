"""Any model of open_clip (OpenAI CLIP, SigLIP ..) from a folder with open_clip_config.json."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import open_clip
import torch
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights

WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)
RESIZE = {"shortest": "crop", "squash": "squash"}


def model_of(row: Row, weights: Weights, trained: bool) -> nn.Module:
    """Return the two-tower model of a folder; ``architecture`` holds arguments of
    ``open_clip.create_model``.
    """
    folder = Path(weights.path)
    if not (folder / "open_clip_config.json").is_file():
        raise InputError(
            folder, "", "no open_clip_config.json", "a folder as open_clip saves models"
        )
    options = {
        "load_weights": False,
        "pretrained_image": False,
        "pretrained_text": False,
    } | row.architecture
    try:
        model = open_clip.create_model(f"local-dir:{folder}", **options)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        raise InputError(
            folder,
            "open_clip_config.json",
            str(error).splitlines()[0],
            f"a model of open_clip {open_clip.__version__}",
        ) from None
    if trained:
        file = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
        if file is None:
            raise InputError(folder, "", "no weights file", f"one of {', '.join(WEIGHTS)}")
        checkpoints.load_strict(model, checkpoints.state_dict(file), file, row.ignore_keys)
    return model


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: image tower, text tower, or both."""
    model = model_of(row, weights, trained)
    config = open_clip.get_model_preprocess_cfg(model)
    size = config["size"] if isinstance(config["size"], int) else config["size"][-1]
    if (
        config["resize_mode"] not in RESIZE
        and row.feed != "text"
        and "resize" not in row.preprocess
    ):
        raise InputError(
            weights.path,
            "resize_mode",
            config["resize_mode"],
            f"{', '.join(RESIZE)}, or preprocess.resize in the row",
        )
    own = {
        "size": size,
        "resize": RESIZE.get(config["resize_mode"]),
        "interpolation": config["interpolation"],
        "normalise": {"mean": list(config["mean"]), "std": list(config["std"])},
    }
    preprocess = partial(images.preprocess, **(own | row.preprocess))
    tokenizer = (
        open_clip.get_tokenizer(f"local-dir:{weights.path}", context_length=row.text_length)
        if row.feed != "image"
        else None
    )

    def prepare(items: Items) -> dict[str, Tensor]:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        if items.texts is not None:
            batch["ids"] = tokenizer(items.texts)
            batch["tokens"] = real_tokens(batch["ids"], tokenizer)
        return batch

    def run(batch: dict[str, Tensor]) -> None:
        if "pixels" in batch:
            model.encode_image(batch["pixels"])
        if "ids" in batch:
            model.encode_text(batch["ids"])

    prefix = getattr(getattr(model.visual, "trunk", None), "num_prefix_tokens", 1)

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor | None:
        return None if layer.startswith("visual") else batch["tokens"]

    return Network(
        model,
        prepare,
        run,
        tokens,
        lambda layer: prefix if layer.startswith("visual") else 0,
        image_only=("visual",),
        text_only=("*",),
    )


def real_tokens(ids: Tensor, tokenizer) -> Tensor:
    """Return which tokens are text: up to the end token for CLIP's tokenizer, up to the last that
    is no padding for others.
    """
    places = torch.arange(ids.shape[1])
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is None or inner.pad_token_id is None:
        end = (
            (ids == tokenizer.eot_token_id).int().argmax(1)
            if hasattr(tokenizer, "eot_token_id")
            else ids.argmax(1)
        )
    else:
        end = torch.where(ids != inner.pad_token_id, places, 0).amax(1)
    return places[None] <= end[:, None]
