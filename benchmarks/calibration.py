"""Error rates and power of the contrasts in simulated worlds, with the paper's bin-wise test beside
them.

    python benchmarks/calibration.py run none --events 1500 --repetitions 50 --out DIR
    python benchmarks/calibration.py table DIR

Each run simulates ``repetitions`` subjects of 40 electrodes (so 50 make 2,000 electrodes) who hear
words 0.35 s apart, fits five models with the encoding stage's own functions and tests every
contrast with the workflow's own. Runs can be cut into pieces by ``--first``. ``table`` prints what
all runs in DIR measured."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.encoding.spec import Settings  # noqa: E402
from fusion.simulation import calibration, geometry, planted, rates  # noqa: E402
from fusion.simulation.noise import NOISES  # noqa: E402
from fusion.simulation.spec import (  # noqa: E402
    ComparisonSpec,
    RatesSpec,
    SideSpec,
    SimulationSpec,
)

MODALITY = {"slip": "vision-language", "simclr": "vision", "beit": "vision", "text": "language"}
PARTS = {"linear": ("simclr", "text")}
UNIMODAL = ["simclr", "beit", "text"]


def best(models, rank=1):
    """Return an operand: the model at ``rank`` on validation."""
    return SideSpec(rank, tuple(f"{model}-trained-true" for model in models))


CONTRASTS = {
    "slip_vs_simclr": (best(["slip"]), best(["simclr"]), "greater"),
    "simclr_vs_beit": (best(["simclr"]), best(["beit"]), "two-sided"),
    "slip_vs_best_unimodal": (best(["slip"]), best(UNIMODAL), "greater"),
    "slip_vs_linear": (best(["slip"]), best(["linear", "simclr", "text"]), "greater"),
    "slip_vs_linear_alone": (best(["slip"]), best(["linear"]), "greater"),
    "rank1_vs_rank2": (best(["slip", *UNIMODAL]), best(["slip", *UNIMODAL], 2), "greater"),
    "slip_vs_nothing": (best(["slip"]), None, "greater"),
}


def run(args):
    """Simulate a piece of a world."""
    contrasts = {
        name: ComparisonSpec(*sides) for name, sides in CONTRASTS.items() if name in args.contrasts
    }
    operands = [side for one in contrasts.values() for side in (one.a, one.b) if side]
    spec = SimulationSpec(
        fits=tuple(dict.fromkeys(fit for side in operands for fit in side.of)),
        modality=MODALITY,
        parts=PARTS,
        width=16,
        noise=args.noise,
        contrasts=contrasts,
        window="after",
        windows={"after": (0, 1000)},
        validation="nested",
        bin_weights="validation_squared",
        multipliers=500,
        min_blocks=8,
        seed=0,
    )
    own = geometry.synthetic(
        np.random.default_rng(0), args.events, np.arange(-2000, 2001, 200.0), args.electrodes
    )
    start = time.process_time()
    repetitions = range(args.first, args.first + args.repetitions)
    settings = Settings(keep_predictions=False)
    kinds = planted.kinds_of(args.world)
    if args.share is not None:
        kinds = {args.world: planted.World({"v": 1 - args.share, "b": args.share})}
    rows = pd.concat(
        calibration.run_world(own, kinds, repetitions, spec, effect=args.effect, settings=settings),
        ignore_index=True,
    )
    name = args.world if args.share is None else f"{args.world} {args.share:g}"
    name = name if args.noise == "gaussian" else f"{name} in {args.noise}"
    rows = rows.assign(world=name, effect=args.effect, minutes=own.minutes, events=args.events)
    args.out.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(
        args.out / f"{name.replace(' ', '_')}_{args.events}_{args.effect:g}_{args.first}.parquet"
    )
    print(f"{name}: {len(repetitions)} subjects, {time.process_time() - start:.0f} CPU s")


def table(args):
    """Print the tables of all runs."""
    results = pd.concat(map(pd.read_parquet, sorted(args.out.glob("*.parquet"))), ignore_index=True)
    found = rates.rates(results, RatesSpec(0.05, "bh"), ["world", "events", "effect"])
    wide = {
        "calibrated": "calibrated",
        "calibrated, any bin": "any bin",
        "bin-wise (paper)": "bin-wise",
    }
    null = found[found["nulls"] > 0]
    print("\n## Where the contrast's alternative is false\n")
    print(
        "| world | events | contrast | electrodes | "
        + " | ".join(f"{w}: 0.05 / 0.01 / FDR" for w in wide.values())
        + " |"
    )
    print("|" + " --- |" * (4 + len(wide)))
    for key, group in null.groupby(["world", "events", "effect", "contrast"], sort=False):
        by = group.set_index("procedure")
        cells = [f"{by.fpr_05[p]:.3f} / {by.fpr_01[p]:.3f} / {by.fdr[p]:.2f}" for p in wide]
        print(
            f"| {key[0]} | {key[1]} | {key[3]} | {int(by['nulls'].iloc[0])} | "
            + " | ".join(cells)
            + " |"
        )
    print("\n## Power where it is true\n")
    print(
        "| world | events | effect | contrast | mean r of a | mean difference | calibrated: 0.05 /"
        " after BH | any bin: 0.05 / after BH |"
    )
    print("|" + " --- |" * 8)
    for key, group in found[found["alternatives"] > 0].groupby(
        ["world", "events", "effect", "contrast"], sort=False
    ):
        by = group.set_index("procedure")
        cells = [f"{by.power_05[p]:.2f} / {by.power_fdr[p]:.2f}" for p in list(wide)[:2]]
        means = f"{by.mean_r_a.iloc[0]:.3f} | {by.mean_effect.iloc[0]:.3f}"
        print(
            f"| {key[0]} | {key[1]} | {key[2]:g} | {key[3]} | {means} | " + " | ".join(cells) + " |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run")
    one.add_argument("world")
    one.add_argument("--events", type=int, default=1500)
    one.add_argument("--electrodes", type=int, default=40)
    one.add_argument("--repetitions", type=int, default=50)
    one.add_argument("--first", type=int, default=0)
    one.add_argument("--effect", type=float, default=1.0)
    one.add_argument(
        "--share", type=float, help="of better_vision: part of the signal that only slip knows"
    )
    one.add_argument("--contrasts", nargs="+", choices=list(CONTRASTS), default=list(CONTRASTS))
    one.add_argument("--noise", choices=list(NOISES), default="gaussian")
    one.add_argument("--out", type=Path, required=True)
    one.set_defaults(do=run)
    two = commands.add_parser("table")
    two.add_argument("out", type=Path)
    two.set_defaults(do=table)
    chosen = parser.parse_args()
    chosen.do(chosen)
