"""False regions and the coverage of their intervals in studies whose neighbouring contacts agree.

    python benchmarks/regions.py --studies 500 > benchmarks/regions.md

A study has 4 to 10 subjects with 6 to 12 shafts of 8 to 14 contacts, which pass through regions of
2 to 6 contacts. An electrode is positive where a Gaussian process along its shaft (moving average
over 1, 2 or 4 contacts) plus a subject's own shift exceeds a threshold. A share of 0.2 is positive
everywhere, or of 0.45 in one region."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from fusion.contrasts.coincidence import coincidence, wilson
from fusion.contrasts.correct import q_values
from fusion.contrasts.regions import region_table

N_REGIONS, SHARE, HIGHER = 12, 0.2, 0.45
ATLAS = pd.DataFrame({"region": [], "hemisphere": []})


def study(rng: np.random.Generator, reach: int, between: float, higher: bool) -> pd.DataFrame:
    """Return the sites of one study."""
    rows = []
    for subject in range(rng.integers(4, 11)):
        own = rng.normal(0, between)
        for shaft in range(rng.integers(6, 13)):
            m = int(rng.integers(8, 15))
            noise = rng.standard_normal(m + reach - 1)
            value = np.convolve(noise, np.ones(reach) / np.sqrt(reach), "valid") + own
            region = np.concatenate(
                [[rng.integers(N_REGIONS)] * rng.integers(2, 7) for _ in range(m)]
            )[:m]
            share = np.where(higher & (region == 0), HIGHER, SHARE)
            positive = value > norm.isf(share) * np.sqrt(1 + between**2)
            rows += [
                (str(subject), f"S{chr(65 + shaft)}{k + 1}", f"r{region[k]}", bool(positive[k]))
                for k in range(m)
            ]
    table = pd.DataFrame(rows, columns=["subject", "electrode", "region", "positive"])
    verdict = np.where(table["positive"], "beats linear", "none")
    return table.assign(hemisphere="L", tested=True, verdict=verdict)


def one(rng: np.random.Generator, reach: int, between: float, higher: bool) -> dict:
    """Return what one study finds."""
    sites = study(rng, reach, between, higher)
    made = region_table(sites, ATLAS, "bh")
    p = [
        coincidence(sites["region"] == name, sites["positive"], sites["subject"])[1]
        for name in made["region"]
    ]
    true = (made["region"] == "r0").to_numpy() & higher
    truth = np.where(true, HIGHER, SHARE)
    low, high = wilson(made["n_sites"], made["n_tested"])
    found, exchanged = (made["q"] < 0.05).to_numpy(), q_values(np.array(p), "bh") < 0.05
    return {
        "false": found[~true].any(),
        "false_exchanged": exchanged[~true].any(),
        "level": np.mean(made["p"][~true] < 0.05),
        "power": found[true].any() if true.any() else np.nan,
        "power_exchanged": exchanged[true].any() if true.any() else np.nan,
        "covered": np.mean((made["ci_low"] <= truth) & (truth <= made["ci_high"])),
        "covered_wilson": np.mean((low <= truth) & (truth <= high)),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--reach", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--between", type=float, nargs="+", default=[0.0, 0.6])
    options = parser.parse_args()
    print("# Regions: false findings and coverage\n")
    print(
        f"{options.studies} studies a row; `{Path(sys.argv[0]).name}`. In brackets: contacts taken"
    )
    print("as exchangeable within subjects, and Wilson's interval without a design effect.\n")
    columns = (
        "contacts alike",
        "SD between subjects",
        "higher region",
        "studies with a false region",
        "p < 0.05 at a null region",
        "power",
        "coverage",
    )
    print(f"| {' | '.join(columns)} |\n|" + " --- |" * len(columns))
    for higher in (False, True):
        for between in options.between:
            for reach in options.reach:
                rng = np.random.default_rng([reach, round(10 * between), higher])
                rows = pd.DataFrame(
                    [one(rng, reach, between, higher) for _ in range(options.studies)]
                ).astype(float)
                mean = rows.mean().round(3)
                print(
                    f"| {reach} | {between:g} | {'yes' if higher else 'no'}"
                    f" | {mean['false']:.3f} ({mean['false_exchanged']:.3f})"
                    f" | {mean['level']:.3f}"
                    f" | {mean['power']:.2f} ({mean['power_exchanged']:.2f})"
                    f" | {mean['covered']:.3f} ({mean['covered_wilson']:.3f}) |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
