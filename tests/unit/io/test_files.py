"""Files appear whole or not at all, and carry their labels."""

import numpy as np
import pandas as pd
import pytest

from fusion import seeds
from fusion.io import labelled, tables
from fusion.io.atomic import whole
from fusion.io.errors import InputError


def test_nothing_appears_after_an_error_and_the_old_file_stays(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_labelled_arrays_round_trip(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    with labelled.create(
        tmp_path / "a.nc",
        {"event": ["w1", "w2"], "electrode": ["A1", "é", "NA"]},
        {"subject": "01"},
    ) as file:
        streamed = labelled.add(file, "streamed", ("event", "electrode"))
        for k in range(3):
            streamed[:, k] = values[:, k]
        labelled.add(file, "whole", ("event", "electrode"), values, attrs={"unit": "µV"})
        labelled.add(file, "layer", ("electrode",), ["a", "b", "c"])
    with labelled.open_labelled(tmp_path / "a.nc") as data:
        np.testing.assert_array_equal(data.streamed, values)
        np.testing.assert_array_equal(data.whole, values)
        assert data.whole.dtype == np.float32
        assert list(data.electrode.values) == ["A1", "é", "NA"]
        assert list(data["layer"].values) == ["a", "b", "c"]
        assert data.attrs["subject"] == "01"
        assert data.whole.attrs["unit"] == "µV"


def test_tables_keep_an_electrode_called_na_and_write_missing_as_bids_does(tmp_path):
    table = pd.DataFrame({"electrode": ["NA", "null"], "r": [np.nan, 1 / 3]})
    tables.write_tsv(table, tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == "electrode\tr\nNA\tn/a\nnull\t0.333333\n"
    back = tables.read_tsv(tmp_path / "t.tsv", columns=("electrode", "r"))
    assert list(back.electrode) == ["NA", "null"]
    assert np.isnan(back.r[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        ("", "an empty file"),
        ("a\tb\n1\t2\n", "column 'onset'"),
        ("a\tb\n1\t2\t3\t4\n1\n", "onset"),
    ],
)
def test_a_bad_table_is_one_clear_error(tmp_path, content, says):
    path = tmp_path / "t.tsv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as error:
        tables.read_tsv(path, columns=("onset",))
    assert str(path) in str(error.value)
    assert says in str(error.value)


def test_streams_differ_by_use_and_repeat_by_id():
    assert seeds.seed_for(0, "slip", 1) == seeds.seed_for(0, "slip", 1)
    assert (
        len(
            {
                seeds.seed_for(0, "slip", 1),
                seeds.seed_for(0, "slip1"),
                seeds.seed_for(1, "slip", 1),
                seeds.seed_for(0, "slip", 2),
            }
        )
        == 4
    )
    assert seeds.rng_for(0, "a").random() == seeds.rng_for(0, "a").random()
