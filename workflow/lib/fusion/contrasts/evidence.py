"""What every claim about an electrode rests on: the contrast, rival and alignment that decide it,
with effect, interval and q.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.contrasts import verdicts
from fusion.contrasts.correct import family_name
from fusion.contrasts.spec import INTERACTION_TEST, RUNG_ROLES, RUNGS, TESTS, SitesSpec

#: Claim -> roles of the contrasts of its own.
OWN_ROLES: dict[str, Sequence[str]] = {
    "signal": ("signal",),
    **RUNG_ROLES,
    "better": verdicts.BETTER,
}
COLUMNS = ("alignment", "contrast", "a", "b", "effect", "ci_low", "ci_high")
EVIDENCE = ("subject", "electrode", "claim", "holds", *COLUMNS, "p", "q", "family")


@dataclass(frozen=True)
class Asked:
    """Rows of one contrast, laid out by site and alignment.

    Attributes
    ----------
    p
        (n_sites, n_alignments), NaN where not tested.
    columns
        Column -> the same shape.
    """

    p: np.ndarray
    columns: Mapping[str, np.ndarray]

    def opposite(self) -> Asked:
        """Return the contrast with its sides exchanged."""
        own = self.columns
        turned = {
            **own,
            "a": own["b"],
            "b": own["a"],
            "effect": -own["effect"],
            "ci_low": -own["ci_high"],
            "ci_high": -own["ci_low"],
        }
        return Asked(1 - self.p, turned)


def by_role(primary: pd.DataFrame, index: pd.MultiIndex, spec: SitesSpec) -> dict[str, Asked]:
    """Return role -> the rows of its contrast."""
    found = {}
    for contrast, role in spec.roles.items():
        if not role:
            continue
        rows = primary[(primary["contrast"] == contrast) & primary["tested"]]
        found[role] = laid_out(rows, index, spec.alignments)
    return found


def laid_out(rows: pd.DataFrame, index: pd.MultiIndex, alignments: Sequence[str]) -> Asked:
    """Return rows by site and alignment; the first of several rows of a cell."""
    shape = (len(index), len(alignments))
    p = np.full(shape, np.nan)
    columns = {
        name: np.full(shape, np.nan if name.startswith(("eff", "ci")) else None, dtype=kind)
        for name, kind in zip(COLUMNS, (*[object] * 4, *[float] * 3), strict=True)
    }
    for k, alignment in enumerate(alignments):
        own = rows[rows["alignment"] == alignment].drop_duplicates(["subject", "electrode"])
        at = index.get_indexer(pd.MultiIndex.from_frame(own[["subject", "electrode"]]))
        own, at = own[at >= 0], at[at >= 0]
        p[at, k] = own["p"]
        for name, column in columns.items():
            column[at, k] = own[name]
    return Asked(p, columns)


def of_control(
    interaction: pd.DataFrame, index: pd.MultiIndex, alignments: Sequence[str], test: str
) -> Asked:
    """Return the rows of the interaction control that the last rung rests on (``test``, of
    :func:`fusion.contrasts.verdicts.interaction_test`): of several networks the one with the
    smallest p.
    """
    rows = interaction[interaction["test"] == test].sort_values("p", kind="stable")
    rows = rows.assign(
        contrast=INTERACTION_TEST, a=rows["network"], b="what vision and language add up to"
    )
    return laid_out(rows, index, alignments)


def evidence_table(
    asked: Mapping[str, Asked],
    strict: Asked | None,
    decision: pd.DataFrame,
    tests: pd.DataFrame,
    claims: Mapping[str, np.ndarray],
    *,
    index: pd.MultiIndex,
    spec: SitesSpec,
) -> pd.DataFrame:
    """Return one row per electrode and claim that was tested there.

    Effect, interval, sides and alignment are those of the contrast that decides: in the alignment
    with the smallest p (of the claim and all it needs) the own contrast with the largest p.

    Parameters
    ----------
    asked
        Role -> its rows, of :func:`by_role`.
    strict
        Rows of the interaction control, of :func:`of_control`, or None.
    decision
        Of :func:`fusion.contrasts.verdicts.decide`.
    tests
        q-values of the tests of multimodality.
    claims
        Of :func:`fusion.contrasts.verdicts.verdict_p`.
    index
        (subject, electrode) of the sites.
    spec
        Roles, alignments, level and correction.

    Returns
    -------
    pd.DataFrame
        :data:`EVIDENCE`: rungs first, then streams, then the tests of multimodality.
    """
    p = {role: one.p for role, one in asked.items()}
    within = verdicts.rungs_p(p)
    parts = []
    for claim, values in sorted(claims.items(), key=lambda one: _rank(one[0])):
        own, together = _own(claim, asked, strict, within)
        parts.append(_rows(claim, own, together, values, decision[f"q_{claim}"], index))
    for test, (role, _) in TESTS.items():
        if role in asked:
            one = asked[role]
            parts.append(_rows(test, [one], one.p, None, tests[test], index))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(EVIDENCE))
    table["holds"] = (table["q"] < spec.level).astype(bool)
    families = family_names(table, spec)
    table["family"] = table["claim"].map(families)
    return table[list(EVIDENCE)]


def family_names(table: pd.DataFrame, spec: SitesSpec) -> dict[str, str]:
    """Return, for every claim, the set of tests that it was corrected in."""
    signal = table[(table["claim"] == "signal") & (table["q"] < spec.level)]
    predicted = pd.MultiIndex.from_frame(signal[["subject", "electrode"]])
    known, found = (table["claim"] == "signal").any(), {}
    for claim, rows in table.groupby("claim", sort=False):
        sites, of = pd.MultiIndex.from_frame(rows[["subject", "electrode"]]), "electrodes"
        if known and claim in (*verdicts.AMONG_SIGNAL, *TESTS):
            sites, of = sites.intersection(predicted), "electrodes with signal"
        found[str(claim)] = family_name(
            str(claim), " and ".join(spec.alignments), spec.window, len(sites), spec.correction, of
        )
    return found


def _rank(claim: str) -> int:
    return RUNGS.index(claim) if claim in RUNGS else len(RUNGS)


def _own(
    claim: str,
    asked: Mapping[str, Asked],
    strict: Asked | None,
    within: Mapping[str, np.ndarray],
) -> tuple[list[Asked], np.ndarray]:
    """Return the contrasts of a claim's own, and its p by alignment."""
    if claim == "signal" and "signal" not in asked:
        streams = [asked[role] for role in ("vision", "language") if role in asked]
        smallest = np.fmin.reduce([one.p for one in streams])
        # The stream that predicts better speaks for both.
        return [_better(streams)], smallest
    if claim in asked and claim not in OWN_ROLES:
        return [asked[claim]], asked[claim].p
    if (turned := "_vs_".join(reversed(claim.split("_vs_")))) in asked and claim != turned:
        one = asked[turned].opposite()
        return [one], one.p
    own = [asked[role] for role in OWN_ROLES[claim] if role in asked]
    if claim == "interaction" and strict is not None:
        own.append(strict)
    together = within.get(claim)
    if together is None:
        together = np.max([one.p for one in own], axis=0)
    return own, together


