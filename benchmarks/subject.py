"""What the encoding fits of one subject cost, from files to files.

    python benchmarks/subject.py                              # 250 electrodes, 13 networks
    python benchmarks/subject.py --electrodes 120 --events 6000 --networks 4

A subject is simulated at two small numbers of electrodes and of layers, with the events, bins and
features of the whole. Each size runs in a process of its own as the rule ``encode`` does: it reads
responses and activations from files, fits with nested folds, predictions and influence, and writes
its outputs. The cost of the whole follows from the line

    CPU s = start + layers x (fixed + electrodes x each)

where ``fixed`` are the eigendecompositions of a layer. Reading is timed apart. One thread."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.encoding import outputs  # noqa: E402
from fusion.encoding.inputs import Activations  # noqa: E402
from fusion.encoding.job import fit_subject  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402
from fusion.encoding.trials import Trials  # noqa: E402
from fusion.ids import FitId  # noqa: E402
from fusion.io import labelled  # noqa: E402
from fusion.io.tables import write_parquet  # noqa: E402

SETTINGS = Settings(infinite_alpha=True)
#: (electrodes, layers) of the measured runs.
SIZES = ((4, 1), (12, 1), (4, 3))


def simulate(folder, electrodes, layers, size):
    """Write a subject's responses and one network's activations."""
    rng = np.random.default_rng(0)
    events = np.array([f"e{k:06d}" for k in range(size.events)])
    bins = np.linspace(-2000, 2000, size.bins).round()
    features = [
        rng.standard_normal((size.events, size.features), dtype=np.float32) for _ in range(layers)
    ]
    with labelled.create(
        folder / "responses.nc",
        {"event": events, "electrode": [f"E{k}" for k in range(electrodes)], "bin_ms": bins},
        {"recording": "r", "stimulus": "film", "subject": "01", "alignment": "language"},
    ) as file:
        labelled.add(file, "onset_s", ("event",), np.arange(size.events) * 0.45)
        signal = features[-1][:, :20] @ rng.standard_normal((20, electrodes * size.bins))
        noise = rng.standard_normal(signal.shape, dtype=np.float32)
        values = (0.1 * signal + noise).reshape(size.events, electrodes, size.bins)
        dims = ("event", "electrode", "bin_ms")
        labelled.add(file, "response", dims, values.astype(np.float32))
    with labelled.create(
        folder / "network.nc", {"event": events}, {"card": json.dumps({"name": "network"})}
    ) as file:
        for k, own in enumerate(features):
            labelled.add_dimension(file, f"feature_{k:02d}", own.shape[1])
            dims = ("event", f"feature_{k:02d}")
            labelled.add(file, f"layer_{k:02d}", dims, own, attrs={"layer": f"l{k:02d}"})


def fit(folder):
    """Fit the subject of a folder; print CPU seconds and peak memory as JSON."""
    folder = Path(folder)
    start = time.process_time()
    trials = Trials.read([folder / "responses.nc"], subject="01", alignment="language")
    responses = [group.responses() for group in trials.groups]
    activations = Activations([("film", "network", folder / "network.nc")], None, FitId("network"))
    for layer in activations.layers:
        activations.read(layer, trials.recordings)
    reading = time.process_time() - start
    found = fit_subject(trials, activations, SETTINGS, responses=responses)
    write_parquet(outputs.score_table(found), folder / "scores.parquet")
    outputs.write_influence(folder / "influence.nc", found, {})
    outputs.write_predictions(folder / "predictions.nc", found, {})
    print(
        json.dumps(
            {
                "cpu_s": time.process_time() - start,
                "reading_s": reading,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def measure(electrodes, layers, size):
    """Return what a run of this size took."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), electrodes, layers, size)
        command = [sys.executable, __file__, "--fit", folder]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def main():
    """Measure, and print a table for ``encode.md``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (
        ("electrodes", 250),
        ("bins", 161),
        ("events", 10_000),
        ("networks", 13),
        ("layers", 12),
        ("features", 768),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--fit", help=argparse.SUPPRESS)
    size = parser.parse_args()
    if size.fit:
        return fit(size.fit)
    print(
        "| electrodes | layers | CPU s | reading (s) | peak (MB) |\n| --- | --- | --- | --- | --- |"
    )
    runs = []
    for electrodes, layers in SIZES:
        run = measure(electrodes, layers, size)
        runs.append(run)
        print(
            f"| {electrodes} | {layers} | {run['cpu_s']:.1f} | {run['reading_s']:.2f}"
            f" | {run['peak_mb']:.0f} |",
            flush=True,
        )
    (few, _), (many, _), (_, several) = SIZES
    each = (runs[1]["cpu_s"] - runs[0]["cpu_s"]) / (many - few)
    layer = (runs[2]["cpu_s"] - runs[0]["cpu_s"]) / (several - 1)
    start = runs[0]["cpu_s"] - layer
    network = start + size.layers * (layer + (size.electrodes - few) * each)
    mb = (runs[1]["peak_mb"] - runs[0]["peak_mb"]) / (many - few)
    print(
        f"\n{size.electrodes} electrodes, {size.bins} bins, {size.events} events,"
        f" {size.networks} networks of {size.layers} layers with {size.features} features:"
        f" {size.networks * network / 3600:.1f} CPU hours, {network / 60:.0f} minutes a network,"
        f" {runs[0]['peak_mb'] + (size.electrodes - few) * mb:.0f} MB a job"
    )
    return None


if __name__ == "__main__":
    main()
