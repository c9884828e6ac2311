"""The page on what is trusted names tests that exist."""

import re

from helpers.scripts import REPOSITORY

PAGE = REPOSITORY / "docs/threat_model.md"


def test_every_test_that_the_page_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 30
    for file, function in named:
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {function}\(", text, re.MULTILINE), f"{file}::{function}"


def test_every_module_that_the_page_names_exists():
    for name in re.findall(r"`fusion\.([\w.]+)`", PAGE.read_text(encoding="utf-8")):
        path = REPOSITORY / "workflow/lib/fusion" / name.replace(".", "/")
        places = (path, path.with_suffix(".py"), path.parent.with_suffix(".py"))
        assert any(one.exists() for one in places), name
