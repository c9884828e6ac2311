"""What the extraction of all layers of a ViT-B/16 costs beside its bare forward pass, and beside storing whole layers first.

    python benchmarks/activations.py [events]

One process takes turns, batch by batch, between the bare forward pass and the extraction (forward pass, hooks, flattening,
projection to the Johnson-Lindenstrauss size, writing), so that whatever else the machine does falls on both. The third way
stores flattened layers on disk and projects them when all are there, with scikit-learn's own product. Times are CPU seconds.
"""

import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.random_projection import SparseRandomProjection
from threadpoolctl import threadpool_info

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion import labelled
from fusion.models import families, hooks, slip
from fusion.models.network import Items
from fusion.models.projection import Projection, target_size

SIZES = {"width": 768, "patch": 16, "image": 224, "depth": 12, "hidden": 3072, "heads": 12, "embed": None, "mlp": None}
ROW = {"family": "slip", "feed": "image", "architecture": {}, "preprocess": {}, "tokenizer": None, "ignore_keys": []}
BATCH = 32


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
    network = families.build("vit", ROW, {"path": folder / "vit.pt"}, "trained", 0)
    layers = hooks.expand(network.module, {"visual.blocks.*": "flatten", "visual.norm": "flatten"}, "vit")
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
            captured["batch"] = network.prepare(items(start, stop))
            network.run(captured["batch"])
        for i, (path, values) in enumerate(captured["features"].items()):
            if path not in projections:
                projections[path] = timed(seconds, "draw", Projection, values.shape[1], size)
                labelled.add_dimension(out, f"feature_{i:02d}", projections[path].size)
                labelled.add(out, f"layer_{i:02d}", ("event", f"feature_{i:02d}"))
            out[f"layer_{i:02d}"][start:stop] = projections[path](values.numpy())
        return captured["features"]

    def store(start, stop, features):
        for path, values in features.items():
            if path not in stored:
                stored[path] = np.lib.format.open_memmap(folder / f"{path}.npy", "w+", np.float32, (n_events, values.shape[1]))
            stored[path][start:stop] = values.numpy()

    def project_afterwards():
        projection = SparseRandomProjection(size, random_state=0).fit(np.zeros((1, next(iter(stored.values())).shape[1]), np.float32))
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
    blas = ", ".join(sorted({f"{pool['internal_api']} {pool['version'] or ''}".strip() for pool in threadpool_info()}))
    print(f"machine: {platform.processor() or platform.machine()}, 1 thread, {blas}; torch {torch.__version__}")
    print(f"{n_events} events, {len(layers)} layers of {next(iter(stored.values())).shape[1]} features, projected to {size}\n")
    print("| way | CPU s | events/s | over the bare forward pass | peak memory (MB) | disk (MB) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, cost, memory, disk in (
        ("bare forward pass", seconds["bare"], before, 0),
        ("extraction, projected batch by batch", seconds["extracted"], peak, ours),
        ("stored flat, projected afterwards", two_steps, whole_peak, theirs),
    ):
        over = cost / seconds["bare"] - 1
        print(f"| {name} | {cost:.1f} | {n_events / cost:.2f} | {over:+.1%} | {memory:.0f} | {disk / 1e6:.0f} |")
    once, rest = seconds["draw"], seconds["extracted"] - seconds["draw"] - seconds["bare"]
    print(f"\nof the extraction: drawing the matrix {once:.1f} s, once; {1000 * rest / n_events:.1f} ms an event")
    print(f"stored flat over batch by batch: time x {two_steps / seconds['extracted']:.2f}, disk x {theirs / ours:.1f}")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
