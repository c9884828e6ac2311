"""What the encoding fits cost: against himalaya, scikit-learn and the published algorithm, on the
same data, one thread.

    python benchmarks/encode.py both         # the next two, the second at half its size, in one run
    python benchmarks/encode.py shape1       # 6,000 events, 768 features, 24,955 targets
    python benchmarks/encode.py shape2       # 6,000 events, 7,466 features, 644 targets
    python benchmarks/encode.py shape2_line  # the same with two numbers of targets: ours alone
    python benchmarks/encode.py lstsq_error  # how wrong float32 normal equations are there
    python benchmarks/encode.py scaling      # curves in n, p, T; nested against halves
    python benchmarks/encode.py threads      # one thread against two, best on an idle machine

Both shapes are measured by two libraries of linear algebra, OpenBLAS (numpy) and MKL (torch).
Everything is CPU seconds of one process on one thread, by the paper's scheme: 5 contiguous folds,
each held-out block halved, 7 penalties, one for each target by mean validation r. Ours is the best
of several runs, so that other work on the machine counts least (one run in `shape2` and
`shape2_line`, which take long); slow methods run once on fewer targets, folds or penalties and are
scaled up: the table says from what."""

import argparse
import importlib
import multiprocessing
import os
import resource
import sys
import time
from functools import partial
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
from threadpoolctl import threadpool_info, threadpool_limits  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "lib"))

from fusion.encoding.fit import fit_electrodes  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402

ALPHAS = tuple(10.0**k for k in range(-1, 6))
BINS = 161
HEADER = (
    "| method | CPU s | peak MB | x ours | max dr | note |\n| --- | --- | --- | --- | --- | --- |"
)
#: What the array libraries multiply with.
BLAS = {"numpy": "OpenBLAS", "torch": "MKL"}
PAPER = {
    "validation": "halves",
    "gap_s": 0.0,
    "alphas": ALPHAS,
    "penalise_intercept": True,
    "keep_predictions": False,
    "influence": False,
    "clip_mad": False,
}


def make_data(n, p, targets, seed=0):
    """Film-like correlated features, and responses of which a tenth of the variance is theirs."""
    rng = np.random.default_rng(seed)
    rank = min(p, 600)
    mixing = (rng.standard_normal((rank, p)) * np.geomspace(1, 0.05, rank)[:, None]).astype(
        np.float32
    )
    features = rng.standard_normal(
        (n, rank), dtype=np.float32
    ) @ mixing + 0.1 * rng.standard_normal((n, p), dtype=np.float32)
    signal = features[:, :40] @ rng.standard_normal((40, targets)).astype(np.float32)
    return features, signal / signal.std() / 3 + rng.standard_normal((n, targets), dtype=np.float32)


def halves(n, k=5):
    """(train, validation, test) of every fold."""
    for block in np.array_split(np.arange(n), k):
        yield np.setdiff1d(np.arange(n), block), block[: len(block) // 2], block[len(block) // 2 :]


def pearson(a, b):
    """Correlate columns."""
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a * a).sum(0) * (b * b).sum(0))


def standardised(features, train):
    """Standardise features on the training events."""
    mean, scale = features[train].mean(0), features[train].std(0)
    return (features - mean) / np.where(scale > 0, scale, 1)


def ours_by_fold(features, responses, **changed):
    """Fit by the engine, by default as the paper does; return (fold, target) test r and the choice
    of penalty.
    """
    n = len(features)
    fit = fit_electrodes(
        {"x": features},
        responses.reshape(n, -1, BINS),
        np.arange(n) * 0.4,
        np.full(n, "film"),
        Settings(**{**PAPER, **changed}),
    )
    return fit.r_test[0].reshape(5, -1), fit.choice[0, 0].ravel()


def ours(features, responses, threads=1, **changed):
    """Fit by the engine; return mean test r and the choice of penalty."""
    with threadpool_limits(threads):
        r, choice = ours_by_fold(features, responses, **changed)
    return r.mean(0), choice


