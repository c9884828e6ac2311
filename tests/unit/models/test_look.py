"""Layouts are found out: prefix tokens, axes of channels, number of calls; and what is refused."""

import json

import numpy as np
import pytest
import tiny_checkpoints as tiny
import torch
import transformers as T
from helpers.networks import row_of, weights_at

from fusion.io.errors import InputError
from fusion.models.families import registry as families
from fusion.models.run import extract, hooks
from fusion.models.run.look import leading, look
from fusion.models.run.network import Items

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)
TEXTS = ["the red circle moves", "a blue square", "up"]
SIZES = {**tiny.HIDDEN, **tiny.SMALL}


def looked(folder, family="transformers_vision", feed="image", **given):
    """Return the network of a row, and its layers after the first look."""
    row = row_of(family=family, feed=feed, modality="vision", **given)
    network = families.build("tiny", row, weights_at(folder), "trained", 0)
    return network, look(network, hooks.expand(network.module, row), row, frames=[0, 1])


def values(network, layers, feed="image"):
    """Return layer -> features of three items."""

    def items(start, stop):
        images = FRAMES[start:stop] if feed != "text" else None
        return Items(np.arange(start, stop), images, TEXTS[start:stop] if feed == "text" else None)

    running = extract.Running(torch.device("cpu"))
    return next(extract.features(network, layers, 3, items, running))[2]


def vision_folder(folder, kind, config):
    tiny.seeded(getattr(T, kind), config).save_pretrained(folder)
    size = {"height": config.image_size, "width": config.image_size}
    T.ViTImageProcessorPil(size=size).save_pretrained(folder)
    return folder


