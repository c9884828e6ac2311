"""Module paths of a network's parts, and patterns of them. Standard library only, because the zoo
is checked at parse time.
"""

from __future__ import annotations

import fnmatch


def matches(path: str, pattern: str) -> bool:
    """Return whether a module path fits a pattern in which ``*`` stands for one part, as in
    ``blocks.*.mlp``.
    """
    parts, wanted = path.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def within(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a module is one that the patterns name, or lies in one."""
    parts = path.split(".")
    return any(matches(".".join(parts[: pattern.count(".") + 1]), pattern) for pattern in patterns)
