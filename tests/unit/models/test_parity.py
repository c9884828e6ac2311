"""The loaders of SLIP, ALBEF and BLIP equal networks written out in plain arithmetic, at every
block, from checkpoints in the publishers' layouts. Where the originals' outputs are at hand
(``FUSION_FIXTURES``) the plain networks are held against those.
"""

import argparse
import os
from functools import partial
from pathlib import Path

import numpy as np
import plain_networks as plain
import pytest
import torch
from helpers.networks import row_of, weights_at

from fusion.models.families import albef, blip
from fusion.models.families import registry as families
from fusion.models.run import hooks
from fusion.models.run.hooks import Layer
from fusion.models.run.network import Network

CLOSE = 2e-5
GENERATOR = torch.Generator().manual_seed(1)
IMAGES = torch.randn(3, 3, 32, 32, generator=GENERATOR)
IDS = torch.randint(1, 100, (3, 9), generator=GENERATOR)
MASK = torch.arange(9)[None] < torch.tensor([9, 5, 7])[:, None]
SIZES = {"heads": 4, "text_heads": 4}


def outputs(module, layers, run):
    """Return layer -> what it puts out, whole, while ``run`` runs."""
    read = {path: Layer(path, "flatten") for path in layers}
    with hooks.capture(Network(module, None, None), read) as captured, torch.inference_mode():
        run()
    return captured.features


def check(found, expected):
    assert set(found) == set(expected)
    for path, values in expected.items():
        difference = (found[path] - values.flatten(1)).abs().max()
        assert difference < CLOSE * max(1, values.abs().max()), (path, float(difference))


@pytest.mark.parametrize(
    ("text", "simclr"), [(True, True), (True, False), (False, True)], ids=["slip", "clip", "simclr"]
)
def test_slip_at_every_block(tmp_path, text, simclr):
    state = plain.slip_state(text, simclr)
    path = tmp_path / "slip.pt"
    named = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 25, "state_dict": named, "args": argparse.Namespace(lr=3e-3)}, path)
    row = row_of(family="slip", feed="joint" if text else "image", architecture=SIZES)
    model = families.build("net", row, weights_at(path), "trained", 0).module
    blocks, tokens = plain.vit(state, "visual.", IMAGES, 4)
    expected = {f"visual.blocks.{i}": block for i, block in enumerate(blocks)}
    expected |= {"visual.norm": tokens, "visual": tokens[:, 0]}
    ids = torch.zeros(3, 77, dtype=torch.long)
    ids[:, 0], ids[:, 1:10] = 49406, IDS
    ids[torch.arange(3), torch.tensor([10, 7, 9])] = 49407
    if text:
        expected["image_embedding"] = tokens[:, 0] @ state["image_projection"]
        blocks, tokens, embedded = plain.clip_text(state, ids, 4)
        expected |= {f"transformer.resblocks.{i}": block for i, block in enumerate(blocks)}
        expected |= {"ln_final": tokens, "text_embedding": embedded}

    def run():
        model.encode_image(IMAGES)
        if text:
            model.encode_text(ids)

    check(outputs(model, expected, run), expected)


@pytest.mark.parametrize("types", [False, True])
def test_albef_at_every_block(tmp_path, types):
    state = plain.albef_state()
    path = tmp_path / "albef.pth"
    torch.save({"model": dict(state), "epoch": 30, "config": {"lr": 1e-4}}, path)
    model, _ = albef.from_checkpoint(path, SIZES | {"token_types": types}, None, True)
    model.eval()
    blocks, tokens = plain.vit(state, "visual_encoder.", IMAGES, 4)
    layers = plain.bert(state, "text_encoder.bert.", IDS, MASK, 4, tokens, types)
    expected = {f"visual_encoder.blocks.{i}": block for i, block in enumerate(blocks)}
    expected |= {"visual_encoder": tokens}
    expected |= {f"text_encoder.encoder.layer.{i}": layers[i] for i in (0, 1)}
    expected |= {f"fusion_encoder.encoder.layer.{i}": layers[2 + i] for i in (0, 1)}
    counted = MASK[:, :, None]
    found = outputs(model, expected, partial(model, IMAGES, IDS, MASK.long()))
    for name in expected:
        if not name.startswith("visual"):  # what stands in the padding is nobody's
            expected[name] = expected[name] * counted
            found[name] = (found[name].view_as(expected[name]) * counted).flatten(1)
    check(found, expected)


@pytest.mark.parametrize("seen", [True, False])
def test_blip_at_every_block(tmp_path, seen):
    state = plain.blip_state()
    path = tmp_path / "blip.pth"
    torch.save({"model": dict(state), "config": {"vit": "base"}}, path)
    model = blip.from_checkpoint(path, SIZES, None, True).eval()
    blocks, tokens = plain.vit(state, "visual_encoder.", IMAGES, 4)
    layers = plain.bert(state, "text_encoder.", IDS, MASK, 4, tokens if seen else None)
    expected = {f"vision_model.encoder.layers.{i}": block for i, block in enumerate(blocks)}
    counted = MASK[:, :, None]
    text = {f"text_encoder.encoder.layer.{i}": layer * counted for i, layer in enumerate(layers)}

    def run():
        image = model.vision_model(pixel_values=IMAGES).last_hidden_state
        ones = torch.ones(image.shape[:2], dtype=torch.long)
        more = {"encoder_hidden_states": image, "encoder_attention_mask": ones} if seen else {}
        model.text_encoder(input_ids=IDS, attention_mask=MASK.long(), **more)

    found = outputs(model, expected | text, run)
    for name, values in text.items():
        found[name] = (found[name].view_as(values) * counted).flatten(1)
    check(found, expected | text)


FIXTURES = os.environ.get("FUSION_FIXTURES")
published = pytest.mark.skipif(not FIXTURES, reason="FUSION_FIXTURES is not set")


def held(name):
    path = Path(FIXTURES, name)
    with torch.serialization.safe_globals([argparse.Namespace]):
        content = torch.load(path, weights_only=True)
    state = content.get("state_dict") or content["model"]
    state = {key.removeprefix("module."): value for key, value in state.items()}
    known = np.load(path.with_name(path.stem + "_expected.npz"))
    return state, {
        key: torch.from_numpy(known[key]) for key in known.files if known[key].dtype.kind in "fi"
    }


@published
def test_the_plain_slip_is_the_original():
    state, known = held("slip/slip_tiny.pt")
    blocks, tokens = plain.vit(state, "visual.", known["images"], 2)
    assert (tokens[:, 0] - known["visual"]).abs().max() < CLOSE
    assert (blocks[-1] - known["vision_block_2"]).abs().max() < CLOSE
    blocks, tokens, embedded = plain.clip_text(state, known["tokens"].long(), 2)
    assert (embedded - known["encode_text"]).abs().max() < CLOSE
    assert (blocks[0] - known["text_block_0"]).abs().max() < CLOSE


@published
@pytest.mark.parametrize(
    ("name", "prefix"), [("albef", "text_encoder.bert."), ("blip", "text_encoder.")]
)
def test_the_plain_albef_and_blip_are_the_originals(name, prefix):
    state, known = held(f"lavis/{name}.pth")
    _, tokens = plain.vit(state, "visual_encoder.", known["images"], 4)
    assert (tokens - known["image_embeds"]).abs().max() < CLOSE
    mask = known["attention_mask"]
    layers = plain.bert(state, prefix, known["input_ids"], mask, 4, tokens)
    for i, layer in enumerate(layers):
        difference = (layer - known[f"text_layer_{i}"]) * mask[:, :, None]
        assert difference.abs().max() < CLOSE