WRAPPED = {
    "vit": ("ViTForImageClassification", T.ViTConfig(**SIZES), "vit.layers.*", 1),
    "deit": (
        "DeiTForImageClassificationWithTeacher",
        T.DeiTConfig(**SIZES),
        "deit.layers.*",
        2,
    ),
    "clip": ("CLIPVisionModel", T.CLIPVisionConfig(**SIZES), "*.layers.*", 1),
    "dinov2": ("Dinov2Model", T.Dinov2Config(**SIZES), "*.layer.*", 1),
    "registers": (
        "Dinov2WithRegistersModel",
        T.Dinov2WithRegistersConfig(**SIZES, num_register_tokens=4),
        "*.layer.*",
        5,
    ),
    "siglip": ("SiglipVisionModel", T.SiglipVisionConfig(**SIZES), "*.layers.*", 0),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_prefix_tokens_of_wrapped_and_plain_image_encoders(tmp_path, name):
    kind, config, _, prefix = WRAPPED[name]
    folder = vision_folder(tmp_path, kind, config)
    model = getattr(T, kind).from_pretrained(folder)
    pattern = tiny.blocks(model)
    given = {"architecture": {"class": kind}, "layers": {pattern: "mean"}}
    network, layers = looked(folder, **given)
    assert {layer.prefix for layer in layers.values()} == {prefix}
    found = list(values(network, layers).values())[-1]
    outputs = []
    last = dict(model.named_modules())[list(layers)[-1]]
    last.register_forward_hook(lambda m, i, o: outputs.append(hooks.first_tensor(o)))
    pixels = T.AutoImageProcessor.from_pretrained(folder, backend="pil")(
        list(FRAMES), return_tensors="pt"
    )
    with torch.inference_mode():
        model(**pixels)
    assert np.abs(found - outputs[0][:, prefix:].mean(1).numpy()).max() < 1e-5
    given["layers"] = {pattern: "cls"}
    if prefix:
        looked(folder, **given)
    else:
        with pytest.raises(InputError, match="without a class token"):
            looked(folder, **given)


@pytest.mark.parametrize(
    ("name", "options", "layers", "prefix"),
    [
        ("vit_tiny_patch16_224", {"class_token": False, "global_pool": "avg"}, "blocks.*", 0),
        ("vit_tiny_patch16_224", {}, "blocks.*", 1),
        ("vit_small_patch16_224", {"reg_tokens": 4}, "blocks.*", 5),
        ("deit_tiny_distilled_patch16_224", {}, "blocks.*", 2),
        ("cait_xxs24_224", {}, "blocks.*", 0),
    ],
)
def test_prefix_tokens_of_timms_networks(tmp_path, name, options, layers, prefix):
    options = {
        "img_size": 32,
        "patch_size": 8,
        "embed_dim": 48,
        "depth": 2,
        "num_heads": 4,
    } | options
    folder = tiny.timm_folder(tmp_path, name, **options)
    _, known = looked(folder, "timm_vision", layers={layers: "mean"})
    assert {layer.prefix for layer in known.values()} == {prefix}
    if prefix == 0:
        with pytest.raises(InputError, match="without a class token"):
            looked(folder, "timm_vision", layers={layers: "cls"})
    if name.startswith("cait"):
        _, joined = looked(
            folder, "timm_vision", layers={"norm": "cls", "blocks_token_only.*": "cls"}
        )
        assert [layer.prefix for layer in joined.values()] == [1] * len(joined)


def test_how_many_tokens_come_before_the_patches():
    assert leading(197, {196}, True) == 1
    assert leading(196, {196}, True) == 0
    assert leading(1, {196}, True) == 1
    assert leading(50, {112 * 112, 3136, 784, 196, 49}, True) == 1  # a convolutional stem
    assert leading(49, {3136}, False) == 0  # patches merged twice
    assert leading(64, {196}, True) is None


@pytest.mark.parametrize("dims", [(8, 16, 32, 64), (12, 16, 32, 64)])
def test_channels_of_convnexts_inner_layers(tmp_path, dims):
    folder = tiny.timm_folder(tmp_path, "convnext_base", depths=(1, 1, 1, 1), dims=dims)
    inside = ["conv_dw", "norm", "mlp", "mlp.fc1", "drop_path"]
    names = {f"stages.{s}.blocks.0.{name}": "mean" for s in (0, 1) for name in inside}
    row = {"layers": names | {"stages.*": "mean"}, "preprocess": {"size": 32}}
    network, layers = looked(folder, "timm_vision", **row)
    last = {name for name, layer in layers.items() if layer.channels == "last"}
    assert last == {name for name in names if name.endswith(("norm", "mlp", "fc1"))}
    found = values(network, layers)
    widths = {"conv_dw": 1, "norm": 1, "mlp": 1, "mlp.fc1": 4, "drop_path": 1}
    for s in (0, 1):
        for name in inside:
            assert found[f"stages.{s}.blocks.0.{name}"].shape == (3, dims[s] * widths[name])


def test_a_random_mask_is_refused(tmp_path):
    config = T.ViTMAEConfig(**SIZES, mask_ratio=0.5)
    folder = vision_folder(tmp_path, "ViTMAEModel", config)
    pattern = tiny.blocks(T.ViTMAEModel.from_pretrained(folder))
    with pytest.raises(InputError, match="equal inputs"):
        looked(folder, layers={pattern: "cls"}, architecture={"class": "ViTMAEModel"})


def test_every_call_of_a_shared_module_is_a_layer(tmp_path):
    config = T.AlbertConfig(vocab_size=len(tiny.VOCABULARY), embedding_size=16, **tiny.HIDDEN)
    tiny.seeded(T.AlbertModel, config).save_pretrained(tmp_path)
    tiny.bert_tokenizer(tmp_path)
    path = "encoder.albert_layer_groups.0.albert_layers.0"
    network, layers = looked(tmp_path, "transformers_text", "text", layers={path: "cls"})
    assert list(layers) == [f"{path}@{i}" for i in range(3)]
    found = values(network, layers, "text")
    model = T.AlbertModel.from_pretrained(tmp_path)
    tokenizer = T.AutoTokenizer.from_pretrained(tmp_path)
    with torch.inference_mode():
        inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
        states = model(**inputs, output_hidden_states=True).hidden_states[1:]
    for i, state in enumerate(states):
        assert np.abs(found[f"{path}@{i}"] - state[:, 0].numpy()).max() < 1e-5


def test_a_layer_that_depends_on_no_input_is_refused(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    with pytest.raises(InputError, match="same values for different inputs"):
        looked(folder, "transformers_text", "text", layers={"embeddings": "cls"})


def test_a_language_model_has_no_class_token(tmp_path):
    folder = tiny.gpt2_folder(tmp_path)
    with pytest.raises(InputError, match="without a class token"):
        looked(folder, "transformers_text", "text", layers={"h.*": "cls"})


def test_windows_of_an_image_are_no_inputs(tmp_path):
    options = {
        "img_size": 32,
        "window_size": 2,
        "embed_dim": 16,
        "depths": (1, 1),
        "num_heads": (2, 2),
    }
    folder = tiny.timm_folder(tmp_path, "swin_tiny_patch4_window7_224", **options)
    with pytest.raises(InputError, match="first axis is not theirs"):
        looked(folder, "timm_vision", layers={"layers.0.blocks.0.attn": "mean"})
    _, layers = looked(folder, "timm_vision", layers={"layers.*.blocks.*": "mean"})
    assert {layer.channels for layer in layers.values()} == {"last"}


@pytest.mark.parametrize(
    ("family", "maker", "layer"),
    [
        (
            "transformers_vision",
            lambda f: vision_folder(f, "ViTModel", T.ViTConfig(**SIZES)),
            "layernorm",
        ),
        ("slip", tiny.slip_file, "visual.norm"),
        ("open_clip", tiny.open_clip_folder, "visual.ln_post"),
        ("flava", tiny.flava_folder, "multimodal_model.encoder.layer.1"),
    ],
)
def test_an_image_size_that_does_not_fit_is_one_error(tmp_path, family, maker, layer):
    row = {
        "preprocess": {"size": 48, "normalise": "half", "interpolation": "bicubic"},
        "layers": {layer: "cls"},
        "ignore_keys": ["*_head.*", "image_codebook.*"] if family == "flava" else [],
    }
    with pytest.raises(InputError, match=r"zoo\.yaml: model tiny, family .*does not run") as error:
        looked(maker(tmp_path), family, "joint" if family == "flava" else "image", **row)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "config", "hint"),
    [
        (
            "T5Model",
            T.T5Config(vocab_size=40, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4),
            "T5EncoderModel",
        ),
        (
            "CLIPModel",
            T.CLIPConfig(
                text_config={"vocab_size": 40, **tiny.HIDDEN}, vision_config=SIZES, projection_dim=8
            ),
            "CLIPTextModel",
        ),
    ],
)
def test_networks_of_two_inputs_by_their_hub_name_are_one_error(tmp_path, kind, config, hint):
    tiny.seeded(getattr(T, kind), config).save_pretrained(tmp_path)
    tiny.bert_tokenizer(tmp_path)
    names = [name for name, _ in getattr(T, kind).from_pretrained(tmp_path).named_modules()]
    layer = next(name for name in names if name.endswith(("layer_norm", "layer_norm1")))
    with pytest.raises(InputError, match=hint):
        looked(tmp_path, "transformers_text", "text", layers={layer: "mean"})


