"""From tests to a verdict for every electrode (the rules are written out in docs/statistics.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from fusion.contrasts.combine import all_of, any_of
from fusion.contrasts.correct import family_q, q_values
from fusion.contrasts.spec import NEEDED, RUNG_ROLES, RUNG_VERDICTS, RUNGS, TESTS, Correction

#: Rungs that rest on contrasts with unimodal networks.
COMPARED = ("unimodal", "linear")
#: Roles that say that a multimodal network is better than the rivals that were asked.
BETTER = (*RUNG_ROLES["unimodal"], *RUNG_ROLES["linear"])

#: What is decided at every site.
CLAIMS = (*RUNGS, "better", "vision", "language")
#: Claims whose p-values are corrected over the electrodes with signal.
AMONG_SIGNAL = ("unimodal", "linear", "interaction", "better")
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

    Sites with signal are the family in which the rungs above signal, and the tests of
    multimodality, are corrected.
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


def rungs_p(p: Roles) -> dict[str, np.ndarray]:
    """Return (n_sites, n_alignments) p-values of the rungs within an alignment; rungs that the
    config cannot test are absent.

    Each is the largest p of its own contrasts and of all below, signal included.
    """
    found: dict[str, np.ndarray] = {}
    signal = signal_p(p)
    if signal is not None:
        found["signal"] = signal
    below = [p["signal"]] if "signal" in p else []
    if NEEDED in p:
        for rung in COMPARED:
            own = [p[role] for role in RUNG_ROLES[rung] if role in p]
            if own:
                found[rung] = np.max([*own, *below], axis=0)
                below = [found[rung]]
    return found


def verdict_p(p: Roles, strict: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Return (n_sites,) p-values of each claim; claims that the config cannot test are absent.

    ``unimodal`` and ``linear`` must hold, with signal and each other, within one alignment: the
    largest of their p-values, then Simes over alignments. ``interaction`` is the largest of the
    p-value of the highest of them and of the interaction tests, each of which holds in an
    alignment of its own. Where the config has no contrast of the role ``multimodal``, the
    same conjunction only says that the multimodal model predicts ``better`` than the rivals that
    were asked.

    Parameters
    ----------
    p
        Role -> p-values by site and alignment.
    strict
        (n_sites,) p-values of the interaction test of the controls (:func:`strict_p`), or None.
    """
    claims = {role: any_of(p[role]) for role in (*RIVALS, *FINER) if role in p}
    for stream, rival in RIVALS.items():
        if (role := f"{stream}_vs_{rival}") in p:
            claims[role] = any_of(p[role])
            claims[f"{rival}_vs_{stream}"] = any_of(1 - p[role])
    claims |= {rung: any_of(values) for rung, values in rungs_p(p).items()}
    tests = [any_of(p[role]) for role in RUNG_ROLES["interaction"] if role in p]
    if strict is not None:
        tests.append(strict)
    if tests:
        below = [claims[rung] for rung in reversed(COMPARED) if rung in claims][:1]
        claims["interaction"] = np.max([*tests, *below], axis=0)
    if NEEDED not in p and any(role in p for role in BETTER):
        asked = [p[role] for role in (*BETTER, "signal") if role in p]
        claims["better"] = any_of(np.max(asked, axis=0))
    return claims


