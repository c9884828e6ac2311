"""Vision-language decoders of transformers (Qwen-VL, SmolVLM, LLaVA ..): the image and then the
text as one user's turn.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from torch import Tensor
from transformers import BatchFeature

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of, refuse_code
from fusion.models.families.transformers_vision import described
from fusion.models.run import images
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights

TOWERS = ("visual", "vision_tower", "vision_model")  # what the image tower is called, by checkpoint


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: the decoder without its language head, fed by the checkpoint's
    own processor and chat template.

    Layers of the decoder are tokens of the whole turn. ``last`` is the last token of the turn,
    which for most templates is its closing token (``<|im_end|>`` and a line break for Qwen): it has
    seen image and text, and stands for what the decoder would say next.
    """
    model = model_of(row, weights, trained, default="AutoModelForImageTextToText")
    folder = (weights.tokenizer or weights).path
    refuse_code(folder, "processor_config.json", "a processor of transformers")
    try:
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        processor: Any = transformers.AutoProcessor.from_pretrained(folder, **options)  # type: ignore[no-untyped-call]
        processor.image_processor = transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, backend="pil", **options
        )
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise InputError(folder, "", lines[0], "a processor that transformers can read") from None
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    processor.tokenizer.padding_side = "right"
    if "flatten" in row.layers.values():
        raise row.error("layers", "pooling 'flatten'", "cls, mean or last: turns differ in length")
    if row.text_length:
        raise row.error("text_length", row.text_length, "null: cutting a turn would cut its image")

    def pixels(frames: np.ndarray) -> dict[str, list[list[Image.Image]]]:
        return {"images": [[Image.fromarray(image)] for image in frames]}

    def prepare(items: Items) -> Batch:
        if row.feed == "joint" and items.texts is None:
            shown = pixels(images.needed(items.images))
            return dict(processor.image_processor(**shown, return_tensors="pt"))
        turns = []
        picture = row.feed != "text"
        for i in range(len(items)):
            content = [{"type": "image"}] if picture else []
            content += [{"type": "text", "text": items.texts[i]}] if items.texts is not None else []
            turns.append(
                processor.apply_chat_template(
                    [{"role": "user", "content": content}], tokenize=False
                )
            )
        if items.picture is None:
            shown = pixels(images.needed(items.images)) if picture else {}
            return dict(processor(text=turns, **shown, padding=True, return_tensors="pt"))
        # A turn has as many tokens of its picture as the picture has parts; pictures of one film
        # are of one size.
        seen = copy(processor)
        seen.image_processor = Prepared(processor.image_processor, items.picture)
        blank = pixels(np.zeros((len(turns), 8, 8, 3), np.uint8))
        made = seen(text=turns, **blank, padding=True, return_tensors="pt")
        return {key: value for key, value in made.items() if key not in items.picture}

    def tokens(layer: str, batch: Batch) -> Tensor:
        return batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        lambda batch: model.model(**batch, use_cache=False),
        tokens=tokens,
        image_only=tuple(f"model.{tower}" for tower in TOWERS),
        notes={"preprocessing": described(processor.image_processor)},
    )


class Prepared:
    """An image processor whose images are prepared already, all like one ``picture``; in all else
    it is the ``processor``.
    """

    def __init__(self, processor: Any, picture: Batch):
        self.processor, self.picture = processor, picture

    def __getattr__(self, name: str) -> Any:
        """Return what the processor has."""
        return getattr(self.processor, name)

    def __call__(self, images: list[Any], **options: Any) -> BatchFeature:
        """Return the picture as often as there are images."""
        return BatchFeature(
            {key: torch.cat([value] * len(images)) for key, value in self.picture.items()}
        )
