"""Variance partition: what each band of features adds to all the others, what it reaches alone, and
what is shared.

Partitions mislead where bands are collinear (shared variance belongs to nobody, and can be
negative), so three numbers stand side by side: the unique contribution with its test, the score
alone, and the product measure, which sums to the score of the full model."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd

from fusion.controls.banded import grid
from fusion.controls.bands import principal
from fusion.controls.inputs import Group, Networks, at_events, band_components
from fusion.controls.problem import Problem, over_bins, own_weights, versus
from fusion.controls.spec import PartitionSpec
from fusion.seeds import rng_for

log = logging.getLogger(__name__)


def of_group(
    group: Group, found: Networks, lowlevel: Mapping[str, pd.DataFrame], spec: PartitionSpec
) -> pd.DataFrame:
    """Partition the score at the electrodes of a group, see :func:`partition`.

    Parameters
    ----------
    group
        The electrodes.
    found
        Activations of all fits.
    lowlevel
        Film -> low-level features, a row an event.
    spec
        Bands, dimensions and scalings.
    """
    bands = band_components(found, spec.bands, group.recordings, spec.dimensions)
    bands["lowlevel"] = principal([at_events(lowlevel, group.recordings)], spec.dimensions)
    log.info(
        "%d electrodes, %d events; dimensions: %s",
        len(group.electrodes),
        len(group.trials),
        {band: x.shape[1] for band, x in bands.items()},
    )
    rng = rng_for(spec.seed, "partition", spec.subject, spec.alignment)
    return partition(group.problem, bands, rng, spec.scalings)


def partition(
    problem: Problem, bands: Mapping[str, np.ndarray], rng: np.random.Generator, n_random: int = 12
) -> pd.DataFrame:
    """Partition the score of [all bands] at every electrode.

    Parameters
    ----------
    problem
        Responses, folds and blocks.
    bands
        Name -> (n_events, n_features); at least two.
    rng
        Draws the band scalings that are tried where there are more than three bands.
    n_random
        Number of drawn scalings.

    Returns
    -------
    pd.DataFrame
        One row per electrode (index in ``problem.y``) x band: ``electrode, band``; ``r_full`` (all
        bands), ``r_without`` (all but this one), ``r_alone``; ``part`` (product measure: this
        band's part of r_full; sums to it over bands); ``unique`` and ``shared`` in signed r squared
        (r_full|r_full| - r_without|r_without|, and r_full|r_full| less the unique parts of all
        bands); ``effect, se, ci_low, ci_high, t, df, p`` of the unique contribution on z,
        one-sided; ``dof`` effective degrees of freedom of the band alone.
    """
    names = list(bands)
    features = list(bands.values())
    scalings = grid(len(names), rng=rng, n_random=n_random)
    full = problem.fit(features, scalings)
    weights = own_weights(problem, full)
    rows = []
    for b, name in enumerate(names):
        others = [x for k, x in enumerate(features) if k != b]
        rest = problem.fit(others, without(scalings, b))
        test = versus(problem, full, [rest])
        del test["r_a"], test["r_b"]
        alone = problem.fit([features[b]])
        rows.append(
            pd.DataFrame(
                {
                    "electrode": np.arange(problem.y.shape[1]),
                    "band": name,
                    "r_full": over_bins(problem, np.tanh(full.z), weights),
                    "r_without": over_bins(problem, np.tanh(rest.z), weights),
                    "r_alone": over_bins(problem, np.tanh(alone.z), weights),
                    "part": over_bins(problem, full.split[b], weights),
                    **test,
                    "dof": over_bins(problem, alone.dof, weights),
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
    """Return scalings with one band taken out, rescaled to sum to 1, each once.

    Parameters
    ----------
    scalings
        (n_scalings, n_bands). Those that leave no other band are dropped.
    band
        Position of the band.

    Returns
    -------
    np.ndarray
        (n_kept, n_bands - 1).
    """
    kept = np.delete(scalings, band, axis=1)
    kept = kept[kept.sum(1) > 0]
    kept = np.round(kept / kept.sum(1, keepdims=True), 12)
    _, first = np.unique(kept, axis=0, return_index=True)
    return np.asarray(kept[np.sort(first)])
