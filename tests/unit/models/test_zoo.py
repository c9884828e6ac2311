"""Every model of config/models.yaml goes through `weights` and `activations`, with a tiny
checkpoint of its own family.

`pytest -rP` prints the table of models, layers, shapes and dtypes.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_checkpoints as tiny
import torch
import xarray as xr
import yaml
from helpers.scripts import run_script

from fusion.design import config as settings
from fusion.io import labelled, tables
from fusion.io.errors import InputError
from fusion.models.families import registry as families
from fusion.models.run import extract, hooks, regions, sharing
from fusion.models.run.look import look
from fusion.models.run.network import Items
from fusion.models.run.weights import read_weights
from fusion.models.spec import ActivationsSpec, Heard, Row, WeightsSpec
from fusion.stimuli import waveform
from fusion.stimuli.spec import Clip

REPOSITORY = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/models.schema.yaml").read_text())
ZOO = settings.load_zoo(["config/models.yaml"], REPOSITORY, SCHEMA)
PAPER = settings.load_zoo(["config/models.yaml", "config/models_paper.yaml"], REPOSITORY, SCHEMA)
# Rows with real weights in a package are run by test_real_networks.py.
NETWORKS = [
    name
    for name, row in ZOO.items()
    if row["checkpoint"] and not row["checkpoint"].startswith("package:")
]
PAPERS = [name for name in NETWORKS if PAPER[name] != ZOO[name]]
TIMM = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 3, "num_heads": 4}
# What stands in for the published checkpoint, by family or by row.
MAKERS = {
    "slip": tiny.slip_file,
    "slip_clip": partial(tiny.slip_file, mlp=None),
    "slip_simclr": partial(tiny.slip_file, towers=("image",)),
    "albef": tiny.albef_file,
    "blip": tiny.blip_file,
    "blip_itm_coco": tiny.blip_folder,
    "flava": tiny.flava_folder,
    "lxmert": tiny.lxmert_folder,
    "visualbert": tiny.visualbert_folder,
    "beit": partial(tiny.timm_folder, name="beit_base_patch16_224", **TIMM),
    "convnext": partial(
        tiny.timm_folder, name="convnext_base", depths=(1, 1, 2, 1), dims=(8, 16, 32, 64)
    ),
    "dinov2": partial(tiny.timm_folder, name="vit_base_patch14_dinov2", **TIMM),
    "transformers_text": tiny.bert_folder,
    "sbert": tiny.mpnet_folder,
    "gpt2": tiny.gpt2_folder,
    "open_clip": tiny.open_clip_folder,
    "siglip2": partial(tiny.open_clip_folder, siglip=True),
    "siglip2_text": partial(tiny.open_clip_folder, siglip=True),
    "vlm_decoder": tiny.qwen_folder,
    "wavlm_base": tiny.wave_folder,
    "whisper_base": tiny.whisper_folder,
    "videomae_base": tiny.videomae_folder,
    "vjepa2_vitl": tiny.vjepa_folder,
}
EVENTS = pd.DataFrame(
    {
        "event": [f"w{i:05d}" for i in range(6)],
        "onset_s": [0.3, 0.3, 0.7, 0.7, 0.9, 0.3],
        "frame": [3, 3, 7, 7, 9, 3],
        "text": [
            "the red circle",
            "the red circle is left",
            "a blue square",
            None,
            "right and left",
            "the red circle",
        ],
        "text_shuffled0": [
            "a blue square",
            "right",
            "the red circle",
            "red",
            "the red circle",
            "left",
        ],
        "text_shuffled1": [
            "left",
            "the red circle",
            "right and left is the square",
            None,
            "a blue square",
            "left",
        ],
    }
)
SETTINGS = {
    "projection": "jl",
    "jl_eps": 0.1,
    "project_up": False,
    "batch_size": 4,
    "device": "cpu",
    "autocast": False,
    "truncate": "left",
}


@pytest.fixture(autouse=True)
def small_regions(monkeypatch):
    monkeypatch.setattr(regions, "SIZE", 64)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    tables.write_tsv(EVENTS, folder / "events.tsv")
    images = np.random.default_rng(0).integers(0, 256, (6, 40, 56, 3), dtype=np.uint8)
    coords = {"frame": np.array([0, 1, 3, 5, 7, 9]), "y": 40, "x": 56, "rgb": 3, "picture": 10}
    with labelled.create(folder / "frames.nc", coords) as file:
        labelled.add(file, "image", ("frame", "y", "x", "rgb"), images)
        # Odd pictures are on screen when the even ones begin: clips need no others.
        labelled.add(file, "picture_s", ("picture",), np.repeat(np.arange(1, 10, 2), 2) / 10)
    with labelled.create(folder / "sound.nc", {}) as file:
        sound = np.random.default_rng(1).standard_normal(16_000).astype(np.float32)
        waveform.write(file, iter([sound]))
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Return a function that makes a row's tiny checkpoint, once for all rows that share it."""
    made = {}

    def checkpoint(name):
        row = ZOO[name]
        # whatever their size and tower
        kin = next((kind for kind in ("slip_simclr", "slip_clip") if name.startswith(kind)), name)
        maker = MAKERS.get(kin) or MAKERS[row["family"]]
        if maker not in made:
            made[maker] = maker(tmp_path_factory.mktemp(name))
        return str(made[maker])

    checkpoint.tokenizer = str(tiny.bert_tokenizer(tmp_path_factory.mktemp("tokenizer")))
    checkpoint.backbone = str(tiny.resnet_file(tmp_path_factory.mktemp("backbone")))
    return checkpoint


