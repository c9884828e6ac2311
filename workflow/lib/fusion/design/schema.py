"""What a JSON schema asks of a config: allowed keys, defaults, paths. Nothing here knows a key."""

from __future__ import annotations

import copy
import datetime
import difflib
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from fusion.io.errors import InputError, going_on
from fusion.io.text import read_text

# A tenth of the time, where PyYAML was built with libyaml.
LOADER, DUMPER = (
    getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    getattr(yaml, "CSafeDumper", yaml.SafeDumper),
)

#: Values that a YAML file may unfold to, aliases counted as often as they are used.
MOST_VALUES = 1_000_000
#: Numbers beyond this are mistakes: sums and products of them are infinite.
LARGEST = 1e18
#: What no name, path or label may hold.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read_yaml(path: Path) -> Any:
    """Return what a YAML file says.

    Raises
    ------
    InputError
        If it is not YAML, says one key twice, or its aliases unfold to more values than memory
        holds.
    """
    try:
        loader = LOADER(read_text(path))
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _check_node(node, path, {})
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise InputError(path, "", "values nested too deeply", "a YAML file") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise InputError(
            path, where, getattr(error, "problem", None) or str(error), "a YAML file"
        ) from None


def _check_node(node: yaml.Node, path: Path, sizes: dict[int, int]) -> int:
    """Return how many values a node unfolds to.

    Parameters
    ----------
    node
        A node of a YAML file.
    path
        The file.
    sizes
        Identity of a node -> its values; 0 while it is looked at.

    Raises
    ------
    InputError
        If a key stands twice, a value holds itself, or there are too many values.
    """
    if id(node) in sizes:
        if sizes[id(node)] == 0:
            where = f"line {node.start_mark.line + 1}"
            raise InputError(path, where, "a value that holds itself", "a YAML file")
        return sizes[id(node)]
    sizes[id(node)] = 0
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            inner += [key, value]
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in names:
                where = f"line {key.start_mark.line + 1}, key {key.value}"
                raise InputError(path, where, "a second one of that name", "every key once")
            names.add(key.value)
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    size = 1 + sum(_check_node(one, path, sizes) for one in inner)
    if size > MOST_VALUES:
        raise InputError(
            path,
            f"line {node.start_mark.line + 1}",
            f"aliases that unfold to {size:,} values",
            f"at most {MOST_VALUES:,}",
        )
    sizes[id(node)] = size
    return size


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return the known name that is closest to ``name``, as a question, or a list of all."""
    names = [str(one) for one in known]
    if close := difflib.get_close_matches(str(name), names, n=1):
        return f"{close[0]!r} (did you mean that?)"
    return f"one of {', '.join(names)}" if names else "nothing"


def check_keys(value: Any, file: str | Path, where: str = "") -> None:
    """Raise ``InputError`` for a key that YAML read as a number, a date or a truth value (``on``,
    ``1``).
    """
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        if not isinstance(key, str):
            raise InputError(
                file,
                f"key {where}{key}",
                f"{key!r}, which YAML reads as {type(key).__name__}",
                "a name; put it in quotes",
            )
        check_keys(inner, file, f"{where}{key}.")


def check_values(value: Any, file: str | Path, where: str = "") -> None:
    """Raise ``InputError`` for a number that is not finite or beyond any use, or text with control
    characters.

    JSON Schema can refuse neither: NaN passes every bound, and ``$`` matches before a line break.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(file, f"key {where}", str(value), "a finite number")
    if isinstance(value, int | float) and abs(value) > LARGEST:
        raise InputError(file, f"key {where}", _short(value), f"a number within {LARGEST:.0e}")
    if isinstance(value, str) and (bad := CONTROL.search(value)):
        raise InputError(file, f"key {where}", repr(value), f"text without {bad[0]!r}")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            place = f"{where}.{key}" if where else str(key)
            check_values(key, file, repr(place)[1:-1])
            check_values(inner, file, repr(place)[1:-1])
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            check_values(inner, file, f"{where}.{index}")


def _short(value: float) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length() * 3 // 10} digits"
    return repr(value)


def check_schema(config: Any, schema: Mapping[str, Any], file: str | Path) -> Any:
    """Raise ``InputError`` for the first key of ``config`` that ``schema`` does not allow, with a
    suggestion.

    Returns
    -------
    Any
        The config. Where errors are gathered, each refused key is one, and what is returned goes
        without them.
    """
    validator = jsonschema.Draft202012Validator(schema)
    while errors := sorted(
        validator.iter_errors(config), key=lambda e: (len(e.path), str(list(e.path)))
    ):
        refused = []
        for error in errors:
            for fault, path in _in_words(error, file):
                refused.append(path)
                with going_on():
                    raise fault
        left = _without(config, refused)
        if left == config:  # a key that everything needs is missing
            raise next(_in_words(errors[0], file))[0]
        config = left
    return config


