"""Films that a config names once and every film of a Brain Treebank release gets: ``"{film}"``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.design import recordings, selection
from fusion.design.schema import expanded as written_out
from fusion.ids import ENTITIES
from fusion.io.errors import InputError

FILM, SLUG = "{film}", "{slug}"


def expanded(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the config with ``stimuli."{film}"`` once for every film of the release.

    Parameters
    ----------
    config
        What the user wrote. In the row, ``{film}`` stands for the film's name (the release's,
        letters and digits only) and ``{slug}`` for the release's own.
    file
        The config, for messages.

    Notes
    -----
    Films are those of the trials that were downloaded and that ``recordings`` leaves. A film that
    has a row of its own keeps it. Where the release has no table of scene cuts, they are detected.

    Raises
    ------
    InputError
        If the source is no such release, or no trial is left.
    """
    stimuli = config.get("stimuli")
    if not isinstance(stimuli, Mapping) or FILM not in stimuli:
        return dict(config)
    root = config.get("root")
    root = written_out(root, file, "root") if isinstance(root, str) else None
    if config.get("source") != "treebank" or not root or not Path(root).is_dir():
        raise InputError(
            file,
            f"key stimuli.{FILM}",
            f"source {config.get('source')!r}, root {root!r}",
            "source treebank, whose release lists its films, and its folder",
        )
    kept = config.get("recordings") or {}
    films = {
        row.release["film"]: row.release
        for row in recordings.of_treebank(Path(root), Path(root))
        if not isinstance(kept, Mapping) or selection.fits(row.name, _known(kept))
    }
    if not films:
        raise InputError(file, f"key stimuli.{FILM}", f"no trial in {root}", "a trial's .h5")
    made: dict[str, Any] = {name: row for name, row in stimuli.items() if name != FILM}
    for name, release in sorted(films.items()):
        if name not in made:
            row = _filled(stimuli[FILM], name, release["slug"])
            if release["scenes"] is None and isinstance(row, dict):
                row.pop("scene_cuts", None)
            made[name] = row
    return {**config, "stimuli": made}


def _known(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter without entities that there are none of: what is wrong is said later."""
    return {key: value for key, value in chosen.items() if key in ENTITIES}


def _filled(value: Any, film: str, slug: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(inner, film, slug) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, film, slug) for inner in value]
    return value.replace(FILM, film).replace(SLUG, slug) if isinstance(value, str) else value
