"""Stimuli without pictures: a podcast, a story. What needs pictures is left out, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.design.zoo import JOINED, Zoo
from fusion.ids import FitId, Operand
from fusion.io.errors import InputError

SEES = ("image", "joint", "clip")


def without_pictures(
    config: Mapping[str, Any], zoo: Zoo, file: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the config less what needs pictures, and what was left out; unchanged for films.

    Parameters
    ----------
    config
        The config, defaults filled in.
    zoo
        Model -> row.
    file
        The config, for messages.

    Raises
    ------
    InputError
        If some stimuli have pictures and others none, or nothing is left to analyse.
    """
    films = config["stimuli"]
    blind = [name for name, row in films.items() if not row["video"]]
    if not blind:
        return dict(config), ()
    if len(blind) < len(films):
        seen = next(name for name in films if name not in blind)
        raise InputError(
            file,
            f"key stimuli.{blind[0]}.video",
            f"nothing, where {seen} has a film",
            "stimuli with pictures, or all without: give the others a config of their own",
        )
    models = [name for name in config["models"] if not sees(name, zoo)]
    if not models:
        raise InputError(
            file,
            "key models",
            f"networks that need pictures ({', '.join(config['models'])}), but no video",
            "a network of text or sound, such as gpt2",
        )
    notes = ["no video: words are the only events, and what needs pictures is left out"]
    if dropped := [name for name in config["models"] if name not in models]:
        notes.append(f"networks that need pictures are left out: {', '.join(dropped)}")
    contrasts, lost = {}, []
    for name, given in config["contrasts"].items():
        sides = {side: _heard(given[side], zoo) for side in "ab"}
        if None in sides.values() or sides["a"] == sides["b"]:
            lost.append(name)
        else:
            contrasts[name] = {**given, **sides, "alignments": None}
    if lost:
        notes.append(f"contrasts that need pictures are left out: {', '.join(lost)}")
    controls = {**config["controls"], "joint_networks": {}, "interaction": False}
    controls["floor_pairs"] = [
        pair for pair in controls["floor_pairs"] if not any(sees(one, zoo) for one in pair)
    ]
    controls["bands"] = {
        band: names and [name for name in names if name in models]
        for band, names in controls["bands"].items()
    }
    out = {
        **config,
        "models": models,
        "contrasts": contrasts,
        "controls": controls,
        "events": {**config["events"], "alignments": ["language"], "shuffled_pairings": 0},
    }
    return out, tuple(notes)


def sees(model: str, zoo: Zoo) -> bool:
    """Return whether a network, or a part of a concatenation, is given pictures."""
    row = zoo.get(model, {})
    if row.get("family") in JOINED:
        return any(sees(part, zoo) for part in row["parts"])
    return row.get("feed", "joint") in SEES


def _heard(given: Any, zoo: Zoo) -> Any:
    """Return a contrast's side without the fits that need pictures; None if none is left."""
    operand = Operand.parse(given)
    if operand.is_nothing:
        return given
    fits = [name for name in operand.names if not sees(FitId.parse(name).model, zoo)]
    if not fits:
        return None
    return {"rank": operand.rank, "of": fits} if operand.rank > 1 else fits
