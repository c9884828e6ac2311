"""What must not matter to a partition: order and company of electrodes, scale, rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from fusion.controls.partition import partition
from fusion.controls.problem import Problem
from fusion.encoding.folds import make_folds

N = 240
NUMBERS = ["r_full", "r_without", "r_alone", "part", "unique", "shared", "effect", "p"]


@pytest.fixture(scope="module")
def film():
    rng = np.random.default_rng(0)
    onset_s = np.sort(rng.uniform(0, 240, N))
    bands = {name: rng.standard_normal((N, 4)) for name in ("vision", "language")}
    y = np.stack([bands["vision"][:, :2], bands["language"][:, :2], rng.standard_normal((N, 2))], 1)
    y = y + rng.standard_normal(y.shape)
    folds = make_folds(onset_s, np.zeros(N), gap_s=2)
    return folds, np.unique(onset_s // 10, return_inverse=True)[1], bands, y


def run(film, y, bands):
    folds, block, _, _ = film
    table = partition(Problem(y, folds, block), bands, np.random.default_rng(0), 3)
    return table.set_index(["electrode", "band"])[NUMBERS]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=5), st.floats(-3, 3), st.integers(0, 99))
def test_a_partition_is_the_electrode_s_own(film, order, power, seed):
    _, _, bands, y = film
    expected = run(film, y, bands)
    rng = np.random.default_rng(seed)
    moved = {
        name: values @ ortho_group.rvs(4, random_state=rng) if seed % 2 else values
        for name, values in bands.items()
    }
    found = run(film, 10.0**power * y[:, order], moved)
    for k, electrode in enumerate(order):
        np.testing.assert_allclose(
            found.loc[k].to_numpy(), expected.loc[electrode].to_numpy(), rtol=2e-3, atol=2e-4
        )
