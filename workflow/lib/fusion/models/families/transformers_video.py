"""Networks of motion of transformers: VideoMAE, V-JEPA 2, TimeSformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import transformers
from torch import Tensor

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of
from fusion.models.families.transformers_vision import described
from fusion.models.run import images
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout.

    ``architecture`` is read as for text models. V-JEPA 2's predictor is left out.

    Raises
    ------
    InputError
        If the network takes another number of pictures than the row's ``clip`` gives it.
    """
    model = model_of(row, weights, trained)
    expected = getattr(model.config, "num_frames", None)
    shown = row.clip.pictures if row.clip else None
    if expected is not None and shown != expected:
        raise row.error("clip.pictures", shown, f"{expected}, which {weights.source} takes")
    vjepa = hasattr(model, "predictor")
    if vjepa:
        del model.predictor
    preprocess = clip_input(row, weights)
    prefix = int(hasattr(getattr(model, "embeddings", None), "cls_token"))

    def prepare(items: Items) -> Batch:
        return {"pixels": preprocess(images.needed(items.images))}

    def run(batch: Batch) -> None:
        if vjepa:
            model(batch["pixels"], skip_predictor=True)
        else:
            model(batch["pixels"])

    notes = {"preprocessing": preprocess.described}
    return Network(model, prepare, run, prefix=lambda layer: prefix, notes=notes)


def clip_input(row: Row, weights: Weights) -> images.Preprocess:
    """Return clips (n_items, n_pictures, y, x, 3) uint8 -> pixels (n_items, n_pictures, 3, size,
    size), by the row's ``preprocess`` if it has a size, else by the checkpoint's processor.

    Raises
    ------
    InputError
        If there is neither.
    """
    if "size" in row.preprocess:
        one = images.own(row)

        def own(clips: np.ndarray) -> Tensor:
            pixels = one(clips.reshape(-1, *clips.shape[2:]))
            return pixels.reshape(*clips.shape[:2], *pixels.shape[1:])

        return images.Preprocess(own, one.described)
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        if Path(weights.path, "video_preprocessor_config.json").is_file():
            processor = transformers.AutoVideoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
                weights.path, **options
            )
            key = "pixel_values_videos"
        else:
            processor = transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
                weights.path, backend="pil", **options
            )
            key = "pixel_values"
    except Exception as error:
        raise InputError(
            weights.path,
            "preprocessor_config.json",
            (str(error).splitlines() or [type(error).__name__])[0],
            "a processor that transformers knows, or a preprocess with size in the row",
        ) from None

    def process(clips: np.ndarray) -> Tensor:
        given = [list(clip) for clip in clips] if key == "pixel_values" else list(clips)
        made = processor(given, return_tensors="pt")
        return torch.as_tensor(made[key] if key in made else made["pixel_values"])

    return images.Preprocess(process, described(processor))
