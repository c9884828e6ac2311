"""The content hash of a script changes when, and only when, code it uses changes."""

import pytest

from fusion import codehash


@pytest.fixture
def tree(tmp_path):
    lib = tmp_path / "lib"
    (lib / "fusion" / "encoding").mkdir(parents=True)
    for name in ("fusion/__init__", "fusion/encoding/__init__"):
        (lib / f"{name}.py").write_text("")
    (lib / "fusion/tables.py").write_text("import os\n")
    (lib / "fusion/encoding/ridge.py").write_text("from fusion import tables\n")
    (lib / "fusion/encoding/folds.py").write_text("x = 1\n")
    script = tmp_path / "encode.py"
    script.write_text("from fusion.encoding import ridge\nfrom fusion.encoding.ridge import fit\n")
    return script, lib


def hash_now(tree):
    codehash.imported.cache_clear()
    codehash.code_hash.cache_clear()
    return codehash.code_hash(*tree)


def test_sources_follow_imports_through_the_library(tree):
    names = {str(p.relative_to(tree[1])) for p in codehash.sources(*tree) if tree[1] in p.parents}
    assert names == {"fusion/__init__.py", "fusion/encoding/__init__.py", "fusion/encoding/ridge.py", "fusion/tables.py"}


@pytest.mark.parametrize(
    ("file", "changes"), [("fusion/tables.py", True), ("fusion/encoding/ridge.py", True), ("fusion/encoding/folds.py", False)]
)
def test_the_hash_follows_content(tree, file, changes):
    before = hash_now(tree)
    path = tree[1] / file
    original = path.read_text()
    path.write_text(original + "y = 2\n")
    assert (hash_now(tree) != before) is changes
    path.write_text(original)
    assert hash_now(tree) == before


def test_a_relative_import_is_refused(tree):
    (tree[1] / "fusion/tables.py").write_text("from . import errors\n")
    codehash.imported.cache_clear()
    with pytest.raises(ValueError, match="relative import in line 1"):
        codehash.sources(*tree)
