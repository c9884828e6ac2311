"""Fits with known statistics, in memory and as files."""

import numpy as np

from fusion.contrasts.fits import FitScores
from fusion.contrasts.spec import Comparison
from fusion.ids import Operand
from fusion.io import labelled

BINS = np.arange(-500.0, 1501.0, 250.0)


def compare(a, b="nothing", alternative="greater", name="x"):
    """Return a comparison of two operands, given as in a config."""
    return Comparison(name, Operand.parse(a), Operand.parse(b), alternative)


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
    folds=5,
):
    """Return a fit whose z is ``effect`` plus the sum of independent contributions of blocks, which
    its influences tell.
    """
    rng = np.random.default_rng([seed, *name.encode()])
    electrodes = (
        tuple(f"E{k}" for k in range(n_electrodes)) if electrodes is None else tuple(electrodes)
    )
    fold_of = np.arange(n_blocks) * folds // n_blocks
    own = fold_of == np.arange(folds)[:, None]
    size = scale / np.sqrt(n_blocks) * np.stack([own, ~own / np.sqrt(folds - 1)], 1)
    influence = size[..., None, None] * rng.standard_normal(
        (folds, 2, n_blocks, len(electrodes), len(bins))
    )
    z = effect + folds * influence.sum(axis=(1, 2))
    # As in a fit, what is left of an influence within a fold adds up to zero.
    counted = np.stack([own, ~own], 1)[..., None, None]
    influence -= counted * influence.sum(axis=2, keepdims=True) / counted.sum(axis=2, keepdims=True)
    z_val = np.broadcast_to(
        effect if validation is None else validation, z.shape
    ) + 0.01 * rng.standard_normal(z.shape)
    blocks = tuple(f"film:{k}" for k in range(n_blocks))
    layers = tuple("layer1" for _ in electrodes)
    return FitScores(
        name, electrodes, blocks, bins, z, z_val, influence.astype("float32"), layers, 40 * n_blocks
    )


def write_fit(fit, path, subject="01", alignment="language"):
    """Write ``fit`` as the encoding stage writes its influence file."""
    coords = {
        "fold": len(fit.z),
        "part": ["test", "training"],
        "block": fit.blocks,
        "electrode": fit.electrodes,
        "bin_ms": fit.bins,
    }
    attrs = {
        "subject": subject,
        "alignment": alignment,
        "fit": fit.name,
        "n_events": fit.n_events,
        "block_s": 20.0,
    }
    with labelled.create(path, coords, attrs) as file:
        labelled.add(
            file, "influence_fold", ("fold", "part", "block", "electrode", "bin_ms"), fit.influence
        )
        for key in ("z", "z_val"):
            labelled.add(
                file,
                f"{key}_fold",
                ("fold", "electrode", "bin_ms"),
                getattr(fit, key).astype("float32"),
            )
        labelled.add(file, "layer", ("electrode",), np.array(fit.layers, object))
    return path
