"""Error rates and power, from the p-values of simulated electrodes whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.correct import q_values
from fusion.simulation.spec import RatesSpec

PROCEDURES = {"p": "calibrated", "p_max": "calibrated, any bin", "p_binwise": "bin-wise (paper)"}


def rates(results: pd.DataFrame, spec: RatesSpec, by: list[str]) -> pd.DataFrame:
    """Return error rates and power of every contrast and procedure.

    Parameters
    ----------
    results
        Rows of :func:`fusion.simulation.calibration.run_world`, several worlds.
    spec
        False-discovery level, and the correction over the electrodes of a repetition.
    by
        Columns that make a world: ``world``, and what it was varied in.

    Returns
    -------
    pd.DataFrame
        ``by``, ``contrast, procedure, nulls, fpr_05, fpr_05_se, fpr_01, fdr, alternatives,
        power_05, power_fdr, mean_effect``. Standard errors are over repetitions (electrodes of one
        share features); rates without cases are missing; means are over the electrodes at which the
        alternative is true, if any.
    """
    rows = []
    for key, group in results.groupby([*by, "contrast"], sort=False):
        null, true = group[~group["truth"]], group[group["truth"]]
        for column, procedure in PROCEDURES.items():
            found = pd.Series(False, index=group.index)
            for _, own in group.groupby("repetition")[column]:
                found[own.index] = q_values(own.to_numpy(), spec.correction) < spec.level
            per = null.assign(hit=null[column] < 0.05).groupby("repetition")["hit"].mean()
            false = (found & ~group["truth"]).groupby(group["repetition"]).sum()
            share: pd.Series = false / np.maximum(found.groupby(group["repetition"]).sum(), 1)
            shown = true if len(true) else null
            rows.append(
                {
                    **dict(zip([*by, "contrast"], key, strict=True)),
                    "procedure": procedure,
                    "nulls": len(null),
                    "fpr_05": _rate(null[column] < 0.05),
                    "fpr_05_se": per.std() / np.sqrt(len(per)) if len(per) > 1 else np.nan,
                    "fpr_01": _rate(null[column] < 0.01),
                    "fdr": share.mean() if len(null) else np.nan,
                    "alternatives": len(true),
                    "power_05": _rate(true[column] < 0.05),
                    "power_fdr": _rate(found[group["truth"]]),
                    "mean_effect": shown["estimate"].mean(),
                    "mean_r_a": shown["r_a"].mean(),
                }
            )
    return pd.DataFrame(rows)


def _rate(hits: pd.Series) -> float:
    return float(hits.mean()) if len(hits) else np.nan
