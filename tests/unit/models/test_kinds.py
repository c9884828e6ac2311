"""Networks of many kinds, none of them in the zoo: every text by itself without padding, and every
picture by the library's own modules, give the same features, or the row is refused.
"""

import numpy as np
import pytest
import tiny_checkpoints as tiny
import torch
import transformers as T
from helpers.networks import row_of, weights_at

from fusion.io.errors import InputError
from fusion.models.families import registry as families
from fusion.models.run import extract, hooks
from fusion.models.run.look import look
from fusion.models.run.network import Items

FRAMES = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)
TEXTS = ["the red circle moves", "a blue square", "up"]
N = len(tiny.VOCABULARY)
WORDS = {"vocab_size": N, **tiny.HIDDEN}
PICTURES = {**tiny.HIDDEN, **tiny.SMALL}
T5 = {"vocab_size": N, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
BART = {"vocab_size": N, "d_model": 32, "encoder_layers": 2, "decoder_layers": 1, "pad_token_id": 0}
DEBERTA = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16}

#: Class -> what makes its config. Relative positions; several positions fewer than their table;
#: padding to windows; an encoder beside a decoder; local attention; states instead of attention;
#: position biases; rotary positions.
LANGUAGE = {
    "DebertaV2Model": lambda: T.DebertaV2Config(**WORDS, **DEBERTA),
    "XLMRobertaModel": lambda: T.XLMRobertaConfig(
        **WORDS, pad_token_id=1, max_position_embeddings=42
    ),
    "LongformerModel": lambda: T.LongformerConfig(
        **WORDS, pad_token_id=1, max_position_embeddings=66, attention_window=8
    ),
    "T5EncoderModel": lambda: T.T5Config(**T5),
    "BartModel": lambda: T.BartConfig(
        **BART, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=40
    ),
    "ModernBertModel": lambda: T.ModernBertConfig(
        **WORDS, pad_token_id=0, cls_token_id=2, sep_token_id=3, global_attn_every_n_layers=2
    ),
    "Gemma3TextModel": lambda: T.Gemma3TextConfig(
        **WORDS, num_key_value_heads=2, head_dim=8, sliding_window=4
    ),
    "MambaModel": lambda: T.MambaConfig(
        vocab_size=N, hidden_size=32, num_hidden_layers=2, state_size=8
    ),
    "FalconModel": lambda: T.FalconConfig(
        vocab_size=N, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, alibi=True
    ),
    "RoFormerModel": lambda: T.RoFormerConfig(
        **WORDS, embedding_size=32, max_position_embeddings=64
    ),
}
#: What is refused, and why.
REFUSED = {
    "FNetModel": (
        lambda: T.FNetConfig(vocab_size=N, hidden_size=32, num_hidden_layers=2),
        "depend on how long the other texts",
    ),
    "ConvBertModel": (
        lambda: T.ConvBertConfig(**WORDS, embedding_size=32),
        "depend on how long the other texts",
    ),
    "XLNetModel": (
        lambda: T.XLNetConfig(vocab_size=N, d_model=32, n_layer=2, n_head=4, d_inner=64),
        "first axis is not theirs",
    ),
}
#: Class -> (what makes its config, tokens before the patches, or the axis of the channels).
VISION = {
    "BeitModel": (lambda: T.BeitConfig(**PICTURES), 1),
    "DINOv3ViTModel": (lambda: T.DINOv3ViTConfig(**PICTURES, num_register_tokens=4), 5),
    "PixioModel": (lambda: T.PixioConfig(**PICTURES), 8),
    "IJepaModel": (lambda: T.IJepaConfig(**PICTURES), 0),
    "InternVLVisionModel": (
        lambda: T.InternVLVisionConfig(**PICTURES | {"image_size": [32, 32], "patch_size": [8, 8]}),
        1,
    ),
    "SwinModel": (
        lambda: T.SwinConfig(
            image_size=32,
            patch_size=4,
            embed_dim=16,
            depths=[1, 1],
            num_heads=[2, 2],
            window_size=2,
        ),
        0,
    ),
    "SamVisionModel": (
        lambda: T.SamVisionConfig(
            **PICTURES, output_channels=16, global_attn_indexes=[2], window_size=2, num_pos_feats=16
        ),
        "last",
    ),
    "RegNetModel": (
        lambda: T.RegNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], groups_width=8
        ),
        "first",
    ),
}