def tiny_row(name, checkpoints, zoo=ZOO):
    if name.startswith("demo_"):  # the repository ships these
        shipped = {
            key: str(REPOSITORY / ZOO[name][key])
            for key in ("checkpoint", "tokenizer")
            if ZOO[name][key]
        }
        return ZOO[name] | shipped
    row = zoo[name] | {"checkpoint": checkpoints(name), "sha256": None}
    # The last layers of networks as deep as the published ones are those of the tiny ones.
    depths = {
        "fusion_encoder.encoder.layer.5": "fusion_encoder.encoder.layer.1",
        "text_encoder.encoder.layer.11": "text_encoder.encoder.layer.2",
    }
    row["layers"] = {depths.get(layer, layer): pooling for layer, pooling in row["layers"].items()}
    if row["tokenizer"]:
        row["tokenizer"] = checkpoints.tokenizer
    if row["regions"]["backbone"]:
        row["regions"] = {
            "file": None,
            "backbone": checkpoints.backbone,
            "net": "resnet18",
            "grid": 2,
        }
    if row["family"] == "albef":
        row["preprocess"] = {"size": 32}
        row["architecture"] = {"heads": 4, "text_heads": 4}
    if name == "blip":
        row["architecture"] = {"heads": 4, "text_heads": 4}
    if row["preprocess"].get("size") == 224:
        row["preprocess"] = row["preprocess"] | {"size": 48}
    return row


def files_of(source):
    if source is None:
        return []
    return (
        sorted(str(p) for p in Path(source).rglob("*") if p.is_file())
        if Path(source).is_dir()
        else [source]
    )


def weights_of(row, folder):
    spec = WeightsSpec.take(row, backbone=row["regions"]["backbone"])
    inputs = {key: files_of(getattr(spec, key)) for key in ("checkpoint", "tokenizer", "backbone")}
    run_script("weights", inputs, {"weights": folder / "weights.json"}, spec)
    return folder / "weights.json"


def activations_of(name, row, film, folder, inits=("trained",), pairings=("true",), **changed):
    """Run the script and return the file of the one init and pairing, or a list of all of them."""
    events = changed.pop("events", film / "events.tsv")
    threads = changed.pop("threads", 1)
    shot = row["clip"] and Clip(row["clip"]["pictures"], row["clip"]["rate_hz"], None)
    spec = ActivationsSpec.take(
        SETTINGS | changed,
        stimulus="film",
        model=name,
        row=Row.take(row, model=name),
        seed=0,
        heard=Heard(1.0, 0.0, 500.0) if row["feed"] == "sound" else None,
        clip=shot,
    )
    kind = "sound" if row["feed"] == "sound" else "frames"
    inputs = {
        "events_language": [events],
        kind: film / f"{kind}.nc",
        "weights": folder / "weights.json",
    }
    number = len(list(folder.glob("*.nc")))
    outputs = {
        f"language_{init}_{pairing}": folder / f"{init}-{pairing}-{number}.nc"
        for init in inits
        for pairing in pairings
    }
    run_script("activations", inputs, outputs, spec, threads=threads)
    made = list(outputs.values())
    return made[0] if len(made) == 1 else made


def layers_of(path):
    """Return module path -> values of an activations file."""
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as data:
        return {data[name].attrs["layer"]: data[name].to_numpy() for name in data.data_vars}


