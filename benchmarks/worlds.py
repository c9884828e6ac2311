"""Rejection rates of every test of integration in nine simulated worlds where the answer is known.

    python benchmarks/worlds.py run --correlation 0 --first 0 --count 10 worlds_0.parquet
    python benchmarks/worlds.py run --correlation 0.5 --noise bursts --strict --count 10 b.parquet
    python benchmarks/worlds.py table worlds_*.parquet > benchmarks/worlds.md

A repetition simulates one film and one joint network, and some electrodes of each of the nine
kinds; repetitions differ in all of these."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from fusion.controls import joint
from fusion.controls.battery import SHOWS, battery, conjunction, interaction
from fusion.controls.inputs import prepared
from fusion.controls.interaction import second_order
from fusion.controls.problem import Problem, ranked, versus
from fusion.encoding.folds import film_time_blocks, make_folds
from fusion.encoding.prepare import clipped, drift_regressors
from fusion.seeds import rng_for
from fusion.simulation import worlds
from fusion.simulation.noise import NOISES
from fusion.stimuli.pairing import shifts as draw_shifts

BINS_S = np.arange(0, 1.01, 0.25)
ALPHAS = (10.0, 100.0, 1e3, 1e4, 1e5)
SHARED = ("correlation", "drift", "noise", "strict", "events", "snr", "electrodes")
CLIP_MAD = 2.0
WIDTH, PAIRINGS, SHUFFLES, SHIFTS = 12, 8, 1, 4


def one_world(options: dict) -> pd.DataFrame:
    """Simulate one repetition and return the battery's table with ``kind``."""
    ids = (options["correlation"], options["drift"], options["repetition"])
    rng = rng_for(0, "worlds", *ids)
    stream = worlds.simulate_stream(rng, options["events"], WIDTH, options["correlation"])
    turn = worlds.rotation(rng, 4 * WIDTH)
    n = len(stream.onset_s)
    sources = [
        (np.arange(n) + int(k)) % n for k in draw_shifts(stream.onset_s, PAIRINGS, 60.0, rng)
    ]
    true = worlds.network(stream.vision, stream.language, stream.better, turn)
    shuffled = [
        [worlds.network(stream.vision, stream.language[source], stream.better, turn)]
        for source in sources
    ]
    films = {"film": joint.from_pairings(stream.onset_s, [true], shuffled, sources, rng)}
    made = joint.streams(films, 4 * WIDTH, SHIFTS, 60.0)
    made = {
        name: film["film"]
        for name, film in made.items()
        if "shuffled" not in name or int(name[-1]) < SHUFFLES
    }
    signal = np.hstack(
        [worlds.planted(rng, stream, kind, options["electrodes"]) for kind in worlds.KINDS]
    )
    y = worlds.respond(
        rng,
        stream.onset_s,
        signal,
        BINS_S,
        snr=options["snr"],
        high_pass_hz=0.1 if options["drift"] == "high-pass" else None,
        noise=NOISES[options["noise"]],
    )
    flat = prepared(
        clipped(y, np.zeros(n), CLIP_MAD).reshape(n, -1),
        drift_regressors(
            stream.onset_s, np.zeros(n), 30.0 if options["drift"] == "cosines" else False
        ),
    )
    folds = make_folds(stream.onset_s, np.zeros(n, int), k=5, gap_s=10.0)
    block = film_time_blocks(stream.onset_s, np.zeros(n, int), 20.0)[1]
    problem = Problem(flat.reshape(y.shape), folds, block, ALPHAS)
    table = (strict if options["strict"] else battery)(
        problem, stream.vision, stream.language, made
    )
    table["kind"] = np.repeat(worlds.KINDS, options["electrodes"])[table["electrode"]]
    return table.drop(columns=["electrode"]).assign(**options)


