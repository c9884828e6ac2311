"""The table of sites: one row per electrode, with its best model, its contrasts, the tests of
multimodality and a verdict.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts import evidence, reasons, verdicts
from fusion.contrasts.places import PLACE
from fusion.contrasts.spec import RUNGS, TESTS, SitesSpec
from fusion.io.errors import InputError

#: Claims whose q-value is a column of the table of sites; all others are in that of evidence.
WIDE = (*RUNGS, "better")


def site_table(
    electrodes: pd.DataFrame,
    contrasts: pd.DataFrame,
    spec: SitesSpec,
    interaction: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of sites, and what every claim in it rests on.

    Parameters
    ----------
    electrodes
        As :func:`fusion.contrasts.places.merge_electrodes` returns it.
    contrasts
        All contrast tables, with q.
    spec
        Roles, alignments, primary window, level, correction.
    interaction
        Table of the interaction control, where it was made.

    Returns
    -------
    tuple
        The sites, columns as in ``schemas/sites.schema.yaml``: one row for every electrode of the
        tables, those dropped in cleaning too. The evidence, as
        :func:`fusion.contrasts.evidence.evidence_table` returns it.

    Raises
    ------
    InputError
        If a contrast tested an electrode that no electrodes table has.
    """
    sites = electrodes[[*PLACE, "kept", "reason"]].reset_index(drop=True)
    index = pd.MultiIndex.from_frame(sites[["subject", "electrode"]])
    primary = contrasts[contrasts["window"] == spec.window]
    strange = pd.MultiIndex.from_frame(primary[["subject", "electrode"]]).difference(index)
    if len(strange):
        raise InputError(
            "contrasts",
            "electrode",
            f"{strange[0][1]} of subject {strange[0][0]}",
            "an electrode of the electrodes tables",
        )

    asked = evidence.by_role(primary, index, spec)
    p = {role: one.p for role, one in asked.items()}
    tested_at = pd.MultiIndex.from_frame(primary.loc[primary["tested"], ["subject", "electrode"]])
    tested = index.isin(tested_at)
    strict, strict_p = None, None
    if interaction is not None:
        test = verdicts.interaction_test(p)
        strict = evidence.of_control(interaction, index, spec.alignments, test)
        strict_p = verdicts.strict_p(interaction, index, test)
    claims = verdicts.verdict_p(p, strict_p)
    if spec.as_published:
        roles = {role: name for name, role in spec.roles.items() if role}
        tests = verdicts.published_tests(primary, roles, index, spec.alignments)
    else:
        tests = verdicts.multimodality_tests(p, spec.level, spec.correction)
    tests = tests.reindex(range(len(index)))
    decision = verdicts.decide(claims, tested, spec.level, spec.correction)
    proof = evidence.evidence_table(asked, strict, decision, tests, claims, index=index, spec=spec)

    known = sites[PLACE[:2]].join(decision)
    out = known[[*PLACE[:2], "verdict"]].copy()
    out["reason"] = reasons.reasons(known, proof, spec.labels)
    out["q"] = reasons.q_of_verdict(known)
    out = out.join(sites[PLACE[2:]])
    out["tested"] = tested
    out = out.join(best_models(primary, role_of(spec, "signal"), index, spec.modality))
    wide = [f"q_{claim}" for claim in WIDE if claim != "better" or claim in claims]
    out = out.join(decision[wide])
    for test in TESTS:
        out[test] = (tests[test] < spec.level).astype(object).where(tests[test].notna(), None)
    if any(role in p for role in verdicts.FINER):
        out["verdict_without_audio"] = verdicts.without_finer(
            p, tested, spec.level, spec.correction
        )
    out["reason"] = why_untested(sites, tested, primary, index).fillna(out["reason"])
    return out, proof


def role_of(spec: SitesSpec, role: str) -> str | None:
    """Return the contrast that plays a role."""
    return next((name for name, own in spec.roles.items() if own == role), None)


def why_untested(
    sites: pd.DataFrame, tested: np.ndarray, primary: pd.DataFrame, index: pd.MultiIndex
) -> pd.Series:
    """Return why each electrode was dropped or could not be tested; missing where it was tested."""
    out = pd.Series([None] * len(sites), sites.index, dtype=object)
    dropped = ~sites["kept"]
    out[dropped] = "dropped in cleaning: " + sites.loc[dropped, "reason"].fillna(
        "no reason given"
    ).astype(str)
    untested = sites["kept"] & ~tested
    if len(primary):
        why = primary.groupby(["subject", "electrode"])["reason"].agg(
            lambda words: "; ".join(dict.fromkeys(filter(None, words)))
        )
        known = pd.Series(why.reindex(index).to_numpy(), out.index)
        out[untested] = known[untested].fillna("not among the responses")
    return out


def best_models(
    primary: pd.DataFrame, contrast: str | None, index: pd.MultiIndex, modality: dict[str, str]
) -> pd.DataFrame:
    """Return ``best_model, best_modality, r_best, latency_ms`` per site, from the contrast of all
    models with nothing.

    The best model is the validation's choice; where alignments differ, that of the larger t.
    """
    columns = ["best_model", "best_modality", "r_best", "latency_ms"]
    rows = (
        primary[(primary["contrast"] == contrast) & primary["tested"]]
        if contrast
        else primary.iloc[:0]
    )
    rows = rows.sort_values("t", ascending=False, kind="stable").drop_duplicates(
        ["subject", "electrode"]
    )
    rows = rows.set_index(["subject", "electrode"]).reindex(index).reset_index(drop=True)
    model = rows["a"].astype("string").str.split("-").str[0].astype(object)
    best = pd.DataFrame(
        {
            "best_model": model,
            "best_modality": model.map(modality),
            "r_best": rows["r_a"],
            "latency_ms": rows["latency_ms"],
        }
    )
    return best[columns]


def families(proof: pd.DataFrame) -> dict[str, str]:
    """Return, for every q column of the table of sites, the set of tests that it was corrected
    in; that of a verdict's q is its claim's.
    """
    known = dict(zip(proof["claim"], proof["family"], strict=True))
    own = {f"q_{claim}": known.get(claim, "not tested") for claim in WIDE}
    return own | {"q": "that of the claim which the verdict makes, see tables/evidence.tsv"}
