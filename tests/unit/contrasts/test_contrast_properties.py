"""What must not matter to contrasts, corrections and regions: order, company, names, copies."""

from dataclasses import replace

import made_fits
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.contrasts.calibrated import Calibrated
from fusion.contrasts.correct import q_values
from fusion.contrasts.frame import contrast_table
from fusion.contrasts.regions import region_table
from fusion.contrasts.spec import CalibratedSpec

NUMBERS = ["r_a", "r_b", "effect", "se", "ci_low", "ci_high", "t", "df", "p", "latency_ms"]
WINDOWS = {"after": (0.0, 1000.0)}
LABELS = tuple("ABCDEF")
quick = settings(max_examples=12, deadline=None, derandomize=True)


def fits(order=range(6), blocks=range(30), seed=0):
    """Return two fits of six electrodes, taken in some order, of blocks in some order."""
    made = [
        made_fits.make_fit(f"{name}-trained-true", effect=effect, electrodes=LABELS, seed=seed)
        for name, effect in (("one", 0.03), ("two", 0.02))
    ]
    order, blocks = list(order), list(blocks)
    names = tuple(f"{LABELS[k]}{i}" for i, k in enumerate(order))
    return [
        replace(
            fit,
            electrodes=names,
            blocks=tuple(fit.blocks[k] for k in blocks),
            z=fit.z[:, order],
            z_val=fit.z_val[:, order],
            influence=fit.influence[:, :, blocks][:, :, :, order],
            layers=tuple(fit.layers[k] for k in order),
        )
        for fit in made
    ]


def table(made, comparison):
    procedure = Calibrated(CalibratedSpec(multipliers=100), np.random.default_rng(0))
    return contrast_table(made, comparison, WINDOWS, procedure)


TWO_SIDED = made_fits.compare("one", "two", "two-sided")
BEST = made_fits.compare(["one", "two"])


@quick
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=9),
    st.permutations(range(30)),
    st.integers(0, 99),
    st.sampled_from([TWO_SIDED, BEST]),
)
def test_an_electrode_s_numbers_are_its_own(order, blocks, seed, comparison):
    """Whatever the order, whoever else is there, however often, in whatever order blocks come."""
    alone = table(fits(seed=seed), comparison)
    found = table(fits(order, blocks, seed), comparison)
    expected = alone.iloc[order][NUMBERS].astype(float).to_numpy()
    np.testing.assert_allclose(
        found[NUMBERS].astype(float).to_numpy(), expected, rtol=1e-5, atol=1e-7
    )


@quick
@given(st.integers(0, 99))
def test_the_other_way_round_is_the_opposite(seed):
    made = fits(seed=seed)
    there = table(made, TWO_SIDED)
    back = table(made, made_fits.compare("two", "one", "two-sided"))
    np.testing.assert_allclose(there["effect"], -back["effect"], atol=1e-9)
    np.testing.assert_allclose(there[["se", "p", "df"]], back[["se", "p", "df"]], rtol=1e-9)
    np.testing.assert_allclose(there["ci_low"], -back["ci_high"], atol=1e-9)


P = st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), min_size=1, max_size=30)


@given(P, st.randoms(use_true_random=False), st.sampled_from(["bh", "by"]))
def test_q_follows_p_whatever_the_order(p, dice, correction):
    p = np.array(p)
    q = q_values(p, correction)
    order = list(range(len(p)))
    dice.shuffle(order)
    np.testing.assert_allclose(q_values(p[order], correction), q[order])
    tested = np.isfinite(p)
    assert (q[tested] >= p[tested] - 1e-12).all() and (q[tested] <= 1).all()
    assert np.isnan(q[~tested]).all()
    ranked = q[tested][np.argsort(p[tested])]
    assert (np.diff(ranked) >= -1e-12).all()


@quick
@given(st.randoms(use_true_random=False), st.integers(0, 99))
def test_regions_do_not_know_the_order_of_sites_nor_the_names_of_subjects(dice, seed):
    rng = np.random.default_rng(seed)
    n = 40
    sites = pd.DataFrame(
        {
            "subject": rng.choice(["01", "02", "03"], n),
            "electrode": [f"{'ABC'[k % 3]}{k}" for k in range(n)],
            "region": rng.choice(["insula", "fusiform", "cuneus"], n),
            "hemisphere": rng.choice(["L", "R"], n),
            "tested": rng.random(n) < 0.9,
            "verdict": rng.choice(["beats linear", "vision", "none"], n),
        }
    )
    atlas = pd.DataFrame({"region": ["insula", "lingual"], "hemisphere": ["L", "R"]})
    expected = region_table(sites, atlas, "bh")
    order = list(range(n))
    dice.shuffle(order)
    renamed = {"01": "02", "02": "x", "03": "01"}
    other = sites.iloc[order].assign(subject=lambda t: t["subject"].map(renamed))
    pd.testing.assert_frame_equal(
        region_table(other.reset_index(drop=True), atlas, "bh"), expected, rtol=1e-9
    )
