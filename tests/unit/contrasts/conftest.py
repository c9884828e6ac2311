"""Fits with known statistics, in memory and as files."""

import numpy as np
import pytest

from fusion import labelled
from fusion.contrasts.fits import Fit

BINS = np.arange(-500.0, 1501.0, 250.0)


def make_fit(
    name="m-trained-true",
    n_electrodes=6,
    n_blocks=30,
    effect=0.0,
    scale=0.02,
    seed=0,
    bins=BINS,
    validation=None,
    electrodes=None,
    blocks=None,
):
    """Return a fit whose z is ``effect`` plus the sum of its block influences, i.e. whose influence is exact."""
    rng = np.random.default_rng([seed, *name.encode()])
    electrodes = tuple(electrodes or (f"E{k}" for k in range(n_electrodes)))
    shape = (2, n_blocks, len(electrodes), len(bins))
    influence = (scale / np.sqrt(n_blocks) * rng.standard_normal(shape)).astype("float32")
    z = effect + influence.sum(axis=(0, 1), dtype=float)
    z_val = np.broadcast_to(effect if validation is None else validation, z.shape) + 0.01 * rng.standard_normal(z.shape)
    return Fit(
        name, electrodes, tuple(blocks or (f"film:{k}" for k in range(n_blocks))), bins, z, z_val, np.tanh(z), influence,
        tuple("layer1" for _ in electrodes), 40 * n_blocks,
    )  # fmt: skip


def write_fit(fit, path, subject="01", alignment="language"):
    """Write ``fit`` as the encoding stage writes its influence file."""
    coords = {"part": ["test", "training"], "block": fit.blocks, "electrode": fit.electrodes, "bin": fit.bins}
    attrs = {"subject": subject, "alignment": alignment, "fit": fit.name, "n_events": fit.n_events, "block_s": 20.0}
    with labelled.create(path, coords, attrs) as file:
        labelled.add(file, "influence", ("part", "block", "electrode", "bin"), fit.influence)
        for key in ("z", "z_val", "r"):
            labelled.add(file, key, ("electrode", "bin"), getattr(fit, key))
        labelled.add(file, "layer", ("electrode",), np.array(fit.layers, object))
    return path


@pytest.fixture
def fit():
    return make_fit


@pytest.fixture
def fit_file():
    return write_fit