def decide(
    claims: Mapping[str, np.ndarray], tested: np.ndarray, level: float, correction: Correction
) -> pd.DataFrame:
    """Return ``verdict``, ``because`` and the q-value of every claim, one row per site.

    A rung's q is no smaller than that of the rung below, so that the rungs an electrode holds
    are the first ones of the ladder.

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
    for name in AMONG_SIGNAL:
        q[name] = family_q(p[name], _family(p[name], predicted), correction)
    lowest = np.zeros(len(tested))
    for rung in (*COMPARED, "interaction"):
        q[rung] = np.maximum(q[rung], lowest)
        lowest = np.fmax(lowest, q[rung])
    # A unimodal verdict also needs that nothing more shows before correction: a q just above the
    # level proves no absence.
    hint = (p["unimodal"] < level) | (p["better"] < level)
    decided = [
        _decide_one(
            {name: values[i] for name, values in q.items()}, bool(hint[i]), bool(tested[i]), level
        )
        for i in range(len(tested))
    ]
    columns = {
        "verdict": [verdict for verdict, _ in decided],
        "because": [because for _, because in decided],
        **{f"q_{name}": q[name] for name in (*CLAIMS, *finer)},
    }
    return pd.DataFrame(columns)


def without_finer(p: Roles, tested: np.ndarray, level: float, correction: Correction) -> pd.Series:
    """Return the verdicts that sites would have if no network of sound or motion were asked."""
    kept = {role: values for role, values in p.items() if not FINER_ROLE.search(role)}
    return decide(verdict_p(kept), tested, level, correction)["verdict"]


def interaction_test(p: Roles) -> str:
    """Return the test of the interaction control that the last rung rests on.

    ``interaction``: the interaction part of a joint network adds to what is additive. That
    multimodal networks beat unimodal ones is said by the rungs below; where the config does not
    test these, ``integration``, which asks the joint network for it too.
    """
    return "interaction" if any(rung in rungs_p(p) for rung in COMPARED) else "integration"


def strict_p(interaction: pd.DataFrame, sites: pd.MultiIndex, test: str) -> np.ndarray:
    """Return (n_sites,) p-values of a test of the interaction control, NaN where not made: Simes
    over networks and alignments.

    Parameters
    ----------
    interaction
        Table of that control: ``subject, electrode, alignment, network, test, p``.
    sites
        (subject, electrode) of the rows wanted.
    test
        Of :func:`interaction_test`.
    """
    wide = (
        interaction[interaction["test"] == test]
        .pivot_table(
            index=["subject", "electrode"],
            columns=["alignment", "network"],
            values="p",
            aggfunc="first",
            dropna=False,
        )
        .reindex(index=sites)
    )
    return any_of(wide.to_numpy(float))


def _family(p: np.ndarray, predicted: np.ndarray | None) -> np.ndarray:
    inside = np.isfinite(p)
    return np.asarray(inside if predicted is None else inside & predicted)


def _decide_one(q: Mapping[str, float], hint: bool, tested: bool, level: float) -> tuple[str, str]:
    def said(name: str) -> str:
        return f"q = {q[name]:.2g}" if np.isfinite(q[name]) else "not tested"

    def left_out(name: str) -> str:
        beaten = ", which predicts it worse" if q[name] < level else ""
        return f"{name} ({said(name)}{beaten})"

    if not tested:
        return "not tested", "no contrast could be tested"
    for rung, verdict in RUNG_VERDICTS.items():
        if q[rung] < level:
            return verdict, ""
    if q["better"] < level:
        return "better", ""
    if not np.isfinite(q["signal"]):
        return "undecided", "no contrast tells whether there is signal"
    follows = {name for name in (*RIVALS, *FINER) if q.get(name, np.nan) < level}
    if q["signal"] >= level and not follows.intersection(FINER):
        return "none", "no model predicts it"
    held = {name for name in follows if _stands(name, follows, q, level)}
    if "language" in held and held & {"vision", "video"}:
        both = " and ".join(f"{name} ({said(name)})" for name in sorted(held))
        return "vision and language", f"follows {both}"
    if hint:
        return (
            "undecided",
            "predicted, and that a multimodal model is better is neither shown nor absent",
        )
    others = [
        name for name in (*RIVALS, *FINER) if np.isfinite(q.get(name, np.nan)) and name not in held
    ]
    if len(held) == 1:
        one = next(iter(held))
        because = f"follows {one} ({said(one)})"
        # What was never asked is not spoken of: a podcast says nothing of vision.
        if others:
            because += f", not {', '.join(map(left_out, others))}"
        return one, because
    if held:
        both = " and ".join(f"{name} ({said(name)})" for name in (*RIVALS, *FINER) if name in held)
        return "undecided", f"follows several streams: {both}"
    if follows:
        both = " and ".join(
            f"{name} ({said(name)})" for name in (*RIVALS, *FINER) if name in follows
        )
        return "undecided", f"predicted by {both}, none of which predicts better than the other"
    return (
        "undecided",
        "predicted, but by no unimodal model on its own: "
        + ", ".join(
            f"{name} {said(name)}"
            for name in ("vision", "language")
            if name == "language" or name in others
        ),
    )


def _stands(name: str, follows: Set[str], q: Mapping[str, float], level: float) -> bool:
    """Return whether a stream that a site follows is not explained by its rival."""
    rival = RIVALS.get(name) or next(one for one, other in RIVALS.items() if other == name)
    return rival not in follows or q.get(f"{name}_vs_{rival}", np.nan) < level
