"""What the sites add up to: how the tests of multimodality overlap, and how much hangs on one
subject.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from fusion.contrasts import correct, sites
from fusion.contrasts.coincidence import coincidence, wilson
from fusion.contrasts.spec import SITE_VERDICTS, TESTS, VERDICTS, SitesSpec

#: Rungs that are set beside the tests of multimodality.
LADDER = ("unimodal", "linear", "interaction")
OVERLAP = ["one", "other", "n_one", "n_other", "both", "expected", "jaccard", "p", "electrodes"]


def overlap_table(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return, for each pair of tests of multimodality and rungs of the ladder, how many electrodes
    pass both.

    Parameters
    ----------
    table
        The table of sites.
    level
        False-discovery level of the rungs.

    Returns
    -------
    pd.DataFrame
        ``one, other, n_one, n_other, both, expected`` (by chance within subjects), ``jaccard``,
        ``p`` (exact permutation within subjects), ``electrodes`` (at which both tests were made).
        Pairs of tests that were never made are left out.
    """
    tested = table[table["tested"]]
    passed = {test: tested[test] for test in TESTS}
    for rung in LADDER:
        q = tested[f"q_{rung}"]
        passed[f"rung_{rung}"] = (q < level).astype(object).where(q.notna(), None)
    rows = []
    for one, other in combinations(passed, 2):
        made = passed[one].notna() & passed[other].notna()
        if not made.any():
            continue
        a, b = passed[one][made].astype(bool), passed[other][made].astype(bool)
        expected, p = coincidence(a, b, tested.loc[made, "subject"])
        either = int((a | b).sum())
        both = int((a & b).sum())
        jaccard = both / either if either else np.nan
        rows.append((one, other, int(a.sum()), int(b.sum()), both, expected, jaccard, p, len(a)))
    return pd.DataFrame(rows, columns=OVERLAP)


def subject_table(
    electrodes: pd.DataFrame,
    contrasts: pd.DataFrame,
    table: pd.DataFrame,
    spec: SitesSpec,
    interaction: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per subject: its verdicts, and what remains of the sites
    (:data:`fusion.contrasts.spec.SITE_VERDICTS`) when the subject is left out.

    Parameters
    ----------
    electrodes, contrasts, spec, interaction
        As for :func:`fusion.contrasts.sites.site_table`.
    table
        The table of sites.

    Returns
    -------
    pd.DataFrame
        ``subject, n_electrodes, n_tested``, one column a verdict (``n_beats_linear`` ..),
        ``n_sites``, ``fraction`` with its Wilson interval (``ci_low``, ``ci_high``), ``others``
        (sites in the other subjects) and ``others_alone`` (the same when the correction is
        made without this subject).
    """
    positive = table["verdict"].isin(SITE_VERDICTS)
    rows = []
    for subject, own in table.groupby("subject", sort=True):
        counts = own["verdict"].value_counts()
        tested, n = int(own["tested"].sum()), int(own["verdict"].isin(SITE_VERDICTS).sum())
        low, high = map(float, wilson(n, tested))
        without = correct.add_families(
            contrasts[contrasts["subject"] != subject].drop(columns=["q", "family"]), spec
        )
        others = None if interaction is None else interaction[interaction["subject"] != subject]
        alone, _ = sites.site_table(
            electrodes[electrodes["subject"] != subject], without, spec, others
        )
        rows.append(
            {
                "subject": subject,
                "n_electrodes": len(own),
                "n_tested": tested,
                **{f"n_{name.replace(' ', '_')}": int(counts.get(name, 0)) for name in VERDICTS},
                "n_sites": n,
                "fraction": n / tested if tested else np.nan,
                "ci_low": low,
                "ci_high": high,
                "others": int(positive[table["subject"] != subject].sum()),
                "others_alone": int(alone["verdict"].isin(SITE_VERDICTS).sum()),
            }
        )
    columns = [
        "subject",
        "n_electrodes",
        "n_tested",
        *(f"n_{name.replace(' ', '_')}" for name in VERDICTS),
    ]
    return pd.DataFrame(
        rows,
        columns=[*columns, "n_sites", "fraction", "ci_low", "ci_high", "others", "others_alone"],
    )
