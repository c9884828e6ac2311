"""Text encoders and decoders of transformers: BERT, MPNet, RoBERTa, GPT-2 and whatever AutoModel
knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.io.text import read_json
from fusion.models.run import checkpoints
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.texts import Texts
from fusion.models.spec import Row, Weights

#: Share of a vocabulary with capital letters beyond which it is meant for text as it is written.
CAPITALS = 0.05
#: Tokens that a network without a limit of its own is given at most.
LONGEST = 512
#: Implementations of attention, best first: those of torch and transformers themselves.
ATTENTION = ("sdpa", "eager")
#: Keys of a config that name such an implementation.
KERNELS = ("attn_implementation", "experts_implementation")

Model = TypeVar("Model")


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: a folder of transformers' own layout, and its tokenizer.

    ``architecture`` may name the ``class`` (default: what AutoModel takes for the config) and
    keyword arguments of its config.

    SigLIP was trained on texts padded to one length, and attends to the padding."""
    model = model_of(row, weights, trained)
    texts = text_input(row, weights, model)
    unmasked = str(model.config.model_type).startswith("siglip")
    texts.fixed = unmasked

    def prepare(items: Items) -> Batch:
        return as_batch(texts, items.texts or [])

    return Network(
        model,
        prepare,
        lambda batch: model(input_ids=batch["input_ids"]) if unmasked else model(**batch),
        texts,
        lambda layer, batch: batch["attention_mask"].bool(),
    )


def as_batch(texts: Texts, given: list[str]) -> Batch:
    """Return texts under the names that transformers' models take."""
    ids, counted = texts(given)
    return {"input_ids": ids, "attention_mask": counted.long()}


