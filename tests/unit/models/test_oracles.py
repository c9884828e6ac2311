"""The loaders reproduce what the original implementations put out, at every block, from checkpoints
in the original formats.
"""

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.networks import row_of, weights_at

from fusion.io.errors import InputError
from fusion.models.families import albef, blip
from fusion.models.families import registry as families
from fusion.models.families.slip import tokenizer
from fusion.models.run import hooks
from fusion.models.run.hooks import Layer
from fusion.models.run.network import Network

FIXTURES = os.environ.get("FUSION_FIXTURES")
pytestmark = pytest.mark.skipif(
    not FIXTURES, reason="FUSION_FIXTURES is not set: the oracle checkpoints are not here"
)
CLOSE = 1e-5


def fixture(name):
    return Path(FIXTURES, name)


def outputs(network, run, layers):
    """Return what the layers put out, whole, while ``run`` runs."""
    whole = Network(network.module if isinstance(network, Network) else network, None, None)
    read = {path: Layer(path, "flatten") for path in layers}
    with hooks.capture(whole, read) as captured, torch.inference_mode():
        run()
    return {path: values.numpy() for path, values in captured.features.items()}


def slip_checkpoints():
    return sorted(p.stem for p in Path(FIXTURES, "slip").glob("*.pt")) if FIXTURES else []


@pytest.mark.parametrize("name", slip_checkpoints())
def test_slip_at_every_block(name):
    expected = np.load(fixture(f"slip/{name}_expected.npz"))
    feed = "joint" if "encode_text" in expected else "image"
    network = families.build(
        name,
        row_of(family="slip", feed=feed),
        weights_at(fixture(f"slip/{name}.pt")),
        "trained",
        0,
    )
    model = network.module
    places = {
        "visual": "visual",
        "visual.norm": "vision_norm",
        "visual.patch_embed": "vision_patch_embed",
        "image_embedding": "encode_image",
    }
    places |= {f"visual.blocks.{i}": f"vision_block_{i}" for i in range(len(model.visual.blocks))}
    if hasattr(model, "image_mlp"):
        places["image_mlp.layer1"] = "image_mlp"
    if feed == "joint":
        places |= {"ln_final": "text_ln_final", "text_embedding": "encode_text"}
        places |= {
            f"transformer.resblocks.{i}": f"text_block_{i}"
            for i in range(len(model.transformer.resblocks))
        }

    def run():
        model.encode_image(torch.from_numpy(expected["images"]))
        if feed == "joint":
            model.encode_text(torch.from_numpy(expected["tokens"]))

    found = outputs(network, run, places)
    for path, key in places.items():
        assert np.abs(found[path] - expected[key].reshape(found[path].shape)).max() < CLOSE, path


def test_slip_texts_become_the_same_tokens():
    expected = np.load(fixture("slip/slip_tiny_expected.npz"))
    texts = tokenizer(None, {"context": 77, "vocabulary": 49408}, "slip_tiny.pt")
    texts.truncate = "right"
    ids, counted = texts(expected["texts"].tolist())
    short = expected["tokens"][:, -1] == 0
    assert np.array_equal(ids.numpy()[short], expected["tokens"][short])
    # SLIP cuts a long text's end token off and then reads out its first token; here the end token
    # stays.
    assert np.array_equal(ids.numpy()[~short, :-1], expected["tokens"][~short, :-1])
    assert (ids.numpy().max(1) == 49407).all()
    assert texts.counts(expected["texts"].tolist()).cut == (~short).sum() == 1
    assert np.array_equal(counted.sum(1).numpy()[short], (expected["tokens"][short] != 0).sum(1))


def test_the_image_tower_alone_is_the_same():
    expected = np.load(fixture("slip/slip_tiny_expected.npz"))
    network = families.build(
        "slip",
        row_of(family="slip", feed="image"),
        weights_at(fixture("slip/slip_tiny.pt")),
        "trained",
        0,
    )
    assert not hasattr(network.module, "transformer")
    found = outputs(
        network,
        lambda: network.module.encode_image(torch.from_numpy(expected["images"])),
        ["visual"],
    )
    assert np.abs(found["visual"] - expected["visual"]).max() < CLOSE


def test_a_simclr_checkpoint_has_no_text_tower():
    row = row_of(family="slip", feed="joint")
    with pytest.raises(InputError, match="without a text tower"):
        families.build("simclr", row, weights_at(fixture("slip/simclr_tiny.pt")), "trained", 0)


