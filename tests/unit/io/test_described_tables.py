"""A table and its data dictionary are written together, from one schema."""

import json

import pandas as pd
import pytest

from fusion.io.errors import InputError
from fusion.io.schema import read_schema
from fusion.io.tables import read_tsv, require_unique, write_described

SCHEMA = {
    "columns": {"site": {"description": "Site."}, "q": {"description": "q-value.", "unit": "1"}}
}
TABLE = pd.DataFrame({"site": ["A1", "A2"], "q": [0.25, None]})


@pytest.mark.parametrize("suffix", ["tsv", "parquet"])
def test_the_table_is_written_in_the_format_of_its_suffix(suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    write_described(TABLE, path, tmp_path / "a.json", SCHEMA, {"q": "all sites"})
    read = read_tsv(path) if suffix == "tsv" else pd.read_parquet(path)
    pd.testing.assert_frame_equal(read, TABLE, check_dtype=False)
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "site": {"Description": "Site."},
        "q": {"Description": "q-value.", "Units": "1", "Family": "all sites"},
    }


@pytest.mark.parametrize("table", [TABLE.assign(more=1), TABLE.drop(columns="q")])
def test_a_table_that_does_not_fit_its_schema_is_not_written(table, tmp_path):
    with pytest.raises(InputError, match="column '(more|q)'"):
        write_described(table, tmp_path / "a.tsv", tmp_path / "a.json", SCHEMA)
    assert not list(tmp_path.iterdir())


def test_a_schema_is_read_from_its_file(tmp_path):
    (tmp_path / "a.yaml").write_text("columns: {site: {description: Site.}}\n")
    assert read_schema(tmp_path / "a.yaml")["columns"] == {"site": {"description": "Site."}}


def test_a_label_that_stands_twice_is_named():
    require_unique(["a", "b"], "a.tsv", "event")
    with pytest.raises(
        InputError, match="^a.tsv: event: found 'b' twice; expected every event once$"
    ):
        require_unique(iter(["a", "b", "c", "b"]), "a.tsv", "event")
