"""Write config/README.md, the reference of all config keys, from the schema.

python docs/config_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
README = REPOSITORY / "config/README.md"

HEAD = """# Config reference

Made from `workflow/schemas/config.schema.yaml` by `make docs`; edit descriptions there.

A config is a YAML file that names a dataset, its films, and whatever should differ from the
defaults below. Keys are checked before anything runs: an unknown or mistyped key stops the workflow
with one line that names it. `*` stands for a name of your choice.

| file | what it is |
| --- | --- |
| `config.yaml` | the demo |
| `contrasts.yaml` | the paper's contrasts and controls, to be given after a dataset's own config |
| `ds003688.yaml`, `treebank.yaml` | two public datasets |
| `models.yaml` | the model zoo ([adding a model](../docs/adding_a_model.md)) |
| `models_paper.yaml`, `paper.yaml` | the paper's models and procedure |

```bash
snakemake --cores 8 --configfile mine.yaml config/contrasts.yaml
```

Later files add to earlier ones. A config given with `--configfile` replaces the demo's: none of its
settings leak into another dataset. `results/<dataset>/config.yaml` holds the config as it was used,
with every default filled in.
"""


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its reference looked up; its own keys win."""
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return {**resolved(target, root), **{k: v for k, v in schema.items() if k != "$ref"}}


def accepts(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """Return in words which values a schema allows."""
    schema = resolved(schema, root)
    if "enum" in schema:
        return ", ".join(f"`{_value(one)}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{_value(schema['const'])}`"
    if "oneOf" in schema:
        return " or ".join(dict.fromkeys(accepts(one, root) for one in schema["oneOf"]))
    kinds = schema.get("type", "any value")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_kind(kind, schema, root) for kind in kinds)


def _kind(kind: str, schema: dict[str, Any], root: dict[str, Any]) -> str:
    if kind == "null":
        return "`null`"
    if kind == "boolean":
        return "`true`, `false`" if schema["type"] == "boolean" else "`false`"
    if kind in ("integer", "number"):
        bounds = [
            f"{sign} {schema[key]}"
            for key, sign in (
                ("minimum", "≥"),
                ("exclusiveMinimum", ">"),
                ("maximum", "≤"),
                ("exclusiveMaximum", "<"),
            )
            if key in schema
        ]
        return " ".join([kind, *([", ".join(bounds)] if bounds else [])])
    if kind == "array":
        low, high = schema.get("minItems"), schema.get("maxItems")
        count = f"{low} " if low is not None and low == high else ""
        return f"list of {count}({accepts(schema['items'], root)})" if "items" in schema else "list"
    if kind == "string":
        return "path" if schema.get("format") == "path" else "text"
    return {"object": "mapping"}.get(kind, kind)


def rows(schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[tuple[str, ...]]:
    """Yield (key, accepted values, default, meaning) of every key, in the schema's order."""
    for name, given in schema.get("properties", {}).items():
        inner, key = resolved(given, root), f"{path}{name}"
        required = name in schema.get("required", ())
        default = f"`{_value(inner['default'])}`" if "default" in inner else "-"
        yield (
            f"`{key}`",
            accepts(inner, root),
            "required" if required else default,
            _text(inner["description"]),
        )
        yield from rows(inner, root, f"{key}.")
        extra = inner.get("additionalProperties")
        if isinstance(extra, dict):
            yield from rows(resolved(extra, root), root, f"{key}.*.")


def page(schema: dict[str, Any]) -> str:
    """Return the reference as Markdown: one table a top-level key."""
    general, sections = [], []
    for name, given in schema["properties"].items():
        part = {"properties": {name: given}, "required": schema.get("required", [])}
        listed = list(rows(part, schema))
        if len(listed) == 1:
            general += listed
        else:
            sections += [f"## {name}", "", listed[0][3], "", *_table(listed[1:]), ""]
    return "\n".join([HEAD, "## General", "", *_table(general), "", *sections])


def _table(listed: list[tuple[str, ...]]) -> list[str]:
    head = ["| key | accepts | default | meaning |", "| --- | --- | --- | --- |"]
    return head + [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in listed
    ]


def _value(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=10**6)).split("\n")[0].strip()


def _text(description: str) -> str:
    text = " ".join(description.split())
    return text.replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    README.write_text(page(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
