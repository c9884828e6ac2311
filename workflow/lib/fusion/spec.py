"""What shapes a job, typed: frozen dataclasses that travel as plain dicts.

Snakemake compares the ``params`` of a rule by their ``repr`` and hands them to scripts by pickle,
so a rule passes ``spec.plain()`` and its script rebuilds the dataclass with ``Spec.read``.
Standard library only: the workflow reads this module while it is parsed.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Spec:
    """Base of all specs. Fields are plain values, other specs, or tuples and dicts of these."""

    def plain(self) -> dict[str, Any]:
        """Return the spec as dicts, lists and scalars, in the order of its fields."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Return the spec that :meth:`plain` wrote.

        Raises
        ------
        TypeError
            If a key is missing or unknown.
        """
        names = {field.name for field in fields(cls)}
        if missing := names - given.keys():
            raise TypeError(f"{cls.__name__} lacks {', '.join(sorted(missing))}")
        if unknown := given.keys() - names:
            raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
        own: Any = cls
        hints = _hints(own)
        return cls(**{name: _rebuilt(hints[name], given[name]) for name in names})

    @classmethod
    def take(cls, *sections: Mapping[str, Any], **fields_: Any) -> Self:
        """Return a spec whose fields are looked up by name: in ``fields_``, then in ``sections``.

        What else the sections hold is left out, so that a job depends on its own fields only.

        Raises
        ------
        TypeError
            If a field is nowhere, or ``fields_`` names one that the spec does not have.
        """
        own = dict(fields_)
        for field in fields(cls):
            for section in sections:
                if field.name not in own and field.name in section:
                    own[field.name] = section[field.name]
        return cls.read(own)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.plain()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _rebuilt(hint: Any, value: Any) -> Any:
    """Return a plain value as the type that ``hint`` asks for: specs and tuples again."""
    if value is None or isinstance(value, Spec):
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for option in inner:
            kind = get_origin(option) or option
            accepts = (list, tuple) if kind is tuple else Mapping if _is_spec(kind) else kind
            if isinstance(accepts, type | tuple) and isinstance(value, accepts):
                return _rebuilt(option, value)
        return value
    if _is_spec(hint):
        return hint.read(value)
    if origin is tuple:
        own = inner[:1] * len(value) if inner[1:] == (Ellipsis,) else inner
        return tuple(_rebuilt(kind, item) for kind, item in zip(own, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _rebuilt(inner[1], item) for key, item in value.items()}
    return value


def _is_spec(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Spec)
