"""Whether a verdict is found again in each film that a subject saw."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts import verdicts
from fusion.contrasts.spec import SitesSpec

#: Verdict -> the claims that make it. The interaction test of the controls is not made from film to
#: film: of its verdicts the rung below is asked.
CLAIMED = {
    "interaction": ("linear",),
    "beats linear": ("linear",),
    "beats unimodal": ("unimodal",),
    "better": ("better",),
    "vision and language": ("vision", "language"),
    "vision": ("vision",),
    "language": ("language",),
    "audio": ("audio",),
    "video": ("video",),
}


def found_again(sites: pd.DataFrame, table: pd.DataFrame, spec: SitesSpec) -> pd.Series:
    """Return, for every site, in how many films its verdict was found again of those that it was
    tested in: ``1 of 2``; missing where it was tested in none.

    In each film the claims of a verdict are decided as they are over all films, from the contrasts
    of that film alone and corrected over all electrodes that were tested there. Where fits were
    trained on several other films, a claim needs one of them (Simes), in one alignment.

    Parameters
    ----------
    sites
        ``subject, electrode, verdict``.
    table
        Contrasts from film to film, of all subjects.
    spec
        Roles, alignments, primary window, level, correction.
    """
    index = pd.MultiIndex.from_frame(sites[["subject", "electrode"]])
    roles = {role: name for name, role in spec.roles.items() if role}
    found, tested = (np.zeros(len(sites), int) for _ in range(2))
    for _, rows in table.groupby("tested_on"):
        # To verdicts, each film trained on is an alignment of its own.
        ways = rows["alignment"] + " " + rows["trained_on"]
        p = verdicts.p_by_role(rows.assign(alignment=ways), roles, index, sorted(set(ways)))
        known = rows.loc[rows["tested"].astype(bool), ["subject", "electrode"]]
        there = index.isin(pd.MultiIndex.from_frame(known))
        decided = verdicts.decide(verdicts.verdict_p(p), there, spec.level, spec.correction)
        for verdict, claims in CLAIMED.items():
            q = decided.reindex(columns=[f"q_{claim}" for claim in claims]).to_numpy(float)
            own = (sites["verdict"] == verdict).to_numpy() & there & np.isfinite(q).all(axis=1)
            tested += own
            found += own & (q < spec.level).all(axis=1)
    said = [f"{n} of {m}" if m else None for n, m in zip(found, tested, strict=True)]
    return pd.Series(said, sites.index, dtype=object)
