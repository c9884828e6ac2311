"""The config: held against its schema, filled with defaults, and checked across keys. Standard
library and jsonschema only.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fusion.design import each_film, each_model
from fusion.design.renamed import check_renamed
from fusion.design.schema import (
    DUMPER,
    check_keys,
    check_schema,
    check_values,
    did_you_mean,
    read_yaml,
    with_defaults,
    with_paths,
)
from fusion.design.sound_only import without_pictures
from fusion.design.zoo import JOINED, Zoo, load_zoo
from fusion.ids import FitId, Operand
from fusion.io.atomic import whole
from fusion.io.errors import InputError, going_on

__all__ = ["fits_of", "load_zoo", "read_yaml", "resolve", "with_defaults", "write_resolved"]

Config = dict[str, Any]
MOST_BINS = 10_000


def resolve(
    config: Mapping[str, Any], schema: Mapping[str, Any], zoo: Zoo, file: str = "config"
) -> Config:
    """Return ``config`` with every default filled in, in the key order of ``schema``.

    Parameters
    ----------
    config
        What the user wrote.
    schema
        JSON schema of the config.
    zoo
        Model name -> row, as :func:`fusion.design.zoo.load_zoo` returns it.
    file
        Name of the config file, for messages.

    Raises
    ------
    InputError
        At the first key that is unknown, renamed, mistyped or contradicts another.
    """
    config = _runs_as_text(config)
    check_keys(config, file)
    with going_on():
        check_values(config, file)
    with going_on():
        check_renamed(config, file)
    config = each_film.expanded(_every_contrast(config, schema, zoo), file)
    config = check_schema(config, schema, file)
    resolved: Config = with_paths(with_defaults(config, schema), schema, file)
    resolved = check_models(resolved, zoo, file)
    with going_on():
        resolved, _ = without_pictures(resolved, zoo, file)
    resolved = check_contrasts(resolved, file)
    for check in (check_statistics, check_windows):
        with going_on():
            check(resolved, file)
    with going_on():
        check_controls(resolved, zoo, file)
    check_root(resolved, file)
    check_files(resolved, file)
    return resolved


def _every_contrast(config: Config, schema: Mapping[str, Any], zoo: Zoo) -> Config:
    """Return the config with contrasts that are asked for once and made for every network."""
    contrasts, models = config.get("contrasts"), config.get("models")
    if not isinstance(contrasts, dict) or not isinstance(models, list):
        return config
    named = [name for name in models if isinstance(name, str) and name in zoo]
    networks = [name for name in named if zoo[name].get("family") not in JOINED]
    inits = config.get("random_inits", schema["properties"]["random_inits"]["default"])
    inits = inits if isinstance(inits, int) else 0
    return {**config, "contrasts": each_model.expanded(contrasts, networks, inits)}


def _runs_as_text(config: Mapping[str, Any]) -> Config:
    """Return the config with the runs of ``film_zero.film_s`` as text, however they are written."""
    config = dict(copy.deepcopy(config))
    films = config.get("stimuli")
    for film in films.values() if isinstance(films, dict) else ():
        zero = film.get("film_zero") if isinstance(film, dict) else None
        if isinstance(zero, dict) and isinstance(starts := zero.get("film_s"), dict):
            zero["film_s"] = {str(run): second for run, second in starts.items()}
    return config


def check_models(config: Config, zoo: Zoo, file: str) -> Config:
    """Raise ``InputError`` for a model that no zoo file has.

    Where errors are gathered, the config is returned without such models and their contrasts.
    """
    for name in config["models"]:
        with going_on():
            if name not in zoo:
                accepted = did_you_mean(name, zoo)
                raise InputError(file, "key models", f"unknown model {name!r}", accepted)
    unknown = {name for name in config["models"] if name not in zoo}
    if not unknown:
        return config
    kept = {
        name: given
        for name, given in config["contrasts"].items()
        if not unknown & _models_of(given)
    }
    models = [name for name in config["models"] if name in zoo]
    return {**config, "models": models, "contrasts": kept}


def _models_of(contrast: Mapping[str, Any]) -> set[str]:
    """Return the models that a contrast names, as far as it can be read."""
    try:
        operands = [Operand.parse(contrast[side]) for side in "ab"]
    except ValueError:
        return set()
    return {fit.model for operand in operands for fit in operand.fits}


def fits_of(operand: str | list[str] | Mapping[str, Any]) -> list[str]:
    """Return the full names (model-init-pairing) of the fits that a contrast's operand needs."""
    return Operand.parse(operand).names


