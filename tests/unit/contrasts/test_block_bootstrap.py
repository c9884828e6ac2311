"""The block bootstrap of held-out predictions against plain resampling of rows."""

import numpy as np
import pytest

from fusion.contrasts import block_bootstrap
from fusion.contrasts.fits import Fit

SPEC = {
    "subject": "01",
    "alignment": "language",
    "contrast": "x",
    "a": {"rank": 1, "of": ["a-trained-true"]},
    "b": {"rank": 1, "of": ["b-trained-true"]},
    "alternative": "greater",
    "windows": {"after": [0, 1000]},
    "validation": "nested",
    "bin_weights": "equal",
    "resamples": 300,
    "min_blocks": 8,
}


def problem(seed=0, n=400, n_electrodes=5, n_bins=3, gain=0.6):
    rng = np.random.default_rng(seed)
    fold, block = np.arange(n) * 5 // n, np.arange(n) // 20
    response = rng.standard_normal((n, n_electrodes, n_bins))
    predictions = {
        "a-trained-true": gain * response + rng.standard_normal(response.shape),
        "b-trained-true": 0.2 * response + rng.standard_normal(response.shape),
    }
    return block_bootstrap.HeldOut(response, predictions, fold, block)


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
            Fit(
                name,
                names,
                blocks,
                np.arange(n_bins) * 400.0,
                z,
                z,
                None,
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
    table = block_bootstrap.bootstrap_table(
        fits_of(held_out), held_out, SPEC, np.random.default_rng(0)
    )
    assert (table["p"] == 1 / 301).all() and (table["ci_low"] > 0).all() and table["tested"].all()
    assert np.allclose(
        table["effect"],
        [fit.z.mean((0, 2)) for fit in fits_of(held_out)][0] - fits_of(held_out)[1].z.mean((0, 2)),
    )
    mirrored = block_bootstrap.bootstrap_table(
        fits_of(held_out),
        held_out,
        {**SPEC, "a": SPEC["b"], "b": SPEC["a"]},
        np.random.default_rng(0),
    )
    assert (mirrored["p"] == 1).all()
    same = block_bootstrap.bootstrap_table(
        fits_of(held_out), held_out, {**SPEC, "b": SPEC["a"]}, np.random.default_rng(0)
    )
    assert not same["tested"].any() and (same["reason"] == "a and b are the same fit").all()
    alone = block_bootstrap.bootstrap_table(
        fits_of(held_out), held_out, {**SPEC, "b": None}, np.random.default_rng(0)
    )
    assert (alone["effect"] > 0.3).all()


def test_fixed_predictions_without_training_keep_their_level():
    """Predictions that nothing was trained for: here the bootstrap is right."""
    held_out = problem(3, n=800, n_electrodes=150, gain=0.2)
    held_out = block_bootstrap.HeldOut(
        held_out.response, held_out.predictions, np.arange(800) * 5 // 800, np.arange(800) // 20
    )
    table = block_bootstrap.bootstrap_table(
        fits_of(held_out), held_out, SPEC, np.random.default_rng(0)
    )
    assert 0.005 < (table["p"] < 0.05).mean() < 0.12