def model_of(row: Row, weights: Weights, trained: bool, default: str = "AutoModel") -> Any:
    """Return the model of a transformers folder, in float32, every key accounted for.

    Attention is computed as ``ATTENTION`` says, whatever the checkpoint's config names.

    Raises
    ------
    InputError
        If the folder is not one, asks for code of its own, the class is unknown, or keys are
        missing or left over (but for the row's ``ignore_keys``).
    """
    path = weights.path
    options = dict(row.architecture)
    name = options.pop("class", default)
    kind = getattr(transformers, name, None)
    if kind is None:
        raise row.error(
            "architecture.class",
            repr(name),
            f"a model class of transformers {transformers.__version__}",
        )
    if "class" not in row.architecture:
        refuse_code(path, "config.json", "architecture.class in the row: a class of transformers")
    refuse_kernels(path, "config.json")
    try:
        config = transformers.AutoConfig.from_pretrained(
            path, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise InputError(
            path, "config.json", _first_line(error), "a folder that transformers can read"
        ) from None
    for key, value in options.items():
        if not hasattr(config, key):
            raise row.error(
                f"architecture.{key}",
                "an unknown setting",
                f"a setting of {type(config).__name__}, or class",
            )
        setattr(config, key, value)
    if not trained:
        make = kind.from_config if name.startswith("Auto") else kind
        return attending(make, config).float()
    found = _weights(path, row)
    if found["pretrained_model_name_or_path"] is None and name.startswith("Auto"):
        kinds = kind._model_mapping[type(config)]
        kind = kinds[0] if isinstance(kinds, tuple) else kinds
    try:
        make = partial(
            kind.from_pretrained,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
            **found,
        )
        model, info = attending(lambda config: make(config=config), config)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            path, "", _first_line(error), f"the config and weights of a {name}"
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


def _weights(path: str, row: Row) -> dict[str, Any]:
    """Return where ``from_pretrained`` finds the weights: in the folder, or read here, where they
    are pickled or need other names.
    """
    folder = Path(path)
    safe = sorted(folder.glob("model*.safetensors"))
    pickled = sorted(folder.glob("pytorch_model*.bin"))
    if (safe and not row.rename_keys) or not (safe or pickled):
        return {"pretrained_model_name_or_path": path}
    state: dict[str, Tensor] = {}
    for file in safe or pickled:
        state |= checkpoints.state_dict(file, keys=())
    return {
        "pretrained_model_name_or_path": None,
        "state_dict": checkpoints.renamed(state, row.rename_keys, path),
    }


def attending(make: Callable[[Any], Model], config: Any) -> Model:
    """Return the model that ``make`` builds of a config, with the first implementation of
    ``ATTENTION`` that all its parts have.
    """
    for implementation in ATTENTION[:-1]:
        config._attn_implementation = implementation  # that of all parts, too
        try:
            return make(config)
        except ValueError as error:
            # how transformers says that a class has no such implementation
            if 'attn_implementation="eager"' not in str(error):
                raise
    config._attn_implementation = ATTENTION[-1]
    return make(config)


def refuse_code(path: str, name: str, accepted: str) -> None:
    """Raise ``InputError`` if a description asks for code that lies beside it.

    transformers would ignore the code and take a class of its own, which may be another network.
    """
    file = Path(path, name)
    described = read_json(file) if file.is_file() else {}
    if code := described.get("auto_map"):
        raise InputError(file, "auto_map", f"code of the checkpoint's own ({code})", accepted)


def refuse_kernels(path: str, name: str) -> None:
    """Raise ``InputError`` if a description, or one of its parts, names code of the hub for its
    attention or experts.

    Other names are those of libraries, and not used either (:func:`attending`).
    """
    file = Path(path, name)
    parts = [read_json(file)] if file.is_file() else []
    while parts:
        described = parts.pop()
        for key, value in described.items():
            if key.strip("_").removesuffix("_internal") in KERNELS and not _is_name(value):
                raise InputError(file, key, repr(value), f"{', '.join(ATTENTION)}, or no such key")
        parts += [value for value in described.values() if isinstance(value, dict)]


def _is_name(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.isidentifier())


def text_input(row: Row, weights: Weights, model: nn.Module) -> Texts:
    """Return how texts become tokens: cut to what the model reads, padded on the right.

    Raises
    ------
    InputError
        If the tokenizer cannot be read, does not fit the model, or would lower the case of a
        vocabulary with capitals; or if ``text_length`` is more than the model reads.
    """
    folder = (weights.tokenizer or weights).path
    refuse_code(folder, "tokenizer_config.json", "a tokenizer of transformers; see key tokenizer")
    try:
        tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise InputError(
            folder, "tokenizer", _first_line(error), "a tokenizer that transformers can read"
        ) from None
    check_case(tokenizer, row)
    config: Any = model.config
    limit = min(limit_of(model), tokenizer.model_max_length, own_limit(weights.path))
    length = row.text_length or min(limit, LONGEST)
    if length > limit:
        raise row.error("text_length", length, f"at most {limit}, which the model can read")
    vocabulary = getattr(config, "vocab_size", None)
    if vocabulary and len(tokenizer) > vocabulary:
        raise InputError(
            folder,
            "",
            f"a tokenizer of {len(tokenizer)} tokens",
            f"at most the model's {vocabulary}",
        )
    begin, end = affixes(tokenizer)
    pad = tokenizer.pad_token_id
    return Texts(
        encode=lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"]),
        begin=begin,
        end=end,
        pad=tokenizer.eos_token_id or 0 if pad is None else pad,
        length=length,
        unknown=tokenizer.unk_token_id,
        class_token=bool(begin) and begin[0] == tokenizer.cls_token_id,
        multiple=window_of(config),
    )


def limit_of(model: nn.Module) -> int:
    """Return how many tokens a model has positions for.

    RoBERTa and its kin begin to count after the padding's id: a table of 514 positions serves 512
    tokens.
    """
    config: Any = model.config
    limit = getattr(config, "max_position_embeddings", None)
    limit = limit if isinstance(limit, int) and limit > 0 else LONGEST
    for name, part in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            before = 0 if part.padding_idx is None else part.padding_idx + 1
            limit = min(limit, part.num_embeddings - before)
    return limit


def window_of(config: Any) -> int:
    """Return the number of tokens of which Longformer and its kin pad texts to a multiple."""
    window = getattr(config, "attention_window", 1)
    return math.lcm(*window) if isinstance(window, list | tuple) else int(window)


def own_limit(path: str) -> int:
    """Return ``max_seq_length`` of a folder of sentence-transformers, to which it was trained."""
    file = Path(path, "sentence_bert_config.json")
    limit = read_json(file).get("max_seq_length") if file.is_file() else None
    if not (limit is None or (isinstance(limit, int) and limit >= 0)):
        raise InputError(file, "key max_seq_length", repr(limit), "a number of tokens")
    return int(limit or 10**9)


def affixes(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids that a tokenizer puts before and after every text."""
    inner = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    whole = list(tokenizer("a")["input_ids"])
    for i in range(len(whole) - len(inner) + 1):
        if whole[i : i + len(inner)] == inner:
            return tuple(whole[:i]), tuple(whole[i + len(inner) :])
    raise InputError(
        str(tokenizer.name_or_path),
        "",
        "begin and end tokens that depend on the text",
        "fixed ones",
    )


def check_case(tokenizer: Any, row: Row) -> None:
    """Raise ``InputError`` for a tokenizer that lowers the case of text though its vocabulary has
    capitals: all names would be unknown to it.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    normalizer = getattr(backend, "normalizer", None)
    if normalizer is None or normalizer.normalize_str("A") != "a":
        return
    special = set(tokenizer.all_special_tokens)
    words = [word for word in tokenizer.get_vocab() if word not in special]
    capital = sum(any("A" <= letter <= "Z" for letter in word) for word in words) / max(
        1, len(words)
    )
    if capital > CAPITALS:
        raise row.error(
            "tokenizer",
            f"one that lowers the case of text, with a vocabulary of which {capital:.0%} has"
            " capitals",
            "tokenizer_config.json with do_lower_case: false, as the checkpoint was trained",
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
