"""Which networks a draft takes, what they cost to fetch, and which contrasts they allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: Network -> millions of parameters that its loader reads. Weights are 4 bytes each; a checkpoint
#: that also holds the optimiser's state is up to three times as large.
PARAMETERS = {
    "slip": 170.6,
    "slip_clip": 149.6,
    "slip_simclr": 106.8,
    "sbert": 109.5,
    "simcse": 109.5,
}
#: Networks that ship with the project -> the published ones in whose place they stand.
STAND_FOR = {
    "demo_slip": "slip",
    "demo_slip_clip": "slip_clip",
    "demo_slip_simclr": "slip_simclr",
}


def proposed(zoo: Mapping[str, Mapping[str, Any]], has_pictures: bool) -> list[str]:
    """Return the networks of a draft: those of text only, for a stimulus without pictures."""
    if has_pictures:
        return list(zoo)
    return [name for name, row in zoo.items() if row.get("feed") == "text"]


def megabytes(model: str) -> float:
    """Return the least that is fetched for a network (MB); 0 for one that ships, or a joint one."""
    return 4 * PARAMETERS.get(model, 0.0)


def contrasts(
    models: Sequence[str], zoo: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the contrasts that a set of networks allows, by name: what the verdicts rest on, and
    the comparison of SLIP's three networks.
    """
    of: dict[str, list[str]] = {"vision-language": [], "vision": [], "language": []}
    joined = [name for name in models if zoo[name]["family"] == "concat"]
    models = [name for name in models if name not in joined]
    for name in models:
        of.setdefault(zoo[name]["modality"], []).append(name)
    both, vision, language = of["vision-language"], of["vision"], of["language"]
    out: dict[str, dict[str, Any]] = {
        "any_vs_nothing": {"a": _side(models), "b": "nothing", "role": "signal"}
    }
    if vision:
        out["vision_vs_nothing"] = {"a": _side(vision), "b": "nothing", "role": "vision"}
    if language:
        out["language_vs_nothing"] = {"a": _side(language), "b": "nothing", "role": "language"}
    if both and vision and language:
        unimodal = _side([*vision, *language])
        out["multimodal_vs_unimodal"] = {"a": _side(both), "b": unimodal, "role": "multimodal"}
    for name in joined:
        rivals = [name, *(part for part in zoo[name]["parts"] if part in models)]
        out["multimodal_vs_linear"] = {"a": _side(both), "b": rivals, "role": "linear"}
    names = {STAND_FOR.get(name, name): name for name in models}
    slip, clip, simclr = (names.get(one) for one in ("slip", "slip_clip", "slip_simclr"))
    if slip and simclr:
        out["slip_vs_simclr"] = {"a": slip, "b": simclr, "role": "matched"}
    if clip and simclr:
        out["clip_vs_simclr"] = {"a": clip, "b": simclr}
    if slip and clip:
        out["slip_vs_clip"] = {"a": slip, "b": clip, "alternative": "two-sided"}
    return out


def _side(models: Sequence[str]) -> str | list[str]:
    return models[0] if len(models) == 1 else list(models)
