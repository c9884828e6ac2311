"""Damage that HDF5 and Parquet find themselves, and files that say what they are."""

import numpy as np
import pandas as pd
import pytest

from fusion.io import labelled, tables
from fusion.io.errors import InputError


def test_a_flipped_bit_of_an_array_is_found_by_hdf5(tmp_path):
    values = np.random.default_rng(0).standard_normal((50, 7, 9)).astype("float32")
    path = tmp_path / "a.nc"
    coords = {"event": np.arange(50), "electrode": 7, "bin_ms": np.arange(9.0)}
    with labelled.create(path, coords) as file:
        labelled.add(file, "whole", ("event", "electrode", "bin_ms"), values)
        slices = labelled.add(file, "slices", ("event", "electrode", "bin_ms"), by="electrode")
        for k in range(7):
            slices[:, k] = values[:, k]
    with labelled.open_labelled(path) as file:
        np.testing.assert_array_equal(file["whole"], values)
        np.testing.assert_array_equal(file["slices"], values)
    content = path.read_bytes()
    for row in (values[3, 2].tobytes(), np.arange(9.0).tobytes(), np.arange(50).tobytes()):
        at = content.index(row) + 5
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        with (
            pytest.raises(OSError, match="checksum|Fletcher|filter"),
            labelled.open_labelled(path) as f,
        ):
            f.load()


def test_an_empty_array_has_nothing_to_check(tmp_path):
    with labelled.create(tmp_path / "a.nc", {"event": 0, "bin_ms": 3}) as file:
        labelled.add(file, "x", ("event", "bin_ms"), np.zeros((0, 3)))
    with labelled.open_labelled(tmp_path / "a.nc") as file:
        assert file["x"].shape == (0, 3)


@pytest.mark.parametrize("damage", ["flip", "cut", "zeros", "text"])
def test_a_damaged_parquet_table_is_one_clear_error(tmp_path, damage):
    path = tmp_path / "t.parquet"
    tables.write_parquet(pd.DataFrame({"x": np.arange(1000.0) ** 0.5}), path)
    assert tables.read_parquet(path, ["x"])["x"].iloc[4] == 2
    content = path.read_bytes()
    at = len(content) // 3
    path.write_bytes(
        {
            "flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
            "cut": content[: len(content) // 2],
            "zeros": bytes(len(content)),
            "text": b"log in",
        }[damage]
    )
    with pytest.raises(InputError, match="a sound Parquet table") as error:
        tables.read_parquet(path)
    assert str(path) in str(error.value)


def test_a_parquet_table_without_a_column_is_one_clear_error(tmp_path):
    tables.write_parquet(pd.DataFrame({"x": [1]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="column 'y': found columns x"):
        tables.read_parquet(tmp_path / "t.parquet", ["x", "y"])


def test_a_file_of_another_subject_is_refused(tmp_path):
    path = tmp_path / "a.nc"
    with labelled.create(path, {"event": 1}, {"subject": "02"}):
        pass
    with labelled.open_labelled(path) as file:
        labelled.require(file, path, subject="02", alignment="language")
        with pytest.raises(InputError, match="attribute 'subject': found '02'; expected '01'"):
            labelled.require(file, path, subject="01")
