"""Memory and time of cleaning a long recording with pauses.

    python benchmarks/pauses.py [HOURS] [CHANNELS] [RATE] [PAUSES]

Writes an EDF+D file of noise below /tmp and runs ``preprocess`` on it.
"""

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).parents[1]
sys.path += [str(REPOSITORY / "workflow/lib"), str(REPOSITORY / "tests")]
sys.path.append(str(REPOSITORY / "tests/unit/ieeg"))


def write(path, hours, names, rate, pauses):
    """Write EDF+D with records of one second and ``pauses`` pauses of 30 s, record by record."""
    seconds, tal = int(hours * 3600), 24
    every, count = seconds // (pauses + 1), len(names) + 1
    head = b"".join(
        str(value).ljust(size).encode()
        for value, size in (
            ("0", 8),
            ("X X X X", 80),
            ("Startdate 01-JAN-2020 X X X", 80),
            ("01.01.20", 8),
            ("12.00.00", 8),
            (256 * (count + 1), 8),
            ("EDF+D", 44),
            (seconds, 8),
            (1, 8),
            (count, 4),
        )
    )
    columns = (
        (16, [*names, "EDF Annotations"]),
        (80, [""] * count),
        (8, ["uV"] * len(names) + [""]),
        (8, ["-3200"] * len(names) + ["-1"]),
        (8, ["3200"] * len(names) + ["1"]),
        (8, ["-32768"] * count),
        (8, ["32767"] * count),
        (80, [""] * count),
        (8, [str(rate)] * len(names) + [str(tal)]),
        (32, [""] * count),
    )
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 400, (len(names), 64 * rate)).astype("<i2")
    with open(path, "wb") as file:
        file.write(head + b"".join(v.ljust(n).encode() for n, vs in columns for v in vs))
        for k in range(seconds):
            at = (k % 64) * rate
            file.write(noise[:, at : at + rate].tobytes())
            onset = k + 30 * min(k // every, pauses)
            file.write(f"+{onset}\x14\x14\x00".encode().ljust(2 * tal, b"\0"))


def main(hours=3.0, channels=250, rate=512, pauses=20):
    """Print what cleaning such a recording takes."""
    import paused
    import running

    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        names = [f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[k // 10]}{k % 10 + 1}" for k in range(channels)]
        place = folder / "bids/sub-01/ieeg"
        paused.describe(place, "sub-01_task-film", names, float(rate))
        write(place / "sub-01_task-film_ieeg.edf", hours, names, rate, pauses)
        made = running.design(folder / "bids", film_zero={"rule": "first_event", "value": "film"})
        start = time.monotonic()
        done = running.preprocess(made, folder / "results")
        row = pd.read_csv(done.quality, sep="\t").iloc[0]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        said = {key: row[key].item() for key in ("segments", "lost_s", "kept", "duration_s")}
        said |= {"peak_gb": round(peak, 2), "seconds": round(time.monotonic() - start)}
        print(json.dumps(said))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(*(kind(value) for kind, value in zip((float, int, int, int), sys.argv[1:], strict=False)))
