"""Reading parts of labelled arrays."""

import numpy as np
import pytest

from fusion.io import labelled


@pytest.mark.parametrize("rows", [[], [0], [3, 4, 5], [0, 2, 3, 6], range(7)])
def test_rows_are_taken_in_their_order(tmp_path, rows):
    values = np.random.default_rng(0).standard_normal((7, 2, 3)).astype(np.float32)
    coords = {"event": np.arange(7), "y": np.arange(2), "x": np.arange(3)}
    with labelled.create(tmp_path / "a.nc", coords, {}) as file:
        labelled.add(file, "image", ("event", "y", "x"), values)
    with labelled.open_labelled(tmp_path / "a.nc") as file:
        rows = np.array(rows, int)
        taken = labelled.take(file["image"], rows)
    np.testing.assert_array_equal(taken, values[rows])
    assert taken.dtype == np.float32
