"""JSON documents that stages hand to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.io.atomic import whole


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the object that a JSON file holds."""
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def write_json(document: Mapping[str, Any], path: str | Path) -> None:
    """Write an object as JSON, whole or not at all."""
    with whole(path) as part:
        part.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
