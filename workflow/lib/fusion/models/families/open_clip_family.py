"""Any model of open_clip (OpenAI CLIP, SigLIP ..) from a folder with open_clip_config.json."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
from open_clip.pretrained import _PRETRAINED
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.io.text import read_json
from fusion.models.families.transformers_text import affixes, check_case
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Batch, Items, Network
from fusion.models.run.texts import Texts
from fusion.models.spec import Row, Weights

WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)
RESIZE = {"crop": "shortest", "squash": "squash"}


def model_of(row: Row, weights: Weights, trained: bool) -> nn.Module:
    """Return the two-tower model of a folder; ``architecture`` holds arguments of
    ``open_clip.create_model``.
    """
    folder = Path(weights.path)
    if not (folder / "open_clip_config.json").is_file():
        raise InputError(
            folder, "", "no open_clip_config.json", "a folder as open_clip saves models"
        )
    options: dict[str, Any] = {
        "load_weights": False,
        "pretrained_image": False,
        "pretrained_text": False,
        "force_quick_gelu": trained_with_quick_gelu(weights.source, folder),
    }
    try:
        with _quiet():
            model: nn.Module = open_clip.create_model(
                f"local-dir:{folder}", **(options | row.architecture)
            )
    except Exception as error:
        raise InputError(
            folder,
            "open_clip_config.json",
            (str(error).splitlines() or [type(error).__name__])[0],
            f"a model of open_clip {open_clip.__version__}, all of whose towers lie in the folder",
        ) from None
    if trained:
        file = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
        if file is None:
            raise InputError(folder, "", "no weights file", f"one of {', '.join(WEIGHTS)}")
        state = checkpoints.state_dict(file, rename=row.rename_keys)
        checkpoints.load_strict(model, state, file, row.ignore_keys)
    return model


def trained_with_quick_gelu(source: str, folder: Path) -> bool:
    """Return whether a checkpoint's config or name says that it was trained with QuickGELU."""
    config = read_json(folder / "open_clip_config.json")
    if config.get("model_cfg", {}).get("quick_gelu"):
        return True
    tag = source.split("@")[0].rsplit("/", 1)[-1].rpartition(".")[2]
    tags = {
        name
        for family in _PRETRAINED.values()
        for name, entry in family.items()
        if entry.get("quick_gelu")
    }
    return tag in tags & {"openai", "metaclip_400m", "metaclip_fullcc", "dfn2b", "dfn5b"}


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide open_clip's warning that no weights are loaded: they are loaded by name afterwards."""
    root = logging.getLogger()
    hide = lambda record: "initialized randomly" not in record.getMessage()  # noqa: E731
    handlers = list(root.handlers)
    for handler in handlers:
        handler.addFilter(hide)
    root.addFilter(hide)
    try:
        yield
    finally:
        root.removeFilter(hide)
        for handler in handlers:
            handler.removeFilter(hide)


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row: image tower, text tower, or both. Images are processed by
    open_clip's own transform, but for what the row says.
    """
    model: Any = model_of(row, weights, trained)
    preprocess = images.of_library(image_transform_v2(transform_config(row, model), is_train=False))
    texts = text_input(row, weights) if row.feed != "image" else None

    def prepare(items: Items) -> Batch:
        batch = {"pixels": preprocess(items.images)} if items.images is not None else {}
        if items.texts is not None and texts is not None:
            batch["ids"], batch["tokens"] = texts(items.texts)
        return batch

    def run(batch: Batch) -> None:
        if "pixels" in batch:
            model.encode_image(batch["pixels"])
        if "ids" in batch:
            model.encode_text(batch["ids"])

    def tokens(layer: str, batch: Batch) -> Tensor | None:
        return None if layer.startswith("visual") else batch["tokens"]

    return Network(
        model,
        prepare,
        run,
        texts,
        tokens,
        image_only=("visual",),
        text_only=("*",),
        notes={"preprocessing": preprocess.described} if row.feed != "text" else {},
    )


def transform_config(row: Row, model: nn.Module) -> PreprocessCfg:
    """Return the model's own preprocessing with what the row says instead.

    Raises
    ------
    InputError
        For ``crop``, which open_clip does not have.
    """
    given = row.preprocess
    if "crop" in given:
        raise row.error("preprocess.crop", given["crop"], "size, resize, interpolation, normalise")
    config = PreprocessCfg(**open_clip.get_model_preprocess_cfg(model))
    changes: dict[str, Any] = images.statistics(row)
    changes |= {key: given[key] for key in ("size", "interpolation") if key in given}
    if "resize" in given:
        changes["resize_mode"] = RESIZE[given["resize"]]
    return dataclasses.replace(config, **changes)


def text_input(row: Row, weights: Weights) -> Texts:
    """Return how open_clip's tokenizer of a folder makes tokens."""
    try:
        tokenizer: Any = open_clip.get_tokenizer(
            f"local-dir:{weights.path}", context_length=row.text_length
        )
    except Exception as error:
        raise InputError(
            weights.path,
            "tokenizer",
            (str(error).splitlines() or [type(error).__name__])[0],
            "a tokenizer in the folder",
        ) from None
    length = tokenizer.context_length or 77
    if not hasattr(tokenizer, "tokenizer"):
        return Texts(
            encode=tokenizer.encode,
            begin=(tokenizer.sot_token_id,),
            end=(tokenizer.eot_token_id,),
            pad=0,
            length=length,
            fixed=True,
        )
    inner = tokenizer.tokenizer
    check_case(inner, row)
    begin, end = affixes(inner)
    if tokenizer.strip_sep_token:
        begin, end = (
            tuple(0 if i == inner.sep_token_id else i for i in ids) for ids in (begin, end)
        )
    return Texts(
        encode=lambda text: list(inner(text, add_special_tokens=False)["input_ids"]),
        begin=begin,
        end=end,
        pad=inner.pad_token_id or 0,
        length=length,
        unknown=inner.unk_token_id,
        class_token=bool(begin) and begin[0] == inner.cls_token_id,
        clean=tokenizer.clean_fn,
        fixed=True,
    )
