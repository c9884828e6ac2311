"""Vision-language decoders of transformers (Qwen-VL, SmolVLM, LLaVA ..): the image and then the
text as one user's turn.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import torch
import transformers
from PIL import Image
from torch import Tensor
from transformers import BatchFeature

from fusion.io.errors import InputError
from fusion.models.families.transformers_text import model_of
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights

TOWERS = ("visual", "vision_tower", "vision_model")  # what the image tower is called, by checkpoint


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: the decoder without its language head, fed by the checkpoint's
    own processor and chat template.

    Layers of the decoder are tokens of the whole turn; ``last`` has seen image and text.
    """
    model = model_of(row, weights, trained, default="AutoModelForImageTextToText")
    folder = (weights.tokenizer or weights).path
    try:
        options = {"local_files_only": True, "trust_remote_code": False}
        processor = transformers.AutoProcessor.from_pretrained(folder, **options)
        processor.image_processor = transformers.AutoImageProcessor.from_pretrained(
            folder, backend="pil", **options
        )
    except (OSError, ValueError) as error:
        raise InputError(
            folder, "", str(error).splitlines()[0], "a processor that transformers can read"
        ) from None
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    processor.tokenizer.padding_side = "right"
    if "flatten" in row.layers.values():
        raise InputError(
            "config/models.yaml",
            "layers",
            "pooling 'flatten'",
            "cls, mean or last: turns differ in length",
        )
    if row.text_length:
        raise InputError(
            "config/models.yaml",
            "text_length",
            str(row.text_length),
            "null: cutting a turn would cut its image",
        )

    def pixels(images: np.ndarray) -> dict[str, list]:
        return {"images": [[Image.fromarray(image)] for image in images]}

    def prepare(items: Items) -> dict[str, Tensor]:
        if row.feed == "joint" and items.texts is None:
            return dict(processor.image_processor(**pixels(items.images), return_tensors="pt"))
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
            shown = pixels(items.images) if picture else {}
            return dict(processor(text=turns, **shown, padding=True, return_tensors="pt"))
        # A turn has as many tokens of its picture as the picture has parts; pictures of one film
        # are of one size.
        seen = copy(processor)
        seen.image_processor = Prepared(processor.image_processor, items.picture)
        blank = pixels(np.zeros((len(turns), 8, 8, 3), np.uint8))
        made = seen(text=turns, **blank, padding=True, return_tensors="pt")
        return {key: value for key, value in made.items() if key not in items.picture}

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor:
        return batch["attention_mask"].bool()

    return Network(
        model,
        prepare,
        lambda batch: model.model(**batch, use_cache=False),
        tokens,
        image_only=tuple(f"model.{tower}" for tower in TOWERS),
    )


class Prepared:
    """An image processor whose images are prepared already, all like one ``picture``; in all else
    it is the ``processor``.
    """

    def __init__(self, processor, picture: dict[str, Tensor]):
        self.processor, self.picture = processor, picture

    def __getattr__(self, name: str):
        """Return what the processor has."""
        return getattr(self.processor, name)

    def __call__(self, images: list, **options) -> BatchFeature:
        """Return the picture as often as there are images."""
        return BatchFeature(
            {key: torch.cat([value] * len(images)) for key, value in self.picture.items()}
        )
