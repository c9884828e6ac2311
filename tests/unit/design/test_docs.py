"""What documents the config says what the schema says."""

import re

import config_reference
import yaml
from helpers.runs import REPOSITORY

from fusion.design import renamed

SCHEMA = yaml.safe_load(config_reference.SCHEMA.read_text(encoding="utf-8"))


def test_the_reference_of_the_config_is_made_from_the_schema():
    assert config_reference.README.read_text(encoding="utf-8") == config_reference.page(SCHEMA), (
        "run `make docs`"
    )


def test_the_reference_has_every_key_once():
    def keys(schema, path=""):
        schema = config_reference.resolved(schema, SCHEMA)
        for name, inner in schema.get("properties", {}).items():
            yield path + name
            yield from keys(inner, f"{path}{name}.")
        if isinstance(schema.get("additionalProperties"), dict):
            yield from keys(schema["additionalProperties"], f"{path}*.")

    text = config_reference.README.read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([^`]+)` \|", text.split("## General")[1], re.M)
    top = {name for name in SCHEMA["properties"] if f"\n## {name}\n" in text}
    assert sorted([*listed, *top]) == sorted(keys(SCHEMA))


def test_every_renamed_key_is_in_the_changelog():
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", text, re.M))
    for old, new in renamed.KEYS.items():
        assert rows.get(old) == new, f"{old} -> {new}"
    for (key, old), new in renamed.VALUES.items():
        assert rows.get(f"{key}: {old}") == f"{key}: {new}"


def test_every_page_has_its_place_in_the_site():
    sections = (REPOSITORY / "docs/generated_pages.py").read_text(encoding="utf-8")
    pages = {path.stem for path in (REPOSITORY / "docs").glob("*.md")}
    assert {page for page in pages if f'"{page}"' not in sections and page != "glossary"} == set()
