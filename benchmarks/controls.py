"""Banded ridge: our exact search against himalaya's, on the same problem, band scalings, penalties
and folds, in one run.

    python benchmarks/controls.py [--events 6000] [--targets 1000] [--features 256] >
    benchmarks/controls.md

Three bands. himalaya runs its GroupRidge solver and its multiple-kernel solver with the same list
of scalings. Both choose by the mean correlation over the same four validation folds and refit; ours
also scores held-out events and computes block influence."""

import argparse
import os
import platform
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "lib"))

from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search
from himalaya.ridge import solve_group_ridge_random_search
from himalaya.scoring import correlation_score
from sklearn.model_selection import KFold

from fusion.controls.banded import Moments, fit, grid, search
from fusion.encoding.folds import Folds, Held, make_folds

ALPHAS = np.array([10.0**k for k in range(0, 7)])


def problem(n: int, p: int, n_targets: int):
    """Return three bands (n, p) and targets (n, n_targets) float32 with a weak signal in the first
    two.
    """
    rng = np.random.default_rng(0)
    bands = [rng.standard_normal((n, p)).astype("float32") for _ in range(3)]
    signal = sum(band @ rng.standard_normal((p, n_targets)).astype("float32") for band in bands[:2])
    y = signal / signal.std() * 0.3 + rng.standard_normal((n, n_targets)).astype("float32")
    return bands, ((y - y.mean(0)) / y.std(0)).astype("float32")


def timed(run):
    """Return CPU-seconds and the result of ``run()``."""
    started = time.process_time()
    result = run()
    return time.process_time() - started, result


def main() -> None:
    """Time and compare; print Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=6000)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--features", type=int, default=256, help="of each band")
    parser.add_argument("--scalings", type=int, default=8)
    parser.add_argument(
        "--kernel-events",
        type=int,
        default=2000,
        help="events of the multiple-kernel run, which costs their cube",
    )
    o = parser.parse_args()
    warnings.simplefilter("ignore")
    gammas = grid(3, steps=(-1, 0, 1))
    gammas = gammas[(gammas > 0).all(1)][: o.scalings]
    n, sizes = o.events, [o.features] * 3
    bands, y = problem(n, o.features, o.targets)
    kfold = KFold(4)
    folds = Folds(
        np.zeros(n, int),
        np.zeros((n, 1), bool),
        (Held((0,), np.arange(n), {0: np.arange(n)}),),
        tuple(Held((0, 1), a, {0: b}) for a, b in kfold.split(np.arange(n))),
        0.0,
    )
    with threadpool_limits(1):
        best = min(timed(lambda: bands[0].T @ y)[0] for _ in range(3))
        gflops = 2 * n * o.features * o.targets / best / 1e9
        ours, scores = timed(
            lambda: search(
                Moments(np.hstack(bands).astype("float64"), y, folds, False),
                sizes,
                folds,
                gammas,
                ALPHAS,
            )
        )
        arguments = {
            "n_iter": gammas,
            "alphas": ALPHAS,
            "cv": kfold,
            "score_func": correlation_score,
            "progress_bar": False,
            "return_weights": False,
        }
        theirs, group = timed(
            lambda: solve_group_ridge_random_search(
                bands,
                y,
                fit_intercept=True,
                local_alpha=True,
                n_targets_batch=256,
                warn=False,
                **arguments,
            )
        )
        few = slice(0, o.kernel_events)
        kernels = np.stack([band[few] @ band[few].T for band in bands])
        few_folds = Folds(
            folds.fold[few],
            folds.near[few],
            (),
            tuple(Held((0, 1), a, {0: b}) for a, b in kfold.split(np.arange(o.kernel_events))),
            0.0,
        )
        few_folds = Folds(
            few_folds.fold,
            few_folds.near,
            (Held((0,), np.arange(o.kernel_events), {}),),
            few_folds.inner,
            0.0,
        )
        arguments.pop("return_weights")
        few_ours, _ = timed(
            lambda: search(
                Moments(np.hstack(bands)[few].astype("float64"), y[few], few_folds, False),
                sizes,
                few_folds,
                gammas,
                ALPHAS,
            )
        )
        few_theirs, _ = timed(
            lambda: solve_multiple_kernel_ridge_random_search(
                kernels,
                y[few],
                local_alpha=True,
                n_targets_batch=256,
                return_weights=None,
                **arguments,
            )
        )
        nested = make_folds(np.arange(n) * 0.35, np.zeros(n), gap_s=10)
        whole, _ = timed(
            lambda: fit(
                bands, y, nested, (np.arange(n) * 0.35 // 20).astype(int), gammas, ALPHAS, False
            )
        )
    worst = np.abs(scores[0].max(1) - group[2]).max()
    blas = ", ".join(
        sorted(
            {
                f"{i['internal_api']} {i['version']} ({i.get('architecture')})"
                for i in threadpool_info()
                if i["user_api"] == "blas"
            }
        )
    )
    print("# Banded ridge: time against himalaya\n")
    print(
        f"{n} events, 3 bands of {o.features} features, {o.targets} targets, {len(gammas)} band"
        f" scalings, {len(ALPHAS)} penalties,"
    )
    print("4 validation folds. One thread, CPU-seconds.")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, BLAS {blas}, float32 product {gflops:.0f}"
        " GFLOP/s.\n"
    )
    print("| what | ours | himalaya | ratio |\n| --- | --- | --- | --- |")
    rows = {"choice of scaling and penalty, against GroupRidge": (ours, theirs)}
    rows[f"the same at {o.kernel_events} events, against multiple-kernel ridge"] = (
        few_ours,
        few_theirs,
    )
    for what, (a, b) in rows.items():
        print(f"| {what} | {a:.1f} | {b:.1f} | {b / a:.1f} |")
    print(f"\nLargest difference of a validation score from himalaya's: {worst:.1e}.")
    print(
        "Ours in full - 5 outer folds with 10 nested fits, test scores, product measure, block"
        f" influence - took {whole:.1f} CPU-seconds."
    )


if __name__ == "__main__":
    main()