@pytest.mark.parametrize(
    ("zoo", "name"), [*(("zoo", name) for name in NETWORKS), *(("paper", name) for name in PAPERS)]
)
def test_every_network_of_the_zoo_runs(zoo, name, film, checkpoints, tmp_path):
    row = tiny_row(name, checkpoints, {"zoo": ZOO, "paper": PAPER}[zoo])
    weights_of(row, tmp_path)
    path = activations_of(name, row, film, tmp_path)
    with xr.open_dataset(path, engine="h5netcdf", decode_cf=False) as data:
        assert data["event"].to_numpy().tolist() == EVENTS["event"].tolist()
        card = json.loads(data.attrs["card"])
        names = [data[variable].attrs["layer"] for variable in sorted(data.data_vars)]
        for variable in sorted(data.data_vars):
            layer = data[variable]
            print(
                f"{name:20s} {layer.attrs['layer']:45s} {layer.attrs['pooling']:8s}"
                f" {layer.shape!s:12s} {layer.dtype}"
            )
        for variable in data.data_vars:
            values = data[variable].to_numpy()
            assert values.dtype == np.float32
            assert np.isfinite(values).all()
            # Events that show the same have the same features; events that show something else have
            # others.
            assert np.array_equal(values[0], values[5])
            assert not np.allclose(values[0], values[4])
    assert names == [layer["layer"] for layer in card["layers"]]
    assert card["sha256"] == json.loads((tmp_path / "weights.json").read_text())["sha256"]
    assert (card["model"], card["modality"], card["feed"]) == (name, row["modality"], row["feed"])
    assert card["parameters"] > 1000
    # The card says how pictures and sound are processed, how long texts are, where tokens stand.
    notes = card["notes"]
    if row["feed"] != "text":
        said = notes.get("regions") or notes["preprocessing"]
        named = ("normal", "image_mean", "sampling_rate", "regions")
        assert any(word in said.lower() for word in named), said
    if row["feed"] in ("text", "joint") and row["family"] != "vlm_decoder":
        assert notes["text_length"] >= 2
    for layer in card["layers"]:
        assert layer["shape"]
        assert layer["prefix_tokens"] >= 0
    assert card["libraries"]["torch"]


@pytest.mark.parametrize(
    "name", ["slip", "albef", "blip", "flava", "visualbert", "beit", "clip", "gpt2", "qwen3_vl"]
)
def test_random_copies_are_untrained_seeded_and_different(name, film, checkpoints, tmp_path):
    row = tiny_row(name, checkpoints)
    weights_of(row, tmp_path)
    trained, first, again, second = (
        layers_of(activations_of(name, row, film, tmp_path, [init]))
        for init in ("trained", "random0", "random0", "random1")
    )
    # In one job as in jobs of their own.
    together = activations_of(name, row, film, tmp_path, ["trained", "random0", "random1"])
    for alone, path in zip((trained, first, second), together, strict=True):
        assert all(np.array_equal(alone[layer], found) for layer, found in layers_of(path).items())
    last = list(trained)[-1]
    assert all(np.array_equal(first[layer], again[layer]) for layer in first)
    assert not np.allclose(first[last], second[last], atol=1e-3)
    assert not np.allclose(first[last], trained[last], atol=1e-3)


def test_the_papers_rows_are_those_of_its_table():
    assert set(PAPERS) == {
        "slip",
        "slip_clip",
        "slip_text",
        "slip_clip_text",
        "slip_simclr",
        "albef",
        "blip",
        "flava",
        "beit",
        "convnext",
        "sbert",
        "simcse",
    }
    for name in PAPERS:
        assert PAPER[name]["checkpoint"] == ZOO[name]["checkpoint"]
        assert PAPER[name]["modality"] == ZOO[name]["modality"]


def test_flattened_texts_are_as_wide_as_the_row_says(film, checkpoints, tmp_path):
    row = tiny_row("sbert", checkpoints) | {
        "layers": {"encoder.layer.1": "flatten"},
        "text_length": 20,
    }
    weights_of(row, tmp_path)
    alone, together = (
        layers_of(activations_of("sbert", row, film, tmp_path, batch_size=size))["encoder.layer.1"]
        for size in (1, 6)
    )
    assert alone.shape == (6, 20 * 32)
    assert np.abs(alone - together).max() < 1e-5
    with pytest.raises(InputError, match="text_length"):
        activations_of("sbert", row | {"text_length": 200}, film, tmp_path)


def whole_passes(name, row, film, folder, columns):
    """Return module path -> values (column, event, feature): every event through the whole network
    by itself, nothing shared.

    Beside them, module path -> whether what it puts out can be handed out again, of the modules
    that the network shares."""
    row = Row.take(row, model=name)
    network = families.build(name, row, read_weights(folder / "weights.json"), "trained", 0)
    layers = look(network, hooks.expand(network.module, row), row, frames=[3, 7])
    with labelled.open_labelled(film / "frames.nc") as held:
        images = dict(zip(held["frame"].to_numpy(), held["image"].to_numpy(), strict=True))
    frames = np.tile(EVENTS["frame"].to_numpy(), len(columns))
    texts = [text for column in columns for text in EVENTS[column].fillna("")]

    def item(i, stop):
        return Items(frames[i:stop], images[frames[i]][None], texts[i:stop])

    passes = extract.features(
        network, layers, len(frames), item, extract.Running(torch.device("cpu"), batch_size=1)
    )
    each = [done for _, _, done in passes]
    whole = {
        path: np.concatenate([done[path] for done in each]).reshape(len(columns), len(EVENTS), -1)
        for path in layers
    }
    with sharing.remember(network.module, network.image_only) as memory, torch.inference_mode():
        memory.begin(2, recording=True)
        network.run(
            network.prepare(
                Items(frames[:2], np.stack([images[frame] for frame in frames[:2]]), texts[:2])
            )
        )
    return whole, {path: output is not None for path, output in memory.outputs.items()}


