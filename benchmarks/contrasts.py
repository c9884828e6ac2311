"""What the statistics cost: 155 electrodes x 161 bins, 1,000 resamples, against a loop, against
refitting, and against the fits.

    python benchmarks/contrasts.py

All on one thread and the same data, in CPU seconds. The loop (electrode by electrode, bin by bin,
draw by draw) and the refits are run on a part and scaled up; the part is printed."""

import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.contrasts import bootstrap  # noqa: E402
from fusion.contrasts.calibrated import Calibrated  # noqa: E402
from fusion.contrasts.fits import scores_of  # noqa: E402
from fusion.contrasts.frame import contrast_table  # noqa: E402
from fusion.contrasts.spec import CalibratedSpec, Comparison  # noqa: E402
from fusion.encoding.fit import fit_electrodes  # noqa: E402
from fusion.encoding.folds import make_folds  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402
from fusion.ids import Operand  # noqa: E402

N_EVENTS, N_FEATURES, N_ELECTRODES, N_BINS, RESAMPLES = 3000, 256, 155, 161, 1000


def clock(function, *args):
    """Return what a function returns, and its CPU seconds."""
    start = time.process_time()
    out = function(*args)
    return out, time.process_time() - start


def naive(fits, electrodes, draws):
    """Test some electrodes by plain loops over electrodes, bins and draws; return the p-values of
    the window and of the maximum.
    """
    a, b = fits
    rng = np.random.default_rng(0)
    out = []
    for e in electrodes:
        z = (a.z[:, e] - b.z[:, e]).mean(0)
        parts = (a.influence[:, :, :, e] - b.influence[:, :, :, e]).sum(0)
        t = np.array(
            [
                z[k] / np.sqrt(sum(len(p) * np.var(p[:, k], ddof=1) for p in parts))
                for k in range(len(z))
            ]
        )
        hits = 0
        for _ in range(draws):
            signs = rng.integers(0, 2, parts.shape[:2]) * 2 - 1
            drawn = [s[:, None] * (p - p.mean(0)) for s, p in zip(signs, parts, strict=True)]
            best = -np.inf
            for k in range(len(z)):
                best = max(
                    best,
                    sum(d[:, k].sum() for d in drawn)
                    / np.sqrt(sum(len(d) * np.var(d[:, k], ddof=1) for d in drawn)),
                )
            hits += best >= t.max()
        out.append((1 + hits) / (draws + 1))
    return out


def main():
    """Measure and print the table."""
    rng = np.random.default_rng(0)
    onset = np.cumsum(rng.gamma(4, 0.35 / 4, N_EVENTS))
    film = np.full(N_EVENTS, "film")
    features = {
        name: rng.standard_normal((N_EVENTS, N_FEATURES)).astype(np.float32) for name in "ab"
    }
    responses = rng.standard_normal((N_EVENTS, N_ELECTRODES, N_BINS)).astype(np.float32)
    responses += 0.1 * features["a"][:, :1, None]
    settings = Settings(keep_predictions=False)
    fits, cost_fits = [], 0.0
    for name, x in features.items():
        fit, seconds = clock(fit_electrodes, {"layer": x}, responses, onset, film, settings)
        cost_fits += seconds
        bins, names = np.linspace(-2000, 2000, N_BINS), [f"E{k}" for k in range(N_ELECTRODES)]
        fits.append(scores_of(fit, f"{name}-trained-true", names, bins))
    plain = Settings(keep_predictions=False, influence=False)
    _, seconds = clock(fit_electrodes, {"layer": features["a"]}, responses, onset, film, plain)
    influence_cost = cost_fits / 2 - seconds
    comparison = Comparison("contrast", Operand.parse("a"), Operand.parse("b"), "greater")
    procedure = Calibrated(CalibratedSpec(multipliers=RESAMPLES), rng)
    windows = {"all": (-2000, 2000)}
    table, cost = clock(contrast_table, fits, comparison, windows, procedure)
    assert table["tested"].all()
    some, draws = range(2), 5
    _, part = clock(naive, fits, some, draws)
    cost_naive = part * N_ELECTRODES / len(some) * RESAMPLES / draws
    folds = make_folds(onset, film, validation="halves", gap_s=0)
    counts = bootstrap.resample_counts(rng, N_EVENTS, 1)
    few = 4
    flat = responses[:, :few].reshape(N_EVENTS, -1).astype(float)
    _, part = clock(
        bootstrap.intervals,
        features["a"].astype(float),
        flat,
        folds,
        np.array(settings.alphas),
        counts,
    )
    cost_refit = 2 * part * RESAMPLES * N_ELECTRODES / few
    copies = np.repeat(np.arange(N_EVENTS), counts[0])
    blas = sorted(
        {f"{info['internal_api']} {info.get('architecture', '')}" for info in threadpool_info()}
    )
    print(f"BLAS: {', '.join(blas)}")
    print(f"{N_EVENTS} events, {N_FEATURES} features, {N_ELECTRODES} electrodes x {N_BINS} bins")
    print(f"{len(fits[0].blocks)} blocks, {RESAMPLES} draws")
    print("\n| what | CPU s | ratio to the contrast |\n| --- | --- | --- |")
    rows = [
        ("contrast: window test and maximum over bins", cost),
        (f"the same by plain loops (from {len(some)} electrodes x {draws} draws)", cost_naive),
        (
            (
                f"refitting both models {RESAMPLES} times, by weights (from 1 refit of {few}"
                " electrodes)"
            ),
            cost_refit,
        ),
        ("the two fits, with influences", cost_fits),
        ("of which influences", 2 * influence_cost),
    ]
    for what, seconds in rows:
        print(f"| {what} | {seconds:.3g} | {seconds / cost:.3g} |")
    print(
        f"\nA resample holds {len(np.unique(copies))} of {N_EVENTS} events; the others cost nothing"
        " when copies are weights."
    )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
