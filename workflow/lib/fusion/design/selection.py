"""Which recordings take part, and which film each of them saw: chosen by BIDS entities.

A filter that chooses nothing is an error, because it would leave data out unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fusion.design.schema import did_you_mean
from fusion.ids import ENTITIES, entities
from fusion.io.errors import InputError, going_on

Chosen = Mapping[str, Any]


def fits(recording: str, chosen: Chosen) -> bool:
    """Return whether a recording has the entities that are asked for.

    Parameters
    ----------
    recording
        BIDS name.
    chosen
        Entity (a key of :data:`fusion.ids.ENTITIES`) -> a value, a list of them, or None for all.
        Numbers are compared as numbers (``subject: 3`` is ``sub-03``), text as text; runs are
        numbers in any case (``run: "1"`` is ``run-01``).
    """
    has = entities(recording)
    return all(
        any(_same(name, value, has.get(ENTITIES[name], "")) for value in _listed(wanted))
        for name, wanted in chosen.items()
        if wanted is not None
    )


def chosen(names: Sequence[str], by: Chosen, file: str, key: str) -> list[str]:
    """Return the recordings that a filter of the config chooses.

    Parameters
    ----------
    names
        All recordings.
    by
        The filter, as for :func:`fits`.
    file, key
        Where it stands, for messages.

    Raises
    ------
    InputError
        If one of its values is that of no recording, could mean two, or if all together choose
        nothing.
    """
    for entity, wanted in by.items():
        there = sorted({has for name in names if (has := entities(name).get(ENTITIES[entity]))})
        for value in _listed(wanted):
            _check_value(entity, value, there, file, f"{key}.{entity}", len(names))
    found = [name for name in names if fits(name, by)]
    if not found:
        asked = ", ".join(f"{k}: {v}" for k, v in by.items() if v is not None)
        raise InputError(
            file,
            f"key {key}",
            f"{asked or 'nothing'}, which none of {len(names)} recordings is",
            "entities that one recording at least has together",
        )
    return found


def claims(
    names: Sequence[str], stimuli: Mapping[str, Any], kept: Iterable[str], file: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Return which film each recording saw, and why the others saw none.

    Parameters
    ----------
    names
        All recordings of the dataset: a film's filter must fit one of them.
    stimuli
        Film -> its section of the config.
    kept
        Recordings that the config's own filter leaves.
    file
        The config, for messages.

    Returns
    -------
    claimed : dict
        Recording -> film.
    unclaimed : dict
        Recording -> reason.

    Raises
    ------
    InputError
        If there is no film, two films claim a recording, or a film's filter fits no recording.
    """
    if not stimuli:
        raise InputError(file, "key stimuli", "no film", "one film or transcript at least")
    for film, row in stimuli.items():
        with going_on():
            chosen(names, row["recordings"], file, f"stimuli.{film}.recordings")
    claimed, unclaimed = {}, {}
    for name in kept:
        films = [film for film, row in stimuli.items() if fits(name, row["recordings"])]
        with going_on():
            if len(films) > 1:
                raise InputError(
                    file,
                    "key stimuli",
                    f"{', '.join(films)} all fit {name}",
                    "entities in stimuli.*.recordings that tell them apart",
                )
        if films:
            claimed[name] = films[0]
        else:
            unclaimed[name] = "no film of the config claims it (key stimuli.*.recordings)"
    if not claimed:
        raise InputError(
            file,
            "key recordings",
            "no recording that saw one of the films",
            "filters in recordings and stimuli.*.recordings that have a recording in common",
        )
    return claimed, unclaimed


def _listed(wanted: Any) -> list[Any]:
    if wanted is None:
        return []
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]


def _same(entity: str, value: Any, has: str) -> bool:
    """Return whether a value of the config means an entity's value."""
    text = str(value)
    if text == has:
        return True
    is_number = isinstance(value, int) or entity == "run"
    return is_number and text.isdigit() and has.isdigit() and int(text) == int(has)


def _check_value(
    entity: str, value: Any, there: list[str], file: str, key: str, count: int
) -> None:
    """Raise ``InputError`` for a value that no recording has, or that YAML may have misread."""
    if isinstance(value, int):
        # YAML reads 010 as eight.
        octal = [
            has
            for has in there
            if len(has) > 1 and has[0] == "0" and set(has) <= set("01234567") and int(has) > 7
        ]
        if meant := [has for has in octal if int(has, 8) == value]:
            raise InputError(
                file,
                f"key {key}",
                f"{value}, which is also how YAML reads {meant[0]}",
                f'text in quotes: "{meant[0]}" or "{value}"',
            )
    if not any(_same(entity, value, has) for has in there):
        raise InputError(
            file,
            f"key {key}",
            f"{value!r}, which none of {count} recordings has",
            did_you_mean(value, there) if there else "an entity that recordings have",
        )
