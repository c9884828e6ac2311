"""Variance partition: what each band of features adds to all the others, what it reaches alone, and
what is shared.

Partitions mislead where bands are collinear (shared variance belongs to nobody, and can be
negative), so three numbers stand side by side: the unique contribution with its test, the score
alone, and the product measure, which sums to the score of the full model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.controls.banded import grid
from fusion.controls.battery import Design, over_bins, own_weights, versus


def partition(
    design: Design, bands: dict[str, np.ndarray], rng: np.random.Generator, n_random: int = 12
) -> pd.DataFrame:
    """Partition the score of [all bands] at every electrode.

    Parameters
    ----------
    design
        Responses (n, E, B), folds and blocks.
    bands
        Name -> (n, p) features; at least two.
    rng
        Draws the band scalings that are tried where there are more than three bands.
    n_random
        Number of drawn scalings.

    Returns
    -------
    pd.DataFrame
        One row per electrode (index in ``design.y``) x band: ``electrode, band``; ``r_full`` (all
        bands), ``r_without`` (all but this one), ``r_alone``; ``part`` (product measure: this
        band's part of r_full; sums to it over bands); ``unique`` and ``shared`` in signed r squared
        (r_full|r_full| - r_without|r_without|, and r_full|r_full| less the unique parts of all
        bands); ``effect, se, ci_low, ci_high, t, df, p`` of the unique contribution on z,
        one-sided; ``dof`` effective degrees of freedom of the band alone.
    """
    names = list(bands)
    features = list(bands.values())
    scalings = grid(len(names), rng=rng, n_random=n_random)
    full = design.fit(features, scalings)
    weights = own_weights(design, full)
    rows = []
    for b, name in enumerate(names):
        others = [x for k, x in enumerate(features) if k != b]
        rest = design.fit(others, without(scalings, b))
        test = versus(design, full, [rest])
        del test["r_a"], test["r_b"]
        alone = design.fit([features[b]])
        rows.append(
            pd.DataFrame(
                {
                    "electrode": np.arange(design.y.shape[1]),
                    "band": name,
                    "r_full": over_bins(design, np.tanh(full.z), weights),
                    "r_without": over_bins(design, np.tanh(rest.z), weights),
                    "r_alone": over_bins(design, np.tanh(alone.z), weights),
                    "part": over_bins(design, full.split[b], weights),
                    **test,
                    "dof": over_bins(design, alone.dof, weights),
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    signed = table["r_full"] * table["r_full"].abs()
    table.insert(6, "unique", signed - table["r_without"] * table["r_without"].abs())
    table.insert(7, "shared", signed - table.groupby("electrode")["unique"].transform("sum"))
    return table.sort_values(
        ["electrode", "band"],
        key=lambda c: c.map(names.index) if c.name == "band" else c,
        ignore_index=True,
    )


def without(scalings: np.ndarray, band: int) -> np.ndarray:
    """Return scalings (R', B - 1) with one band taken out, rescaled to sum to 1, each once; those
    of that band alone are left out.
    """
    kept = np.delete(scalings, band, axis=1)
    kept = kept[kept.sum(1) > 0]
    kept = np.round(kept / kept.sum(1, keepdims=True), 12)
    _, first = np.unique(kept, axis=0, return_index=True)
    return kept[np.sort(first)]
