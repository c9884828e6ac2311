"""What the rule ``weights`` wrote about a network's files."""

from __future__ import annotations

import json
from pathlib import Path

from fusion.io.atomic import whole
from fusion.models.spec import Weights


def read_weights(path: str | Path) -> Weights:
    """Return where a network's files lie."""
    with open(path, encoding="utf-8") as file:
        return Weights.read(json.load(file))


def write_weights(weights: Weights, path: str | Path) -> None:
    """Write where a network's files lie."""
    with whole(path) as part:
        part.write_text(
            json.dumps(weights.plain(), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
