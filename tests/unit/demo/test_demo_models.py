import argparse
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer

from fusion.demo import augment, bpe, family, scenes, speech, text

TINY = {
    **family.SIZE,
    "width": 32,
    "blocks": 2,
    "heads": 2,
    "text_width": 64,
    "embed": 16,
    "head": 16,
}
TRAINING = {"steps": 2, "batch": 6, "rate": 1e-3, "seed": 5}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("bpe") / "bpe.txt.gz"
    bpe.write_merges(bpe.learn_merges(speech.vocabulary()), path)
    return SimpleTokenizer(str(path), context_length=family.CONTEXT)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(name, tokenizer):
    return family.train(name, TINY, tokenizer, tokenizer.vocab_size, family.CONTEXT, **TRAINING)


def test_every_word_is_one_token_and_survives(tokenizer):
    for word in speech.vocabulary():
        assert len(tokenizer.encode(word)) == 1
    sentence = "the old king walks near a river"
    assert tokenizer.decode(tokenizer.encode(sentence)).strip() == sentence
    # an unknown word is spelt out, not lost
    assert tokenizer.decode(tokenizer.encode("zebra")).strip() == "zebra"


def test_merges_file_has_no_time_in_it(tmp_path):
    merges = bpe.learn_merges(["red", "green"])
    bpe.write_merges(merges, tmp_path / "a.gz")
    bpe.write_merges(merges, tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()).startswith(b"#version")


@pytest.mark.parametrize("name", family.OBJECTIVES)
def test_training_gives_the_same_bits_again(name, tokenizer):
    one, losses = trained(name, tokenizer)
    torch.rand(7)  # whatever else drew random numbers
    two, again = trained(name, tokenizer)
    assert losses == again
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key]), key


def test_the_family_starts_from_the_same_vision_transformer(tokenizer):
    starts = []
    for name in family.OBJECTIVES:
        model, _ = family.train(
            name, TINY, tokenizer, tokenizer.vocab_size, family.CONTEXT, **{**TRAINING, "rate": 0.0}
        )
        starts.append(model.visual.state_dict())
    for other in starts[1:]:
        assert all(torch.equal(value, other[key]) for key, value in starts[0].items())


@pytest.mark.parametrize("name", family.OBJECTIVES)
def test_checkpoint_is_read_by_the_zoo_with_the_same_features(name, tokenizer, tmp_path):
    from fusion.models.families import slip

    model, _ = trained(name, tokenizer)
    path = tmp_path / "checkpoint.pt"
    torch.save(family.checkpoint(name, model, TINY, 2), path)
    with torch.serialization.safe_globals([argparse.Namespace]):
        held = torch.load(path, weights_only=True)
    assert set(held) >= {"epoch", "state_dict", "args"}
    assert all(key.startswith("module.") for key in held["state_dict"])
    state = {key.removeprefix("module."): value for key, value in held["state_dict"].items()}
    sizes = slip.sizes_of(state, {"heads": 2, "text_heads": 1}, path)
    assert (sizes["width"], sizes["patch"], sizes["image"], sizes["depth"]) == (32, 4, 32, 2)
    towers = ("image", "text") if "captions" in family.OBJECTIVES[name] else ("image",)
    read = slip.Slip(sizes, towers).eval()
    read.load_state_dict(state, strict=True)
    images = augment.normalise(
        torch.from_numpy(
            scenes.render(scenes.draw_scenes(3, np.random.default_rng(0)), 32)
        ).permute(0, 3, 1, 2)
        / 255
    )
    with torch.no_grad():
        assert torch.allclose(read.visual(images), model.visual(images), atol=1e-6)
        if "text" in towers:
            tokens = tokenizer(["a red circle above a blue cross", "the king runs"])
            assert torch.allclose(read.encode_text(tokens), model.encode_text(tokens), atol=1e-6)


def test_checkpoint_has_the_keys_of_the_originals(tokenizer):
    root = os.environ.get("FUSION_FIXTURES")
    if not root:
        pytest.skip("FUSION_FIXTURES is not set")
    for name, file in (("slip", "slip_tiny.pt"), ("slip_simclr", "simclr_tiny.pt")):
        with torch.serialization.safe_globals([argparse.Namespace]):
            original = torch.load(Path(root, "slip", file), weights_only=True)["state_dict"]
        size = {**TINY, "blocks": 3, "text_layers": 3}
        model = family.Slip(family.OBJECTIVES[name], size, tokenizer.vocab_size, family.CONTEXT)
        ours = family.checkpoint(name, model, size, 0)["state_dict"]
        assert set(ours) == set(original)
        assert all(ours[key].ndim == original[key].ndim for key in ours)


def test_caption_loss_equals_a_loop(tokenizer):
    model = family.Slip(("captions",), TINY, tokenizer.vocab_size, family.CONTEXT).double().eval()
    images = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    tokens = tokenizer([f"a {c} circle" for c in ("red", "green", "blue", "cyan")])
    with torch.no_grad():
        got = family.caption_loss(model, images, tokens).item()
        image, caption = model.visual(images) @ model.image_projection, model.encode_text(tokens)
    s = np.array([[float(i @ t / i.norm() / t.norm()) for t in caption] for i in image]) / 0.07
    rows = [np.log(np.exp(s[k]).sum()) - s[k, k] for k in range(4)]
    columns = [np.log(np.exp(s[:, k]).sum()) - s[k, k] for k in range(4)]
    assert got == pytest.approx((np.mean(rows) + np.mean(columns)) / 2, rel=1e-5)


def test_view_loss_equals_a_loop():
    model = family.Slip(("views",), TINY, 10, 5).double().eval()
    one, two = torch.rand(2, 3, 3, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        got = family.view_loss(model, one, two).item()
        z = model.image_mlp(model.visual(torch.cat([one, two])))
    s = np.array([[float(a @ b / a.norm() / b.norm()) for b in z] for a in z]) / 0.1
    losses = [
        np.log(sum(np.exp(s[i, j]) for j in range(6) if j != i)) - s[i, (i + 3) % 6]
        for i in range(6)
    ]
    assert got == pytest.approx(np.mean(losses), rel=1e-6)


def test_learning_rate_rises_then_falls():
    rates = [family.learning_rate(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates[-1] < 0.01
    assert np.argmax(rates) in (9, 10) and all(np.diff(rates[11:]) < 0)


def test_text_model_is_reproducible_and_reloads(tmp_path):
    size = {"width": 32, "layers": 1}
    model, words, losses = text.train(size, **TRAINING)
    again, _, same = text.train(size, **TRAINING)
    assert losses == same
    model.save_pretrained(tmp_path / "text")
    words.save_pretrained(tmp_path / "text")
    assert sorted(p.name for p in (tmp_path / "text").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    from transformers import AutoTokenizer, BertForMaskedLM

    read, info = BertForMaskedLM.from_pretrained(tmp_path / "text", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    encoded = AutoTokenizer.from_pretrained(tmp_path / "text")(
        ["the king runs"], return_tensors="pt"
    )
    assert words.unk_token_id not in encoded["input_ids"]
    with torch.no_grad():
        assert torch.equal(read(**encoded).logits, again(**encoded).logits)


def test_every_sentence_is_in_the_vocabulary():
    words = text.tokenizer()
    ids = words(text.draw_sentences(300, np.random.default_rng(0)))["input_ids"]
    assert all(words.unk_token_id not in row for row in ids)
    assert len({tuple(row) for row in ids}) > 200