def check_contrasts(config: Config, file: str) -> Config:
    """Raise ``InputError`` for a contrast over fits that the config does not make, or two that play
    one part in the verdicts.

    Where errors are gathered, the config is returned without such contrasts.
    """
    inits = ["trained", *(f"random{k}" for k in range(config["random_inits"]))]
    pairings = ["true", *(f"shuffled{k}" for k in range(config["events"]["shuffled_pairings"]))]
    known = (config["models"], inits, pairings)
    played: dict[str, str] = {}
    kept = {}
    for name, contrast in config["contrasts"].items():
        with going_on():
            _check_contrast(name, contrast, known, played, file)
            kept[name] = contrast
        played.setdefault(contrast["role"], name)
    return {**config, "contrasts": kept}


def _check_contrast(
    name: str,
    contrast: Mapping[str, Any],
    known: tuple[list[str], list[str], list[str]],
    played: Mapping[str, str],
    file: str,
) -> None:
    operands = {}
    for side in "ab":
        try:
            operands[side] = Operand.parse(contrast[side])
        except ValueError as error:
            raise InputError(
                file, f"key contrasts.{name}.{side}", str(error), "the names of fits"
            ) from None
    if operands["a"].is_nothing and operands["b"].is_nothing:
        raise InputError(
            file,
            f"key contrasts.{name}",
            "nothing against nothing",
            "a fit on one side at least",
        )
    role = contrast["role"]
    if role and role in played:
        raise InputError(
            file,
            f"key contrasts.{name}.role",
            f"{role!r}, as contrast {played[role]} has",
            "one contrast for each role",
        )
    for side, operand in operands.items():
        for fit in operand.fits:
            _check_fit(fit, known, file, f"{name}.{side}")


def _check_fit(
    fit: FitId, known: tuple[list[str], list[str], list[str]], file: str, where: str
) -> None:
    """Raise ``InputError`` for a fit of a model, an init or a pairing that there is not."""
    keys = ("models", "random_inits", "events.shuffled_pairings")
    for part, names, key in zip((fit.model, fit.init, fit.pairing), known, keys, strict=True):
        if part not in names:
            hint = did_you_mean(part, names)
            accepted = hint if hint.endswith("?)") else f"one of {', '.join(names)}"
            if key == "random_inits":
                accepted += "; each random init costs as much as the trained networks"
            raise InputError(
                file, f"key contrasts.{where}", repr(part), f"{accepted} (see key {key})"
            )


def check_statistics(config: Config, file: str) -> None:
    """Raise ``InputError`` for windows that there are not, or a procedure that the fits do not
    serve.
    """
    statistics, encoding = config["statistics"], config["encoding"]
    if statistics["primary_window"] not in statistics["windows"]:
        raise InputError(
            file,
            "key statistics.primary_window",
            repr(statistics["primary_window"]),
            f"one of statistics.windows: {', '.join(statistics['windows'])}",
        )
    procedure = statistics["procedure"]
    if procedure == "paper" and encoding["validation"] != "halves":
        raise InputError(
            file,
            "key encoding.validation",
            repr(encoding["validation"]),
            "halves, which statistics.procedure paper is defined for",
        )
    if procedure == "block_bootstrap" and not encoding["keep_predictions"]:
        raise InputError(
            file,
            "key encoding.keep_predictions",
            "False",
            "true, because statistics.procedure block_bootstrap resamples predictions",
        )


