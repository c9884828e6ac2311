"""Files are UTF-8 whatever the locale: every call that opens text says so."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
FILES = sorted(
    [*REPOSITORY.glob("workflow/lib/**/*.py"), *REPOSITORY.glob("workflow/scripts/*.py")]
)


def opens_text(call):
    """Return whether a call opens or decodes text in the encoding of the locale."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if any(keyword.arg in ("encoding", None) for keyword in call.keywords):
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text" and isinstance(call.func, ast.Attribute):
        return len(call.args) == 1 and getattr(call.func.value, "id", "") not in MODULES
    if name == "open" and isinstance(call.func, ast.Name):
        mode = call.args[1] if len(call.args) > 1 else None
        modes = (
            [node.value for node in ast.walk(mode) if isinstance(node, ast.Constant)]
            if mode
            else [""]
        )
        return not all("b" in str(one) for one in modes if isinstance(one, str) and one != "r")
    return False


MODULES = {"text"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_the_encoding_is_named(path):
    calls = [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
    ]
    lines = [call.lineno for call in calls if opens_text(call)]
    assert not lines, f"{path}: text in the locale's encoding, lines {lines}"
