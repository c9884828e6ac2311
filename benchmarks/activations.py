"""What the extraction of all layers of a ViT-B/16 costs beside its bare forward pass, and beside
storing whole layers first.

    python benchmarks/activations.py [events]
    python benchmarks/activations.py pairings [events]
    python benchmarks/activations.py padding [events]
    python benchmarks/activations.py overlap [events]

The second form times the shuffled pairings of two joint networks of full size against one forward
pass of each event and pairing. The third times networks of text whose ``flatten`` layer is one
vector already, with every text padded to the full length and without. The fourth says what reading
and resizing pictures cost beside a network, and what preparing them ahead in a thread saves.

In the first, one process takes turns, batch by batch, between the bare forward pass and the
extraction (forward pass, hooks, flattening, projection to the Johnson-Lindenstrauss size, writing),
so that whatever else the machine does falls on both. The third way stores flattened layers on disk
and projects them when all are there, with scikit-learn's own product. Times are CPU seconds."""

import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import transformers
from sklearn.random_projection import SparseRandomProjection
from threadpoolctl import threadpool_info

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.io import labelled
from fusion.models.families import registry as families
from fusion.models.families import slip
from fusion.models.run import extract, hooks, sharing
from fusion.models.run.inputs import distinct
from fusion.models.run.look import look
from fusion.models.run.network import Items
from fusion.models.run.projection import Projection, target_size
from fusion.models.spec import Row, Weights
from fusion.stimuli.frames import storage

SIZES = {
    "width": 768,
    "patch": 16,
    "image": 224,
    "depth": 12,
    "hidden": 3072,
    "heads": 12,
    "embed": None,
    "mlp": None,
}
ROW = {
    "model": "benchmark",
    "origin": "benchmarks/activations.py",
    "family": "slip",
    "modality": "vision-language",
    "feed": "image",
    "sha256": None,
    "files": [],
    "architecture": {},
    "ignore_keys": [],
    "rename_keys": {},
    "prefix_tokens": {},
    "layers": {},
    "tokenizer": None,
    "text_length": None,
    "preprocess": {},
    "clip": None,
    "regions": {"file": None, "backbone": None, "net": "resnet18", "grid": 3},
    "licence": None,
    "trained_on": None,
}
TEXT_SIZES = {
    "vocabulary": 49408,
    "text_width": 512,
    "text_depth": 12,
    "text_heads": 8,
    "context": 77,
    "embed": 512,
}
BATCH = 32
PAIRINGS = 8
WORDS = [
    "a",
    "the",
    "red",
    "blue",
    "circle",
    "square",
    "man",
    "woman",
    "walks",
    "runs",
    "to",
    "from",
    "door",
    "house",
    "and",
    "then",
    "looks",
    "at",
    "it",
    "while",
    "they",
    "talk",
    "about",
    "nothing",
]  # noqa: SIM905


def built(path, init, **row):
    """Return the network of a row, and its layers after the first look."""
    row = Row.read(ROW | row)
    weights = Weights(str(path), str(path), {}, "", tokenizer=None, backbone=None)
    network = families.build("benchmark", row, weights, init, 0)
    trained = init == "trained"
    return network, look(network, hooks.expand(network.module, row), row, trained=trained)


def timed(totals, name, work, *arguments):
    """Return what ``work`` returns; its CPU seconds are added to ``totals[name]``."""
    start = time.process_time()
    result = work(*arguments)
    totals[name] = totals.get(name, 0) + time.process_time() - start
    return result