def check_windows(config: Config, file: str) -> None:
    """Raise ``InputError`` for a window that ends before it begins, or has more bins than a fit
    can hold.
    """
    windows = {
        "responses.window_ms": config["responses"]["window_ms"],
        "lowlevel.audio_window_s": config["lowlevel"]["audio_window_s"],
        **{f"statistics.windows.{k}": w for k, w in config["statistics"]["windows"].items()},
    }
    for key, (first, last) in windows.items():
        if first > last:
            raise InputError(file, f"key {key}", f"[{first}, {last}]", "the earlier moment first")
    first, last = windows["responses.window_ms"]
    for key in ("responses", "calibration"):
        if (bins := (last - first) / config[key]["step_ms"]) > MOST_BINS:
            raise InputError(
                file,
                f"key {key}.step_ms",
                f"{config[key]['step_ms']}, {bins:,.0f} bins in responses.window_ms",
                f"at most {MOST_BINS:,} bins: each is fitted at every electrode",
            )


def check_controls(config: Config, zoo: Zoo, file: str) -> None:
    """Raise ``InputError`` for controls of models that there are not, or of joint networks that
    cannot be run.
    """
    controls = config.get("controls")
    if controls is None:
        return
    if controls["window"] is not None and controls["window"] not in config["statistics"]["windows"]:
        raise InputError(
            file,
            "key controls.window",
            repr(controls["window"]),
            f"one of {', '.join(config['statistics']['windows'])}",
        )
    for band, names in controls["bands"].items():
        for name in names or []:
            if name not in config["models"]:
                raise InputError(
                    file,
                    f"key controls.bands.{band}",
                    repr(name),
                    f"one of {', '.join(config['models'])} (key models)",
                )
    for pair in controls["floor_pairs"]:
        if lost := [name for name in pair if name not in zoo or zoo[name].get("family") in JOINED]:
            raise InputError(
                file,
                "key controls.floor_pairs",
                repr(lost[0]),
                "models of the zoo that are no concat",
            )
    for name, network in controls["joint_networks"].items():
        where, model = f"key controls.joint_networks.{name}", network["model"]
        if model not in zoo:
            raise InputError(
                file, f"{where}.model", f"unknown model {model!r}", did_you_mean(model, zoo)
            )
        if (feed := zoo[model].get("feed")) != "joint":
            raise InputError(
                file, f"{where}.model", f"{model}, whose feed is {feed}", "a model with feed: joint"
            )
        if (
            controls["interaction"]
            and not network["towers"]
            and not config["events"]["shuffled_pairings"]
        ):
            raise InputError(
                file,
                where,
                "events.shuffled_pairings 0",
                "8 or so shuffled pairings, or the layers of two towers (towers)",
            )


def check_root(config: Config, file: str) -> None:
    """Raise ``InputError`` if the dataset's root is not there."""
    root = config["root"]
    if config["source"] != "simulate" and (not root or not Path(root).is_dir()):
        raise InputError(file, "key root", repr(root), "an existing folder")


def check_files(config: Config, file: str) -> None:
    """Raise ``InputError`` if a stimulus file is not there."""
    if config["source"] == "simulate":
        return
    root = config["root"]
    for name, stimulus in config["stimuli"].items():
        files = {
            "video": stimulus["video"],
            "audio": stimulus["audio"],
            "transcript.file": stimulus["transcript"]["file"],
            "transcript.sentences": stimulus["transcript"]["sentences"],
            "scene_cuts.file": stimulus["scene_cuts"]["file"],
        }
        for inner, path in files.items():
            # What a conversion will write is not there yet; a path outside the dataset is.
            if (
                path
                and (config["source"] == "bids" or Path(path).is_absolute())
                and not (Path(root) / path).is_file()
            ):
                with going_on():
                    raise InputError(
                        file,
                        f"key stimuli.{name}.{inner}",
                        f"{Path(root) / path}, which does not exist",
                        "an existing file",
                    )


def write_resolved(config: Mapping[str, Any], path: Path) -> None:
    """Write the resolved config, unless the file already says the same."""
    written = yaml.dump(dict(config), Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    text = f"# The config as it was used: every default filled in.\n{written}"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with whole(path) as part:
            part.write_text(text, encoding="utf-8")
