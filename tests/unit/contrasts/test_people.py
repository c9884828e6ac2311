"""From electrodes to people: random effects over subjects, how many of them, several datasets."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers.runs import REPOSITORY
from made_fits import BINS, compare, make_fit
from scipy import integrate, optimize, stats
from statsmodels.stats.multitest import multipletests

from fusion.contrasts import by_region, people, regions
from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.frame import contrast_rows
from fusion.contrasts.spec import CalibratedSpec, SitesSpec
from fusion.io.schema import read_schema
from fusion.io.tables import write_described
from fusion.simulation.subjects import simulate_regions

EQUAL = CalibratedSpec(bin_weights="equal", multipliers=100)


def collected(fits, comparison, places, pieces=1):
    """Return the table by region of one contrast whose electrodes come in pieces."""
    kept = by_region.ByRegion(places, len(fits[0].z))
    n = len(fits[0].electrodes)
    for start in range(0, n, -(-n // pieces)):
        piece = {fit.name: fit.load(slice(start, start + -(-n // pieces))) for fit in fits}
        contrast_rows(
            piece,
            comparison,
            "after",
            (BINS[0], BINS[-1]),
            Calibrated(EQUAL, np.random.default_rng(0)),
            "nested",
            keep=lambda found, own=piece: kept.add(
                comparison, next(iter(own.values())).electrodes, found
            ),
        )
    return kept.table()


@pytest.mark.parametrize("b", ["b-trained-true", "nothing"])
def test_a_region_is_tested_as_the_mean_of_its_electrodes_would_be(b):
    fits = [make_fit("a-trained-true", effect=0.05), make_fit("b-trained-true", seed=1)]
    comparison = compare("a-trained-true", b)
    places = {f"E{k}": ("insula" if k < 4 else "cuneus", "L") for k in range(6)}
    table = collected(fits, comparison, places).set_index("region")
    pd.testing.assert_frame_equal(
        table, collected(fits, comparison, places, pieces=3).set_index("region")
    )
    mean = {
        fit.name: type(fit)(
            **{
                **vars(fit),
                "electrodes": ("mean",),
                "layers": ("x",),
                "z": fit.z[:, :4].mean(1, keepdims=True),
                "z_val": fit.z_val[:, :4].mean(1, keepdims=True),
                "influence": fit.influence[:, :, :, :4].mean(3, keepdims=True),
            }
        )
        for fit in fits
    }
    (expected,) = contrast_rows(
        mean,
        comparison,
        "after",
        (BINS[0], BINS[-1]),
        Calibrated(EQUAL, np.random.default_rng(0)),
        "nested",
    ).to_dict("records")
    for key in ("effect", "se", "df", "p"):
        assert table.loc["insula", key] == pytest.approx(expected[key], rel=1e-4)
    assert list(table["n_electrodes"]) == [4, 2]


def test_variance_between_electrodes_is_what_noise_does_not_explain():
    rng = np.random.default_rng(0)
    n, blocks, excess = 5, 40, []
    for _ in range(300):
        common, own = rng.standard_normal((2, blocks, 1)), rng.standard_normal((2, blocks, n))
        sums = 0.02 * (common + own)
        truth = 0.1 * rng.standard_normal(n)
        effect = truth + sums.sum(axis=(0, 1))
        se = np.sqrt(2 * blocks) * np.full(n, 0.02 * np.sqrt(2))
        found = by_region.mean_effect(effect, se, sums, 1, "greater", alone=False)
        excess.append(found["between_electrodes"])
    assert np.mean(excess) == pytest.approx(0.01, rel=0.25)


def paule_mandel(effect, variance):
    """Return the between-subject variance at which the weighted squares are as expected."""

    def surplus(tau2):
        weight = 1 / (variance + tau2)
        mean = np.average(effect, weights=weight)
        return (weight * (effect - mean) ** 2).sum() - (len(effect) - 1)

    return 0.0 if surplus(0) <= 0 else optimize.brentq(surplus, 0, 100)


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_random_effects_are_those_of_their_definition(spread):
    rng = np.random.default_rng(1)
    variance = rng.uniform(0.005, 0.05, 7)
    effect = 0.2 + spread * rng.standard_normal(7) + np.sqrt(variance) * rng.standard_normal(7)
    found = people.combined(effect, variance, "greater")
    tau2 = paule_mandel(effect, variance)
    weight = 1 / (variance + tau2)
    mean = np.average(effect, weights=weight)
    se = np.sqrt(np.average((effect - mean) ** 2, weights=weight) / 6)
    assert found["between_subjects"] == pytest.approx(np.sqrt(tau2), abs=1e-3)
    assert found["effect"] == pytest.approx(mean, abs=1e-4)
    assert found["se"] == pytest.approx(se, rel=1e-3)
    assert found["p"] == pytest.approx(stats.t.sf(mean / se, 6), rel=1e-2)
    assert found["ci_high"] - mean == pytest.approx(stats.t.ppf(0.975, 6) * se, rel=1e-3)
    both = people.combined(effect, variance, "two-sided")
    assert both["p"] == pytest.approx(2 * found["p"])


def test_one_subject_is_no_estimate_of_people():
    found = people.combined(np.array([0.2]), np.array([0.01]), "greater")
    assert found["effect"] == 0.2 and np.isnan(found["p"]) and np.isnan(found["ci_low"])


@pytest.mark.parametrize("between", [0.0, 0.05])
def test_intervals_cover_and_levels_hold_over_subjects(between):
    """Regions of 4 to 10 subjects, with and without differences between them."""
    rng = np.random.default_rng(2)
    rows = simulate_regions(rng, 600, between=between)
    table = people.over_subjects(rows, "bh")
    covered = (table["ci_low"] <= 0) & (table["ci_high"] >= 0)
    assert 0.92 < covered.mean() < 0.98
    assert 0.03 < (table["p"] < 0.05).mean() < 0.07
    # Variances are cut at zero, so that without differences a little is left.
    assert np.sqrt((table["between_subjects"] ** 2).mean()) == pytest.approx(between, abs=0.02)
    expected = multipletests(table["p"], method="fdr_bh")[1]
    assert table["q"].to_numpy() == pytest.approx(expected)


def test_at_least_rejects_all_smaller_numbers():
    p = np.array([1e-6, 0.001, 0.02, 0.3, 0.8])
    for u in range(1, 6):
        rejected = stats.combine_pvalues(np.sort(p)[u - 1 :], method="fisher")[1] <= 0.05
        assert (people.at_least(p) >= u) == rejected
    assert people.at_least(p) == 2
    assert people.at_least(np.full(4, 0.5)) == 0 and people.at_least(np.full(4, 1e-9)) == 4


def test_at_least_is_seldom_too_many():
    rng = np.random.default_rng(4)
    for n_true in (0, 2, 5):
        p = rng.uniform(size=(4000, 8))
        p[:, :n_true] = stats.norm.sf(rng.standard_normal((4000, n_true)) + 4)
        said = np.array([people.at_least(row) for row in p])
        assert (said > n_true).mean() < 0.06


@pytest.mark.parametrize(("n_found", "n"), [(0, 5), (3, 5), (9, 9), (1, 20)])
def test_prevalence_is_the_posterior_of_ince(n_found, n):
    share, low = people.prevalence(n_found, n, 0.05)

    def density(gamma):
        return stats.binom.pmf(n_found, n, 0.05 + 0.95 * gamma)

    total = integrate.quad(density, 0, 1)[0]
    assert integrate.quad(density, 0, low)[0] / total == pytest.approx(0.05, abs=1e-6)
    grid = np.linspace(0, 1, 100_001)
    assert share == pytest.approx(grid[density(grid).argmax()], abs=1e-4)
    assert all(np.isnan(people.prevalence(0, 0, 0.05)))


def made_rows(effects, n_electrodes=2):
    """Return a table of subjects by region: region -> each subject's effect."""
    rows = [
        ("language", "x", "greater", region, "L", f"{k:02d}", n_electrodes, effect, 0.02, 25)
        for region, own in effects.items()
        for k, effect in enumerate(own)
    ]
    columns = ["alignment", "contrast", "alternative", "region", "hemisphere", "subject"]
    table = pd.DataFrame(rows, columns=[*columns, "n_electrodes", "effect", "se", "df"])
    return table.assign(
        p=stats.t.sf(table["effect"] / table["se"], table["df"]), between_electrodes=1e-4
    )[by_region.OF_SUBJECT]