def main(n_events):
    """Measure the three ways on ``n_events`` events and print a table."""
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="activations-"))
    torch.save({"state_dict": slip.Slip(SIZES, ("image",)).state_dict()}, folder / "vit.pt")
    flat = {"visual.blocks.*": "flatten", "visual.norm": "flatten"}
    network, layers = built(folder / "vit.pt", "trained", layers=flat)
    frames = np.random.default_rng(0).integers(0, 256, (n_events, 256, 341, 3), dtype=np.uint8)
    items = lambda start, stop: Items(np.arange(start, stop), frames[start:stop], None)  # noqa: E731
    size = target_size("jl", n_events, 0.1)
    seconds, projections, stored = {}, {}, {}

    @torch.inference_mode()
    def bare(start, stop):
        network.run(network.prepare(items(start, stop)))

    @torch.inference_mode()
    def extracted(start, stop, out):
        with hooks.capture(network, layers) as captured:
            captured.begin(network.prepare(items(start, stop)))
            network.run(captured.batch)
        for i, (path, values) in enumerate(captured.features.items()):
            if path not in projections:
                projections[path] = timed(seconds, "draw", Projection, values.shape[1], size)
                labelled.add_dimension(out, f"feature_{i:02d}", projections[path].size)
                labelled.add(out, f"layer_{i:02d}", ("event", f"feature_{i:02d}"))
            out[f"layer_{i:02d}"][start:stop] = projections[path](values.numpy())
        return captured.features

    def store(start, stop, features):
        for path, values in features.items():
            if path not in stored:
                stored[path] = np.lib.format.open_memmap(
                    folder / f"{path}.npy", "w+", np.float32, (n_events, values.shape[1])
                )
            stored[path][start:stop] = values.numpy()

    def project_afterwards():
        projection = SparseRandomProjection(size, random_state=0).fit(
            np.zeros((1, next(iter(stored.values())).shape[1]), np.float32)
        )
        for path, values in stored.items():
            np.save(folder / f"{path}-projected.npy", projection.transform(np.asarray(values)))

    bare(0, min(4, n_events))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with labelled.create(folder / "activations.nc", {"event": np.arange(n_events)}) as out:
        for start in range(0, n_events, BATCH):
            stop = min(start + BATCH, n_events)
            timed(seconds, "bare", bare, start, stop)
            features = timed(seconds, "extracted", extracted, start, stop, out)
            if start == 0:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            timed(seconds, "store", store, start, stop, features)
    timed(seconds, "project", project_afterwards)
    whole_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ours = (folder / "activations.nc").stat().st_size
    theirs = sum(file.stat().st_size for file in folder.glob("*.npy"))
    two_steps = seconds["bare"] + seconds["store"] + seconds["project"]
    blas = ", ".join(
        sorted(
            {
                f"{pool['internal_api']} {pool['version'] or ''}".strip()
                for pool in threadpool_info()
            }
        )
    )
    print(
        f"machine: {platform.processor() or platform.machine()}, 1 thread, {blas}; torch"
        f" {torch.__version__}"
    )
    print(
        f"{n_events} events, {len(layers)} layers of {next(iter(stored.values())).shape[1]}"
        f" features, projected to {size}\n"
    )
    print("| way | CPU s | events/s | over the bare forward pass | peak memory (MB) | disk (MB) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, cost, memory, disk in (
        ("bare forward pass", seconds["bare"], before, 0),
        ("extraction, projected batch by batch", seconds["extracted"], peak, ours),
        ("stored flat, projected afterwards", two_steps, whole_peak, theirs),
    ):
        over = cost / seconds["bare"] - 1
        print(
            f"| {name} | {cost:.1f} | {n_events / cost:.2f} | {over:+.1%} | {memory:.0f} |"
            f" {disk / 1e6:.0f} |"
        )
    once, rest = seconds["draw"], seconds["extracted"] - seconds["draw"] - seconds["bare"]
    print(
        f"\nof the extraction: drawing the matrix {once:.1f} s, once; {1000 * rest / n_events:.1f}"
        " ms an event"
    )
    print(
        f"stored flat over batch by batch: time x {two_steps / seconds['extracted']:.2f}, disk x"
        f" {theirs / ours:.1f}"
    )
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def slip_network(folder):
    """Return a SLIP with both towers, ViT-B/16 and the published text tower, and the layers of its
    row ``slip_joint``.
    """
    torch.save(
        {"state_dict": slip.Slip(SIZES | TEXT_SIZES, ("image", "text")).state_dict()},
        folder / "slip.pt",
    )
    layers = {
        "visual.blocks.*": "cls",
        "visual.norm": "cls",
        "transformer.resblocks.*": "last",
        "ln_final": "last",
    }
    return built(folder / "slip.pt", "trained", feed="joint", layers=layers)


def blip_network(folder, size=256):
    """Return a BLIP of its own proportions (ViT-B/16, BERT-base with cross-attention in every
    layer) and the layers of its row.
    """
    vision = {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "image_size": size,
    }
    text = {
        "vocab_size": 30524,
        "num_attention_heads": 12,
        "encoder_hidden_size": 768,
        "bos_token_id": 2,
        "sep_token_id": 3,
    }
    transformers.BlipConfig(
        vision_config=vision | {"patch_size": 16}, text_config=text
    ).save_pretrained(folder)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    transformers.BertTokenizer(vocab=vocabulary, model_max_length=512).save_pretrained(folder)
    layers = {"vision_model.encoder.layers.*": "cls", "text_encoder.encoder.layer.*": "cls"}
    row = {"family": "blip", "feed": "joint", "preprocess": {"size": size, "normalise": "clip"}}
    return built(folder, "random0", layers=layers, **row)