def published(features, responses, folds=5, alphas=ALPHAS):
    """One least-squares solve per fold and penalty, in float32, with a column of ones; folds and
    penalties may be cut.
    """
    import torch

    torch.set_num_threads(1)
    y = torch.from_numpy(responses)
    scores = np.zeros((2, folds, len(alphas), responses.shape[1]), np.float32)
    for f, (train, validation, test) in zip(range(folds), halves(len(features)), strict=False):
        x = np.c_[standardised(features, train), np.ones(len(features), np.float32)].astype(
            np.float32
        )
        x = torch.from_numpy(x)
        for a, alpha in enumerate(alphas):
            trained = x[train]
            weights = torch.linalg.lstsq(
                trained.T @ trained + alpha * torch.eye(x.shape[1]), trained.T @ y[train]
            ).solution
            for part, rows in enumerate((validation, test)):
                scores[part, f, a] = pearson((x[rows] @ weights).numpy(), responses[rows])
    best = scores[0].mean(0).argmax(0)
    return np.take_along_axis(scores[1].mean(0), best[None], 0)[0], best


def scikit_learn(features, responses, dtype=np.float32, folds=5, alphas=ALPHAS):
    """Ridge (cholesky) of all targets at once, per fold and penalty."""
    from sklearn.linear_model import Ridge

    responses = responses.astype(dtype)
    scores = np.zeros((2, folds, len(alphas), responses.shape[1]), dtype)
    for f, (train, validation, test) in zip(range(folds), halves(len(features)), strict=False):
        x = standardised(features.astype(dtype), train)
        for a, alpha in enumerate(alphas):
            model = Ridge(alpha=alpha, solver="cholesky").fit(x[train], responses[train])
            for part, rows in enumerate((validation, test)):
                scores[part, f, a] = pearson(model.predict(x[rows]), responses[rows])
    best = scores[0].mean(0).argmax(0)
    return np.take_along_axis(scores[1].mean(0), best[None], 0)[0], best


def himalaya_cv(features, responses, folds=5):
    """RidgeCV as it comes (it refits on all events), then a refit per fold for test scores."""
    from himalaya.ridge import RidgeCV

    cv = [(train, validation) for train, validation, _ in halves(len(features))][:folds]
    model = RidgeCV(
        alphas=ALPHAS,
        cv=cv,
        solver_params={"score_func": _correlation(), "n_targets_batch": 1000, "warn": False},
    )
    model.fit(standardised(features, np.arange(len(features))), responses)
    return _himalaya_test(features, responses, model.best_alphas_, folds)


def himalaya_fair(features, responses, folds=5, library="numpy"):
    """The solver behind RidgeCV without its refit on all events, in small batches of targets; then
    a refit per fold.
    """
    from himalaya.backend import set_backend
    from himalaya.ridge import solve_group_ridge_random_search

    own = set_backend(library)

    cv = [(train, validation) for train, validation, _ in halves(len(features))][:folds]
    x = standardised(features, np.arange(len(features)))
    options = {
        "score_func": _correlation(),
        "cv": cv,
        "fit_intercept": True,
        "n_targets_batch": 256,
        "progress_bar": False,
        "warn": False,
    }
    one = own.asarray(np.ones((1, 1), np.float32))
    found = solve_group_ridge_random_search(
        [own.asarray(x)],
        own.asarray(responses),
        n_iter=one,
        alphas=own.asarray(np.array(ALPHAS, np.float32)),
        return_weights=False,
        **options,
    )
    deltas = own.to_numpy(found[0])
    return _himalaya_test(features, responses, np.exp(-deltas[0]), folds)


def himalaya_kernel(features, responses, folds=5):
    """The solver for kernels (for more features than events) without its refit on all events, then
    a refit per fold.

    The refit is a plain solve for each penalty: himalaya's own holds an (event, event) matrix for
    every target."""
    from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search

    x = standardised(features, np.arange(len(features)))
    kernel = x @ x.T
    cv = [(train, validation) for train, validation, _ in halves(len(features))][:folds]
    options = {
        "score_func": _correlation(),
        "cv": cv,
        "n_targets_batch": 256,
        "return_weights": None,
        "progress_bar": False,
    }
    one, alphas = np.ones((1, 1), np.float32), np.array(ALPHAS, np.float32)
    deltas, _, _ = solve_multiple_kernel_ridge_random_search(
        kernel[None], responses, n_iter=one, alphas=alphas, **options
    )
    best = np.exp(-deltas[0])
    best = alphas[np.abs(np.log(best)[:, None] - np.log(alphas)).argmin(1)]
    r = np.zeros(responses.shape[1])
    for _, (train, _, test) in zip(range(folds), halves(len(features)), strict=False):
        for alpha in np.unique(best):
            at = best == alpha
            weights = np.linalg.solve(
                kernel[np.ix_(train, train)] + alpha * np.eye(len(train), dtype=np.float32),
                responses[train][:, at],
            )
            r[at] += pearson(kernel[np.ix_(test, train)] @ weights, responses[test][:, at])
    return r / folds, np.log10(best).round().astype(int) + 1