CLIP_JOINT = {
    "visual.transformer.resblocks.*": "cls",
    "transformer.resblocks.*": "last",
    "ln_final": "flatten",
}
JOINT = [
    *(
        ("zoo", name)
        for name in NETWORKS
        if ZOO[name]["feed"] == "joint" and name != "demo_slip_joint"
    ),
    ("zoo", "clip"),
]
JOINT.append(("paper", "albef"))  # flattened


@pytest.mark.parametrize(("zoo", "name"), JOINT)
def test_pairings_that_share_equal_whole_passes(zoo, name, film, checkpoints, tmp_path):
    row = tiny_row(name, checkpoints, {"zoo": ZOO, "paper": PAPER}[zoo])
    row |= {"feed": "joint", "layers": CLIP_JOINT} if name == "clip" else {}
    weights_of(row, tmp_path)
    pairings = ["true", "shuffled0", "shuffled1"]
    paths = activations_of(
        name, row, film, tmp_path, pairings=pairings, batch_size=2, threads=2, projection="none"
    )
    columns = ["text", "text_shuffled0", "text_shuffled1"]
    expected, handed_out = whole_passes(name, row, film, tmp_path, columns)
    for i, (path, pairing) in enumerate(zip(paths, pairings, strict=True)):
        found = layers_of(path)
        assert list(found) == list(layers_of(paths[0]))
        assert set(found) == set(expected)
        for layer, values in expected.items():
            # Single precision: a product of matrices is rounded by the number of their rows.
            assert np.abs(found[layer] - values[i]).max() < 3e-6 * max(1, np.abs(values).max()), (
                pairing,
                layer,
            )
        with labelled.open_labelled(path) as data:
            card = json.loads(data.attrs["card"])
        assert card["pairing"] == pairing
        assert [layer["layer"] for layer in card["layers"]] == list(expected)
    assert handed_out
    assert all(handed_out.values())
    last = list(expected)[-1]
    assert not np.allclose(expected[last][0], expected[last][1], atol=1e-3)


@pytest.mark.parametrize(
    "name", ["sbert", "gpt2", "convnext"]
)  # for those that join, see above: whole passes are batches of one
def test_batches_and_padding_change_nothing(name, film, checkpoints, tmp_path):
    row = tiny_row(name, checkpoints)
    weights_of(row, tmp_path)
    batches = [
        layers_of(activations_of(name, row, film, tmp_path, batch_size=size)) for size in (1, 5)
    ]
    # Batches of one hold no padding at all.
    for layer, values in batches[0].items():
        assert np.abs(values - batches[1][layer]).max() < 1e-5, layer


def test_workers_change_nothing(film, checkpoints, tmp_path):
    row = tiny_row("slip_joint", checkpoints)
    weights_of(row, tmp_path)
    one = activations_of("slip_joint", row, film, tmp_path, batch_size=2, projection=48)
    many = activations_of("slip_joint", row, film, tmp_path, batch_size=2, projection=48, threads=4)
    for layer, values in layers_of(one).items():
        assert np.abs(values - layers_of(many)[layer]).max() < 1e-5


def test_the_order_of_events_changes_nothing(film, checkpoints, tmp_path):
    row = tiny_row("flava", checkpoints)
    weights_of(row, tmp_path)
    order = [4, 0, 5, 2, 3, 1]
    tables.write_tsv(EVENTS.iloc[order], tmp_path / "reordered.tsv")
    plain = layers_of(activations_of("flava", row, film, tmp_path))
    reordered = layers_of(
        activations_of("flava", row, film, tmp_path, events=tmp_path / "reordered.tsv")
    )
    for layer in plain:
        assert np.abs(plain[layer][order] - reordered[layer]).max() < 1e-5


def test_two_runs_give_the_same_bytes(film, checkpoints, tmp_path):
    row = tiny_row("slip_joint", checkpoints)
    weights_of(row, tmp_path)
    first, second = (
        activations_of("slip_joint", row, film, tmp_path, projection=48) for _ in range(2)
    )
    assert first != second
    assert first.read_bytes() == second.read_bytes()
