"""The block bootstrap of held-out predictions against plain resampling of rows."""

from dataclasses import replace

import numpy as np
import pytest
from made_fits import compare

from fusion.contrasts import block_bootstrap, frame
from fusion.contrasts.fits import FitScores
from fusion.contrasts.spec import BlockBootstrapSpec

SPEC = BlockBootstrapSpec(bin_weights="equal", resamples=300, min_blocks=8, block_s=20.0)
WINDOWS = {"after": (0, 1000)}


def run(held_out, a="a", b="b"):
    procedure = block_bootstrap.BlockBootstrap(SPEC, held_out.at, np.random.default_rng(0))
    return frame.contrast_table(fits_of(held_out), compare(a, b), WINDOWS, procedure)


def problem(seed=0, n=400, n_electrodes=5, n_bins=3, gain=0.6):
    rng = np.random.default_rng(seed)
    fold, block = np.arange(n) * 5 // n, np.arange(n) // 20
    response = rng.standard_normal((n, n_electrodes, n_bins))
    predictions = {
        "a-trained-true": gain * response + rng.standard_normal(response.shape),
        "b-trained-true": 0.2 * response + rng.standard_normal(response.shape),
    }
    names = tuple(f"E{e}" for e in range(n_electrodes))
    return block_bootstrap.HeldOut(names, response, predictions, fold, block)


def fits_of(held_out):
    fits = []
    for name, prediction in held_out.predictions.items():
        n_electrodes, n_bins = prediction.shape[1:]
        z = np.array(
            [
                [
                    [
                        np.arctanh(
                            np.corrcoef(
                                prediction[held_out.fold == f, e, k],
                                held_out.response[held_out.fold == f, e, k],
                            )[0, 1]
                        )
                        for k in range(n_bins)
                    ]
                    for e in range(n_electrodes)
                ]
                for f in range(5)
            ]
        )
        names, blocks = (
            tuple(f"E{e}" for e in range(n_electrodes)),
            tuple(f"film:{k}" for k in range(20)),
        )
        fits.append(
            FitScores(
                name,
                names,
                blocks,
                np.arange(n_bins) * 400.0,
                z,
                z,
                np.zeros((5, 2, 20, n_electrodes, n_bins), "float32"),
                ("l",) * n_electrodes,
                400,
            )
        )
    return fits


def test_weighted_sums_are_resampled_rows():
    held_out = problem()
    prediction = held_out.predictions["a-trained-true"]
    sums = block_bootstrap.block_sums(
        prediction, held_out.response, held_out.fold, held_out.block, 5, 20
    )
    weights = np.random.default_rng(1).multinomial(20, np.full(20, 1 / 20), size=2)
    found = block_bootstrap.resampled_z(sums, np.vstack([np.ones(20, int), weights]))
    for r, own in enumerate(np.vstack([np.ones(20, int), weights])):
        for f in range(5):
            rows = np.repeat(np.arange(400), own[held_out.block])
            rows = rows[held_out.fold[rows] == f]
            if len(rows):
                expected = np.arctanh(
                    np.corrcoef(prediction[rows, 2, 1], held_out.response[rows, 2, 1])[0, 1]
                )
                assert found[r, f, 2, 1] == pytest.approx(expected)


def test_a_difference_is_found_and_none_is_not():
    held_out = problem()
    table = run(held_out)
    assert (table["p"] == 1 / 301).all() and (table["ci_low"] > 0).all() and table["tested"].all()
    assert np.allclose(
        table["effect"],
        [fit.z.mean((0, 2)) for fit in fits_of(held_out)][0] - fits_of(held_out)[1].z.mean((0, 2)),
    )
    mirrored = run(held_out, "b", "a")
    assert (mirrored["p"] == 1).all()
    same = run(held_out, "a", "a")
    assert not same["tested"].any() and (same["reason"] == "a and b are the same fit").all()
    alone = run(held_out, "a", "nothing")
    assert (alone["effect"] > 0.3).all()


def test_fixed_predictions_without_training_keep_their_level():
    """Predictions that nothing was trained for: here the bootstrap is right."""
    held_out = problem(3, n=800, n_electrodes=150, gain=0.2)
    held_out = replace(held_out, fold=np.arange(800) * 5 // 800, block=np.arange(800) // 20)
    table = run(held_out)
    assert 0.005 < (table["p"] < 0.05).mean() < 0.12
