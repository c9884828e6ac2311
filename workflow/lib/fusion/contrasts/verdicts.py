"""From tests to a verdict for every electrode (the rules are written out in docs/statistics.md)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.correct import all_of, any_of, q_values
from fusion.contrasts.spec import TESTS

# Roles that a site must pass together to be called one of integration, as far as the config has
# contrasts of these roles.
INTEGRATION = ("multimodal", "matched", "linear", "interaction")


def p_by_role(
    contrasts: pd.DataFrame, roles: dict[str, str], sites: pd.MultiIndex, alignments: list[str]
) -> dict[str, np.ndarray]:
    """Return, per role, the p-values of its contrast in the primary window (n_sites, n_alignments);
    NaN where not tested.

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
    out = {}
    for role, contrast in roles.items():
        rows = contrasts[contrasts["contrast"] == contrast]
        wide = rows.pivot_table(
            index=["subject", "electrode"], columns="alignment", values="p", aggfunc="first"
        )
        out[role] = wide.reindex(index=sites, columns=alignments).to_numpy(float)
    return out


def multimodality_tests(p: dict[str, np.ndarray], correction: str) -> pd.DataFrame:
    """Return the q-values of the five tests of multimodality, one row per site, NaN where a test
    could not be made.

    "In one alignment" is Simes' test over the alignments, "in both" the larger p-value: partial
    conjunctions (Benjamini and Heller, Biometrics 2008), corrected once over sites, so that two
    chances do not double the errors."""
    n_sites = len(next(iter(p.values()))) if p else 0
    table = {}
    for test, (role, how) in TESTS.items():
        values = p.get(role)
        if values is None or (how == "all" and values.shape[1] < 2):
            table[test] = np.full(n_sites, np.nan)
        else:
            table[test] = q_values(any_of(values) if how == "one" else all_of(values), correction)
    return pd.DataFrame(table)


def verdict_p(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return one p-value per site for each claim: integration, signal, vision, language (absent if
    no contrast has the role).

    Integration needs every role of ``INTEGRATION`` that the config has, and signal, in the same
    alignment: their largest p-value; then Simes over alignments. At least one of multimodal and
    slip must be there."""
    claims = {role: any_of(p[role]) for role in ("signal", "vision", "language") if role in p}
    if "multimodal" in p or "matched" in p:
        needed = [p[role] for role in (*INTEGRATION, "signal") if role in p]
        claims["integration"] = any_of(np.max(needed, axis=0))
    if "signal" not in claims:
        known = [p[role] for role in ("vision", "language") if role in p]
        if known:
            claims["signal"] = any_of(np.hstack(known))
    return claims


def decide(
    claims: dict[str, np.ndarray], tested: np.ndarray, level: float, correction: str
) -> pd.DataFrame:
    """Return ``verdict``, ``reason`` and ``q_integration``, ``q_signal``, ``q_vision``,
    ``q_language`` per site.

    Parameters
    ----------
    claims
        As :func:`verdict_p` returns it.
    tested
        Whether any contrast was tested at the site (n_sites).
    level
        False-discovery level.
    correction
        ``bh`` or ``by``.
    """
    n_sites = len(tested)
    q = {
        name: q_values(claims.get(name, np.full(n_sites, np.nan)), correction)
        for name in ("integration", "signal", "vision", "language")
    }
    # A unimodal verdict also needs that integration shows nothing before correction: a q just above
    # the level proves no absence.
    hint = claims.get("integration", np.full(n_sites, np.nan)) < level
    verdicts, reasons = [], []
    for i in range(n_sites):
        verdict, reason = _decide_one(
            {name: values[i] for name, values in q.items()}, bool(hint[i]), bool(tested[i]), level
        )
        verdicts.append(verdict)
        reasons.append(reason)
    columns = {
        "verdict": verdicts,
        "reason": reasons,
        **{f"q_{name}": values for name, values in q.items()},
    }
    return pd.DataFrame(columns)


def _decide_one(q: dict[str, float], hint: bool, tested: bool, level: float) -> tuple[str, str]:
    def said(name):
        return f"{name} q = {q[name]:.2g}" if np.isfinite(q[name]) else f"{name} not tested"

    if not tested:
        return "not tested", "no contrast could be tested"
    if q["integration"] < level:
        return "integration", f"better than its unimodal rivals: {said('integration')}"
    if not np.isfinite(q["signal"]):
        return "undecided", f"{said('integration')}; no contrast tells whether there is signal"
    if q["signal"] >= level:
        return "none", f"no model predicts it: {said('signal')}"
    vision, language = q["vision"] < level, q["language"] < level
    if vision and language:
        return (
            "multimodal",
            (
                f"follows both streams, integration not shown: {said('vision')},"
                f" {said('language')}, {said('integration')}"
            ),
        )
    if hint:
        return (
            "undecided",
            (
                f"predicted ({said('signal')}), and integration is neither shown nor absent:"
                f" {said('integration')}"
            ),
        )
    if vision or language:
        one, other = ("vision", "language") if vision else ("language", "vision")
        return (
            one,
            (
                f"follows {one} ({said(one)}), not {other} ({said(other)}), no sign of integration"
                f" ({said('integration')})"
            ),
        )
    return (
        "undecided",
        (
            f"predicted ({said('signal')}), but by no unimodal model on its own: {said('vision')},"
            f" {said('language')}"
        ),
    )
