"""Intervals and levels of effects over subjects, with and without differences between subjects.

    python benchmarks/people.py --regions 1500

Simulated regions of 4 to 10 subjects with 1 to 8 electrodes each, whose noise is partly common and
whose true effects differ (SD 0.03 between electrodes; ``fusion.simulation.subjects``).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from fusion.contrasts import people
from fusion.simulation.subjects import simulate_regions


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=1500)
    n_regions = parser.parse_args().regions
    columns = ("SD between subjects", "coverage of 95% intervals", "p < 0.05 without an effect")
    print("| " + " | ".join((*columns, "estimated SD (root mean square)")) + " |")
    print("|" + " --- |" * 4)
    for between in (0.0, 0.05, 0.1):
        rows = simulate_regions(np.random.default_rng(2), n_regions, between=between)
        table = people.over_subjects(rows, "bh")
        covered = ((table["ci_low"] <= 0) & (table["ci_high"] >= 0)).mean()
        spread = np.sqrt((table["between_subjects"] ** 2).mean())
        print(f"| {between:g} | {covered:.3f} | {(table['p'] < 0.05).mean():.3f} | {spread:.3f} |")


if __name__ == "__main__":
    main()
