"""A hash of a script's code: its own text and that of every module it imports from the library."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path


@cache
def imported(path: Path, lib: Path) -> frozenset[Path]:
    """Return the files below ``lib`` that the module at ``path`` imports directly.

    ``from fusion.encoding import ridge`` may name a module or a thing inside one: both are looked for.

    Raises
    ------
    ValueError
        If the module uses a relative import, which would escape the hash.
    """
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}: relative import in line {node.lineno}; import from the top of the library")
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    candidates = {lib / Path(*name.split(".")) for name in names}
    return frozenset(f for c in candidates for f in (c.with_suffix(".py"), c / "__init__.py") if f.is_file())


def sources(path: Path, lib: Path) -> list[Path]:
    """Return the script and, transitively, every library file it imports, sorted."""
    found, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += imported(module, lib)
    return sorted(found)


@cache
def code_hash(script: Path, lib: Path) -> str:
    """Return 12 hexadecimal digits that change when the script or anything it imports from ``lib`` changes."""
    digest = hashlib.sha256()
    for file in sources(script, lib):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
