"""Any vision model of timm, from a folder as timm saves them or from a bare checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform
from torch import nn

from fusion.io.errors import InputError
from fusion.io.text import read_json
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Batch, Items, Network
from fusion.models.spec import Row, Weights

WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def model_of(row: Row, weights: Weights, trained: bool) -> nn.Module:
    """Return the model without its classifier.

    A folder names its architecture itself; for a bare file ``architecture.name`` does. Other
    entries of ``architecture`` are arguments of the model.

    Raises
    ------
    InputError
        If timm does not know the architecture or the weights do not fit it.
    """
    path = Path(weights.path)
    options = dict(row.architecture)
    name = options.pop("name", None)
    described: dict[str, Any] = {}
    if path.is_dir():
        files = [path / file for file in WEIGHTS if (path / file).is_file()]
        if not files or not (path / "config.json").is_file():
            raise InputError(
                path,
                "",
                "no config.json with model.safetensors or pytorch_model.bin",
                "a folder as timm saves models",
            )
        described = read_json(path / "config.json")
        described_name = described.get("architecture", "")
        tag = described.get("pretrained_cfg", {}).get("tag", "")
        quick = with_quick_gelu(described_name, tag) if not name else None
        if quick:
            given = described.get("model_args") or {}
            options = {key: given[key] for key in given if key != "num_classes"} | options
        name, path = name or quick or f"local-dir:{path}", files[0]
    if not name:
        raise row.error(
            "architecture.name",
            "nothing",
            "a timm model name, for a checkpoint that is a bare file",
        )
    try:
        model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **options)
    except Exception as error:
        raise row.error(
            "architecture",
            f"{name} {options or ''} ({error})",
            f"a model of timm {timm.__version__}",
        ) from None
    if trained:
        classifier: Any = getattr(model, "pretrained_cfg", {}).get("classifier") or ()
        heads = [classifier] if isinstance(classifier, str) else list(classifier)
        state = checkpoints.state_dict(path, rename=row.rename_keys)
        # A head of several layers is left out as a whole, the classifier being its last.
        ignore = [*(f"{head.split('.')[0]}.*" for head in heads), *row.ignore_keys]
        checkpoints.load_strict(model, state, path, ignore)
    return model


def with_quick_gelu(name: str, tag: str) -> str | None:
    """Return the name of a CLIP's architecture with QuickGELU, if its weights were trained so.

    timm registers such weights (OpenAI's, MetaCLIP's, DFN's) a second time, under an architecture
    of its own, while the older entry runs them with GELU.
    """
    if "_clip_" not in name or "quickgelu" in name:
        return None
    quick = name.replace("_clip_", "_clip_quickgelu_")
    return quick if tag and f"{quick}.{tag}" in timm.list_pretrained(f"{quick}.*") else None


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row; images are processed by timm's own transform, with the model's
    own config but for what the row says.
    """
    model = model_of(row, weights, trained)
    config: dict[str, Any] = resolve_model_data_config(model)  # type: ignore[no-untyped-call]
    preprocess = images.of_library(create_transform(**(config | overrides(row)), is_training=False))

    def prepare(items: Items) -> Batch:
        return {"pixels": preprocess(images.needed(items.images))}

    notes = {"preprocessing": preprocess.described}
    return Network(model, prepare, lambda batch: model(batch["pixels"]), notes=notes)


def overrides(row: Row) -> dict[str, Any]:
    """Return timm's names for what a row says of preprocessing."""
    given = row.preprocess
    made: dict[str, Any] = images.statistics(row)
    if "size" in given:
        made["input_size"] = (3, given["size"], given["size"])
    if "resize" in given:
        made["crop_mode"] = {"crop": "center", "squash": "squash"}[given["resize"]]
    if "crop" in given:
        made["crop_pct"] = given["crop"]
    if "interpolation" in given:
        made["interpolation"] = given["interpolation"]
    return made