def strict(problem: Problem, vision: np.ndarray, language: np.ndarray, made: dict) -> pd.DataFrame:
    """Return what :func:`fusion.controls.battery.battery` says of the strict tests alone."""
    base = np.hstack(
        [vision, language, made["over_language"], made["over_vision"]]
        + [second_order([vision, language])]
    )
    alone, _ = ranked(
        problem, {"vision": problem.fit([vision]), "language": problem.fit([language])}, 1
    )
    shifts = [x for name, x in made.items() if name.startswith("shifted")]
    tests = {
        "better_than_unimodal": versus(problem, problem.fit([made["joint"]]), [alone]),
        "interaction": interaction(problem, base, made["interaction"], shifts),
    }
    tests["integration"] = conjunction(tests["interaction"], tests["better_than_unimodal"])
    electrode = np.arange(problem.y.shape[1])
    return pd.concat(
        [pd.DataFrame({"electrode": electrode, "test": name, **tests[name]}) for name in tests],
        ignore_index=True,
    )


def rates(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return rejection rates, tests by kinds."""
    grid = table.assign(rejected=table["p"] < level).pivot_table(
        index="test", columns="kind", values="rejected", sort=False
    )
    return grid.loc[[test for test in SHOWS if test in grid.index], list(worlds.KINDS)]


def write_tables(table: pd.DataFrame) -> None:
    """Print Markdown: one table of rates for each correlation and way of removing drift."""
    print("# Nine worlds: which test says what\n")
    print(
        f"{PAIRINGS} misaligned pairings, {SHIFTS} time shifts, window 0..1 s (bins of 200 ms every"
        " 250 ms),"
    )
    print("5 folds, gap 10 s, blocks of 20 s.")
    print("Rejection rates at one-sided 0.05; **bold** columns integrate. See docs/controls.md.")
    for (drift, correlation, noise, events, snr), own in table.groupby(
        ["drift", "correlation", "noise", "events", "snr"], sort=False
    ):
        count = own[own["test"] == "integration"].groupby("kind").size()
        print(
            f"\n## {drift}, streams correlated by {correlation:g}, {noise} noise: {events} events,"
            f" peak {snr:g} SD of the noise\n"
        )
        print(
            f"{count.min()} electrodes of each kind, {own['repetition'].nunique()} films and"
            " networks.\n"
        )
        header = [f"**{kind}**" if kind in worlds.INTEGRATES else kind for kind in worlds.KINDS]
        print("| test | " + " | ".join(header) + " | shows |\n|" + " --- |" * (len(header) + 2))
        for test, row in rates(own, 0.05).iterrows():
            print(
                f"| `{test}` | " + " | ".join(f"{rate:.3f}" for rate in row) + f" | {SHOWS[test]} |"
            )
        strict = rates(own, 0.01).loc[["interaction", "integration"]]
        print(
            "\nAt 0.01: "
            + "; ".join(
                f"`{test}` " + ", ".join(f"{kind} {rate:.3f}" for kind, rate in row.items())
                for test, row in strict.iterrows()
            )
        )


def main() -> None:
    """Run repetitions, or tabulate runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    run = what.add_parser("run")
    run.add_argument("--correlation", type=float, default=0.0)
    run.add_argument("--drift", choices=["high-pass", "cosines"], default="high-pass")
    run.add_argument("--noise", choices=NOISES, default="gaussian")
    run.add_argument("--strict", action="store_true", help="only the strict tests")
    run.add_argument("--events", type=int, default=4000)
    run.add_argument("--snr", type=float, default=0.2)
    run.add_argument("--electrodes", type=int, default=10, help="of each kind, in one repetition")
    run.add_argument("--first", type=int, default=0)
    run.add_argument("--count", type=int, default=1)
    run.add_argument("file")
    table = what.add_parser("table")
    table.add_argument("files", nargs="+")
    options = vars(parser.parse_args())
    if options["what"] == "table":
        write_tables(
            pd.concat([pd.read_parquet(path) for path in options["files"]], ignore_index=True)
        )
        return
    shared = {key: options[key] for key in SHARED}
    tables = []
    for repetition in range(options["first"], options["first"] + options["count"]):
        started = time.process_time()
        tables.append(one_world({**shared, "repetition": repetition}))
        print(
            f"repetition {repetition}: {time.process_time() - started:.1f} CPU-s",
            file=sys.stderr,
            flush=True,
        )
        pd.concat(tables, ignore_index=True).to_parquet(options["file"])


if __name__ == "__main__":
    main()
