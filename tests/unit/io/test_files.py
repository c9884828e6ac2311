"""Files appear whole or not at all, and carry their labels."""

import re
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.scripts import LIB
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion import seeds
from fusion.io import labelled, tables, text
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
        ("onset\tb\n1\t2\t3\t4\n1\n", "line 2: found 4 cells"),
        ("onset\tb\n1\t2\n1\n", "line 3: found 1 cells"),
        ("onset\tonset\n1\t2\n", "column 'onset': found two of that name"),
        ("onset\tb\ninf\t2\n", "row 1, column 'onset': found inf"),
        ("onset\tb\n1\t-Infinity\n", "column 'b': found -inf"),
        ("onset\tb\n1\t\0\n", "line 2: found a NUL character"),
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


def test_a_byte_that_is_not_utf8_is_named(tmp_path):
    (tmp_path / "t.tsv").write_bytes(b"name\nCaf\xe9\n")
    with pytest.raises(InputError, match=r"t.tsv: byte 8: found 0xe9; expected text in UTF-8"):
        tables.read_tsv(tmp_path / "t.tsv")


def test_quotation_marks_are_characters_like_any_other(tmp_path):
    """As CSV, the rows between them would be one cell."""
    path = tmp_path / "events.tsv"
    path.write_text('onset\ttrial_type\n1\t"word\n2\tfilm\n3\tword"\n4\t"\n')
    assert tables.read_tsv(path)["trial_type"].tolist() == ['"word', "film", 'word"', '"']


def test_a_mark_and_either_unicode_form_give_the_same_labels(tmp_path):
    plain, marked = tmp_path / "a.tsv", tmp_path / "b.tsv"
    plain.write_text("name\nCafé\n", encoding="utf-8")
    marked.write_bytes("\ufeffname\r\nCafe\u0301\r\n".encode())
    assert tables.read_tsv(plain)["name"].tolist() == tables.read_tsv(marked)["name"].tolist()


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1))
def test_any_text_comes_back_but_for_breaks_and_unicode_form(rows):
    table = pd.DataFrame(rows, columns=["a", "b"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.tsv")
        tables.write_tsv(table, path)
        back = tables.read_tsv(path, dtype={"a": str, "b": str})
    for name in table:
        expected = [unicodedata.normalize("NFC", re.sub("[\t\r\n]+", " ", v)) for v in table[name]]
        got = ["n/a" if isinstance(v, float) else v for v in back[name]]
        assert got == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": {"b": [1, NaN]}}', "key a.b.1: found nan"),
        ('{"PowerLineFrequency": Infinity}', "key PowerLineFrequency: found inf"),
        ('{"a": 1e999}', "found 1e999; expected finite numbers"),
        ("[1]", "a list"),
        ('{"a": 1', "line 1"),
        ("[" * 30_000, "a JSON file"),
        ('{"a": ' + "9" * 5000 + "}", "a JSON file"),
    ],
)
def test_json_that_is_none_or_not_finite_is_one_clear_error(tmp_path, content, says):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=re.escape(says)) as error:
        text.read_json(tmp_path / "a.json")
    assert len(str(error.value)) < 500


def test_files_are_utf8_whatever_the_locale(tmp_path):
    program = (
        "from fusion.io import tables, text\nimport pandas as pd\n"
        "tables.write_tsv(pd.DataFrame({'a': ['é']}), 't.tsv')\n"
        "assert tables.read_tsv('t.tsv').a[0] == 'é'\n"
        "text.write_json({'µ': 'é'}, 'a.json')\nassert text.read_json('a.json') == {'µ': 'é'}\n"
    )
    (tmp_path / "p.py").write_text(program, encoding="utf-8")
    environment = {"PYTHONPATH": str(LIB), "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    environment["PYTHONUTF8"] = "0"
    ran = subprocess.run(
        [sys.executable, "p.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "t.tsv").read_bytes() == "a\né\n".encode()


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
