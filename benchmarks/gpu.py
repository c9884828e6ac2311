"""What a GPU gives beside the CPU: activations and encoding fits, their agreement, speed, memory.

    python benchmarks/gpu.py            # under 8 minutes with a GPU
    python benchmarks/gpu.py --small    # a minute or less anywhere, to see that it runs

It needs nothing but the packages of requirements.txt: networks and data are made here. A ViT-B/16
and a BERT-base with random weights are run in float32 and in mixed precision and held against the
CPU in float32; batches that do not fit into memory are halved; the torch backend of the fits is
held against numpy; everything is run twice, for its determinism. Without a GPU both sides are the
CPU, and the first line says so."""

import argparse
import importlib
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.encoding.fit import fit_electrodes
from fusion.encoding.spec import Settings
from fusion.models.families import registry as families
from fusion.models.families import slip
from fusion.models.run import extract, hooks
from fusion.models.run.look import look
from fusion.models.run.network import Items
from fusion.models.spec import Row, Weights

ALPHAS = tuple(10.0**k for k in range(-1, 6))
BINS = 161
WORDS = [f"word{k}" for k in range(40)]


@dataclass(frozen=True)
class Size:
    """How much is done.

    Attributes
    ----------
    width, depth, image
        Of the networks, and the side of the images (px).
    items
        Inputs that are run on the GPU, and of which the first ``held`` are run on the CPU too.
    fits
        (events, features, targets on the GPU, targets that numpy fits too).
    """

    width: int
    depth: int
    image: int
    items: int
    held: int
    fits: tuple[tuple[int, int, int, int], ...]


FULL = Size(
    768, 12, 224, 1024, 32, ((6000, 768, 155 * BINS, 4 * BINS), (6000, 7466, 155 * BINS, BINS))
)
SMALL = Size(64, 2, 32, 24, 8, ((400, 48, 4 * BINS, 2 * BINS), (300, 400, 2 * BINS, BINS)))


def main():
    """Run everything and print one table for each part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="small networks and few events")
    size = SMALL if parser.parse_args().small else FULL
    device = extract.device_of("auto")
    torch.backends.cudnn.allow_tf32 = False
    print(f"device: {describe(device)}; torch {torch.__version__}\n")
    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        networks = {
            "ViT-B/16": vit(Path(folder, "vit"), size),
            "BERT-base": bert(Path(folder, "bert"), size),
        }
        activations(networks, device, size)
        halving(networks["ViT-B/16"], device, size)
    encoding(size)


def describe(device):
    """Return the device in words."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    return (
        f"no GPU: {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
    )


def row_of(**given):
    """Return a row of the zoo with defaults."""
    empty = dict.fromkeys(("sha256", "tokenizer", "text_length", "clip", "licence", "trained_on"))
    rest = {
        "model": "benchmark",
        "origin": "benchmarks/gpu.py",
        "modality": "vision",
        "files": [],
        "architecture": {},
        "ignore_keys": [],
        "rename_keys": {},
        "prefix_tokens": {},
        "preprocess": {},
        "regions": {"file": None, "backbone": None, "net": "resnet18", "grid": 3},
    }
    return Row.read(empty | rest | given)