def _better(streams: Sequence[Asked]) -> Asked:
    if len(streams) == 1:
        return streams[0]
    first, second = streams
    left = np.nan_to_num(first.p, nan=2) <= np.nan_to_num(second.p, nan=2)
    columns = {name: np.where(left, first.columns[name], second.columns[name]) for name in COLUMNS}
    return Asked(np.where(left, first.p, second.p), columns)


def _rows(
    claim: str,
    own: Sequence[Asked],
    together: np.ndarray,
    p: np.ndarray | None,
    q: pd.Series,
    index: pd.MultiIndex,
) -> pd.DataFrame:
    """Return a claim's rows of the sites at which it was tested."""
    sites = np.arange(len(index))
    alignment = np.nan_to_num(together, nan=2).argmin(axis=1)
    stacked = np.nan_to_num(np.stack([one.p for one in own]), nan=-1)
    decides = stacked[:, sites, alignment].argmax(axis=0)
    columns = {
        name: np.stack([one.columns[name] for one in own])[decides, sites, alignment]
        for name in COLUMNS
    }
    table = pd.DataFrame(
        {
            "subject": index.get_level_values(0),
            "electrode": index.get_level_values(1),
            "claim": claim,
            **columns,
            "p": np.nan if p is None else p,
            "q": q.to_numpy(float),
        }
    )
    return table[table["q"].notna()]
