"""Checkpoints as training runs leave them: what is beside the weights is data; nothing runs."""

import argparse
import collections
import datetime
import json
import os
import pathlib

import numpy as np
import pytest
import tiny_checkpoints as tiny
import torch
import transformers as T
from helpers.networks import row_of, weights_at
from safetensors.torch import load_file, save_file

from fusion.io.errors import InputError
from fusion.models.families import blip, slip, transformers_text
from fusion.models.families import registry as families
from fusion.models.run import checkpoints


class Payload:
    """What a malicious checkpoint holds: unpickling it would run a command."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


def training_state():
    """Return what a training run saves beside the weights: options, optimiser, scaler, numbers."""
    from torchvision.transforms import InterpolationMode

    parameter = torch.nn.Parameter(torch.zeros(2))
    optimiser = torch.optim.AdamW([parameter])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 10)
    parameter.sum().backward()
    optimiser.step()
    meters = collections.defaultdict(list)
    meters["acc"].append(np.float64(38.3))
    options = argparse.Namespace(
        model="SLIP_VITB16",
        output_dir=pathlib.PosixPath("/checkpoint/slip"),
        root=pathlib.PureWindowsPath("D:\\yfcc"),
        relative=pathlib.PurePosixPath("a/b"),
        betas=(0.9, 0.98),
        interpolation=InterpolationMode.BICUBIC,
        dtype=torch.float16,
        device=torch.device("cpu"),
        layers=frozenset({1, 2}),
        started=datetime.datetime(2021, 12, 1),
    )
    return {
        "epoch": 25,
        "optimizer": optimiser.state_dict(),
        "lr_scheduler": schedule.state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "stage": torch.amp.grad_scaler.OptState.UNSCALED,
        "best_acc1": np.float64(42.8),
        "history": np.arange(3.0),
        "kinds": np.array(["a", None], dtype=object),
        "number": np.float32,
        "of": np.dtype("int64"),
        "meters": meters,
        "config": collections.OrderedDict(size=224),
        "rng": (torch.get_rng_state(), np.random.get_state()),  # noqa: NPY002
        "args": options,
    }


def wrapped(path, key, prefix="", **saving):
    """Write the weights of a plain file as a training run leaves them, and return its tensors."""
    held = torch.load(path, weights_only=False)
    weights = next(held[name] for name in ("state_dict", "model") if name in held)
    weights = {name.removeprefix("module."): value for name, value in weights.items()}
    content = training_state() | {key: {prefix + name: value for name, value in weights.items()}}
    torch.save(content, path, **saving)
    return weights


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("zipped", [True, False])
def test_slips_checkpoints_load_with_all_that_stands_beside_the_weights(tmp_path, protocol, zipped):
    path = tiny.slip_file(tmp_path)
    weights = wrapped(
        path,
        "state_dict",
        "module.",
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    found = checkpoints.state_dict(path)
    assert set(found) == set(weights)
    assert all(torch.equal(found[name], value) for name, value in weights.items())
    held = checkpoints.read(path)
    assert held["args"].output_dir == pathlib.PurePosixPath("/checkpoint/slip")
    assert held["args"].root == pathlib.PureWindowsPath("D:\\yfcc")
    assert held["best_acc1"] == 42.8
    assert held["meters"] == {"acc": [38.3]}


@pytest.mark.parametrize(
    ("family", "maker", "key", "architecture"),
    [
        ("slip", tiny.slip_file, "state_dict", {}),
        ("albef", tiny.albef_file, "model", {"heads": 4, "text_heads": 4}),
        ("blip", tiny.blip_file, "model", {"heads": 4, "text_heads": 4}),
    ],
)
def test_published_containers_load_to_the_same_network(tmp_path, family, maker, key, architecture):
    words = tiny.bert_tokenizer(tmp_path / "words")
    row = row_of(family=family, feed="image", architecture=architecture)
    path = maker(tmp_path)
    plain = families.build("net", row, weights_at(path, words), "trained", 0).module.state_dict()
    wrapped(path, key, "module." if family == "slip" else "")
    found = families.build("net", row, weights_at(path, words), "trained", 0).module.state_dict()
    assert all(torch.equal(found[name], value) for name, value in plain.items())


@pytest.mark.parametrize("layout", ["bin", "bin in shards", "safetensors in shards", "old names"])
def test_folders_of_transformers_load_to_the_same_network(tmp_path, layout):
    plain, folder = tiny.bert_folder(tmp_path / "plain"), tiny.bert_folder(tmp_path / "other")
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    if layout == "old names":
        state = {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            ): value
            for name, value in state.items()
        }
        assert any(name.endswith("gamma") for name in state)
    names = sorted(state)
    parts = [names[::2], names[1::2]] if "shards" in layout else [names]
    kind = "safetensors" if "safetensors" in layout else "bin"
    stem = "model" if kind == "safetensors" else "pytorch_model"
    index = {}
    for i, part in enumerate(parts):
        name = f"{stem}.{kind}" if len(parts) == 1 else f"{stem}-0000{i + 1}-of-00002.{kind}"
        index |= dict.fromkeys(part, name)
        held = {key: state[key].clone() for key in part}
        if kind == "bin":
            torch.save(collections.OrderedDict(held), folder / name)
        else:
            save_file(held, folder / name, metadata={"format": "pt"})
    if len(parts) > 1:
        described = {"metadata": {"total_size": 0}, "weight_map": index}
        (folder / f"{stem}.{kind}.index.json").write_text(json.dumps(described))
    expected = transformers_text.model_of(row_of(), weights_at(plain), True).state_dict()
    found = transformers_text.model_of(row_of(), weights_at(folder), True).state_dict()
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("family", ["timm_vision", "open_clip"])
def test_pickled_folders_of_timm_and_open_clip(tmp_path, family):
    if family == "timm_vision":
        options = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 4}
        folder = tiny.timm_folder(tmp_path, "vit_tiny_patch16_224", **options)
        old, new = "model.safetensors", "pytorch_model.bin"
    else:
        folder = tiny.open_clip_folder(tmp_path)
        old, new = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"
    row = row_of(family=family, feed="image")
    expected = families.build("net", row, weights_at(folder), "trained", 0).module.state_dict()
    state = {f"module.{name}": value for name, value in load_file(folder / old).items()}
    (folder / old).unlink()
    torch.save(training_state() | {"name": "run", "state_dict": state}, folder / new)
    found = families.build("net", row, weights_at(folder), "trained", 0).module.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_blips_encoders_load_without_heads(tmp_path):
    path = tiny.blip_file(tmp_path)
    state = torch.load(path)["model"]
    sizes = {"heads": 4, "text_heads": 4}
    expected = blip.from_checkpoint(path, sizes, None, True).state_dict()
    kept = {
        k: v for k, v in state.items() if not k.startswith(("itm_head", "vision_proj", "text_proj"))
    }
    assert len(kept) < len(state)
    torch.save({"model": kept}, path)
    found = blip.from_checkpoint(path, sizes, None, True).state_dict()
    encoders = [name for name in kept if blip.renamed(name) in found]
    assert len(encoders) > 50
    assert all(torch.equal(found[blip.renamed(n)], expected[blip.renamed(n)]) for n in encoders)
    without = {k: v for k, v in kept.items() if "blocks.1." not in k}
    torch.save({"model": without}, path)
    with pytest.raises(InputError, match="missing keys"):
        blip.from_checkpoint(path, sizes, None, True)
    row = row_of(family="blip", architecture=sizes, layers={"vision_proj": "flatten"})
    with pytest.raises(InputError, match="a head"):
        blip.load(row, weights_at(path), True)


@pytest.mark.parametrize("place", ["args", "optimizer", "state_dict"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_payload_is_refused_wherever_it_hides(tmp_path, place, protocol):
    path, trace = tiny.slip_file(tmp_path), tmp_path / "trace"
    held = torch.load(path, weights_only=False)
    hidden = {"state_dict": held["state_dict"], "args": argparse.Namespace(), "optimizer": {}}
    if place == "args":
        hidden["args"].hook = Payload(trace)
    else:
        hidden[place] = {**hidden[place], "hook": Payload(trace)}
    torch.save(hidden, path, pickle_protocol=protocol)
    with pytest.raises(InputError, match=r"system.*torch\.save\(model\.state_dict\(\)"):
        slip.load(row_of(family="slip", feed="image"), weights_at(path), True)
    assert not trace.exists()


def test_networks_and_functions_are_refused_by_name(tmp_path):
    path = tmp_path / "net.pt"
    for held, name in (
        (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        ({"state_dict": {}, "f": torch.hub.load}, "torch.hub.load"),
        ({"state_dict": {}, "f": eval}, "builtins.eval"),
        ({"state_dict": {}, "f": getattr}, "builtins.getattr"),
    ):
        torch.save(held, path)
        with pytest.raises(InputError, match=name):
            checkpoints.read(path)
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    with pytest.raises(InputError, match="TorchScript"):
        checkpoints.read(path)


def test_a_state_for_a_class_is_refused(tmp_path):
    """A pickle that would set attributes of a class of this process."""

    class Patch:
        def __reduce__(self):
            return argparse.Namespace, (), (None, {"model": "x"})

    path = tmp_path / "net.pt"
    torch.save({"state_dict": {"a": torch.zeros(1)}, "args": Patch()}, path)
    checkpoints.read(path)
    assert not hasattr(argparse.Namespace, "model")


CODE = "import pathlib\npathlib.Path({trace!r}).touch()\nclass Net: pass\n"


@pytest.mark.parametrize("where", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("known", [True, False])
def test_code_of_a_checkpoint_is_refused_and_does_not_run(tmp_path, where, known):
    folder, trace = tiny.bert_folder(tmp_path / "net"), tmp_path / "trace"
    (folder / "own.py").write_text(CODE.format(trace=str(trace)))
    described = json.loads((folder / where).read_text())
    described["auto_map"] = {
        "AutoConfig": "own.Net",
        "AutoModel": "own.Net",
        "AutoTokenizer": ["own.Net", None],
    }
    if not known:
        described["model_type" if where == "config.json" else "tokenizer_class"] = "own"
    (folder / where).write_text(json.dumps(described))
    row = row_of(family="transformers_text", feed="text", layers={"encoder.layer.*": "cls"})
    with pytest.raises(InputError, match="code of the checkpoint's own"):
        families.build("net", row, weights_at(folder), "trained", 0)
    assert not trace.exists()


def test_a_pickled_payload_in_a_folder_is_refused(tmp_path):
    folder, trace = tiny.bert_folder(tmp_path / "net"), tmp_path / "trace"
    (folder / "model.safetensors").unlink()
    torch.save({"a": torch.zeros(1), "b": Payload(trace)}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="refused"):
        transformers_text.model_of(row_of(), weights_at(folder), True)
    assert not trace.exists()


def test_weights_of_other_names_are_renamed(tmp_path):
    folder = tiny.bert_folder(tmp_path)
    expected = T.BertModel.from_pretrained(folder).state_dict()
    state = {
        name.replace("encoder.layer.", "blocks.").replace("attention.self", "attn"): value
        for name, value in load_file(folder / "model.safetensors").items()
    }
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    row = row_of(
        rename_keys={"blocks.*": "encoder.layer.*", r"re:(.*)\.attn\.(.*)": r"\1.attention.self.\2"}
    )
    found = transformers_text.model_of(row, weights_at(folder), True).state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    with pytest.raises(InputError, match="'bloks"):
        transformers_text.model_of(row_of(rename_keys={"bloks.*": "*"}), weights_at(folder), True)
    with pytest.raises(InputError, match="two weights for x"):
        checkpoints.renamed({"a": torch.ones(1), "b": torch.ones(1)}, {"re:.": "x"}, "net.pt")
    with pytest.raises(InputError, match="rename_keys in the row"):
        transformers_text.model_of(row_of(), weights_at(folder), True)
