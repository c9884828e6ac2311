"""The model zoo: rows of networks from YAML files, checked and filled with defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusion.design.schema import (
    check_keys,
    check_schema,
    check_values,
    did_you_mean,
    read_yaml,
    with_defaults,
)
from fusion.io.errors import InputError, going_on
from fusion.models.paths import matches

Zoo = dict[str, dict[str, Any]]

#: Families of models that join layers of others.
JOINED = ("concat", "multilin")


def load_zoo(files: Sequence[str], base: Path, schema: Mapping[str, Any] | None = None) -> Zoo:
    """Return the model rows of ``files`` (YAML, relative to ``base``), by model name; later files
    win.

    Parameters
    ----------
    schema
        JSON schema of a row; with it, rows are checked and filled with its defaults.

    Raises
    ------
    InputError
        If a file is missing or is not a mapping of model names to rows, or at the first key of a
        row that is wrong.
    """
    zoo: Zoo = {}
    origin: dict[str, str] = {}
    for name in files:
        path = base / name
        if not path.is_file():
            raise InputError(
                "config", "zoo", f"{name}, which does not exist", "a YAML file of model rows"
            )
        rows = read_yaml(path)
        if not isinstance(rows, dict):
            raise InputError(path, "", type(rows).__name__, "a mapping of model names to rows")
        for model, row in rows.items():
            if not isinstance(row, dict):
                raise InputError(path, f"model {model}", repr(row)[:80], "a row: keys and values")
        zoo.update(rows)
        origin.update(dict.fromkeys(rows, name))
    if schema is None:
        return zoo
    checked = {}
    for model, row in zoo.items():
        with going_on():
            check_row(model, row, zoo, schema, origin[model])
            checked[model] = row
    return {
        model: with_defaults(row, schema) | {"origin": origin[model]}
        for model, row in checked.items()
    }


def check_row(
    model: str,
    row: Mapping[str, Any],
    zoo: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    file: str | Path,
) -> None:
    """Raise ``InputError`` for a row of the zoo that its schema does not allow, or that cannot be
    run.
    """
    if not re.fullmatch(r"[A-Za-z0-9._]+", str(model)):
        raise InputError(
            file,
            f"model {model!r}",
            "a name that files cannot carry",
            "letters, digits, '.' and '_'",
        )
    check_keys(row, file, f"{model}.")
    check_values(row, file, str(model))
    check_schema(row, schema, f"{file}: model {model}")
    _check_feed(model, row, file)
    regions = (row.get("regions") or {}).get("file") or ""
    if pattern := re.search(r"[{}<>]", regions.replace("{stimulus}", "")):
        raise InputError(
            file,
            f"model {model}, key regions.file",
            repr(regions),
            f"a path without {pattern[0]!r}, a sign of patterns, but for {{stimulus}}",
        )
    if row["family"] not in JOINED:
        for key in ("checkpoint", "layers"):
            if not row.get(key):
                raise InputError(
                    file,
                    f"model {model}, key {key}",
                    "nothing",
                    f"a value, for every family but {' and '.join(JOINED)}",
                )
        return
    for key in ("checkpoint", "layers"):
        if row.get(key):
            raise InputError(
                file,
                f"model {model}, key {key}",
                repr(row[key]),
                f"nothing: a {row['family']} has parts only",
            )
    n_parts = len(row.get("parts", {}))
    if n_parts < 2 or (row["family"] == "multilin" and n_parts != 2):
        raise InputError(
            file,
            f"model {model}, key parts",
            repr(row.get("parts")),
            f"two {'or more ' if row['family'] == 'concat' else ''}models, each with its layer",
        )
    for part, layer in row["parts"].items():
        if part not in zoo or zoo[part].get("family") in JOINED:
            single = [name for name, other in zoo.items() if other.get("family") not in JOINED]
            accepted = did_you_mean(part, [name for name in single if name != part])
            if not accepted.endswith("?)"):
                accepted = "a model of the zoo that has a checkpoint"
            raise InputError(file, f"model {model}, key parts", repr(part), accepted)
        layers = zoo[part].get("layers") or {}
        if not any(matches(layer, pattern) for pattern in layers):
            raise InputError(
                file,
                f"model {model}, key parts.{part}",
                repr(layer),
                f"a layer of {part}: {', '.join(layers)}",
            )


#: Family -> what its networks are given, where that is one thing only.
FEEDS = {"transformers_audio": "sound", "transformers_video": "clip"}


def _check_feed(model: str, row: Mapping[str, Any], file: str | Path) -> None:
    """Raise ``InputError`` for a network of sound or motion that is given something else."""
    feed, wanted = row.get("feed", "joint"), FEEDS.get(row["family"])
    if wanted != feed and (wanted or feed in FEEDS.values()):
        accepted = repr(wanted) if wanted else "image, text or joint"
        raise InputError(
            file, f"model {model}, key feed", repr(feed), f"{accepted} for family {row['family']}"
        )
    if feed == "clip" and not row.get("clip"):
        raise InputError(
            file, f"model {model}, key clip", "nothing", "pictures and rate_hz, for feed clip"
        )