def vit(folder, size):
    """Return the row, the files and the inputs of a ViT with random weights."""
    folder.mkdir()
    heads = max(1, size.width // 64)
    sizes = {
        "width": size.width,
        "patch": 16,
        "image": size.image,
        "depth": size.depth,
        "hidden": 4 * size.width,
        "heads": heads,
        "embed": None,
        "mlp": None,
    }
    torch.manual_seed(0)
    path = folder / "vit.pt"
    torch.save({"state_dict": slip.Slip(sizes, ("image",)).state_dict()}, path)
    frames = np.random.default_rng(0).integers(
        0, 256, (size.items, size.image, size.image, 3), dtype=np.uint8
    )
    row = row_of(
        family="slip",
        feed="image",
        architecture={"heads": heads},
        layers={"visual.blocks.*": "cls", "visual.norm": "cls"},
    )
    return row, path, lambda a, b: Items(np.arange(a, b), frames[a:b], None)


def bert(folder, size):
    """Return the row, the files and the inputs of a BERT with random weights."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    config = transformers.BertConfig(
        vocab_size=len(special) + len(WORDS),
        hidden_size=size.width,
        num_hidden_layers=size.depth,
        num_attention_heads=max(1, size.width // 64),
        intermediate_size=4 * size.width,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).eval().save_pretrained(folder)
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    transformers.BertTokenizer(vocab=vocabulary, model_max_length=512).save_pretrained(folder)
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, rng.integers(4, 24))) for _ in range(size.items)]
    row = row_of(family="transformers_text", feed="text", layers={"encoder.layer.*": "mean"})
    return row, folder, lambda a, b: Items(None, None, texts[a:b])


def extracted(given, device, n, **options):
    """Return layer -> features of the first ``n`` items, and the seconds that the passes took."""
    row, path, items = given
    weights = Weights(str(path), str(path), {}, "", tokenizer=None, backbone=None)
    network = families.build("benchmark", row, weights, "trained", 0)
    network.module.to(device)
    layers = look(
        network, hooks.expand(network.module, row), row, texts=items(0, min(n, 8)).texts or ()
    )
    running = extract.Running(device, workers=4, **options)
    list(extract.features(network, layers, min(n, 8), items, running))
    start, done = time.perf_counter(), []
    for _, _, features in extract.features(network, layers, n, items, running):
        done.append(features)
    seconds = time.perf_counter() - start
    return {name: np.concatenate([one[name] for one in done]) for name in layers}, seconds


def distance(found, expected):
    """Return the largest difference of any layer, relative to the layer's standard deviation."""
    return max(
        float(np.abs(found[name][: len(values)] - values).max() / values.std())
        for name, values in expected.items()
    )


def activations(networks, device, size):
    """Print how activations agree with the CPU's, how fast they are, and what memory they take."""
    print(f"activations of {size.items} inputs; {size.held} of them on the CPU in float32 too\n")
    print("| network | precision | largest difference (SD) | twice the same | inputs/s | MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, given in networks.items():
        expected, seconds = extracted(given, torch.device("cpu"), size.held)
        print(f"| {name} | float32, CPU | 0 | | {size.held / seconds:.1f} | |")
        for label, autocast in (("float32", False), ("autocast", True)):
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            found, seconds = extracted(given, device, size.items, autocast=autocast)
            again, _ = extracted(given, device, size.items, autocast=autocast)
            same = all(np.array_equal(found[layer], again[layer]) for layer in found)
            memory = torch.cuda.max_memory_allocated() / 2**20 if device.type == "cuda" else None
            print(
                f"| {name} | {label}, {device.type} | {distance(found, expected):.1e} |"
                f" {'yes' if same else 'no'} | {size.items / seconds:.1f} |"
                f" {'' if memory is None else f'{memory:.0f}'} |"
            )
    print()


def halving(given, device, size):
    """Print what becomes of a batch that does not fit into memory."""
    whole, _ = extracted(given, device, size.items)
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, 2 * 2**30 / total))
    sizes = []
    row, path, items = given
    limit = max(1, size.items // 3)

    def watched(start, stop):
        sizes.append(stop - start)
        return items(start, stop)

    with simulated_limit(limit, device):
        found, _ = extracted((row, path, watched), device, size.items, batch_size=size.items)
    if device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(1.0)
    how = "2 GiB of GPU memory" if device.type == "cuda" else f"{limit} inputs, simulated"
    print(
        f"out of memory ({how}): batches of {size.items} became {min(sizes[:-1] or sizes)}; largest"
        f" difference {distance(found, whole):.1e} SD\n"
    )


class simulated_limit:  # noqa: N801
    """Where there is no GPU whose memory could be filled: batches above a limit do not fit."""

    def __init__(self, limit, device):
        self.limit, self.device, self.kept = limit, device, extract.forward

    def __enter__(self):
        def forward(network, captured, layers, batch, where):
            if len(next(iter(batch.values()))) > self.limit:
                raise torch.OutOfMemoryError("out of memory (simulated)")
            return self.kept(network, captured, layers, batch, where)

        if self.device.type != "cuda":
            extract.forward = forward

    def __exit__(self, *error):
        extract.forward = self.kept


def encoding(size):
    """Print how the fits of the torch backend agree with numpy's, and how long they take."""
    make_data = benchmark("encode").make_data
    print("encoding fits, five halved folds, seven penalties\n")
    print(
        "| events | features | targets | backend | s | largest difference of r | twice the same |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for n, p, many, few in size.fits:
        features, responses = make_data(n, p, many)
        expected, seconds = fitted(features, responses[:, :few], "numpy")
        print(f"| {n} | {p} | {few} | numpy | {seconds:.1f} | | |")
        fitted(features[:200], responses[:200, :BINS], "torch")
        found, seconds = fitted(features, responses, "torch")
        again, _ = fitted(features, responses[:, :few], "torch")
        third, _ = fitted(features, responses[:, :few], "torch")
        difference = float(np.abs(again - expected).max())
        same = np.array_equal(again, third)
        spread = float(np.abs(found[:, :few] - again).max())
        print(
            f"| {n} | {p} | {many} | torch | {seconds:.1f} | {difference:.1e} (whole against part:"
            f" {spread:.1e}) | {'yes' if same else f'to {np.abs(again - third).max():.0e}'} |"
        )


def fitted(features, responses, backend):
    """Return (fold, target) test r of a fit, and its seconds."""
    n = len(features)
    settings = Settings(
        validation="halves",
        gap_s=0.0,
        alphas=ALPHAS,
        clip_mad=False,
        keep_predictions=False,
        influence=False,
        backend=backend,
    )
    start = time.perf_counter()
    fit = fit_electrodes(
        {"x": features},
        responses.reshape(n, -1, BINS),
        np.arange(n) * 0.4,
        np.full(n, "film"),
        settings,
    )
    return fit.r_test[0].reshape(5, -1), time.perf_counter() - start


def benchmark(name):
    """Return another script of this folder as a module."""
    sys.path.insert(0, str(Path(__file__).parent))
    return importlib.import_module(name)


if __name__ == "__main__":
    main()