def pairings(n_events):
    """Measure eight shuffled pairings at once and one after another, on ``n_events`` events, and
    print a table.
    """
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (n_events, 256, 341, 3), dtype=np.uint8)
    texts = np.array(
        [" ".join(rng.choice(WORDS, rng.integers(2, 15))) for _ in range(n_events)], object
    )
    events = pd.DataFrame(
        {"frame": np.arange(n_events)}
        | {f"text_{k}": np.roll(texts, -3 * (k + 1)) for k in range(PAIRINGS)}
    )
    columns = {f"shuffled{k}": f"text_{k}" for k in range(PAIRINGS)}
    running = extract.Running(torch.device("cpu"), BATCH)
    print(f"{n_events} events, {PAIRINGS} shuffled pairings, 1 thread, torch {torch.__version__}\n")
    print(
        f"| network | {PAIRINGS} forward passes of each event (CPU s) | all pairings at once (CPU"
        " s) | share | largest difference |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name, build in (
        ("SLIP (two towers)", slip_network),
        ("BLIP at 256 px (fused in every text layer)", blip_network),
    ):
        with tempfile.TemporaryDirectory() as folder:
            network, layers = build(Path(folder))
        seconds, whole = {}, {}

        def pairing_by_itself(column, network=network, layers=layers):
            def items(start, stop):
                return Items(
                    np.arange(start, stop), frames[start:stop], list(events[column][start:stop])
                )

            return list(extract.features(network, layers, n_events, items, running))

        def at_once(network=network, layers=layers):
            inputs = distinct(
                {
                    pairing: (events["frame"].to_numpy(), list(events[column]))
                    for pairing, column in columns.items()
                }
            )
            return inputs, list(
                sharing.pairings(
                    network,
                    layers,
                    "joint",
                    inputs,
                    lambda start, stop: frames[start:stop],
                    running,
                )
            )

        network.run(network.prepare(Items(np.arange(2), frames[:2], list(texts[:2]))))
        for k, column in enumerate(columns.values()):
            whole[f"shuffled{k}"] = timed(seconds, "whole", pairing_by_itself, column)
            # in the middle, so that whatever else the machine does falls on both
            if k == PAIRINGS // 2 - 1:
                inputs, shared = timed(seconds, "shared", at_once)
        largest = 0.0
        for kind, rows, done in shared:
            for pairing, shown in inputs.shown.items():
                (at,) = np.nonzero(np.isin(shown[kind], rows))
                place = {row: i for i, row in enumerate(rows)}
                for path, values in done.items():
                    expected = np.concatenate([part[path] for _, _, part in whole[pairing]])[at]
                    found = values[[place[row] for row in shown[kind][at]]]
                    largest = max(
                        largest,
                        float(
                            np.abs(found - expected).max(initial=0)
                            / np.abs(expected).max(initial=1e-9)
                        ),
                    )
        share = seconds["shared"] / seconds["whole"]
        print(
            f"| {name} | {seconds['whole']:.1f} | {seconds['shared']:.1f} | {share:.2f} |"
            f" {largest:.1g} |",
            flush=True,
        )


def padded_networks():
    """Return name -> (family, layers, config) of the networks whose last layer is one vector."""
    bert = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12)
    words = 5 + len(WORDS)
    flava = transformers.FlavaConfig(text_config={**bert, "vocab_size": words})
    return {
        "SimCSE": (
            "transformers_text",
            {"encoder.layer.*": "cls", "pooler.activation": "flatten"},
            transformers.BertConfig(vocab_size=words, **bert),
        ),
        "FLAVA": (
            "flava",
            {"text_model.encoder.layer.*": "cls", "multimodal_model.pooler.dense": "flatten"},
            flava,
        ),
        "LXMERT": (
            "lxmert",
            {"encoder.layer.*": "cls", "pooler": "flatten"},
            transformers.LxmertConfig(vocab_size=words),
        ),
        "VisualBERT": (
            "visualbert",
            {"encoder.layer.*": "cls", "pooler": "flatten"},
            transformers.VisualBertConfig(vocab_size=words, visual_embedding_dim=2048, **bert),
        ),
    }


def one_pass(network, layers, items, running):
    """Return the layers of all items, in one batch."""
    return next(extract.features(network, layers, len(items), lambda a, b: items, running))[2]