def test_albef_at_every_block():
    expected = {
        key: torch.from_numpy(value)
        for key, value in np.load(fixture("lavis/albef_expected.npz")).items()
    }
    model, _ = albef.from_checkpoint(
        fixture("lavis/albef.pth"), {"heads": 4, "text_heads": 4}, None, True
    )
    model.eval()
    first = len(model.text_encoder.encoder.layer)
    places = {
        f"visual_encoder.blocks.{i}": f"vision_block_{i}"
        for i in range(len(model.visual_encoder.blocks))
    }
    places |= {f"text_encoder.encoder.layer.{i}": f"text_layer_{i}" for i in range(first)}
    places |= {
        f"fusion_encoder.encoder.layer.{i}": f"text_layer_{first + i}"
        for i in range(len(model.fusion_encoder.encoder.layer))
    }
    places |= {
        "visual_encoder": "image_embeds",
        "text_encoder": "text_embeds",
        "fusion_encoder": "multimodal_embeds",
    }
    found = outputs(
        model,
        partial(model, expected["images"], expected["input_ids"], expected["attention_mask"]),
        places,
    )
    for path, key in places.items():
        assert np.abs(found[path] - expected[key].flatten(1).numpy()).max() < CLOSE, path


def test_albef_as_originally_published_adds_a_token_type():
    expected = {
        key: torch.from_numpy(value)
        for key, value in np.load(fixture("lavis/albef_expected.npz")).items()
    }
    plain, typed = (
        albef.from_checkpoint(
            fixture("lavis/albef.pth"),
            {"heads": 4, "text_heads": 4, "token_types": types},
            None,
            True,
        )[0].eval()
        for types in (False, True)
    )
    types = torch.load(fixture("lavis/albef.pth"), weights_only=True)["model"][
        "text_encoder.bert.embeddings.token_type_embeddings.weight"
    ]
    plain.text_encoder.embeddings.word_embeddings.weight.data += types[0]
    with torch.inference_mode():
        text = {"input_ids": expected["input_ids"], "attention_mask": expected["attention_mask"]}
        assert torch.allclose(
            plain.text_encoder(**text).last_hidden_state,
            typed.text_encoder(**text).last_hidden_state,
            atol=1e-6,
        )


def test_blip_at_every_block():
    expected = {
        key: torch.from_numpy(value)
        for key, value in np.load(fixture("lavis/blip_expected.npz")).items()
    }
    model = blip.from_checkpoint(
        fixture("lavis/blip.pth"), {"heads": 4, "text_heads": 4}, None, True
    ).eval()
    image = {
        f"vision_model.encoder.layers.{i}": f"vision_block_{i}"
        for i in range(len(model.vision_model.encoder.layers))
    }
    image |= {"vision_model.post_layernorm": "image_embeds"}
    text = {
        "pixels": expected["images"],
        "input_ids": expected["input_ids"],
        "attention_mask": expected["attention_mask"],
    }
    joint = {
        f"text_encoder.encoder.layer.{i}": f"text_layer_{i}"
        for i in range(len(model.text_encoder.encoder.layer))
    }

    def run(batch):
        seen = model.vision_model(pixel_values=batch["pixels"]).last_hidden_state
        ones = torch.ones(seen.shape[:2], dtype=torch.long)
        model.text_encoder(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            encoder_hidden_states=seen,
            encoder_attention_mask=ones,
        )

    found = outputs(model, partial(run, text), image | joint)
    for path, key in (image | joint).items():
        if path != "vision_model.post_layernorm":  # which also runs on the class token alone
            assert np.abs(found[path] - expected[key].flatten(1).numpy()).max() < CLOSE, path
    with torch.inference_mode():
        seen = model.vision_model(pixel_values=expected["images"]).last_hidden_state
        alone = model.text_encoder(
            input_ids=expected["input_ids"], attention_mask=expected["attention_mask"]
        ).last_hidden_state
    assert np.abs(seen.numpy() - expected["image_embeds"].numpy()).max() < CLOSE
    assert np.abs(alone.numpy() - expected["text_embeds"].numpy()).max() < CLOSE
    last = list(joint)[-1]
    assert np.abs(found[last] - expected["multimodal_embeds"].flatten(1).numpy()).max() < CLOSE
