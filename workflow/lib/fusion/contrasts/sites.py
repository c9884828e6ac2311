"""The table of sites: one row per electrode, with its best model, its contrasts, the tests of
multimodality and a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fusion.contrasts import verdicts
from fusion.contrasts.correct import family_name
from fusion.contrasts.spec import TESTS, SitesSpec
from fusion.io.errors import InputError
from fusion.io.tables import require_unique

PLACE = ["subject", "electrode", "region", "hemisphere", "x", "y", "z", "space"]
#: Roles whose contrast a reason names, the first that there is.
NAMED = ("matched", "multimodal")


def merge_electrodes(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Return one row per subject and electrode from the tables of its recordings.

    An electrode that any recording kept is kept; its place is that of the first recording that has
    it.

    Parameters
    ----------
    tables
        ``(subject, recording)`` -> table with electrode, kept, reason, x, y, z, space, region,
        hemisphere.

    Raises
    ------
    InputError
        If a table names an electrode twice.
    """
    rows = []
    for (subject, recording), table in tables.items():
        require_unique(table["electrode"], f"electrodes/{recording}.tsv", "electrode")
        rows.append(
            table.assign(subject=subject, kept=table["kept"].astype(str).str.lower() == "true")
        )
    merged = pd.concat(rows, ignore_index=True).astype({"subject": str, "electrode": str})
    merged = merged.sort_values(["subject", "kept"], ascending=[True, False], kind="stable")
    return merged.drop_duplicates(["subject", "electrode"]).sort_index().reset_index(drop=True)


def site_table(
    electrodes: pd.DataFrame,
    contrasts: pd.DataFrame,
    spec: SitesSpec,
    interaction: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the table of sites.

    Parameters
    ----------
    electrodes
        As :func:`merge_electrodes` returns it.
    contrasts
        All contrast tables, with q.
    spec
        Roles, alignments, primary window, level, correction.
    interaction
        Table of the interaction control, where it was made.

    Returns
    -------
    pd.DataFrame
        Columns as in ``schemas/sites.schema.yaml``; one row for every electrode of the tables,
        those dropped in cleaning too.

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

    roles = {role: name for name, role in spec.roles.items() if role}
    p = verdicts.p_by_role(primary, roles, index, spec.alignments)
    tested_at = pd.MultiIndex.from_frame(primary.loc[primary["tested"], ["subject", "electrode"]])
    tested = index.isin(tested_at)
    if spec.as_published:
        tests = verdicts.published_tests(primary, roles, index, spec.alignments)
    else:
        tests = verdicts.multimodality_tests(p, spec.level, spec.correction)
    decision = verdicts.decide(verdicts.verdict_p(p), tested, spec.level, spec.correction)
    if any(role in p for role in verdicts.FINER):
        decision["verdict_without_audio"] = verdicts.without_finer(
            p, tested, spec.level, spec.correction
        )

    out = sites[PLACE[:2]].join(decision[["verdict", "reason", "q_integration"]])
    told = differences(primary, roles, index).where(tested, "")
    out["reason"] = out["reason"].astype(str) + told
    out = out.join(sites[PLACE[2:]])
    out["tested"] = tested
    out = out.join(best_models(primary, roles.get("signal"), index, spec.modality))
    out = out.join(decision[["q_signal", "q_vision", "q_language"]])
    for test in TESTS:
        q = tests[test] if len(tests) else pd.Series(float("nan"), out.index)
        out[test] = (q < spec.level).astype(object).where(q.notna(), None)
        out[f"q_{test}"] = q
    finer = [name for name in decision if name not in out and decision[name].notna().any()]
    out = with_interaction(out.join(decision[finer]), index, spec, interaction)
    dropped = ~sites["kept"]
    out.loc[dropped, "reason"] = "dropped in cleaning: " + sites.loc[dropped, "reason"].fillna(
        "no reason given"
    ).astype(str)
    untested = sites["kept"] & ~tested
    if len(primary):
        why = primary.groupby(["subject", "electrode"])["reason"].agg(
            lambda words: "; ".join(dict.fromkeys(filter(None, words)))
        )
        known = why.reindex(index).to_numpy()
        out.loc[untested, "reason"] = pd.Series(known, out.index)[untested].fillna(
            "not among the responses"
        )
    return out


def with_interaction(
    table: pd.DataFrame, index: pd.MultiIndex, spec: SitesSpec, interaction: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the sites with ``q_interaction``; the reason of a verdict of
    integration says whether the interaction test held.

    Parameters
    ----------
    table
        The sites with their verdicts.
    index
        Their (subject, electrode).
    spec
        Level and correction.
    interaction
        Table of the interaction control, or None if it was not made.
    """
    q = np.full(len(table), np.nan)
    if interaction is not None:
        predicted = (table["q_signal"] < spec.level).to_numpy()
        q = verdicts.interaction_q(interaction, index, predicted, spec.correction)
    said = np.select(
        [~np.isfinite(q), q < spec.level],
        ["not made", "held"],
        "did not hold",
    )
    reason = table["reason"].astype(object)
    integration = table["verdict"] == "integration"
    reason[integration] += "; interaction test " + pd.Series(said, table.index)[integration]
    return table.assign(reason=reason, q_interaction=q)


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


def differences(primary: pd.DataFrame, roles: dict[str, str], index: pd.MultiIndex) -> pd.Series:
    """Return, per site, the rival and the effects of the contrast that decides, in words: ``;
    against text: language 0.12, vision -0.01``. Empty where it was not tested.

    Parameters
    ----------
    primary
        Contrasts in the primary window.
    roles
        Role -> contrast.
    index
        (subject, electrode) of the sites.
    """
    named = next((roles[role] for role in NAMED if role in roles), None)
    rows = primary[(primary["contrast"] == named) & primary["tested"]]
    if rows.empty:
        return pd.Series("", range(len(index)), dtype=str)
    rival = rows["b"].astype(str).str.split("-").str[0]
    said = rows["alignment"] + " " + rows["effect"].map("{:.2g}".format)
    told = rows.assign(said=said, rival=rival).groupby(["subject", "electrode"], sort=False)
    words = told.agg(
        rival=("rival", lambda names: " or ".join(dict.fromkeys(names))),
        said=("said", ", ".join),
    )
    against: pd.Series = "; against " + words["rival"] + ": " + words["said"]
    return against.reindex(index).fillna("").reset_index(drop=True)


def families(sites: pd.DataFrame, spec: SitesSpec) -> dict[str, str]:
    """Return, for every q column of the table of sites, the set of tests that it was corrected
    in.
    """
    out = {}
    joined = " and ".join(spec.alignments)
    predicted = sites["q_signal"] < spec.level
    among = "electrodes with signal" if sites["q_signal"].notna().any() else "electrodes"
    for column in sites.columns:
        if column.startswith("q_"):
            name = column.removeprefix("q_")
            inside, of = sites[column].notna(), "electrodes"
            if spec.as_published and name in TESTS:
                out[column] = "as in the contrast's own family, over both alignments"
                continue
            if name in ("integration", "better", "interaction", *TESTS) and among != of:
                inside, of = inside & predicted, among
            out[column] = family_name(
                name, joined, spec.window, int(inside.sum()), spec.correction, of
            )
    return out
