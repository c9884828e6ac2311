"""Every key of the config shapes something: no rule would miss it otherwise."""

import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
LIB = REPOSITORY / "workflow/lib/fusion"
# Specs name the keys that they take from a section.
READERS = [*(REPOSITORY / "workflow/rules").rglob("*.smk"), *LIB.glob("design/*.py")]
SPECS = "\n".join(path.read_text() for path in LIB.glob("**/spec.py"))
TEXT = "\n".join(path.read_text() for path in READERS)


def leaves(schema, path=()):
    for key, inner in schema.get("properties", {}).items():
        yield (*path, key)
        yield from leaves(inner, (*path, key))


@pytest.mark.parametrize("path", leaves(SCHEMA), ids=".".join)
def test_a_key_is_read_by_a_rule(path):
    section, key = path[0], path[-1]
    alone = f'"{key}"' in TEXT or re.search(rf"^    {key}: ", SPECS, re.M)
    # A section handed over whole: its script reads the keys, and its library is tested for what
    # they do.
    whole = re.search(rf'config\["{section}"\](?!\[)', TEXT)
    assert alone or whole, f"nothing reads {'.'.join(path)}"
