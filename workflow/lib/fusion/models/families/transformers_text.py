"""Text encoders and decoders of transformers: BERT, MPNet, RoBERTa, GPT-2 and whatever AutoModel
knows.
"""

from __future__ import annotations

import torch
import transformers
from torch import Tensor

from fusion.io.errors import InputError
from fusion.models.run import checkpoints
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout, and its tokenizer.

    ``architecture`` may name the ``class`` (default: what AutoModel takes for the config) and
    keyword arguments of its config."""
    model = model_of(row, weights, trained)
    tokenize = text_input(row, weights, model.config)
    notes: dict = {}

    def prepare(items: Items) -> dict[str, Tensor]:
        return tokenize(items.texts, notes)

    def run(batch: dict[str, Tensor]) -> None:
        model(**batch)

    return Network(
        model, prepare, run, lambda layer, batch: batch["attention_mask"].bool(), notes=notes
    )


def model_of(
    row: Row, weights: Weights, trained: bool, default: str = "AutoModel"
) -> transformers.PreTrainedModel:
    """Return the model of a transformers folder, in float32, every key accounted for.

    Raises
    ------
    InputError
        If the folder is not one, the class is unknown, or keys are missing or left over (but for
        the row's ``ignore_keys``).
    """
    path = weights.path
    options = dict(row.architecture)
    name = options.pop("class", default)
    kind = getattr(transformers, name, None)
    if kind is None:
        raise InputError(
            "config/models.yaml",
            "architecture.class",
            repr(name),
            f"a model class of transformers {transformers.__version__}",
        )
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise InputError(
            path, "config.json", str(error).splitlines()[0], "a folder that transformers can read"
        ) from None
    for key, value in options.items():
        if not hasattr(config, key):
            raise InputError(
                "config/models.yaml",
                f"architecture.{key}",
                "an unknown setting",
                f"a setting of {type(config).__name__}, or class",
            )
        setattr(config, key, value)
    if not trained:
        make = kind.from_config if name.startswith("Auto") else kind
        return make(config).float()
    try:
        model, info = kind.from_pretrained(
            path,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, AttributeError, TypeError) as error:
        raise InputError(
            path, "", str(error).strip().splitlines()[0], f"the config and weights of a {name}"
        ) from None
    left = checkpoints.left_over(info["unexpected_keys"], ["*position_ids", *row.ignore_keys])
    checkpoints.check_keys(
        sorted(info["missing_keys"]),
        left,
        [str(key) for key in info["mismatched_keys"]],
        type(model).__name__,
        path,
    )
    return model


def text_input(row: Row, weights: Weights, config):
    """Return (texts, notes) -> ``input_ids`` and ``attention_mask`` (and token types), padded on
    the right.

    Texts are padded to the longest of a batch, or to the row's ``text_length`` where a layer is
    flattened. An empty text becomes the tokenizer's end token if it would have no token at all."""
    folder = (weights.tokenizer or weights).path
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise InputError(
            folder,
            "tokenizer",
            str(error).splitlines()[0],
            "a tokenizer that transformers can read",
        ) from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    limit = min(getattr(config, "max_position_embeddings", None) or 512, tokenizer.model_max_length)
    length = row.text_length or min(limit, 512)
    if length > limit:
        raise InputError(
            "config/models.yaml",
            "text_length",
            str(length),
            f"at most {limit}, which the model can read",
        )
    padding = "max_length" if "flatten" in row.layers.values() else "longest"
    if len(tokenizer) > getattr(config, "vocab_size", len(tokenizer)):
        raise InputError(
            folder,
            "",
            f"a tokenizer of {len(tokenizer)} tokens",
            f"at most the model's {config.vocab_size}",
        )

    def tokenize(texts: list[str], notes: dict) -> dict[str, Tensor]:
        encoded = tokenizer(texts, truncation=True, max_length=length)
        full = [i for i, ids in enumerate(encoded["input_ids"]) if len(ids) == length]
        if full:
            longer = tokenizer([texts[i] for i in full], truncation=False, verbose=False)[
                "input_ids"
            ]
            notes.setdefault("truncated_texts", set()).update(
                texts[i] for i, ids in zip(full, longer, strict=True) if len(ids) > length
            )
        for ids, mask in zip(encoded["input_ids"], encoded["attention_mask"], strict=True):
            if not ids:
                ids.append(tokenizer.eos_token_id)
                mask.append(1)
        # all zero for single texts, which is what models assume
        encoded.pop("token_type_ids", None)
        return dict(tokenizer.pad(encoded, padding=padding, max_length=length, return_tensors="pt"))

    return tokenize
