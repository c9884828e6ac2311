"""Inputs of every kind, changed at random and read.

    python benchmarks/mutations.py [--count 100] [--kinds config,bids] [--first 0]

Each change is drawn from its own number, so that `--first 1234 --count 1` repeats one. What may not
happen is listed in `tests/mutations/run.py`; the tests run a few of each kind, and as many as
`FUSION_MUTATIONS` says."""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "workflow/lib")]
os.environ["TQDM_DISABLE"] = "1"

from mutations.kinds import KINDS  # noqa: E402
from mutations.run import run  # noqa: E402

#: Changes of one kind for each hundred asked for: some readers take long, some kinds are many.
SHARE = {"config": 4, "transcripts": 4, "zoo": 3, "intermediates": 4, "films": 2}
SHARE |= {"networks": 0.2, "nwb": 0.5, "mef": 0.4, "bdf": 0.3}


def main() -> int:
    """Print a table of what became of the changes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    print("| kind | changes | read | refused in one line | failures | CPU s |", flush=True)
    print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    total, failures = [0, 0, 0], []
    for name in given.kinds.split(","):
        count = max(1, round(given.count * SHARE.get(name, 1)))
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            found = run(name, count, Path(folder, "work"), given.first)
        numbers = [count, found.accepted, found.refused]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        failures += found.failures
        spent = time.process_time() - start
        cells = " | ".join(map(str, [name, *numbers, len(found.failures), f"{spent:.0f}"]))
        print(f"| {cells} |", flush=True)
    print(f"| all | {' | '.join(map(str, total))} | {len(failures)} | |")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
