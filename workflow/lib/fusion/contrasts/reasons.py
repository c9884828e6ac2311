"""Why an electrode has its verdict, in words: rival, effect and alignment of what decided."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fusion.contrasts.spec import INTERACTION_TEST, RUNG_VERDICTS
from fusion.ids import NOTHING, TRAINED, TRUE

Labels = Mapping[str, str]
#: Rungs above signal, from the weakest, and the claim of a config that cannot test them.
COMPARED = ("unimodal", "linear", "interaction")
#: Verdict -> the claim that its q is of.
CLAIM = {verdict: rung for rung, verdict in RUNG_VERDICTS.items()} | {
    "better": "better",
    "undecided": "signal",
    "none": "signal",
}


def reasons(decision: pd.DataFrame, evidence: pd.DataFrame, labels: Labels) -> pd.Series:
    """Return the reason of every verdict.

    Parameters
    ----------
    decision
        ``subject, electrode, verdict, because``, one row per site.
    evidence
        Of :func:`fusion.contrasts.evidence.evidence_table`.
    labels
        Model -> its name as people write it.
    """
    known: dict[tuple[str, str], dict[str, Mapping[str, object]]] = {}
    for row in evidence.to_dict("records"):
        fact = {str(key): value for key, value in row.items()}
        known.setdefault((row["subject"], row["electrode"]), {})[row["claim"]] = fact
    return pd.Series(
        [
            reason(verdict, because, known.get((subject, electrode), {}), labels)
            for subject, electrode, verdict, because in decision[
                ["subject", "electrode", "verdict", "because"]
            ].itertuples(index=False)
        ],
        index=decision.index,
        dtype=object,
    )


def reason(
    verdict: str,
    because: str,
    facts: Mapping[str, Mapping[str, object]],
    labels: Labels,
) -> str:
    """Return the reason of one verdict from the claims tested at the site."""
    if verdict == "not tested":
        return because
    parts = [because] if because else []
    if verdict == "none" and "signal" in facts:
        parts = [f"{because}: {measured(facts['signal'], labels, rival=False)}"]
    claim = CLAIM.get(verdict)
    if claim is not None and claim in facts and claim != "signal":
        parts.append(held(claim, facts[claim], labels))
    rungs = [name for name in COMPARED if name in facts] or [
        name for name in ("better",) if name in facts
    ]
    missed = next((name for name in rungs if not facts[name]["holds"]), None)
    if missed is not None and verdict != "none":
        parts.append(not_shown(missed, facts[missed], labels))
    if verdict in RUNG_VERDICTS.values() and "interaction" not in facts:
        parts.append("interaction not tested")
    if verdict == "better":
        parts.append("no contrast of role multimodal says whether it beats all unimodal rivals")
    return "; ".join(parts)


def held(claim: str, fact: Mapping[str, object], labels: Labels) -> str:
    """Return that a claim holds."""
    if fact["contrast"] == INTERACTION_TEST:
        return (
            f"the joint part of {name(fact['a'], labels)} adds to {fact['b']}: {numbers_of(fact)}"
        )
    return f"{name(fact['a'], labels)} beats {name(fact['b'], labels)}: {numbers_of(fact)}"


def not_shown(claim: str, fact: Mapping[str, object], labels: Labels) -> str:
    """Return that a claim was tested and is not shown."""
    if claim == "interaction":
        return f"interaction not shown: {numbers_of(fact)}"
    a, b = name(fact["a"], labels), name(fact["b"], labels)
    return f"not shown that {a} beats {b}: {numbers_of(fact)}"


def measured(fact: Mapping[str, object], labels: Labels, rival: bool = True) -> str:
    """Return who was compared, and the numbers."""
    against = f" against {name(fact['b'], labels)}" if rival else ""
    return f"{name(fact['a'], labels)}{against} {numbers_of(fact)}"


def numbers_of(fact: Mapping[str, object]) -> str:
    """Return effect, interval, alignment and q in words."""
    effect, low, high = (f"{fact[key]:.2g}" for key in ("effect", "ci_low", "ci_high"))
    return f"{effect} ({low} to {high}) in {fact['alignment']} events, q = {fact['q']:.2g}"


def name(fit: object, labels: Labels) -> str:
    """Return a fit's name as people write it; trained and true pairing go without saying."""
    if fit is None or fit == NOTHING or fit != fit:
        return "nothing"
    model, *rest = str(fit).split("-")
    return " ".join([labels.get(model, model), *(x for x in rest if x not in (TRAINED, TRUE))])


def q_of_verdict(decision: pd.DataFrame) -> pd.Series:
    """Return the q-value of what each verdict claims: of its rung or stream, of signal where
    nothing more is claimed; the larger of two streams; NaN where not tested.
    """
    out = np.full(len(decision), np.nan)
    for k, row in enumerate(decision.to_dict("records")):
        verdict = row["verdict"]
        if verdict == "vision and language":
            known = [row.get(f"q_{one}", np.nan) for one in ("vision", "language")]
            out[k] = np.nanmax(known)
        elif verdict != "not tested":
            out[k] = row.get(f"q_{CLAIM.get(verdict, verdict)}", np.nan)
    return pd.Series(out, decision.index)
