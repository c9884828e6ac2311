"""Effects of one subject by region: the mean over its electrodes there, with the standard error of
that mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fusion.contrasts.frame import Found
from fusion.contrasts.influence import of_sums
from fusion.contrasts.spec import Comparison
from fusion.ids import Alternative

#: Region and hemisphere of an electrode.
Place = tuple[str, str]
COLUMNS = [
    "contrast",
    "alternative",
    "region",
    "hemisphere",
    "n_electrodes",
    "effect",
    "se",
    "df",
    "p",
    "between_electrodes",
]
#: The table of a subject and alignment.
OF_SUBJECT = ["subject", "alignment", *COLUMNS]


@dataclass
class ByRegion:
    """Collects what contrasts find at a subject's electrodes, piece by piece.

    Parameters
    ----------
    places
        Electrode -> its place; electrodes without one are left out.
    n_folds
        Folds that an effect is a mean of.
    """

    places: Mapping[str, Place]
    n_folds: int
    _found: dict[Comparison, list[tuple[tuple[str, ...], Found]]] = field(default_factory=dict)

    def add(self, comparison: Comparison, electrodes: tuple[str, ...], found: Found) -> None:
        """Take in what a contrast found; of procedures without block sums nothing is kept."""
        if found.sums is not None:
            self._found.setdefault(comparison, []).append((electrodes, found))

    def table(self) -> pd.DataFrame:
        """Return :data:`COLUMNS`, one row per contrast and place with tested electrodes."""
        rows = [
            {"contrast": own.name, "alternative": own.alternative, **row}
            for own, pieces in self._found.items()
            for row in self._rows(own, pieces)
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def _rows(
        self, comparison: Comparison, pieces: list[tuple[tuple[str, ...], Found]]
    ) -> list[dict[str, object]]:
        electrodes = [name for names, _ in pieces for name in names]
        effect, se, reason = (
            np.concatenate([getattr(found, key) for _, found in pieces])
            for key in ("effect", "se", "reason")
        )
        sums = np.concatenate([found.sums for _, found in pieces if found.sums is not None], axis=2)
        where: dict[Place, list[int]] = {}
        for row in np.flatnonzero(reason == "").tolist():
            if (name := electrodes[row]) in self.places:
                where.setdefault(self.places[name], []).append(row)
        alone = comparison.a.is_nothing or comparison.b.is_nothing
        return [
            {
                "region": region,
                "hemisphere": side,
                **mean_effect(
                    effect[own],
                    se[own],
                    sums[:, :, own],
                    self.n_folds,
                    comparison.alternative,
                    alone=alone,
                ),
            }
            for (region, side), own in where.items()
        ]


def mean_effect(
    effect: np.ndarray,
    se: np.ndarray,
    sums: np.ndarray,
    n_folds: int,
    alternative: Alternative,
    *,
    alone: bool,
) -> dict[str, float]:
    """Return the mean effect of some electrodes of a subject.

    Block sums of the mean are means of the electrodes' block sums, so its standard error knows how
    far their noise is common.

    Parameters
    ----------
    effect, se
        (n_electrodes,) effects, and their standard errors.
    sums
        (2, n_blocks, n_electrodes) block sums of the influences on them.
    n_folds
        Folds that an effect is a mean of.
    alternative, alone
        As for :func:`fusion.contrasts.influence.of_sums` (``conservative``).

    Returns
    -------
    dict
        ``n_electrodes, effect, se, df, p``, and ``between_electrodes``: the variance of the effects
        less what their noise makes of it (may be negative; NaN of one electrode). Of noise with
        variances v_e and a mean of variance v, it is n/(n-1) (mean v_e - v).
    """
    n = len(effect)
    mean = sums.mean(axis=2, keepdims=True, dtype=float)
    n_blocks = np.array([int((mean != 0).any(axis=(0, 2)).sum())])
    found = of_sums(effect.mean(keepdims=True), mean, n_blocks, n_folds, alternative, alone)
    excess = np.nan
    if n > 1:
        noise = n / (n - 1) * ((se**2).mean() - found["se"][0] ** 2)
        excess = float(effect.var(ddof=1) - noise)
    return {
        "n_electrodes": n,
        **{key: float(found[key][0]) for key in ("effect", "se", "df", "p")},
        "between_electrodes": excess,
    }
