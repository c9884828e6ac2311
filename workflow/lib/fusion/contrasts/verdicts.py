"""From tests to a verdict for every electrode (the rules are written out in docs/statistics.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from fusion.contrasts.combine import all_of, any_of
from fusion.contrasts.correct import family_q, q_values
from fusion.contrasts.spec import TESTS, Correction

#: Roles that must hold together at a site of integration, as far as the config has them.
INTEGRATION = (
    "multimodal",
    "matched",
    "linear",
    "interaction",
    "multimodal_vs_audio",
    "multimodal_vs_video",
)
#: Without these two a network that knows both streams wins at sites that follow one of them.
NEEDED = ("multimodal", "linear")

#: What is decided at every site.
CLAIMS = ("integration", "better", "signal", "vision", "language")
#: Stream -> the stream that may explain it: who follows the voice is predicted by the words too.
RIVALS = {"language": "audio", "vision": "video"}
#: Streams that are decided where the config has contrasts of them.
FINER = tuple(RIVALS.values())
FINER_ROLE = re.compile(r"(^|_)(audio|video)$")

Roles = Mapping[str, np.ndarray]


def p_by_role(
    contrasts: pd.DataFrame,
    roles: Mapping[str, str],
    sites: pd.MultiIndex,
    alignments: Sequence[str],
) -> dict[str, np.ndarray]:
    """Return, per role, (n_sites, n_alignments) p-values of its contrast in the primary window; NaN
    where not tested.

    Parameters
    ----------
    contrasts
        Rows of the primary window.
    roles
        Role -> contrast.
    sites
        (subject, electrode) of the rows wanted.
    alignments
        The columns wanted.
    """
    return _by_role("p", contrasts, roles, sites, alignments)


def _by_role(
    column: str,
    contrasts: pd.DataFrame,
    roles: Mapping[str, str],
    sites: pd.MultiIndex,
    alignments: Sequence[str],
) -> dict[str, np.ndarray]:
    out = {}
    for role, contrast in roles.items():
        rows = contrasts[(contrasts["contrast"] == contrast) & contrasts["tested"]]
        wide = rows.pivot_table(
            index=["subject", "electrode"], columns="alignment", values=column, aggfunc="first"
        )
        out[role] = wide.reindex(index=sites, columns=list(alignments)).to_numpy(float)
    return out


def signal_p(p: Roles) -> np.ndarray | None:
    """Return (n_sites, n_alignments) p-values of "some model predicts the site".

    Of the contrast of that role, else by Simes over those of vision and language; None without any.
    """
    if "signal" in p:
        return p["signal"]
    known = [p[role] for role in ("vision", "language") if role in p]
    if not known:
        return None
    stacked = np.stack(known, axis=2)
    return any_of(stacked.reshape(-1, len(known))).reshape(stacked.shape[:2])


def with_signal(p: Roles, level: float, correction: Correction) -> np.ndarray | None:
    """Return (n_sites,) bool, which sites some model predicts; None if no contrast tells.

    Sites with signal are the family in which tests of multimodality and of integration are
    corrected.
    """
    signal = signal_p(p)
    return None if signal is None else q_values(any_of(signal), correction) < level


def multimodality_tests(p: Roles, level: float, correction: Correction) -> pd.DataFrame:
    """Return the q-values of the tests of multimodality, one row per site, NaN where a test could
    not be made.

    In each alignment a test's p-value is the larger of its own and that of signal. "In one
    alignment" is Simes' test over the alignments, "in both" the larger p-value: partial
    conjunctions (Benjamini and Heller, Biometrics 2008), corrected once over sites, so that two
    chances do not double the errors.
    """
    n_sites = len(next(iter(p.values()))) if p else 0
    signal, predicted = signal_p(p), with_signal(p, level, correction)
    table = {}
    for test, (role, how) in TESTS.items():
        values = p.get(role)
        if values is None or (how == "all" and values.shape[1] < 2):
            table[test] = np.full(n_sites, np.nan)
            continue
        if signal is not None:
            values = np.maximum(values, signal)
        joined = any_of(values) if how == "one" else all_of(values)
        table[test] = family_q(joined, _family(joined, predicted), correction)
    return pd.DataFrame(table)


def published_tests(
    contrasts: pd.DataFrame,
    roles: Mapping[str, str],
    sites: pd.MultiIndex,
    alignments: Sequence[str],
) -> pd.DataFrame:
    """Return the q-values of the tests of multimodality as the paper counts them.

    The q of a contrast is taken as it is in each alignment: "in one alignment" is the smallest, "in
    both" the largest, 1 where an alignment has none. Arguments as in :func:`p_by_role`.
    """
    q = _by_role("q", contrasts, roles, sites, alignments)
    table = {}
    for test, (role, how) in TESTS.items():
        values = q.get(role)
        if values is None or (how == "all" and values.shape[1] < 2):
            table[test] = np.full(len(sites), np.nan)
            continue
        filled = np.where(np.isfinite(values), values, 1.0)
        joined = filled.min(axis=1) if how == "one" else filled.max(axis=1)
        table[test] = np.where(np.isfinite(values).any(axis=1), joined, np.nan)
    return pd.DataFrame(table)


def verdict_p(p: Roles) -> dict[str, np.ndarray]:
    """Return (n_sites,) p-values of each claim; claims that the config cannot test are absent.

    ``integration`` needs contrasts of the roles ``multimodal`` and ``linear``; all roles of
    ``INTEGRATION`` that the config has must hold, and signal, in the same alignment: their largest
    p-value; then Simes over alignments. Without one of the two the same conjunction only says that
    the multimodal model predicts ``better`` than the rivals that were asked.
    """
    claims = {role: any_of(p[role]) for role in (*RIVALS, *FINER) if role in p}
    for stream, rival in RIVALS.items():
        if (role := f"{stream}_vs_{rival}") in p:
            claims[role] = any_of(p[role])
            claims[f"{rival}_vs_{stream}"] = any_of(1 - p[role])
    signal = signal_p(p)
    if signal is not None:
        claims["signal"] = any_of(signal)
    asked = [p[role] for role in INTEGRATION if role in p]
    if any(role in p for role in ("multimodal", "matched", "linear")):
        asked += [p["signal"]] if "signal" in p else []
        name = "integration" if all(role in p for role in NEEDED) else "better"
        claims[name] = any_of(np.max(asked, axis=0))
    return claims


def decide(
    claims: Mapping[str, np.ndarray], tested: np.ndarray, level: float, correction: Correction
) -> pd.DataFrame:
    """Return ``verdict``, ``reason`` and the q-value of every claim, one row per site.

    Parameters
    ----------
    claims
        As :func:`verdict_p` returns it.
    tested
        (n_sites,) whether any contrast was tested at the site.
    level
        False-discovery level.
    correction
        How.
    """
    absent = np.full(len(tested), np.nan)
    finer = [name for name in claims if name not in CLAIMS]
    p = {name: claims.get(name, absent) for name in (*CLAIMS, *finer)}
    q = {name: q_values(p[name], correction) for name in ("signal", "vision", "language", *finer)}
    predicted = q["signal"] < level if "signal" in claims else None
    for name in ("integration", "better"):
        q[name] = family_q(p[name], _family(p[name], predicted), correction)
    # A unimodal verdict also needs that nothing more shows before correction: a q just above the
    # level proves no absence.
    hint = (p["integration"] < level) | (p["better"] < level)
    decided = [
        _decide_one(
            {name: values[i] for name, values in q.items()}, bool(hint[i]), bool(tested[i]), level
        )
        for i in range(len(tested))
    ]
    columns = {
        "verdict": [verdict for verdict, _ in decided],
        "reason": [reason for _, reason in decided],
        **{f"q_{name}": q[name] for name in (*CLAIMS, *finer)},
    }
    return pd.DataFrame(columns)


def without_finer(p: Roles, tested: np.ndarray, level: float, correction: Correction) -> pd.Series:
    """Return the verdicts that sites would have if no network of sound or motion were asked."""
    kept = {role: values for role, values in p.items() if not FINER_ROLE.search(role)}
    return decide(verdict_p(kept), tested, level, correction)["verdict"]


def interaction_q(
    interaction: pd.DataFrame, sites: pd.MultiIndex, predicted: np.ndarray, correction: Correction
) -> np.ndarray:
    """Return (n_sites,) q-values of the interaction test of the controls, NaN where not made.

    The strict test of integration: the interaction part of a joint network adds to what is
    additive, and the network beats unimodal ones. Simes over networks and alignments, corrected
    over the sites with signal.

    Parameters
    ----------
    interaction
        Table of that control: ``subject, electrode, alignment, network, test, p``.
    sites
        (subject, electrode) of the rows wanted.
    predicted
        (n_sites,) bool, the sites with signal.
    correction
        How.
    """
    rows = interaction[interaction["test"] == "integration"]
    wide = rows.pivot_table(
        index=["subject", "electrode"],
        columns=["alignment", "network"],
        values="p",
        aggfunc="first",
        dropna=False,
    ).reindex(index=sites)
    p = any_of(wide.to_numpy(float))
    return family_q(p, _family(p, predicted), correction)


def _family(p: np.ndarray, predicted: np.ndarray | None) -> np.ndarray:
    inside = np.isfinite(p)
    return np.asarray(inside if predicted is None else inside & predicted)


def _decide_one(q: Mapping[str, float], hint: bool, tested: bool, level: float) -> tuple[str, str]:
    def said(name: str) -> str:
        return f"{name} q = {q[name]:.2g}" if np.isfinite(q[name]) else f"{name} not tested"

    def left_out(name: str) -> str:
        beaten = ", which predicts it worse" if q[name] < level else ""
        return f"{name} ({said(name)}{beaten})"

    if not tested:
        return "not tested", "no contrast could be tested"
    if q["integration"] < level:
        return "integration", f"better than its unimodal and linear rivals: {said('integration')}"
    if q["better"] < level:
        return (
            "better",
            (
                f"better than the rivals that were asked: {said('better')}; integration takes"
                " contrasts of the roles multimodal and linear"
            ),
        )
    most = "integration" if np.isfinite(q["integration"]) else "better"
    most = most if np.isfinite(q[most]) else "integration"
    if not np.isfinite(q["signal"]):
        return "undecided", f"{said(most)}; no contrast tells whether there is signal"
    follows = {name for name in (*RIVALS, *FINER) if q.get(name, np.nan) < level}
    if q["signal"] >= level and not follows.intersection(FINER):
        return "none", f"no model predicts it: {said('signal')}"
    held = {name for name in follows if _stands(name, follows, q, level)}
    if "language" in held and held & {"vision", "video"}:
        return (
            "multimodal",
            (
                f"follows both streams, integration not shown: {said('vision')},"
                f" {said('language')}, {said(most)}"
            ),
        )
    if hint:
        return (
            "undecided",
            (
                f"predicted ({said('signal')}), and integration is neither shown nor absent:"
                f" {said(most)}"
            ),
        )
    others = [
        name for name in (*RIVALS, *FINER) if np.isfinite(q.get(name, np.nan)) and name not in held
    ]
    if len(held) == 1:
        one = next(iter(held))
        reason = f"follows {one} ({said(one)})"
        # What was never asked is not spoken of: a podcast says nothing of vision.
        if others:
            reason += f", not {', '.join(map(left_out, others))}"
        if np.isfinite(q[most]):
            reason += f", no sign of integration ({said(most)})"
        return one, reason
    if held:
        both = " and ".join(said(name) for name in (*RIVALS, *FINER) if name in held)
        return (
            "undecided",
            f"follows several streams ({both}), integration not shown ({said(most)})",
        )
    if follows:
        both = " and ".join(said(name) for name in (*RIVALS, *FINER) if name in follows)
        return "undecided", f"predicted by {both}, none of which predicts better than the other"
    return (
        "undecided",
        (
            f"predicted ({said('signal')}), but by no unimodal model on its own: "
            + ", ".join(map(said, sorted({"language", *others}.intersection(RIVALS), reverse=True)))
        ),
    )


def _stands(name: str, follows: Set[str], q: Mapping[str, float], level: float) -> bool:
    """Return whether a stream that a site follows is not explained by its rival."""
    rival = RIVALS.get(name) or next(one for one, other in RIVALS.items() if other == name)
    return rival not in follows or q.get(f"{name}_vs_{rival}", np.nan) < level
