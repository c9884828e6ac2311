"""What the limit of an infinite penalty does for held-out correlations.

    python benchmarks/limit.py

Simulated subjects whose electrodes follow a network's features weakly, moderately or strongly, or
not at all, are fitted by nested validation with the penalties of the default config, and with those
up to 10,000 alone, each with and without the limit in the grid. r is that of test events, which
chose nothing."""

import os
import sys
from dataclasses import replace
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import yaml  # noqa: E402

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "workflow/lib"))

from fusion.encoding.fit import fit_electrodes  # noqa: E402
from fusion.encoding.spec import Settings  # noqa: E402

#: Share of the responses' variance that the features explain.
STRENGTHS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
BINS, ELECTRODES, SUBJECTS = 10, 20, 3


def subject(rng, n, p, strength):
    """Return correlated features (n, p) and responses (n, electrode, bin) of unit variance."""
    mixing = rng.standard_normal((p, p)) * np.geomspace(1, 0.02, p)[:, None]
    features = rng.standard_normal((n, p)) @ mixing
    weights = rng.standard_normal((p, ELECTRODES * BINS))
    signal = features @ weights
    signal = (signal - signal.mean(0)) / signal.std(0)
    noise = rng.standard_normal(signal.shape)
    responses = np.sqrt(strength) * signal + np.sqrt(1 - strength) * noise
    return features.astype("float32"), responses.reshape(n, -1, BINS).astype("float32")


def fitted(features, responses, settings):
    """Return mean test r (target), and for each fold and target the penalty."""
    n = len(features)
    fit = fit_electrodes(
        {"layer": features}, responses, np.arange(n) * 0.5, np.full(n, "film"), settings
    )
    return fit.r_test[0].mean(0).ravel(), np.array(settings.grid)[fit.choice].ravel()


def main():
    """Print a table."""
    schema = (REPOSITORY / "workflow/schemas/config.schema.yaml").read_text()
    asked = yaml.safe_load(schema)["properties"]["encoding"]["properties"]
    defaults = {key: asked[key]["default"] for key in ("alphas", "folds", "gap_s")}
    given = Settings(
        **(defaults | {"alphas": tuple(defaults["alphas"])}),
        keep_predictions=False,
        influence=False,
        clip_mad=False,
    )
    print(
        "| events, features | penalties up to | variance explained | r without | r with |"
        " difference (se) | largest penalty chosen, without | limit chosen, with |\n"
        + "| --- " * 8
        + "|"
    )
    for n, p, largest in ((1500, 128, 1e6), (1500, 128, 1e4), (500, 96, 1e4)):
        grid = tuple(alpha for alpha in given.alphas if alpha <= largest)
        for strength in STRENGTHS:
            rng = np.random.default_rng([n, round(1000 * strength)])
            r, shares = {False: [], True: []}, {False: [], True: []}
            for _ in range(SUBJECTS):
                made = subject(rng, n, p, strength)
                for limit in (False, True):
                    settings = replace(given, alphas=grid, infinite_alpha=limit)
                    own, penalty = fitted(*made, settings)
                    # Bins of an electrode are independent here.
                    r[limit].append(own)
                    shares[limit].append(np.mean(penalty == settings.grid[-1]))
            without, within = (np.concatenate(r[limit]) for limit in (False, True))
            gain = within - without
            print(
                f"| {n:,}, {p} | {largest:,.0f} | {strength:.1%} | {without.mean():.4f} |"
                f" {within.mean():.4f} |"
                f" {gain.mean():+.5f} ({gain.std() / np.sqrt(len(gain)):.5f}) |"
                f" {np.mean(shares[False]):.0%} | {np.mean(shares[True]):.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
