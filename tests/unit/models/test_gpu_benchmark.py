"""The benchmark of GPUs runs on a CPU, where both sides are the same machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def test_the_benchmark_runs_without_a_gpu():
    done = subprocess.run(
        [sys.executable, "benchmarks/gpu.py", "--small"],
        cwd=REPOSITORY,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "no GPU" in done.stdout
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    layers = [float(row[2]) for row in rows if row[0].strip() in ("ViT-B/16", "BERT-base")]
    assert len(layers) == 6
    assert max(layers) < 1e-4
    fits = [float(row[5].split()[0]) for row in rows if row[3].strip() == "torch"]
    assert len(fits) == 2
    assert max(fits) < 1e-5
    halved = re.search(r"batches of (\d+) became (\d+); largest difference (\S+) SD", done.stdout)
    assert int(halved[2]) < int(halved[1])
    assert float(halved[3]) < 1e-4
