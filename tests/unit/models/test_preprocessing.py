"""Pictures are processed as the source's own library does, option by option, or refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import timm
import tiny_checkpoints as tiny
import torch
import yaml
from helpers.networks import row_of, weights_at
from helpers.scripts import REPOSITORY
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torchvision import transforms

from fusion.io.errors import InputError
from fusion.models.families import open_clip_family, timm_vision
from fusion.models.run import images
from fusion.models.run.network import Items

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 61, 97, 3), dtype=np.uint8)
VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 1, "num_heads": 4}


def prepared(network):
    return network.prepare(Items(None, FRAMES, None))["pixels"]


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("crop", [0.9, 1.0])
@pytest.mark.parametrize("filter_", ["bilinear", "bicubic", "nearest"])
def test_timms_options(tmp_path, mode, crop, filter_):
    folder = tiny.timm_folder(tmp_path, "vit_tiny_patch16_224", **VIT)
    path = folder / "config.json"
    described = json.loads(path.read_text())
    own = {"crop_mode": mode, "crop_pct": crop, "interpolation": filter_, "input_size": [3, 32, 32]}
    described["pretrained_cfg"] |= own
    path.write_text(json.dumps(described))
    row = row_of(family="timm_vision", feed="image")
    found = prepared(timm_vision.load(row, weights_at(folder), True))
    config = resolve_model_data_config(timm.create_model(f"local-dir:{folder}"))
    assert (config["crop_mode"], config["crop_pct"]) == (mode, crop)
    steps = create_transform(**config)
    expected = torch.stack([steps(Image.fromarray(frame)) for frame in FRAMES])
    assert float((found - expected).abs().max()) == 0.0


def test_timms_rectangles(tmp_path):
    options = VIT | {"img_size": (32, 48)}
    folder = tiny.timm_folder(tmp_path, "vit_tiny_patch16_224", **options)
    path = folder / "config.json"
    described = json.loads(path.read_text())
    described["pretrained_cfg"]["input_size"] = [3, 32, 48]
    path.write_text(json.dumps(described))
    found = prepared(timm_vision.load(row_of(family="timm_vision"), weights_at(folder), True))
    assert found.shape == (2, 3, 32, 48)


@pytest.mark.parametrize(
    "given",
    [
        {"size": 48},
        {"resize": "squash", "crop": 0.8},
        {"interpolation": "bilinear", "normalise": "clip"},
    ],
)
def test_a_row_changes_what_it_names_and_nothing_else(tmp_path, given):
    folder = tiny.timm_folder(tmp_path, "vit_tiny_patch16_224", **VIT, dynamic_img_size=True)
    row = row_of(family="timm_vision", feed="image", preprocess=given)
    network = timm_vision.load(row, weights_at(folder), True)
    config = resolve_model_data_config(network.module)
    size, crop = given.get("size", config["input_size"][-1]), given.get("crop", config["crop_pct"])
    normalise = images.CLIP if "normalise" in given else images.HALF
    mode = given.get("interpolation", config["interpolation"])
    mode = transforms.InterpolationMode(mode)
    edge = int(size / crop)
    steps = transforms.Compose(
        [
            transforms.Resize((edge, edge) if "resize" in given else edge, mode),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize(**normalise),
        ]
    )
    expected = torch.stack([steps(Image.fromarray(frame)) for frame in FRAMES])
    assert float((prepared(network) - expected).abs().max()) < 1e-6


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
@pytest.mark.parametrize("filter_", ["bicubic", "bilinear"])
def test_open_clips_options(tmp_path, mode, filter_):
    import open_clip

    folder = tiny.open_clip_folder(tmp_path)
    path = folder / "open_clip_config.json"
    described = json.loads(path.read_text())
    described["preprocess_cfg"] |= {"resize_mode": mode, "interpolation": filter_}
    path.write_text(json.dumps(described))
    row = row_of(family="open_clip", feed="image")
    found = prepared(open_clip_family.load(row, weights_at(folder), True))
    _, steps = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    expected = torch.stack([steps(Image.fromarray(frame)) for frame in FRAMES])
    assert float((found - expected).abs().max()) == 0.0
    with pytest.raises(InputError, match="preprocess.crop"):
        row = row_of(family="open_clip", feed="image", preprocess={"crop": 0.9})
        open_clip_family.load(row, weights_at(folder), True)


def test_a_trained_open_clip_row_logs_nothing_about_random_weights(tmp_path, caplog):
    folder = tiny.open_clip_folder(tmp_path)
    caplog.clear()
    open_clip_family.load(row_of(family="open_clip", feed="joint"), weights_at(folder), True)
    assert "random" not in caplog.text


def test_quick_gelu_where_a_checkpoint_was_trained_with_it(tmp_path):
    import open_clip

    assert timm_vision.with_quick_gelu("vit_base_patch16_clip_224", "openai") == (
        "vit_base_patch16_clip_quickgelu_224"
    )
    assert timm_vision.with_quick_gelu("vit_base_patch16_clip_224", "laion2b") is None
    assert timm_vision.with_quick_gelu("vit_base_patch16_224", "openai") is None
    options = {"img_size": 32, "embed_dim": 64, "depth": 1, "num_heads": 1}
    folder = tiny.timm_folder(tmp_path, "vit_base_patch32_clip_224", **options)
    path = folder / "config.json"
    described = json.loads(path.read_text())
    described["pretrained_cfg"]["tag"] = "openai"
    path.write_text(json.dumps(described))
    network = timm_vision.load(row_of(family="timm_vision"), weights_at(folder), True)
    assert type(network.module.blocks[0].mlp.act).__name__ == "QuickGELU"
    (tmp_path / "clip").mkdir()
    clip = tiny.open_clip_folder(tmp_path / "clip")
    config = json.loads((clip / "open_clip_config.json").read_text())
    del config["model_cfg"]["quick_gelu"]
    (clip / "open_clip_config.json").write_text(json.dumps(config))
    quick = open_clip.transformer.QuickGELU
    model = open_clip_family.model_of(row_of(), weights_at(clip), True)
    assert not isinstance(model.visual.transformer.resblocks[0].mlp.gelu, quick)
    source = "hf:timm/vit_base_patch16_clip_224.openai@main"
    weights = replace(weights_at(clip), source=source)
    model = open_clip_family.model_of(row_of(), weights, True)
    assert isinstance(model.visual.transformer.resblocks[0].mlp.gelu, quick)


def test_declared_preprocessing_of_the_zoo_is_torchvisions():
    """SLIP, ALBEF and BLIP rows, which come without a library's config, against torchvision."""
    zoo = yaml.safe_load((REPOSITORY / "config/models.yaml").read_text())
    rows = {name: row for name, row in zoo.items() if row["family"] in ("slip", "albef")}
    assert rows
    for row in rows.values():
        squash = row["family"] == "albef"
        defaults = (
            {"size": 32, "resize": "squash", "interpolation": "bicubic", "normalise": "clip"}
            if squash
            else {"size": 32}
        )
        given = {key: value for key, value in row.get("preprocess", {}).items() if key != "size"}
        found = images.own(row_of(preprocess=given), **defaults)(FRAMES)
        mode = transforms.InterpolationMode("bicubic" if squash else "bilinear")
        steps = transforms.Compose(
            [
                transforms.Resize((32, 32) if squash else 32, mode),
                transforms.CenterCrop(32),
                transforms.ToTensor(),
                transforms.Normalize(**(images.CLIP if squash else images.IMAGENET)),
            ]
        )
        expected = torch.stack([steps(Image.fromarray(frame)) for frame in FRAMES])
        assert float((found - expected).abs().max()) < 1e-6
