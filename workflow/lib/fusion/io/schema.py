"""Schemas of tables: what every column means (``workflow/schemas/*.schema.yaml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_schema(path: str | Path) -> dict[str, Any]:
    """Return the schema of a table, as :func:`fusion.io.tables.write_described` takes it."""
    schema: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return schema
