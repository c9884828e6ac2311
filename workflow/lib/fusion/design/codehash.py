"""A hash of a script's code: its own text and that of every module it imports from the library."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

# Import statements, wherever they stand. Words of prose may fit too, which does no harm: what is no
# module is not followed. Parsing every file as Python would be exact as well, and take most of the
# time in which the workflow is read.
NAMES = r"(\((?:[^)#]|#.*)*\)|(?:\\\n|.)*)"
IMPORT = re.compile(rf"\bfrom\s+([\w.]+)\s+import\b\s*{NAMES}|\bimport\s+{NAMES}")


@cache
def modules(lib: Path) -> dict[str, Path]:
    """Return dotted name -> file of every module and package below ``lib``."""
    files = {path.relative_to(lib).with_suffix("").parts: path for path in lib.rglob("*.py")}
    return {".".join(parts).removesuffix(".__init__"): path for parts, path in files.items()}


@cache
def read(path: Path, lib: Path) -> tuple[bytes, frozenset[Path]]:
    """Return the text of a module, and the files below ``lib`` that it imports directly.

    ``from fusion.encoding import ridge`` may name a module or a thing inside one: both are looked
    for.

    Raises
    ------
    ValueError
        If the module uses a relative import, which would escape the hash.
    """
    content = path.read_bytes()
    text = content.decode()
    names = set()
    for found in IMPORT.finditer(text):
        package, things, whole = found.groups()
        if package is None:
            names.update(re.findall(r"[\w.]+", whole))
        elif package.startswith("."):
            line = text.count("\n", 0, found.start()) + 1
            raise ValueError(
                f"{path}: relative import in line {line}; import from the top of the library"
            )
        else:
            names.update([package], (f"{package}.{thing}" for thing in re.findall(r"\w+", things)))
    known = modules(lib)
    return content, frozenset(known[name] for name in names & known.keys())


def sources(path: Path, lib: Path) -> list[Path]:
    """Return the script and, transitively, every library file it imports, sorted."""
    found, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += read(module, lib)[1]
    return sorted(found)


@cache
def code_hash(script: Path, lib: Path) -> str:
    """Return 12 hexadecimal digits that change when the script or anything it imports from ``lib``
    changes.
    """
    digest = hashlib.sha256()
    for file in sources(script, lib):
        digest.update(file.name.encode() + b"\0" + read(file, lib)[0] + b"\0")
    return digest.hexdigest()[:12]
