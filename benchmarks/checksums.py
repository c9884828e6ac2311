"""What the checksums cost: bytes that every rule's jobs hash, against the CPU seconds they take.

    python benchmarks/checksums.py results/demo [results/other ..]

Each job hashes its inputs when it begins and its outputs when it ends (`fusion.io.checksums`). What
was hashed is read off the records of a finished run, what jobs took off its benchmark files. The
speed of SHA-256 is measured on the run's own files, CPU seconds, largest first, 200 MB of them."""

import argparse
import csv
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/lib"))

from fusion.io import checksums  # noqa: E402


def speed(folder: Path) -> float:
    """Return bytes a CPU second, opening and reading included."""
    files = sorted(
        (path for path, _ in checksums.all_records(folder) if path.is_file()),
        key=lambda path: -path.stat().st_size,
    )
    size, start = 0, time.process_time()
    for path in files:
        checksums.digest(path)
        size += path.stat().st_size
        if size > 200e6:
            break
    return size / (time.process_time() - start)


def hashed(folder: Path) -> dict[str, tuple[int, float]]:
    """Return rule -> jobs, and bytes hashed by all of them."""
    records = [checksums.read(path) for path, _ in checksums.all_records(folder)]
    sizes = {record.path: record.size for record in records}
    jobs = defaultdict(lambda: [0, {}])
    for record in records:
        job = jobs[record.rule, record.log]
        job[0] += record.size
        job[1] |= {name: sizes.get(name, 0) for name in record.inputs}
    found = defaultdict(lambda: (0, 0.0))
    for (rule, _), (written, read) in jobs.items():
        count, size = found[rule]
        found[rule] = (count + 1, size + written + sum(read.values()))
    return found


def cpu_seconds(folder: Path) -> dict[str, float]:
    """Return rule -> CPU seconds of all its jobs."""
    found = defaultdict(float)
    for path in folder.glob("**/benchmarks/*/*.tsv"):
        with open(path, encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["cpu_time"] not in ("NA", "-", ""):
                    found[path.parent.name] += float(row["cpu_time"])
    return found


def main() -> None:
    """Print a table of rules for every run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("results", nargs="+", type=Path)
    for folder in parser.parse_args().results:
        rate, sizes, seconds = speed(folder), hashed(folder), cpu_seconds(folder)
        print(f"{folder}: SHA-256 at {rate / 1e6:,.0f} MB a CPU second\n")
        print("| rule | jobs | MB hashed | CPU s hashing | CPU s in all | share |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        known = sorted(set(sizes) & set(seconds), key=lambda rule: -sizes[rule][1])
        for rule in known:
            count, size = sizes[rule]
            cost, whole = size / rate, seconds[rule]
            row = f"{rule} | {count} | {size / 1e6:.1f} | {cost:.3f} | {whole:.1f}"
            print(f"| {row} | {cost / whole:.2%} |")
        cost, whole = sum(sizes[r][1] for r in known) / rate, sum(seconds[r] for r in known)
        print(f"\nAll: {cost:.2f} of {whole:.1f} CPU s, {cost / whole:.2%}.\n")


if __name__ == "__main__":
    main()
