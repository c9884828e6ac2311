"""Correction against statsmodels, verdicts, regions against scipy, and two subjects with the same
names.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from fusion.contrasts import coincidence, combine, correct, regions, sites, summary, verdicts
from fusion.contrasts.places import merge_electrodes
from fusion.contrasts.spec import SitesSpec
from fusion.io import dictionary
from fusion.io.errors import InputError

SCHEMAS = Path(__file__).parents[3] / "workflow" / "schemas"
SPEC = SitesSpec(
    roles={
        "m": "multimodal",
        "s": "matched",
        "lin": "linear",
        "any": "signal",
        "v": "vision",
        "l": "language",
    },
    alone=("any", "v", "l"),
    alignments=("language", "vision"),
    window="after",
    level=0.05,
    correction="bh",
    modality={"slip": "vision-language"},
    subjects={},
)
NO, YES = 0.6, 1e-6


def site_table(*given):
    """Return the table of sites alone."""
    return sites.site_table(*given)[0]


KINDS = {
    "beats linear": dict(m=YES, s=YES, lin=YES, any=YES, v=YES, l=NO),
    "beats unimodal": dict(m=YES, s=YES, lin=NO, any=YES, v=YES, l=NO),
    "vision and language": dict(m=NO, s=NO, lin=NO, any=YES, v=YES, l=YES),
    "vision": dict(m=NO, s=NO, lin=NO, any=YES, v=YES, l=NO),
    "language": dict(m=NO, s=NO, lin=NO, any=YES, v=NO, l=YES),
    "none": dict(m=NO, s=NO, lin=NO, any=NO, v=NO, l=NO),
    "undecided": dict(m=NO, s=NO, lin=NO, any=YES, v=NO, l=NO),
}


def contrast_rows(p_of, subjects=("01", "02")):
    """Return contrast rows with given p: p_of maps electrode -> contrast -> p."""
    fixed = {
        "window": "after",
        "alternative": "greater",
        "a": "slip-trained-true",
        "b": "nothing",
        "layer_a": "l",
        "layer_b": "",
        "r_a": 0.2,
        "r_b": 0.0,
        "effect": 0.1,
        "se": 0.1,
        "ci_low": 0.0,
        "ci_high": 0.2,
        "t": 1.0,
        "df": 29,
        "latency_ms": 300.0,
        "n_events": 9,
        "n_blocks": 30,
    }
    rows = []
    for subject, (electrode, by_contrast), alignment in product(
        subjects, p_of.items(), SPEC.alignments
    ):
        for contrast, p in by_contrast.items():
            ids = {
                "subject": subject,
                "electrode": electrode,
                "alignment": alignment,
                "contrast": contrast,
            }
            tested = bool(np.isfinite(p))
            rows.append(
                {
                    **ids,
                    **fixed,
                    "p": p,
                    "p_max": p,
                    "tested": tested,
                    "reason": "" if tested else "no score for a",
                }
            )
    return correct.add_families(pd.DataFrame(rows), SPEC)


def places(names, subjects=("01", "02"), kept=True):
    table = pd.DataFrame(
        {
            "electrode": list(names),
            "kept": kept,
            "reason": None,
            "x": 1.0,
            "y": 2.0,
            "z": 3.0,
            "space": "MNI",
            "region": "insula",
            "hemisphere": "L",
        }
    )
    return merge_electrodes({(subject, f"rec{subject}"): table for subject in subjects})


@pytest.mark.parametrize("correction", ["bh", "by"])
def test_q_is_statsmodels_over_tested_electrodes_only(correction):
    p = np.random.default_rng(0).random(50) ** 2
    p[::7] = np.nan
    q = correct.q_values(p, correction)
    ok = np.isfinite(p)
    assert np.isnan(q[~ok]).all()
    assert np.allclose(
        q[ok], multipletests(p[ok], method={"bh": "fdr_bh", "by": "fdr_by"}[correction])[1]
    )
    ranked = np.sort(p[ok])
    constant = 1 if correction == "bh" else np.sum(1 / np.arange(1, len(ranked) + 1))
    by_hand = np.minimum.accumulate(
        (ranked * len(ranked) * constant / np.arange(1, len(ranked) + 1))[::-1]
    )[::-1]
    assert np.allclose(np.sort(q[ok]), np.minimum(by_hand, 1))


def test_families_are_contrast_by_alignment_by_window_over_all_subjects():
    table = contrast_rows({f"E{k}": {"m": p} for k, p in enumerate([0.001, 0.02, 0.5])})
    one = table[table["alignment"] == "vision"]
    assert np.allclose(one["q"], multipletests(one["p"], method="fdr_bh")[1])
    assert set(one["family"]) == {"m, vision, window after: 6 electrodes, Benjamini-Hochberg"}


def test_where_signal_is_weaker_than_the_difference_it_decides():
    """Noise that passes for signal by chance differs between networks by the same chance."""
    p = {"E1": (1e-4, 1e-6), "E2": (1e-3, 0.02), "E3": (0.2, 1e-6), "E4": (1e-6, 0.9)}
    table = contrast_rows({name: {"m": own, "any": other} for name, (own, other) in p.items()})
    one = table[(table["contrast"] == "m") & (table["alignment"] == "vision")]
    family = one[one["electrode"] != "E4"]
    larger = [max(p[name]) for name in family["electrode"]]
    assert np.allclose(family["q"], multipletests(larger, method="fdr_bh")[1])
    assert np.allclose(family["p"], [p[name][0] for name in family["electrode"]])
    assert (one.loc[one["electrode"] == "E4", "q"] == 1).all()


def test_simes_is_scipy_s_and_ignores_missing():
    p = np.array([[0.01, 0.04], [0.3, np.nan], [np.nan, np.nan]])
    assert np.allclose(
        combine.any_of(p), [stats.false_discovery_control(p[0]).min(), 0.3, np.nan], equal_nan=True
    )
    assert np.allclose(combine.all_of(p), [0.04, np.nan, np.nan], equal_nan=True)


def test_simes_of_independent_nulls_is_uniform():
    p = np.random.default_rng(1).random((20000, 2))
    assert stats.kstest(combine.any_of(p), "uniform").pvalue > 0.001


def test_verdicts_of_clear_cases():
    table = site_table(places(KINDS), contrast_rows(KINDS), SPEC)
    assert (table["verdict"] == table["electrode"]).all()
    assert (table["reason"].str.len() > 10).all()
    beaten = table["verdict"] == "beats linear"
    shown = ["multimodal_any", "multimodal_all", "matched_any", "matched_all", "linear_any"]
    assert beaten.any() and table.loc[beaten, shown].all(axis=None)
    assert table.loc[beaten, "reason"].str.endswith("interaction not tested").all()
    assert table["q_interaction"].isna().all()


def test_a_twin_alone_gives_no_rung_above_signal():
    """A network that knows both streams beats its vision-only twin where a site follows language:
    without a contrast of role multimodal the verdict has another name.
    """
    rows = contrast_rows(KINDS)
    best = ["beats linear", "beats unimodal"]
    for missing, verdicts_ in (
        ({"m", "lin"}, ["better", "better"]),
        ({"m"}, ["better", None]),
        ({"lin"}, ["beats unimodal", "beats unimodal"]),
    ):
        roles = {name: role for name, role in SPEC.roles.items() if name not in missing}
        table = site_table(
            places(KINDS), rows[~rows["contrast"].isin(missing)], replace(SPEC, roles=roles)
        ).set_index("electrode")
        for kind, verdict in zip(best, verdicts_, strict=True):
            if verdict is not None:
                assert (table.loc[kind, "verdict"] == verdict).all()
        if "m" in missing:
            assert (table.loc["beats linear", "q_better"] < 0.05).all()
            assert table["q_unimodal"].isna().all()
        assert table["q_linear"].isna().all()
        others = table.drop(best)
        assert (others["verdict"] == others.index).all()


def test_families_are_electrodes_with_signal():
    """Tests among electrodes with signal are corrected for these only; the others have q = 1."""
    kinds = {f"E{k}": dict(KINDS["none"], m=0.02) for k in range(18)}
    kinds |= {f"S{k}": dict(KINDS["vision"], m=0.02) for k in range(2)}
    rows = contrast_rows(kinds, ["01"])
    one = rows[(rows["contrast"] == "m") & (rows["alignment"] == "vision")]
    one = one.set_index("electrode")
    assert np.allclose(one.loc[["S0", "S1"], "q"], 0.02)
    assert (one.drop(["S0", "S1"])["q"] == 1).all()
    assert set(one["family"]) == {
        "m, vision, window after: 2 electrodes with signal, Benjamini-Hochberg"
    }
    signal = rows[(rows["contrast"] == "any") & (rows["alignment"] == "vision")]
    assert set(signal["family"]) == {"any, vision, window after: 20 electrodes, Benjamini-Hochberg"}
    _, proof = sites.site_table(places(kinds, ["01"]), rows, SPEC)
    test = proof[proof["claim"] == "multimodal_all"].set_index("electrode")["q"]
    assert np.allclose(test[["S0", "S1"]], 0.02)
    assert (test.drop(["S0", "S1"]) == 1).all()


def test_weak_tests_need_signal_in_the_same_alignment():
    p = {"matched": np.array([[1e-6, 0.9]]), "signal": np.array([[0.9, 1e-6]])}
    found = verdicts.multimodality_tests(p, 0.05, "bh")
    assert found["matched_any"][0] == pytest.approx(0.9)


def interaction_rows(electrode, p, effect=0.07):
    return pd.DataFrame(
        {
            "subject": "01",
            "electrode": electrode,
            "alignment": ["language", "vision"],
            "network": "slip",
            "test": "interaction",
            "effect": [effect, effect / 2],
            "ci_low": 0.01,
            "ci_high": 0.2,
            "p": [p, min(1, 2 * p)],
        }
    )


@pytest.mark.parametrize(
    ("p", "verdict", "says"),
    [
        (1e-6, "interaction", "the joint part of slip adds to"),
        (0.9, "beats linear", "interaction not shown: 0.07 (0.01 to 0.2) in language events"),
    ],
)
def test_the_interaction_test_is_a_rung_of_the_verdict(p, verdict, says):
    tests = interaction_rows("beats linear", p)
    table = site_table(places(KINDS), contrast_rows(KINDS), SPEC, tests)
    table = table.set_index(["subject", "electrode"])
    row = table.loc[("01", "beats linear")]
    assert row["verdict"] == verdict
    assert (row["q_interaction"] < SPEC.level) == (verdict == "interaction")
    assert row["q"] == row["q_interaction" if verdict == "interaction" else "q_linear"]
    assert says in row["reason"] and "language events" in row["reason"]
    assert table.loc[("02", "beats linear"), "reason"].endswith("interaction not tested")


def test_interaction_needs_the_rungs_below():
    """A strict test that holds where a linear combination is not beaten lifts no verdict."""
    tests = interaction_rows("beats unimodal", 1e-6)
    table = site_table(places(KINDS), contrast_rows(KINDS), SPEC, tests)
    row = table.set_index(["subject", "electrode"]).loc[("01", "beats unimodal")]
    assert row["verdict"] == "beats unimodal"
    assert row["q_interaction"] >= row["q_linear"] > SPEC.level


def test_rungs_are_nested_whatever_the_p_values():
    rng = np.random.default_rng(3)
    roles = ("multimodal", "matched", "linear", "signal", "vision", "language")
    for _ in range(20):
        p = {role: rng.uniform(size=(200, 2)) ** 12 for role in roles}
        p["linear"][rng.random(p["linear"].shape) < 0.1] = np.nan
        claims = verdicts.verdict_p(p, rng.uniform(size=200) ** 12)
        found = verdicts.decide(claims, np.ones(200, bool), 0.05, "bh")
        held = {
            rung: found[f"q_{rung}"] < 0.05
            for rung in ("signal", "unimodal", "linear", "interaction")
        }
        known = found["q_linear"].notna()
        assert not (held["unimodal"] & ~held["signal"]).any()
        assert not (held["linear"] & ~held["unimodal"]).any()
        assert not (held["interaction"] & ~held["linear"] & known).any()
        named = (
            found["verdict"]
            .map({"interaction": 3, "beats linear": 2, "beats unimodal": 1})
            .fillna(0)
        )
        highest = np.select([held["interaction"], held["linear"], held["unimodal"]], [3, 2, 1], 0)
        assert (named == highest).all() and set(highest) == {0, 1, 2, 3}


def test_every_claim_has_the_numbers_of_the_contrast_that_decides():
    """Of the contrasts of a rung the weaker one decides, in the alignment where the rung is
    strongest.
    """
    rows = contrast_rows({"E1": KINDS["beats linear"]}, ["01"])
    one = (rows["contrast"] == "s") & (rows["alignment"] == "vision")
    rows.loc[one, ["p", "effect", "b"]] = [1e-5, 0.33, "simclr-trained-true"]
    rows.loc[(rows["contrast"] == "s") & (rows["alignment"] == "language"), "p"] = 1e-3
    table, proof = sites.site_table(places(["E1"], ["01"]), rows, SPEC)
    proof = proof.set_index("claim")
    found = proof.loc["unimodal"]
    assert (found["alignment"], found["contrast"], found["effect"]) == ("vision", "s", 0.33)
    assert found["p"] == pytest.approx(2e-5)
    assert found["b"] == "simclr-trained-true" and found["holds"]
    assert proof.loc["linear", "contrast"] == "lin"
    assert "simclr" not in table["reason"][0]  # the verdict is linear's


def test_a_rung_must_hold_within_one_alignment():
    """Beating the unimodal models in one alignment and the combination in the other is not
    enough.
    """
    p = {"multimodal": np.array([[1e-6, 0.9]]), "linear": np.array([[0.9, 1e-6]])}
    assert verdicts.verdict_p(p)["linear"][0] == pytest.approx(0.9)
    assert verdicts.verdict_p(p)["unimodal"][0] == pytest.approx(2e-6)


def test_the_same_electrode_name_in_two_subjects_is_two_sites():
    rows = contrast_rows({"A1": KINDS["beats linear"]}, ["01"])
    other = contrast_rows({"A1": KINDS["none"]}, ["02"])
    table = site_table(places(["A1"]), pd.concat([rows, other], ignore_index=True), SPEC)
    assert table["verdict"].tolist() == ["beats linear", "none"]


def test_a_subject_without_one_alignment_and_a_model_missing_for_another():
    rows = contrast_rows(KINDS)
    rows = rows[~((rows["subject"] == "01") & (rows["alignment"] == "vision"))]
    rows.loc[
        (rows["subject"] == "02") & (rows["contrast"] == "s"), ["p", "q", "tested", "reason"]
    ] = [
        np.nan,
        np.nan,
        False,
        "no fit for a",
    ]
    table = site_table(places(KINDS), rows, SPEC).set_index(["subject", "electrode"])
    assert table.loc[("01", "beats linear"), "verdict"] == "beats linear"
    assert table.loc["01"]["multimodal_all"].isna().all()
    assert not table.loc["01", "reason"].str.contains("vision events").any()
    # Without the twin contrast no rung above signal can be shown there, and none is.
    assert table.loc[("02", "beats linear"), "verdict"] == "vision"


def test_dropped_and_untested_electrodes_are_listed_with_the_reason():
    electrodes = places([*KINDS, "X1"])
    electrodes.loc[electrodes["electrode"] == "none", ["kept", "reason"]] = [False, "flat"]
    rows = contrast_rows({k: v for k, v in KINDS.items() if k != "none"})
    rows.loc[rows["electrode"] == "vision", ["p", "tested", "reason"]] = [
        np.nan,
        False,
        "no score for a",
    ]
    table = site_table(electrodes, rows, SPEC).set_index("electrode")
    assert (table.loc[["none", "X1", "vision"], "verdict"] == "not tested").all()
    assert (table.loc["none", "reason"] == "dropped in cleaning: flat").all()
    assert (table.loc["X1", "reason"] == "not among the responses").all()
    assert (table.loc["vision", "reason"] == "no score for a").all()


def test_every_electrode_has_a_row_whether_it_has_a_place_or_not():
    electrodes = places([*KINDS, "X1"])
    nowhere = electrodes["electrode"] == "X1"
    electrodes.loc[nowhere, ["kept", "reason"]] = [False, "marked bad"]
    electrodes.loc[nowhere, ["region", "x", "y", "z"]] = np.nan
    table = site_table(electrodes, contrast_rows(KINDS), SPEC)
    assert len(table) == len(electrodes)
    own = table[table["electrode"] == "X1"]
    assert (own["reason"] == "dropped in cleaning: marked bad").all()


def test_reasons_name_rival_effect_and_alignment():
    rows = contrast_rows(KINDS)
    rows.loc[rows["contrast"].isin(["m", "s", "lin"]), "b"] = "twin-trained-true"
    spec = replace(SPEC, labels={"slip": "SLIP-Combo", "twin": "SimCLR"})
    for row in site_table(places(KINDS), rows, spec).itertuples():
        assert "0.1 (0 to 0.2) in language events, q = " in row.reason, row
        assert ("SLIP-Combo beats SimCLR" in row.reason) == (row.verdict != "none")
        assert "slip" not in row.reason and "twin" not in row.reason


def test_nothing_at_all_gives_empty_tables_with_all_columns():
    rows = contrast_rows(KINDS)
    table = site_table(places([]), rows.iloc[:0], SPEC)
    assert len(table) == 0 and {"verdict", "q", "q_signal", "multimodal_any"} <= set(table.columns)
    assert (
        len(
            regions.region_table(
                table, pd.DataFrame({"region": ["insula"], "hemisphere": ["L"]}), "bh"
            )
        )
        == 1
    )


def test_an_electrode_that_no_table_places_is_refused():
    with pytest.raises(InputError, match="E9"):
        site_table(places(KINDS), contrast_rows({"E9": KINDS["none"]}), SPEC)


def test_dictionaries_describe_every_column_and_name_the_family():
    rows = contrast_rows(KINDS)
    table, proof = sites.site_table(places(KINDS), rows, SPEC)
    described = dictionary.data_dictionary(
        table,
        yaml.safe_load((SCHEMAS / "sites.schema.yaml").read_text()),
        sites.families(proof),
    )
    assert set(
        dictionary.data_dictionary(
            proof, yaml.safe_load((SCHEMAS / "evidence.schema.yaml").read_text())
        )
    ) == set(proof.columns)
    assert set(described) == set(table.columns)
    assert all("Family" in described[name] for name in table.columns if name.startswith("q"))
    assert list(described)[:5] == ["subject", "electrode", "verdict", "reason", "q"]
    assert len(described) <= 30
    with pytest.raises(InputError, match="strange"):
        dictionary.data_dictionary(
            table.assign(strange=1), yaml.safe_load((SCHEMAS / "sites.schema.yaml").read_text())
        )


def region_sites(seed=0, contacts=6):
    """Sites on shafts of a few contacts, none like its neighbour."""
    rng = np.random.default_rng(seed)
    n = 60
    place = np.arange(n)
    return pd.DataFrame(
        {
            "subject": np.where(place < 36, "01", "02"),
            "electrode": [f"{chr(65 + k // contacts)}{k % contacts + 1}" for k in place],
            "region": rng.choice(["insula", "cuneus"], n),
            "hemisphere": "L",
            "tested": True,
            "verdict": rng.choice(["beats linear", "none"], n, p=[0.3, 0.7]),
        }
    )


def test_regions_intervals_and_coverage():
    table = region_sites()
    table.loc[len(table)] = ["01", "Z1", "lingual", "R", False, "not tested"]
    atlas = pd.DataFrame(
        {
            "region": ["ctx-lh-insula", "ctx-rh-lingual", "ctx-rh-precuneus"],
            "hemisphere": ["L", "R", "R"],
        }
    )
    found = regions.region_table(table, atlas, "bh").set_index("region")
    assert found["coverage"].to_dict() == {
        "insula": "tested",
        "cuneus": "tested",
        "lingual": "electrodes, none tested",
        "ctx-rh-precuneus": "no electrodes",
    }
    row, tested = found.loc["insula"], table[table["tested"]]
    shaft, _ = regions.shafts(tested)
    inflated = coincidence.design_effects(
        (tested["verdict"] == "beats linear").to_numpy(int),
        tested["region"].to_numpy(str),
        tested["subject"].to_numpy(str),
        shaft,
    )["insula"]
    assert 1 <= inflated < 2
    # Wilson's interval of as many electrodes as these are worth.
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(
        proportion_confint(row["n_sites"] / inflated, row["n_tested"] / inflated, method="wilson")
    )
    assert (
        found.loc[["lingual", "ctx-rh-precuneus"], ["fraction", "ci_low", "p", "q"]]
        .isna()
        .all(axis=None)
    )


def test_a_coincidence_is_fisher_s_for_one_subject_and_a_permutation_for_two():
    table = region_sites(3).assign(
        positive=lambda t: t["verdict"] == "beats linear", inside=lambda t: t["region"] == "insula"
    )
    inside, positive = table["inside"], table["positive"]
    counts = [
        [sum(inside & positive), sum(inside & ~positive)],
        [sum(~inside & positive), sum(~inside & ~positive)],
    ]
    one = coincidence.coincidence(inside, positive, pd.Series(["01"] * len(table)))[1]
    assert one == pytest.approx(stats.fisher_exact(counts, alternative="greater").pvalue)
    rng, observed, hits = np.random.default_rng(0), sum(inside & positive), 0
    groups = [
        (g["positive"].to_numpy(), g["inside"].to_numpy()) for _, g in table.groupby("subject")
    ]
    for _ in range(4000):
        hits += sum(np.sum(rng.permutation(p) & r) for p, r in groups) >= observed
    two = coincidence.coincidence(inside, positive, table["subject"])[1]
    assert two == pytest.approx(hits / 4000, abs=0.03)


def test_p_of_a_region_turns_verdicts_along_each_shaft():
    table = region_sites(3).assign(positive=lambda t: t["verdict"] == "beats linear")
    # The order of rows does not matter, the number of a contact does.
    shuffled = table.sample(frac=1, random_state=0)
    atlas = pd.DataFrame({"region": [], "hemisphere": []})
    made = regions.region_table(shuffled, atlas, "bh").set_index(["region", "hemisphere"])
    found = made.loc[("insula", "L"), "p"]
    rng, inside = np.random.default_rng(0), (table["region"] == "insula").to_numpy()
    shafts = table.groupby(["subject", table["electrode"].str[0]]).indices.values()
    positive, hits = table["positive"].to_numpy(), 0
    assert len(shafts) == 10
    for _ in range(4000):
        turned = sum(
            np.sum(np.roll(positive[own], rng.integers(len(own))) & inside[own]) for own in shafts
        )
        hits += turned >= sum(inside & positive)
    assert found == pytest.approx(hits / 4000, abs=0.03)


def test_bipolar_names_and_names_without_numbers_have_shafts_too():
    table = pd.DataFrame(
        {"subject": "01", "electrode": ["LA1-LA2", "LA2-LA3", "LB10", "Cz", "LA'3"]}
    )
    shaft, number = regions.shafts(table)
    assert list(shaft) == ["01 LA", "01 LA", "01 LB", "01 Cz", "01 LA'"]
    assert list(number) == [1, 2, 10, 0, 3]


def alike(rng, n_subjects, reach):
    """Return sites whose verdicts resemble each other over ``reach`` contacts, by chance alone."""
    rows = []
    for subject in range(n_subjects):
        for shaft in range(8):
            noise = rng.standard_normal(12 + reach - 1)
            smooth = np.convolve(noise, np.ones(reach) / np.sqrt(reach), "valid")
            region = np.repeat(rng.choice(list("abcdef"), 4), 3)
            rows += [
                (str(subject), f"{chr(65 + shaft)}{k + 1}", region[k], smooth[k] > 0.8)
                for k in range(12)
            ]
    table = pd.DataFrame(rows, columns=["subject", "electrode", "region", "positive"])
    verdict = np.where(table["positive"], "beats linear", "none")
    return table.assign(hemisphere="L", tested=True, verdict=verdict)


def test_neighbours_that_are_alike_make_no_region_and_widen_intervals():
    """Of studies in which verdicts are alike over four contacts few find a region, and intervals
    cover the true share; contacts taken as exchangeable find one in every third.
    """
    rng = np.random.default_rng(0)
    atlas = pd.DataFrame({"region": [], "hemisphere": []})
    truth, found, exchanged, covered = stats.norm.sf(0.8), 0, 0, []
    for _ in range(60):
        table = alike(rng, 5, 4)
        made = regions.region_table(table, atlas, "bh")
        found += (made["q"] < 0.05).any()
        covered += list((made["ci_low"] <= truth) & (truth <= made["ci_high"]))
        p = [
            coincidence.coincidence(table["region"] == one, table["positive"], table["subject"])[1]
            for one in made["region"]
        ]
        exchanged += (multipletests(p, method="fdr_bh")[1] < 0.05).any()
    assert found <= 6 < exchanged
    assert np.mean(covered) > 0.92


def test_overlap_of_tests_is_a_permutation_within_subjects():
    rng = np.random.default_rng(5)
    n = 60
    table = pd.DataFrame(
        {
            "subject": rng.choice(["01", "02"], n, p=[0.3, 0.7]),
            "tested": True,
            "verdict": "none",
            "q_unimodal": 0.5,
            "q_linear": rng.choice([0.01, 0.5], n),
            "q_interaction": np.nan,
        }
    )
    base = rng.random(n) < np.where(table["subject"] == "01", 0.7, 0.2)
    for k, test in enumerate(verdicts.TESTS):
        table[test] = (base ^ (rng.random(n) < 0.2)) if k < 3 else None
    found = summary.overlap_table(table, 0.05).set_index(["one", "other"])
    assert ("matched_all", "multimodal_any") not in found.index and (
        "multimodal_any",
        "rung_linear",
    ) in found.index
    row = found.loc[("multimodal_any", "multimodal_all")]
    a, b = table["multimodal_any"].to_numpy(bool), table["multimodal_all"].to_numpy(bool)
    groups = [(table["subject"] == s).to_numpy() for s in ("01", "02")]
    draws = np.array(
        [sum(np.sum(rng.permutation(a[g]) & b[g]) for g in groups) for _ in range(4000)]
    )
    assert row["both"] == np.sum(a & b) and row["jaccard"] == pytest.approx(
        np.sum(a & b) / np.sum(a | b)
    )
    assert row["expected"] == pytest.approx(draws.mean(), abs=0.15)
    assert row["p"] == pytest.approx(np.mean(draws >= row["both"]), abs=0.01)


def test_subjects_and_leaving_one_out():
    rows = contrast_rows(KINDS)
    weak = (
        rows["subject"].eq("02")
        & rows["electrode"].eq("beats linear")
        & rows["contrast"].isin(["m", "s", "any"])
    )
    rows.loc[weak, "p"] = 0.012
    rows = correct.add_families(rows.drop(columns=["q", "family"]), SPEC)
    electrodes = places(KINDS)
    table = site_table(electrodes, rows, SPEC)
    found = summary.subject_table(electrodes, rows, table, SPEC).set_index("subject")
    assert found["n_sites"].tolist() == [1, 0] and found["n_tested"].tolist() == [7, 7]
    assert found.loc["01", "others"] == 0 and found.loc["02", "others_alone"] == 1
    assert found.loc["01", "others_alone"] == 0
    assert (found.loc["01", "ci_low"], found.loc["01", "ci_high"]) == pytest.approx(
        proportion_confint(1, 7, method="wilson")
    )
    for name in ("overlap", "subjects"):
        written = summary.overlap_table(table, 0.05) if name == "overlap" else found.reset_index()
        assert dictionary.data_dictionary(
            written, yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
        )
