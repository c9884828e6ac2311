"""Vision-language decoders of transformers (Qwen-VL, SmolVLM, LLaVA ..): the image and then the text as one user's turn."""

from __future__ import annotations

import transformers
from PIL import Image
from torch import Tensor

from fusion.errors import InputError
from fusion.models.network import Items, Network
from fusion.models.transformers_text import model_of


def load(row: dict, weights: dict, trained: bool) -> Network:
    """Return the network of a row: the decoder without its language head, fed by the checkpoint's own processor and chat template.

    Layers of the decoder are tokens of the whole turn; ``last`` has seen image and text.
    """
    model = model_of(row, weights, trained, default="AutoModelForImageTextToText")
    folder = (weights.get("tokenizer") or weights)["path"]
    try:
        options = {"local_files_only": True, "trust_remote_code": False}
        processor = transformers.AutoProcessor.from_pretrained(folder, **options)
        processor.image_processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil", **options)
    except (OSError, ValueError) as error:
        raise InputError(folder, "", str(error).splitlines()[0], "a processor that transformers can read") from None
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    processor.tokenizer.padding_side = "right"
    if "flatten" in row["layers"].values():
        raise InputError("config/models.yaml", "layers", "pooling 'flatten'", "cls, mean or last: turns differ in length")
    if row["text_length"]:
        raise InputError("config/models.yaml", "text_length", str(row["text_length"]), "null: cutting a turn would cut its image")

    def prepare(items: Items) -> dict[str, Tensor]:
        turns = []
        for i in range(len(items)):
            content = [{"type": "image"}] if items.images is not None else []
            content += [{"type": "text", "text": items.texts[i]}] if items.texts is not None else []
            turns.append(processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False))
        shown = {"images": [[Image.fromarray(image)] for image in items.images]} if items.images is not None else {}
        return dict(processor(text=turns, **shown, padding=True, return_tensors="pt"))

    def tokens(layer: str, batch: dict[str, Tensor]) -> Tensor:
        return batch["attention_mask"].bool()

    return Network(model, prepare, lambda batch: model.model(**batch, use_cache=False), tokens)
