"""Dimension match: the contrasts again, every network reduced to the same number of dimensions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.influence import bin_weights
from fusion.controls.banded import BandedFit
from fusion.controls.battery import Design, over_bins, ranked, versus


def matched(design: Design, fits: dict[str, BandedFit], contrasts: dict[str, dict]) -> pd.DataFrame:
    """Test contrasts on fits of dimension-matched features.

    Parameters
    ----------
    design
        Responses, folds and blocks of all fits.
    fits
        Fit name -> its banded fit.
    contrasts
        Name -> {"a": [fit names], "b": [fit names], "rank_a", "rank_b", "alternative"}; each
        electrode takes the fit at that rank of a side by validation.

    Returns
    -------
    pd.DataFrame
        ``electrode, contrast, a, b, r_a, r_b, dof_a, dof_b, effect, se, ci_low, ci_high, t, df,
        p``; dof are effective degrees of freedom, weighted over bins as the effect is.
    """
    tables = []
    for name, sides in contrasts.items():
        picked = [
            ranked(design, {fit: fits[fit] for fit in sides[side]}, sides[f"rank_{side}"])
            for side in "ab"
        ]
        (fit_a, name_a), (fit_b, name_b) = picked
        weights = bin_weights(design.electrodes(fit_a.z_val), design.electrodes(fit_b.z_val))
        dof_a, dof_b = (over_bins(design, fit.dof, weights) for fit in (fit_a, fit_b))
        test = versus(design, fit_a, [fit_b], sides["alternative"])
        electrode = np.arange(design.y.shape[1])
        tables.append(
            pd.DataFrame(
                {
                    "electrode": electrode,
                    "contrast": name,
                    "a": name_a,
                    "b": name_b,
                    "dof_a": dof_a,
                    "dof_b": dof_b,
                    **test,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
