"""Contrasts that a config asks for once and every network gets: ``"{model}_vs_random"``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODEL = "{model}"
#: Stands for all random inits of a network.
EVERY_INIT = "-random*"


def expanded(
    contrasts: Mapping[str, Any], networks: list[str], random_inits: int
) -> dict[str, Any]:
    """Return contrasts by name, those whose name holds ``{model}`` once for every network.

    Parameters
    ----------
    contrasts
        Name -> contrast, as the user wrote them.
    networks
        Models that take part, without concatenations.
    random_inits
        Number of random inits; without any, contrasts against them are left out.
    """
    made: dict[str, Any] = {}
    for name, contrast in contrasts.items():
        if MODEL not in str(name):
            made[name] = contrast
            continue
        for model in networks:
            one = _filled(contrast, model, random_inits)
            if all(one.get(side) != [] for side in "ab") if isinstance(one, dict) else True:
                made[str(name).replace(MODEL, model)] = one
    return made


def _filled(value: Any, model: str, random_inits: int) -> Any:
    """Return a part of a contrast with the model's name in the place of ``{model}``."""
    if isinstance(value, Mapping):
        return {key: _filled(inner, model, random_inits) for key, inner in value.items()}
    if isinstance(value, list):
        filled = [_filled(inner, model, random_inits) for inner in value]
        return [one for part in filled for one in (part if isinstance(part, list) else [part])]
    if not isinstance(value, str):
        return value
    text = value.replace(MODEL, model)
    if text.endswith(EVERY_INIT):
        stem = text.removesuffix(EVERY_INIT)
        return [f"{stem}-random{k}" for k in range(random_inits)]
    return text