def saved(folder, kind, config):
    """Return a model, written to a folder with every weight drawn; those that begin at zero or
    one are drawn wider, so that no part of a block is idle.
    """
    model = tiny.seeded(getattr(T, kind), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim <= 1:
                parameter.normal_(std=0.3)
    model.save_pretrained(folder)
    return model.eval()


def features(folder, kind, family, feed, pattern, pooling):
    """Return the layers, as they are known after the first look, and their features."""
    row = row_of(
        family=family,
        feed=feed,
        modality="vision",
        layers={pattern: pooling},
        architecture={"class": kind},
    )
    network = families.build("tiny", row, weights_at(folder), "trained", 0)
    layers = look(network, hooks.expand(network.module, row), row, frames=[0, 1])

    def items(start, stop):
        images = FRAMES[start:stop] if feed == "image" else None
        return Items(np.arange(start, stop), images, TEXTS[start:stop] if feed == "text" else None)

    running = extract.Running(torch.device("cpu"))
    return layers, next(extract.features(network, layers, 3, items, running))[2]


def outputs(model, layers, **inputs):
    """Return what the modules of layers put out, by a forward pass of the library alone."""
    found = {}
    modules = dict(model.named_modules())
    handles = [
        modules[name].register_forward_hook(
            lambda m, i, output, name=name: found.update({name: hooks.first_tensor(output)})
        )
        for name in layers
    ]
    with torch.inference_mode():
        model(**inputs)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("kind", LANGUAGE)
def test_every_text_as_by_itself(tmp_path, kind):
    model = saved(tmp_path, kind, LANGUAGE[kind]())
    tiny.bert_tokenizer(tmp_path)
    tokenizer = T.AutoTokenizer.from_pretrained(tmp_path)
    for pooling in ("mean", "last"):
        layers, found = features(
            tmp_path, kind, "transformers_text", "text", tiny.blocks(model), pooling
        )
        for i, text in enumerate(TEXTS):
            ids = tokenizer(text, return_tensors="pt")["input_ids"]
            direct = outputs(model, layers, input_ids=ids)
            for name, output in direct.items():
                tokens = output[0, : ids.shape[1]]
                expected = tokens.mean(0) if pooling == "mean" else tokens[-1]
                scale = max(1.0, float(output.abs().max()))
                assert np.abs(found[name][i] - expected.numpy()).max() < 1e-5 * scale


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused(tmp_path, kind):
    config, reason = REFUSED[kind]
    model = saved(tmp_path, kind, config())
    tiny.bert_tokenizer(tmp_path)
    with pytest.raises(InputError, match=reason):
        features(tmp_path, kind, "transformers_text", "text", tiny.blocks(model), "mean")


def test_siglips_texts_are_padded_and_attended_to_as_it_was_trained(tmp_path):
    config = T.SiglipTextConfig(**WORDS, max_position_embeddings=16, projection_size=32)
    model = saved(tmp_path, "SiglipTextModel", config)
    tiny.bert_tokenizer(tmp_path)
    tokenizer = T.AutoTokenizer.from_pretrained(tmp_path)
    given = tokenizer(TEXTS, padding="max_length", max_length=16, return_tensors="pt")
    for pattern, pooling in (("head", "flatten"), (tiny.blocks(model), "mean")):
        layers, found = features(
            tmp_path, "SiglipTextModel", "transformers_text", "text", pattern, pooling
        )
        counted = given["attention_mask"][:, :, None]
        for name, output in outputs(model, layers, input_ids=given["input_ids"]).items():
            mean = (output * counted).sum(1) / counted.sum(1) if pooling == "mean" else output
            assert np.abs(found[name] - mean.numpy()).max() < 1e-5


@pytest.mark.parametrize("kind", VISION)
def test_means_hold_patches_alone(tmp_path, kind):
    make, layout = VISION[kind]
    model = saved(tmp_path, kind, make())
    T.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    layers, found = features(
        tmp_path, kind, "transformers_vision", "image", tiny.blocks(model), "mean"
    )
    processor = T.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    direct = outputs(model, layers, **processor(list(FRAMES), return_tensors="pt"))
    for name, output in direct.items():
        if layout == "first":
            expected = output.mean((2, 3))
        elif layout == "last":
            expected = output.mean((1, 2))
        else:
            expected = output[:, layout:].mean(1)
        scale = max(1.0, float(output.abs().max()))
        assert np.abs(found[name] - expected.numpy()).max() < 1e-5 * scale


@pytest.mark.parametrize(
    ("name", "options", "pattern", "layout"),
    [
        ("caformer_s18", {}, "stages.*", "first"),
        ("eva02_tiny_patch14_224", {"depth": 2}, "blocks.*", 1),
        ("xcit_nano_12_p16_224", {"depth": 2}, "blocks.*", 0),
    ],
)
def test_timms_means_hold_patches_alone(tmp_path, name, options, pattern, layout):
    """Among them a head of several layers, which the row need not name."""
    if layout != "first":
        options = options | {"img_size": 56 if "14" in name else 64}
    folder = tiny.timm_folder(tmp_path, name, **options)
    row = row_of(
        family="timm_vision",
        feed="image",
        modality="vision",
        layers={pattern: "mean"},
        preprocess={} if layout != "first" else {"size": 64},
    )
    network = families.build("tiny", row, weights_at(folder), "trained", 0)
    layers = look(network, hooks.expand(network.module, row), row, frames=[0, 1])
    items = Items(np.arange(3), FRAMES, None)
    running = extract.Running(torch.device("cpu"))
    found = next(extract.features(network, layers, 3, lambda a, b: items, running))[2]
    direct = outputs(network.module, layers, x=network.prepare(items)["pixels"])
    for path, output in direct.items():
        expected = output.mean((2, 3)) if layout == "first" else output[:, layout:].mean(1)
        scale = max(1.0, float(output.abs().max()))
        assert np.abs(found[path] - expected.numpy()).max() < 1e-5 * scale
