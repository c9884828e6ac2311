"""Dimension match: the contrasts again, every network reduced to the same number of dimensions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fusion.contrasts.influence import bin_weights
from fusion.contrasts.spec import Comparison
from fusion.controls.banded import BandedFit
from fusion.controls.inputs import Group, Networks, components
from fusion.controls.problem import Problem, over_bins, ranked, versus
from fusion.controls.spec import DimensionMatchSpec
from fusion.ids import FitId

log = logging.getLogger(__name__)


def dimension_match(group: Group, found: Networks, spec: DimensionMatchSpec) -> pd.DataFrame:
    """Test all contrasts at the electrodes of a group: see :func:`matched`.

    Parameters
    ----------
    group
        The electrodes.
    found
        Activations of all fits.
    spec
        Contrasts and dimensions.
    """
    fits = {}
    for fit, activations in found.items():
        features = components([activations], group.recordings, spec.dimensions)
        log.info("%s: %d dimensions", fit, features.shape[1])
        fits[fit] = group.problem.fit([features])
    return matched(group.problem, fits, spec.comparisons)


def matched(
    problem: Problem, fits: Mapping[FitId, BandedFit], comparisons: Sequence[Comparison]
) -> pd.DataFrame:
    """Test contrasts on fits of dimension-matched features.

    Parameters
    ----------
    problem
        Responses, folds and blocks of all fits.
    fits
        The fits.
    comparisons
        The contrasts. Each electrode takes the fit at an operand's rank by validation score.

    Returns
    -------
    pd.DataFrame
        ``electrode, contrast, a, b, r_a, r_b, dof_a, dof_b, effect, se, ci_low, ci_high, t, df,
        p``; dof are effective degrees of freedom, weighted over bins as the effect is.
    """
    tables = []
    electrode = np.arange(problem.y.shape[1])
    for one in comparisons:
        (a, name_a), (b, name_b) = (
            ranked(problem, {str(fit): fits[fit] for fit in operand.fits}, operand.rank)
            for operand in one.operands
        )
        weights = bin_weights(problem.electrodes(a.z_val), problem.electrodes(b.z_val))
        tables.append(
            pd.DataFrame(
                {
                    "electrode": electrode,
                    "contrast": one.name,
                    "a": name_a,
                    "b": name_b,
                    "dof_a": over_bins(problem, a.dof, weights),
                    "dof_b": over_bins(problem, b.dof, weights),
                    **versus(problem, a, [b], one.alternative),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
