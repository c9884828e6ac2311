"""The content hash of a script changes when, and only when, code it uses changes."""

import ast
from pathlib import Path

import pytest

from fusion.design import codehash

WORKFLOW = Path(__file__).parents[3] / "workflow"


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
    codehash.read.cache_clear()
    codehash.code_hash.cache_clear()
    return codehash.code_hash(*tree)


def test_sources_follow_imports_through_the_library(tree):
    names = {str(p.relative_to(tree[1])) for p in codehash.sources(*tree) if tree[1] in p.parents}
    assert names == {
        "fusion/__init__.py",
        "fusion/encoding/__init__.py",
        "fusion/encoding/ridge.py",
        "fusion/tables.py",
    }


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("fusion/tables.py", True),
        ("fusion/encoding/ridge.py", True),
        ("fusion/encoding/folds.py", False),
    ],
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
    codehash.read.cache_clear()
    with pytest.raises(ValueError, match="relative import in line 1"):
        codehash.sources(*tree)


@pytest.mark.parametrize(
    "text",
    [
        "import fusion.encoding.ridge\n",
        "import os, fusion.encoding.ridge as r\n",
        "def f():\n    from fusion.encoding import ridge\n",
        "if True: from fusion.encoding import ridge\n",
        (
            "from fusion.encoding import (  # two (or more)\n    folds as f,\n    ridge,  # the"
            " fit\n)\n"
        ),
        "from fusion.encoding import folds, \\\n    ridge\n",
        "x = 1; from fusion.encoding.ridge import fit\n",
    ],
)
def test_an_import_is_seen_however_it_is_written(tree, text):
    script, lib = tree
    ast.parse(text)
    script.write_text(text)
    assert lib / "fusion/encoding/ridge.py" in codehash.read(script, lib)[1]


def test_no_import_of_the_workflow_is_missed():
    """Against Python's own parser, for every file there is."""
    lib = WORKFLOW / "lib"
    for path in (*lib.rglob("*.py"), *(WORKFLOW / "scripts").glob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        files = {Path(lib, *name.split(".")).with_suffix(".py") for name in names}
        assert {file for file in files if file.is_file()} <= codehash.read(path, lib)[1], path