def test_a_prefix_that_cannot_be_told_is_asked_for(tmp_path):
    folder = vision_folder(tmp_path, "ViTModel", T.ViTConfig(**SIZES))
    pattern = tiny.blocks(T.ViTModel.from_pretrained(folder))
    network, layers = looked(folder, layers={pattern: "mean"}, prefix_tokens={pattern: 3})
    assert {layer.prefix for layer in layers.values()} == {3}
    assert json.loads((folder / "config.json").read_text())["image_size"] == 32
    assert values(network, layers)


def test_tokens_after_the_patches_are_in_no_mean(tmp_path):
    """YOLOS has a class token before the patches and detection tokens after them."""
    given = SIZES | {"image_size": [32, 32]}
    config = T.YolosConfig(**given, num_detection_tokens=5)
    tiny.seeded(T.YolosModel, config).save_pretrained(tmp_path)
    T.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    pattern = tiny.blocks(T.YolosModel.from_pretrained(tmp_path))
    row = {"architecture": {"class": "YolosModel"}}
    with pytest.raises(InputError, match="5 tokens among or after the patches"):
        looked(tmp_path, layers={pattern: "mean"}, **row)
    _, layers = looked(tmp_path, layers={pattern: "cls"}, **row)
    assert {layer.prefix for layer in layers.values()} == {1}


def test_patches_in_random_order_have_a_mean(tmp_path):
    """ViT-MAE without a mask still shuffles the patches: means and class tokens do not change."""
    folder = vision_folder(tmp_path, "ViTMAEModel", T.ViTMAEConfig(**SIZES, mask_ratio=0.0))
    model = T.ViTMAEModel.from_pretrained(folder)
    pattern = tiny.blocks(model)
    row = {"architecture": {"class": "ViTMAEModel"}}
    pixels = T.AutoImageProcessor.from_pretrained(folder, backend="pil")(
        list(FRAMES), return_tensors="pt"
    )
    with torch.inference_mode():
        state = model(**pixels, output_hidden_states=True).hidden_states[-1]
    for pooling, expected in (("mean", state[:, 1:].mean(1)), ("cls", state[:, 0])):
        network, layers = looked(folder, layers={pattern: pooling}, **row)
        found = list(values(network, layers).values())[-1]
        assert np.abs(found - expected.numpy()).max() < 1e-5
    with pytest.raises(InputError, match="equal inputs"):
        looked(folder, layers={pattern: "flatten"}, **row)


def test_a_text_whose_values_depend_on_its_batch_is_refused(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    row = row_of(family="transformers_text", feed="text", layers={"encoder.layer.*": "cls"})
    network = families.build("tiny", row, weights_at(folder), "trained", 0)
    layers = hooks.expand(network.module, row)
    look(network, layers, row)
    network.run = lambda batch: network.module(input_ids=batch["input_ids"])  # no mask
    with pytest.raises(InputError, match="depend on how long the other texts"):
        look(network, layers, row)


def test_several_streams_of_a_module_are_not_taken_for_one():
    assert hooks.first_tensor((torch.zeros(2), torch.ones(3))).shape == (2,)
    with pytest.raises(ValueError, match="several tensors"):
        hooks.first_tensor([torch.zeros(2), torch.ones(3)])
    assert hooks.first_tensor({"last_hidden_state": [torch.zeros(2)]}).shape == (2,)


def test_sound_encoders_of_other_kinds_are_one_error(tmp_path):
    config = T.ASTConfig(**tiny.HIDDEN, num_mel_bins=16, max_length=24, patch_size=8)
    tiny.seeded(T.ASTModel, config).save_pretrained(tmp_path)
    T.Wav2Vec2FeatureExtractor().save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"architecture\.class.*ASTModel"):
        looked(tmp_path, "transformers_audio", "sound", layers={"encoder.layer.*": "mean"})