def _correlation():
    from himalaya.scoring import correlation_score

    return correlation_score


def _himalaya_test(features, responses, alphas, folds):
    """Refit on every fold by a plain solve for each penalty: himalaya's own holds a (feature,
    event) matrix for every target.
    """
    r = np.zeros(responses.shape[1])
    for _, (train, _, test) in zip(range(folds), halves(len(features)), strict=False):
        x = standardised(features, train)
        gram, mean = x[train].T @ x[train], responses[train].mean(0)
        for alpha in np.unique(alphas):
            at = alphas == alpha
            cross = x[train].T @ (responses[train][:, at] - mean[at])
            r[at] += pearson(
                x[test]
                @ np.linalg.solve(gram + alpha * np.eye(len(gram), dtype=np.float32), cross),
                responses[test][:, at],
            )
    return r / folds, np.log10(alphas).round().astype(int) + 1


def gemm_rate(library="numpy", size=3072, dtype=np.float32):
    """The best of four calls of sgemm or dgemm, GFLOP per CPU second."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((size, size)).astype(dtype)
    if library == "torch":
        import torch

        torch.set_num_threads(1)
        a = torch.from_numpy(a)
    seconds = []
    for _ in range(4):
        start = time.process_time()
        a @ a
        seconds.append(time.process_time() - start)
    return 2 * size**3 / min(seconds) / 1e9


def in_child(function, *args, **kwargs):
    """Run in a forked process; return its result, CPU seconds, and memory above what it began with
    (MB).

    With ``wall=True`` the seconds are those of a clock.
    """
    clock = time.perf_counter if kwargs.pop("wall", False) else time.process_time
    receiver, sender = multiprocessing.get_context("fork").Pipe(duplex=False)

    def work():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = clock()
        out = function(*args, **kwargs)
        seconds = clock() - start
        sender.send(
            (out, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
        )

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    # With the parent's end closed, a child that dies is an error here rather than a wait without
    # end.
    sender.close()
    out = receiver.recv()
    child.join()
    return out


def best_of(runs, function, *args, **kwargs):
    """Run several times in forked processes; return what :func:`in_child` does of the quickest."""
    return min((in_child(function, *args, **kwargs) for _ in range(runs)), key=lambda run: run[1])


def machine():
    """Print what the numbers depend on: processor, BLAS and its speed in this very run."""
    blas = {
        (lib["internal_api"], lib.get("architecture"), lib["version"])
        for lib in threadpool_info()
        if lib["user_api"] == "blas"
    }
    rates = ", ".join(f"{name} {in_child(gemm_rate, name)[0]:.0f}" for name in ("numpy", "torch"))
    double = in_child(gemm_rate, dtype=np.float64)[0]
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    print(
        f"{cpu}; BLAS {sorted(map(str, blas))}; GFLOP/s on one thread: sgemm {rates}, dgemm"
        f" {double:.0f}",
        flush=True,
    )


def row(name, seconds, memory, ratio, error, note=""):
    """Print a row."""
    print(f"| {name} | {seconds:.1f} | {memory:.0f} | {ratio:.1f} | {error} | {note} |", flush=True)


def halves_flops(n, p, targets, folds=5):
    """Arithmetic of the moments form that grows with the targets: cross-products, then per fold z,
    N z, c and test predictions.
    """
    held = n / folds / 2
    return 2 * targets * (n * (p + 1) + folds * (2 * p * p + p + 2 * p * held))


def shape1(targets=24955, few=1610):
    """Compare methods where features are fewer than events."""
    n, p = 6000, 768
    features, responses = make_data(n, p, targets)
    part = responses[:, :few].copy()
    print(f"\nn={n} p={p} T={targets}\n\n{HEADER}")
    reference, _ = in_child(scikit_learn, features, part[:, :161], np.float64)[0]
    times = {}
    for library in ("numpy", "torch"):
        (r, _), seconds, memory = best_of(2, ours, features, responses, backend=library)
        _, short, _ = best_of(2, ours, features, part, backend=library)
        per_target = (seconds - short) / (targets - few)
        rate, sgemm = halves_flops(n, p, 1) / per_target / 1e9, in_child(gemm_rate, library)[0]
        whole = halves_flops(n, p, targets) / seconds / 1e9
        times[library] = seconds
        row(
            f"ours ({BLAS[library]})",
            seconds,
            memory,
            seconds / times["numpy"],
            f"{np.abs(r[:161] - reference).max():.0e}",
            f"best of 2; what grows with T {rate:.0f} GFLOP/s, {rate / sgemm:.0%} of sgemm"
            f" ({sgemm:.0f}); all {whole:.0f}, {whole / sgemm:.0%}",
        )
    seconds = min(times.values())
    for name, function in (
        ("published loop (torch lstsq, MKL)", published),
        ("scikit-learn Ridge, cholesky (OpenBLAS)", scikit_learn),
        ("himalaya RidgeCV (OpenBLAS)", himalaya_cv),
        ("himalaya, fairest (OpenBLAS)", himalaya_fair),
        ("himalaya, fairest (MKL)", partial(himalaya_fair, library="torch")),
    ):
        (r, _), long, memory = in_child(function, features, part)
        _, short, _ = in_child(function, features, part[:, : few // 2])
        slope = (long - short) / (few - few // 2)
        whole = long + slope * (targets - few)
        error = f"{np.abs(r[:161] - reference).max():.0e}"
        row(
            name,
            whole,
            memory,
            whole / seconds,
            error,
            f"{short:.1f} s at T={few // 2}, {long:.1f} s at T={few}; memory at T={few}",
        )
    machine()


def exact_fold(features, responses, choice):
    """Test r of the first fold in float64, each target at its penalty."""
    train, _, test = next(halves(len(features)))
    x = standardised(features.astype(float), train)
    kernel = x @ x[train].T
    centred = responses[train] - responses[train].mean(0, dtype=float)
    r = np.zeros(responses.shape[1])
    for a in np.unique(choice):
        at = choice == a
        weights = np.linalg.solve(kernel[train] + ALPHAS[a] * np.eye(len(train)), centred[:, at])
        r[at] = pearson(kernel[test] @ weights, responses[test][:, at].astype(float))
    return r


def shape2(targets=644, n=6000, p=7466):
    """Compare methods where features are more than events."""
    features, responses = make_data(n, p, targets)
    print(f"\nn={n} p={p} T={targets}\n\n{HEADER}", flush=True)
    few = responses[:, :BINS].copy()
    times = {}
    for library in ("numpy", "torch"):
        (r, choice), seconds, memory = in_child(ours_by_fold, features, responses, backend=library)
        exact = in_child(exact_fold, features, few, choice[:BINS])[0]
        times[library] = seconds
        row(
            f"ours (dual, {BLAS[library]})",
            seconds,
            memory,
            seconds / times["numpy"],
            f"{np.abs(r[0, :BINS] - exact).max():.0e}",
            "dr in the first fold, 161 targets",
        )
    seconds = min(times.values())
    kernel = in_child(himalaya_kernel, features, few, folds=1)
    row(
        "himalaya, kernel solver (OpenBLAS)",
        5 * kernel[1],
        kernel[2],
        5 * kernel[1] / seconds,
        "",
        f"1 of 5 folds ({kernel[1]:.1f} s), T=161",
    )
    (r, _), long, memory = in_child(published, features, few, folds=1, alphas=ALPHAS[:1])
    exact = in_child(exact_fold, features, few, np.zeros(BINS, int))[0]
    note = f"1 of 5 folds, 1 of 7 penalties ({long:.1f} s), T=161; dr at penalty 0.1"
    row(
        "published loop (MKL)",
        35 * long,
        memory,
        35 * long / seconds,
        f"{np.abs(r - exact).max():.0e}",
        note,
    )
    machine()


def both():
    """Compare methods at both shapes, the second at half its size, in one run."""
    shape1()
    shape2(n=3000, p=3733)


def shape2_line(few=644, targets=4830):
    """Measure what targets cost where features are more than events."""
    features, responses = make_data(6000, 7466, targets)
    _, short, _ = in_child(ours, features, responses[:, :few].copy())
    _, long, memory = in_child(ours, features, responses)
    slope = (long - short) / (targets - few)
    # Validation for every penalty, test for one, of 600 events each from 4,800, in five folds.
    flops = 5 * (len(ALPHAS) + 1) * 2 * 600 * 4800
    print(
        f"\nn=6000 p=7466: {short:.1f} s at T={few}, {long:.1f} s and {memory:.0f} MB at"
        f" T={targets}",
        flush=True,
    )
    print(
        f"{1e3 * slope:.2f} ms a target, {flops / slope / 1e9:.0f} GFLOP/s;"
        f" {long + slope * (24955 - targets):.0f} s at T=24955 by the line"
    )
    machine()


def lstsq_error(n=1000, p=1250, targets=161):
    """Where p > n: the published float32 solve and ours against float64, at a smaller size; penalty
    0.1 and the choice of all seven.
    """
    features, responses = make_data(n, p, targets)
    print(f"\nn={n} p={p} T={targets}: largest difference in r from float64", flush=True)
    for alphas in (ALPHAS[:1], ALPHAS):
        exact, best = in_child(exact_dual, features, responses, alphas)[0]
        for name, function in (("published float32 lstsq", published), ("ours", ours)):
            found, choice = in_child(function, features, responses, alphas=alphas)[0]
            print(
                f"| {name} | {len(alphas)} penalties | {np.abs(found - exact).max():.1e} | same"
                f" penalty {np.mean(choice == best):.3f} |",
                flush=True,
            )
    machine()


def exact_dual(features, responses, alphas):
    """Ridge in event space in float64, one solve per fold and penalty."""
    scores = np.zeros((2, 5, len(alphas), responses.shape[1]))
    for f, (train, validation, test) in enumerate(halves(len(features))):
        x = standardised(features.astype(float), train)
        kernel = x @ x[train].T
        centred = responses[train] - responses[train].mean(0, dtype=float)
        for a, alpha in enumerate(alphas):
            weights = np.linalg.solve(kernel[train] + alpha * np.eye(len(train)), centred)
            for part, rows in enumerate((validation, test)):
                scores[part, f, a] = pearson(kernel[rows] @ weights, responses[rows].astype(float))
    best = scores[0].mean(0).argmax(0)
    return np.take_along_axis(scores[1].mean(0), best[None], 0)[0], best


def scaling():
    """Measure how the cost grows."""
    print(
        "\n| n | p | T | scheme | form | CPU s | peak MB |\n| --- | --- | --- | --- | --- | --- |"
        " --- |",
        flush=True,
    )
    base = {"n": 3000, "p": 192, "targets": 2415}
    cases = [
        base,
        *({**base, "n": n} for n in (1500, 6000, 12000)),
        *({**base, "p": p} for p in (96, 384, 768, 1536, 3072)),
    ]
    cases += [{**base, "targets": t} for t in (805, 4830, 9660, 19320)]
    for case in cases:
        features, responses = make_data(**case)
        form = "primal" if 1.25 * case["p"] < 0.8 * case["n"] else "dual"
        _, seconds, memory = best_of(3, ours, features, responses)
        print(
            f"| {case['n']} | {case['p']} | {case['targets']} | halves | {form} | {seconds:.2f} |"
            f" {memory:.0f} |",
            flush=True,
        )
    features, responses = make_data(**base)
    many = tuple(np.logspace(-1, 5, 61))
    for name, changed in (
        ("nested", {"validation": "nested"}),
        ("nested, 61 penalties", {"validation": "nested", "alphas": many}),
        ("halves, 61 penalties", {"alphas": many}),
        ("nested with influence", {"validation": "nested", "influence": True}),
        ("halves with influence", {"influence": True}),
    ):
        _, seconds, memory = best_of(3, ours, features, responses, **changed)
        print(f"| 3000 | 192 | 2415 | {name} | primal | {seconds:.2f} | {memory:.0f} |", flush=True)
    machine()


def threads():
    """Measure what a second thread gives: CPU seconds and those of a clock."""
    print(
        "\n| n | p | T | threads | CPU s | wall s |\n| --- | --- | --- | --- | --- | --- |",
        flush=True,
    )
    for case in ({"n": 6000, "p": 768, "targets": 4830}, {"n": 2000, "p": 2500, "targets": 2415}):
        features, responses = make_data(**case)
        for count in (1, 2):
            seconds = [
                best_of(2, ours, features, responses, threads=count, wall=wall)[1]
                for wall in (False, True)
            ]
            print(
                f"| {' | '.join(map(str, case.values()))} | {count} | {seconds[0]:.2f} |"
                f" {seconds[1]:.2f} |",
                flush=True,
            )
    machine()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "part",
        choices=["both", "shape1", "shape2", "shape2_line", "lstsq_error", "scaling", "threads"],
    )
    part = parser.parse_args().part
    # Loaded before anything is timed; the timed work runs in forked children.
    for module in (
        "torch",
        "sklearn.linear_model",
        "himalaya.ridge",
        "himalaya.kernel_ridge",
        "himalaya.scoring",
    ):
        importlib.import_module(module)
    globals()[part]()