def test_a_region_that_all_subjects_share_and_one_of_a_single_subject():
    effects = {"shared": [0.1, 0.12, 0.09, 0.11], "single": [0.4, 0.0, 0.01, -0.01], "one": [0.2]}
    table = people.over_subjects(made_rows(effects), "bh").set_index("region")
    assert list(table.columns) == people.OF_REGION[:2] + people.OF_REGION[3:]
    assert table.loc["shared", "q"] < 0.01 and table.loc["shared", "n_at_least"] == 4
    assert table.loc["single", "p"] > 0.05 and table.loc["single", "n_at_least"] == 1
    assert table.loc["single", "between_subjects"] > 0.1
    assert table.loc["shared", "between_subjects"] < 0.02
    assert np.isnan(table.loc["one", "q"]) and table.loc["one", "effect"] == pytest.approx(0.2)


def test_pooled_datasets_are_one_table_of_all_their_subjects():
    a = made_rows({"insula": [0.1, 0.12], "cuneus": [0.0, 0.05]})
    b = made_rows({"insula": [0.09, 0.3, 0.2]})
    pooled = people.pool_regions({"a": a, "b": b}, "bh").set_index("region")
    assert pooled.loc["insula", "datasets"] == "a, b" and pooled.loc["cuneus", "datasets"] == "a"
    # Subjects of the same name in two datasets are two people.
    assert pooled.loc["insula", "n_subjects"] == 5
    together = made_rows({"insula": [0.1, 0.12, 0.09, 0.3, 0.2], "cuneus": [0.0, 0.05]})
    expected = people.over_subjects(together, "bh").set_index("region")
    for key in ("effect", "ci_low", "p", "q", "n_at_least"):
        assert pooled[key].to_dict() == pytest.approx(expected[key].to_dict())
    assert set(product(pooled["contrast"], pooled["alignment"])) == {("x", "language")}


@pytest.mark.parametrize("subjects", [2, 0])
def test_regions_show_the_contrast_that_decides_and_every_column_is_described(subjects, tmp_path):
    effects = people.over_subjects(made_rows({"insula": [0.1, 0.12]}).head(subjects), "bh")
    table = pd.DataFrame({"region": ["insula", "cuneus"], "hemisphere": "L"})
    table = table.reindex(columns=regions.COLUMNS)
    roles = {"y": "multimodal", "x": "matched"}
    spec = SitesSpec(roles, (), ("language", "vision"), "after", 0.05, "bh", {}, {})
    found = regions.with_people(table, effects, spec).set_index("region")
    known = found.loc["insula", "n_subjects_language"]
    assert known == 2 if subjects else np.isnan(known)
    assert found.loc["cuneus"].drop("hemisphere").isna().all()
    assert found.filter(like="_vision").isna().all(axis=None)
    for name, columns in (("regions", found), ("region_effects", effects.set_index("region"))):
        schema = read_schema(REPOSITORY / f"workflow/schemas/{name}.schema.yaml")
        write_described(columns.reset_index(), tmp_path / "t.tsv", tmp_path / "t.json", schema)