def _without(config: Any, paths: Iterable[Sequence[Any]]) -> Any:
    """Return a config without the keys and items at ``paths``."""
    left = copy.deepcopy(config)
    # From the last item to the first, so that the positions of the others stay.
    in_order = sorted(paths, key=lambda path: [(isinstance(k, str), k) for k in path], reverse=True)
    for path in in_order:
        inner = left
        try:
            for key in path[:-1]:
                inner = inner[key]
            del inner[path[-1]]
            if inner == [] and len(path) > 1:  # an empty list would be a fault of its own
                inner = left
                for key in path[:-2]:
                    inner = inner[key]
                del inner[path[-2]]
        except (KeyError, IndexError, TypeError):
            continue  # gone already, with what held it
    return left


def _in_words(error: Any, file: str | Path) -> Iterator[tuple[InputError, list[Any]]]:
    """Yield what is wrong, and the path of what would have to go."""
    path = list(error.absolute_path)
    where = ".".join(map(str, path))
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(error.schema.get("properties", {}))
        for unknown in (key for key in error.instance if key not in known):
            key = ".".join(filter(None, [where, str(unknown)]))
            fault = InputError(file, f"key {key}", "an unknown key", did_you_mean(unknown, known))
            yield fault, [*path, unknown]
        return
    if error.validator == "required":
        for missing in (key for key in error.validator_value if key not in error.instance):
            key = ".".join(filter(None, [where, missing]))
            yield InputError(file, f"key {key}", "nothing", "a value"), path
        return
    if error.validator in ("maximum", "maxItems") and "costs" in error.schema:
        most = f"at most {error.validator_value}{' of them' * (error.validator == 'maxItems')}"
        found = str(len(error.instance) if error.validator == "maxItems" else error.instance)
        yield InputError(file, f"key {where}", found, f"{most}: {error.schema['costs']}"), path
        return
    if "propertyNames" in error.absolute_schema_path:
        path = [*path, error.instance]
    if error.validator == "enum":
        accepted = "one of " + ", ".join(map(str, error.validator_value))
    else:
        accepted = error.schema.get("description") or str(error.validator_value)
    found, hint = repr(error.instance), error.message
    if _is_unquoted(error.instance) and _asks_for_text(error.schema):
        found = f"{error.instance}, which YAML reads as {_kind(error.instance)}"
        hint = f'if it is text, put it in quotes: "{error.instance}"'
    place = f"key {where}" if where else ""
    yield InputError(file, place, found, f"{accepted} ({hint})"), path


def _is_unquoted(value: Any) -> bool:
    return isinstance(value, bool | int | float | datetime.date)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    return "a date" if isinstance(value, datetime.date) else "a number"


def _asks_for_text(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", [])
    options = schema.get("oneOf", [])
    return "string" in ([types] if isinstance(types, str) else types) or any(
        _asks_for_text(option) or _asks_for_text(option.get("items", {})) for option in options
    )


def with_defaults(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return ``value`` with the schema's defaults for what it leaves out, keys in the schema's
    order.
    """
    if not isinstance(value, Mapping):
        return value
    properties = schema.get("properties", {})
    filled = {}
    for key, inner in properties.items():
        if key in value:
            filled[key] = with_defaults(value[key], inner)
        elif "default" in inner:
            filled[key] = with_defaults(copy.deepcopy(inner["default"]), inner)
    extra = schema.get("additionalProperties")
    for key in value:
        if key not in properties:
            filled[key] = (
                with_defaults(value[key], extra) if isinstance(extra, Mapping) else value[key]
            )
    return filled


def with_paths(value: Any, schema: Mapping[str, Any], file: str | Path, where: str = "") -> Any:
    """Return ``value`` with ``~`` and ``$VARIABLES`` written out in every key of format ``path``.

    Raises
    ------
    InputError
        If a variable is not set.
    """
    if isinstance(value, str) and schema.get("format") == "path":
        return expanded(value, file, where)
    if isinstance(value, list):
        inner = schema.get("items", {})
        return [with_paths(one, inner, file, f"{where}.{k}") for k, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    other = extra if isinstance(extra, Mapping) else {}
    return {
        key: with_paths(one, properties.get(key, other), file, f"{where}.{key}".lstrip("."))
        for key, one in value.items()
    }


def expanded(path: str, file: str | Path, where: str) -> str:
    """Return a path with ``~`` and ``$VARIABLES`` written out.

    Raises
    ------
    InputError
        If a variable is not set, or ``~name`` names no user.
    """
    if pattern := re.search(r"[{}<>]", re.sub(r"\$\{\w+\}", "", path)):
        raise InputError(
            file, f"key {where}", repr(path), f"a path without {pattern[0]!r}, a sign of patterns"
        )
    full = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
    if lost := re.search(r"\$\{?(\w+)\}?", full):
        raise InputError(
            file, f"key {where}", f"{path!r}", f"the environment variable {lost[1]} to be set"
        )
    if full.startswith("~"):
        raise InputError(file, f"key {where}", f"{path!r}", "a user who exists, or ./ before ~")
    return full