def padding(n_events):
    """Measure what padding every text to the full length costs, and print a table."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, rng.integers(8, 15))) for _ in range(n_events)]
    frames = rng.integers(0, 256, (n_events, 224, 224, 3), dtype=np.uint8)
    print(f"{n_events} events, texts of 8 to 14 words, 1 thread, torch {torch.__version__}\n")
    print(
        "| network | tokens | padded to the full length (CPU s) | not padded (CPU s) | times |"
        " largest difference |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    for name, (family, layers, config) in padded_networks().items():
        with tempfile.TemporaryDirectory() as folder:
            config.save_pretrained(folder)
            tokenizer = transformers.BertTokenizer(vocab=vocabulary, model_max_length=512)
            if family == "flava":
                image = transformers.FlavaImageProcessorPil()
                transformers.FlavaProcessor(image, tokenizer).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            regions = ROW["regions"]
            if family in ("lxmert", "visualbert"):
                path = Path(folder, "regions.npz")
                shape = (n_events, 36)
                np.savez(
                    path,
                    frame=np.arange(n_events),
                    features=rng.random((*shape, 2048), dtype=np.float32),
                    boxes=rng.random((*shape, 4)),
                )
                regions = regions | {"file": str(path)}
            feed = "text" if family == "transformers_text" else "joint"
            row = {"family": family, "feed": feed, "layers": layers, "regions": regions}
            network, known = built(folder, "random0", **row)
        running = extract.Running(torch.device("cpu"), n_events)
        whole = Items(np.arange(n_events), frames, texts)
        seconds, found = {}, {}
        for fixed in (True, False):
            network.texts.fixed = fixed
            found[fixed] = timed(seconds, fixed, one_pass, network, known, whole, running)
        tokens = network.prepare(whole)["input_ids"].shape[1]
        largest = max(float(np.abs(found[True][k] - found[False][k]).max()) for k in known)
        print(
            f"| {name} | {network.texts.length}, {tokens} | {seconds[True]:.1f} |"
            f" {seconds[False]:.1f} | {seconds[True] / seconds[False]:.1f} | {largest:.0e} |",
            flush=True,
        )


def photographs(n_events):
    """Return (n_events, 256, 341, 3) uint8 cuts of scikit-learn's two photographs."""
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng(0)
    whole = load_sample_images().images
    return np.stack(
        [
            whole[k % 2][y : y + 256, x : x + 341]
            for k, (y, x) in enumerate(rng.integers(0, [170, 298], (n_events, 2)))
        ]
    )


def overlap(n_events):
    """Measure reading, resizing and the forward pass, each alone and overlapping, and print
    tables.
    """
    torch.set_num_threads(1)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frames.nc")
        images = photographs(n_events)
        coords = {"frame": np.arange(n_events), "y": 256, "x": 341, "rgb": ["r", "g", "b"]}
        with labelled.create(path, coords, {}) as file:
            dims = ("frame", "y", "x", "rgb")
            labelled.add(file, "image", dims, dtype="uint8", **storage(256, 341))[:] = images
        vit = Path(folder, "vit.pt")
        torch.save({"state_dict": slip.Slip(SIZES, ("image",)).state_dict()}, vit)
        network, layers = built(vit, "trained", layers={"visual.blocks.*": "cls"})
        with labelled.open_labelled(path) as film:

            def read(start, stop):
                return labelled.take(film["image"], np.arange(start, stop))

            def items(start, stop):
                return Items(np.arange(start, stop), read(start, stop), None)

            parts = {
                "reading from the film's file": 0.0,
                "resizing, normalising": 0.0,
                "forward": 0.0,
            }
            names = list(parts)
            with torch.inference_mode():
                for start in range(0, n_events, BATCH):
                    stop = min(start + BATCH, n_events)
                    own = timed(parts, names[0], items, start, stop)
                    batch = timed(parts, names[1], network.prepare, own)
                    timed(parts, names[2], network.run, batch)
            running = extract.Running(torch.device("cpu"), BATCH)

            def ahead():
                return list(extract.features(network, layers, n_events, items, running))

            def in_turn():
                found = []
                with hooks.capture(network, layers) as captured, torch.inference_mode():
                    for start in range(0, n_events, BATCH):
                        batch = network.prepare(items(start, min(start + BATCH, n_events)))
                        found.append(extract.forward(network, captured, layers, batch, ""))
                return found

            for _ in range(2):
                for name, way in (("ahead", ahead), ("in turn", in_turn)):
                    start = time.perf_counter()
                    way()
                    seconds[name] = min(seconds.get(name, np.inf), time.perf_counter() - start)
    whole = sum(parts.values())
    print(f"{n_events} events, ViT-B/16 at 224 px, 1 thread, torch {torch.__version__}\n")
    print("| part | CPU ms an event | share |\n| --- | --- | --- |")
    for name, cost in parts.items():
        print(f"| {name} | {1000 * cost / n_events:.1f} | {cost / whole:.1%} |")
    print(
        f"\nwall time: {seconds['in turn']:.1f} s in turn, {seconds['ahead']:.1f} s with"
        " coming batches prepared in a thread (the better of two runs each)"
    )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["pairings"]:
        pairings(int(arguments[1]) if len(arguments) > 1 else 24)
    elif arguments[:1] == ["padding"]:
        padding(int(arguments[1]) if len(arguments) > 1 else 16)
    elif arguments[:1] == ["overlap"]:
        overlap(int(arguments[1]) if len(arguments) > 1 else 96)
    else:
        main(int(arguments[0]) if arguments else 500)
