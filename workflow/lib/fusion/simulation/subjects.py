"""Simulated regions of several subjects: what a contrast would say of each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtr

from fusion.contrasts.by_region import OF_SUBJECT

#: Degrees of freedom of a subject's test.
DF = 40


def simulate_regions(
    rng: np.random.Generator,
    n_regions: int,
    *,
    effect: float = 0.0,
    between: float = 0.0,
    within: float = 0.03,
    noise: float = 0.03,
    common: float = 0.02,
) -> pd.DataFrame:
    """Return the effects of subjects by region (:data:`fusion.contrasts.by_region.OF_SUBJECT`).

    A region has 4 to 10 subjects, a subject 1 to 8 electrodes there. Standard errors are known up
    to what :data:`DF` degrees of freedom leave.

    Parameters
    ----------
    rng
        Source of everything.
    n_regions
        Regions; their subjects have nothing to do with each other.
    effect, between
        Mean and SD of the subjects' true effects.
    within
        SD of the true effects of a subject's electrodes.
    noise, common
        SD of an electrode's own noise, and of noise that a subject's electrodes share.
    """
    rows = []
    for region in range(n_regions):
        for subject in range(rng.integers(4, 11)):
            n = int(rng.integers(1, 9))
            scale = np.sqrt(rng.chisquare(DF) / DF)
            truth = effect + between * rng.standard_normal() + within * rng.standard_normal(n)
            values = truth + noise * rng.standard_normal(n) + common * rng.standard_normal()
            se = scale * np.sqrt(common**2 + noise**2 / n)
            # The variance of effects less that of the noise which is each electrode's own.
            excess = values.var(ddof=1) - (scale * noise) ** 2 if n > 1 else np.nan
            t = values.mean() / se
            rows.append(
                {
                    "subject": f"{subject:02d}",
                    "alignment": "language",
                    "contrast": "x",
                    "alternative": "greater",
                    "region": f"r{region:04d}",
                    "hemisphere": "L",
                    "n_electrodes": n,
                    "effect": values.mean(),
                    "se": se,
                    "df": DF,
                    "p": float(stdtr(DF, -t)),
                    "between_electrodes": excess,
                }
            )
    return pd.DataFrame(rows, columns=OF_SUBJECT)
