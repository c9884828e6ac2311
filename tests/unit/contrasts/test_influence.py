"""The block-influence test against loops, scipy and its own error rate."""

import numpy as np
import pytest
from made_fits import make_fit as fit
from scipy import stats

from fusion.contrasts import influence


def test_difference_equals_a_plain_loop():
    rng = np.random.default_rng(1)
    parts, z, weights = (
        rng.standard_normal((2, 12, 3, 5)),
        rng.standard_normal((3, 5)),
        rng.random((3, 5)),
    )
    weights /= weights.sum(1, keepdims=True)
    found = influence.difference(z, parts, weights, "two-sided")
    for e in range(3):
        effect = sum(weights[e, b] * z[e, b] for b in range(5))
        variance = 0.0
        for part in range(2):
            sums = [sum(weights[e, b] * parts[part, k, e, b] for b in range(5)) for k in range(12)]
            variance += 12 / 11 * sum((s - np.mean(sums)) ** 2 for s in sums)
        se = np.sqrt(variance)
        low, high = stats.t.interval(0.95, 11, effect, se)
        expected = {
            "effect": effect,
            "se": se,
            "t": effect / se,
            "ci_low": low,
            "ci_high": high,
            "p": 2 * stats.t.sf(abs(effect / se), 11),
        }
        for key, value in expected.items():
            assert found[key][e] == pytest.approx(value, rel=1e-9), key


def test_folds_have_their_own_weights():
    rng = np.random.default_rng(4)
    parts, z, weights = (
        rng.standard_normal((3, 2, 8, 1, 4)),
        rng.standard_normal((3, 1, 4)),
        rng.random((3, 1, 4)),
    )
    found = influence.difference(z, parts, weights, "greater")
    assert found["effect"][0] == pytest.approx(
        np.mean([sum(weights[f, 0] * z[f, 0]) for f in range(3)])
    )
    sums = sum(parts[f, :, :, 0] @ weights[f, 0] for f in range(3))
    assert found["se"][0] == pytest.approx(
        np.sqrt(8 * np.var(sums[0], ddof=3) + 8 * np.var(sums[1], ddof=1))
    )
    assert found["df"][0] == 8 - 3


def test_variance_of_blocks_whose_folds_sum_to_zero_is_unbiased():
    """Residuals of 5 folds' means: their sum of squares holds K - 5 variances, and so counted the
    variance is that of the blocks.
    """
    rng = np.random.default_rng(8)
    blocks = rng.standard_normal((1, 5, 4, 4000))
    residuals = blocks - blocks.mean(axis=2, keepdims=True)
    found = influence.block_variance(residuals.reshape(1, 20, 4000), n_folds=5)
    assert found.mean() == pytest.approx(20, rel=0.01)


def test_one_part_and_equal_weights_is_the_t_test_of_scipy():
    """With block means as influences, the test is the one-sample t-test of the block means."""
    rng = np.random.default_rng(2)
    blocks = rng.normal(0.3, 1, 25)
    parts = np.zeros((2, 25, 1, 1))
    parts[0, :, 0, 0] = (blocks - blocks.mean()) / 25
    found = influence.difference(np.array([[blocks.mean()]]), parts, np.ones((1, 1)), "greater")
    expected = stats.ttest_1samp(blocks, 0, alternative="greater")
    assert found["t"][0] == pytest.approx(expected.statistic)
    assert found["p"][0] == pytest.approx(expected.pvalue)
    assert found["df"][0] == expected.df


def test_weights_are_the_positive_validation_scores():
    a = np.array([[0.2, -0.1, 0.4], [-1.0, -1.0, -1.0]])
    b = np.array([[0.0, -0.1, 0.2], [0.0, 0.0, 0.0]])
    assert np.allclose(influence.bin_weights(a, b, 1), [[0.25, 0, 0.75], [1 / 3, 1 / 3, 1 / 3]])
    assert np.allclose(influence.bin_weights(a, b), [[0.1, 0, 0.9], [1 / 3, 1 / 3, 1 / 3]])


def test_equal_fits_are_not_tested():
    assert np.isnan(
        influence.difference(
            np.zeros((1, 4)), np.zeros((2, 9, 1, 4)), np.full((1, 4), 0.25), "greater"
        )["t"]
    ).all()


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_max_over_bins_equals_a_plain_loop(alternative):
    rng = np.random.default_rng(3)
    parts, z = rng.standard_normal((2, 10, 2, 4)), 3 * rng.standard_normal((2, 4))
    found = influence.max_over_bins(
        z, parts, alternative, influence.multipliers(np.random.default_rng(7), 200, 10)
    )
    signs = np.random.default_rng(7).integers(0, 2, (2, 200, 10)) * 2 - 1

    def variance(blocks):
        return 10 / 9 * ((blocks - blocks.mean(0)) ** 2).sum(0)

    for e in range(2):
        t = z[e] / np.sqrt(variance(parts[0, :, e]) + variance(parts[1, :, e]))
        observed, hits = max(abs(t)) if alternative == "two-sided" else max(t), 0
        for draw in range(200):
            signed = [
                signs[p, draw][:, None] * (parts[p, :, e] - parts[p, :, e].mean(0))
                for p in range(2)
            ]
            t = (
                np.sqrt(10 / 9)
                * (signed[0].sum(0) + signed[1].sum(0))
                / np.sqrt(variance(signed[0]) + variance(signed[1]))
            )
            hits += (max(abs(t)) if alternative == "two-sided" else max(t)) >= observed
        assert found[e] == pytest.approx((1 + hits) / 201)


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_both_tests_keep_their_level_when_influences_are_exact(alternative):
    null = fit(n_electrodes=3000, n_blocks=30, seed=5, bins=np.arange(0.0, 300, 100))
    weights = np.full(null.z.shape, 1 / 3)
    p = influence.difference(null.z, null.influence, weights, alternative)["p"]
    signs = influence.multipliers(np.random.default_rng(0), 200, 30)
    p_max = influence.max_over_bins(null.z, null.influence, alternative, signs)
    for values in (p, p_max):
        assert 0.03 < np.mean(values < 0.05) < 0.06
    assert 0.002 < np.mean(p < 0.01) < 0.016


def test_intervals_cover_the_true_difference():
    """Two parts of about equal variance hold more degrees of freedom than the K - 1 that are used:
    slightly wide.
    """
    some = fit(n_electrodes=2000, n_blocks=20, effect=0.05, seed=6, bins=np.arange(0.0, 300, 100))
    found = influence.difference(some.z, some.influence, np.full(some.z.shape, 1 / 3), "greater")
    assert 0.94 < np.mean((found["ci_low"] < 0.05) & (found["ci_high"] > 0.05)) < 0.98


def test_unknown_alternative():
    with pytest.raises(ValueError, match="greater or two-sided"):
        influence.p_value(np.zeros(1), 3, "less")
