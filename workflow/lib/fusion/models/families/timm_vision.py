"""Any vision model of timm, from a folder as timm saves them or from a bare checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import timm
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from fusion.io.errors import InputError
from fusion.models.run import checkpoints, images
from fusion.models.run.network import Items, Network
from fusion.models.spec import Row, Weights


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
    if path.is_dir():
        files = [
            file
            for file in (path / "model.safetensors", path / "pytorch_model.bin")
            if file.is_file()
        ]
        if not files or not (path / "config.json").is_file():
            raise InputError(
                path,
                "",
                "no config.json with model.safetensors or pytorch_model.bin",
                "a folder as timm saves models",
            )
        name, path = name or f"local-dir:{path}", files[0]
    if not name:
        raise InputError(
            "config/models.yaml",
            "architecture.name",
            "nothing",
            "a timm model name, for a checkpoint that is a bare file",
        )
    try:
        model = timm.create_model(name, pretrained=False, num_classes=0, **options)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            "config/models.yaml",
            "architecture",
            f"{name} {options or ''} ({error})",
            f"a model of timm {timm.__version__}",
        ) from None
    if trained:
        classifier = model.pretrained_cfg.get("classifier") or ()
        heads = [
            f"{head}.*" for head in ((classifier,) if isinstance(classifier, str) else classifier)
        ]
        checkpoints.load_strict(
            model, checkpoints.state_dict(path), path, [*heads, *row.ignore_keys]
        )
    return model


def load(row: Row, weights: Weights, trained: bool) -> Network:
    """Return the network of a row; images are processed as the model's own config says unless the
    row says otherwise.
    """
    model = model_of(row, weights, trained)
    config = resolve_model_data_config(model)
    own = {
        "size": config["input_size"][-1],
        "resize": "squash" if config["crop_mode"] == "squash" else "crop",
        "crop": config["crop_pct"],
        "interpolation": config["interpolation"],
        "normalise": {"mean": list(config["mean"]), "std": list(config["std"])},
    }
    preprocess = partial(images.preprocess, **(own | row.preprocess))
    prefix = getattr(model, "num_prefix_tokens", 0)
    channels_last = getattr(model, "output_fmt", "NCHW") == "NHWC"

    def prepare(items: Items) -> dict[str, Tensor]:
        return {"pixels": preprocess(items.images)}

    return Network(
        model,
        prepare,
        lambda batch: model(batch["pixels"]),
        prefix=lambda layer: prefix,
        channels_last=channels_last,
    )
