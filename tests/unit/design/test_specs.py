"""A spec holds what shapes a result and nothing else: the code it goes to reads every field."""

import ast
import importlib
from dataclasses import fields
from functools import cache
from typing import get_args, get_type_hints

import pytest
from helpers.scripts import LIB, SCRIPTS

from fusion.design import codehash
from fusion.spec import Spec

MODULES = sorted(LIB.glob("fusion/**/spec.py"))


def name_of(path):
    return ".".join(path.relative_to(LIB).with_suffix("").parts)


def all_specs():
    for path in MODULES:
        module = importlib.import_module(name_of(path))
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Spec)
                and value.__module__ == module.__name__
            ):
                yield value


SPECS = list(all_specs())


def specs_in(hint):
    """Yield the specs that a type names, also inside tuples, dicts and unions."""
    if isinstance(hint, type) and issubclass(hint, Spec):
        yield hint
    for inner in get_args(hint):
        yield from specs_in(inner)


def holders(spec):
    """Return a spec and, transitively, all that hold it as a field or inherit from it."""
    found, waiting = set(), [spec]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [
                other
                for other in SPECS
                if one in other.__mro__
                or any(one in specs_in(hint) for hint in get_type_hints(other).values())
            ]
    return found


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def names(path):
    """Return all names that a file mentions."""
    return {
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Name | ast.Attribute)
    } | {
        alias.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@cache
def reads(path):
    """Return all attributes that a file reads."""
    return {
        node.attr
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@cache
def reached(spec):
    """Return the files that a spec can go to: all that the scripts which rebuild it import."""
    wanted = {one.__name__ for one in holders(spec)}
    scripts = [path for path in SCRIPTS.glob("*.py") if wanted & names(path)]
    return {file for script in scripts for file in codehash.sources(script, LIB)}


@pytest.mark.parametrize(
    "spec", SPECS, ids=lambda spec: f"{spec.__module__.split('.')[-2]}.{spec.__name__}"
)
def test_a_script_rebuilds_it(spec):
    assert reached(spec) or not fields(spec), "no script reads this spec, nor one that holds it"


@pytest.mark.parametrize(
    ("spec", "field"),
    [(spec, field.name) for spec in SPECS for field in fields(spec)],
    ids=lambda v: v if isinstance(v, str) else v.__name__,
)
def test_a_field_is_read(spec, field):
    files = reached(spec)
    assert any(field in reads(path) for path in files), (
        f"nothing that {spec.__name__} goes to reads .{field}: its change would rerun for nothing"
    )


def test_a_field_that_nothing_reads_would_be_found():
    assert not any("no_such_field" in reads(path) for path in reached(SPECS[0]))
