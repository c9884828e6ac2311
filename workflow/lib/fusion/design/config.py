"""The config: held against its schema, filled with defaults, and checked across keys. Standard
library and jsonschema only.
"""

from __future__ import annotations

import copy
import difflib
import re
from pathlib import Path

import jsonschema
import yaml

from fusion.io.atomic import whole
from fusion.io.errors import InputError
from fusion.models.paths import matches

# A tenth of the time, where PyYAML was built with libyaml.
LOADER, DUMPER = (
    getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    getattr(yaml, "CSafeDumper", yaml.SafeDumper),
)


def read_yaml(path: Path):
    """Return what a YAML file says.

    Raises
    ------
    InputError
        If it is no YAML.
    """
    try:
        return yaml.load(path.read_text(), LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        raise InputError(
            path, where, getattr(error, "problem", None) or str(error), "a YAML file"
        ) from None


def resolve(config: dict, schema: dict, zoo: dict, file="config") -> dict:
    """Return ``config`` with every default filled in, in the key order of ``schema``.

    Parameters
    ----------
    config
        What the user wrote.
    schema
        JSON schema of the config.
    zoo
        Model name -> row, as :func:`load_zoo` returns it.
    file
        Name of the config file, for messages.

    Raises
    ------
    InputError
        At the first key that is unknown, mistyped or contradicts another.
    """
    check_keys(config, file)
    check_schema(config, schema, file)
    resolved = with_defaults(config, schema)
    check_models(resolved, zoo, file)
    check_contrasts(resolved, file)
    check_controls(resolved, zoo, file)
    check_roots(resolved, file)
    return resolved


def load_zoo(files: list[str], base: Path, schema: dict | None = None) -> dict:
    """Return the model rows of ``files`` (YAML, relative to ``base``), by model name; later files
    win.

    Parameters
    ----------
    schema
        JSON schema of a row; with it, rows are checked and filled with its defaults.

    Raises
    ------
    InputError
        If a file is missing or is not a mapping of model names to rows, or at the first key of a
        row that is wrong.
    """
    zoo, origin = {}, {}
    for name in files:
        path = base / name
        if not path.is_file():
            raise InputError(
                "config", "zoo", f"{name}, which does not exist", "a YAML file of model rows"
            )
        rows = read_yaml(path)
        if not isinstance(rows, dict):
            raise InputError(path, "", type(rows).__name__, "a mapping of model names to rows")
        zoo.update(rows)
        origin.update(dict.fromkeys(rows, name))
    if schema is None:
        return zoo
    for model, row in zoo.items():
        check_row(model, row, zoo, schema, origin[model])
    return {model: with_defaults(row, schema) for model, row in zoo.items()}


def check_row(model: str, row: dict, zoo: dict, schema: dict, file) -> None:
    """Raise ``InputError`` for a row of the zoo that its schema does not allow, or that cannot be
    run.
    """
    if not re.fullmatch(r"[A-Za-z0-9._]+", str(model)):
        raise InputError(
            file,
            f"model {model!r}",
            "a name that files cannot carry",
            "letters, digits, '.' and '_'",
        )
    check_keys(row, file, f"{model}.")
    check_schema(row, schema, f"{file}: model {model}")
    if row["family"] != "concat":
        for key in ("checkpoint", "layers"):
            if not row.get(key):
                raise InputError(
                    file,
                    f"model {model}, key {key}",
                    "nothing",
                    "a value, for every family but concat",
                )
        return
    for key in ("checkpoint", "layers"):
        if row.get(key):
            raise InputError(
                file,
                f"model {model}, key {key}",
                repr(row[key]),
                "nothing: a concat has parts only",
            )
    if len(row.get("parts", {})) < 2:
        raise InputError(
            file,
            f"model {model}, key parts",
            repr(row.get("parts")),
            "two or more models, each with its layer",
        )
    for part, layer in row["parts"].items():
        if part not in zoo or zoo[part].get("family") == "concat":
            close = difflib.get_close_matches(str(part), zoo, n=1)
            accepted = (
                f"{close[0]!r} (did you mean that?)"
                if close and close[0] != part
                else "a model of the zoo that is no concat"
            )
            raise InputError(file, f"model {model}, key parts", repr(part), accepted)
        layers = zoo[part].get("layers") or {}
        if not any(matches(layer, pattern) for pattern in layers):
            raise InputError(
                file,
                f"model {model}, key parts.{part}",
                repr(layer),
                f"a layer of {part}: {', '.join(layers)}",
            )


def check_keys(value, file, where: str = "") -> None:
    """Raise ``InputError`` for a key that YAML read as a number, a date or a truth value (``on``,
    ``1``).
    """
    for key, inner in value.items() if isinstance(value, dict) else ():
        if not isinstance(key, str):
            raise InputError(
                file,
                f"key {where}{key}",
                f"{key!r}, which YAML reads as {type(key).__name__}",
                "a name; put it in quotes",
            )
        check_keys(inner, file, f"{where}{key}.")


def check_schema(config: dict, schema: dict, file) -> None:
    """Raise ``InputError`` for the first key of ``config`` that ``schema`` does not allow, with a
    suggestion.
    """
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(config),
        key=lambda e: (len(e.path), str(list(e.path))),
    )
    if not errors:
        return
    error = errors[0]
    where = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(error.schema.get("properties", {}))
        unknown = next(key for key in error.instance if key not in known)
        close = difflib.get_close_matches(str(unknown), known, n=1)
        accepted = f"{close[0]!r} (did you mean that?)" if close else f"one of {', '.join(known)}"
        raise InputError(
            file, f"key {'.'.join(filter(None, [where, str(unknown)]))}", "an unknown key", accepted
        )
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        raise InputError(
            file, f"key {'.'.join(filter(None, [where, missing]))}", "nothing", "a value"
        )
    if error.validator == "enum":
        accepted = "one of " + ", ".join(map(str, error.validator_value))
    else:
        accepted = error.schema.get("description") or str(error.validator_value)
    raise InputError(
        file, f"key {where}" if where else "", repr(error.instance), f"{accepted} ({error.message})"
    )


def with_defaults(value, schema: dict):
    """Return ``value`` with the schema's defaults for what it leaves out, keys in the schema's
    order.
    """
    if not isinstance(value, dict):
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
                with_defaults(value[key], extra) if isinstance(extra, dict) else value[key]
            )
    return filled


def check_models(config: dict, zoo: dict, file) -> None:
    """Raise ``InputError`` for a model that no zoo file has."""
    for name in config["models"]:
        if name not in zoo:
            close = difflib.get_close_matches(name, zoo, n=1)
            accepted = f"{close[0]!r} (did you mean that?)" if close else f"one of {', '.join(zoo)}"
            raise InputError(file, "key models", f"unknown model {name!r}", accepted)


def fit_of(name: str) -> tuple[str, str, str]:
    """Return (model, init, pairing) of a fit's name: ``slip``, ``slip-random0`` or
    ``slip-trained-shuffled0``.
    """
    model, init, pairing = (name.split("-") + ["trained", "true"][name.count("-") :])[:3]
    return model, init, pairing


def fits_of(operand) -> list[str]:
    """Return the full names (model-init-pairing) of the fits that a contrast's operand needs."""
    if operand == "nothing":
        return []
    if isinstance(operand, dict):
        operand = operand["of"]
    names = [operand] if isinstance(operand, str) else operand
    return ["-".join(fit_of(name)) for name in names]


def check_contrasts(config: dict, file) -> None:
    """Raise ``InputError`` for a contrast over fits that the config does not make, or two that play
    one part in the verdicts.
    """
    inits = ["trained", *(f"random{k}" for k in range(config["random_inits"]))]
    pairings = ["true", *(f"shuffled{k}" for k in range(config["events"]["shuffled_pairings"]))]
    played = {}
    for name, contrast in config["contrasts"].items():
        if not fits_of(contrast["a"]) + fits_of(contrast["b"]):
            raise InputError(
                file,
                f"key contrasts.{name}",
                "nothing against nothing",
                "a fit on one side at least",
            )
        if contrast["role"] and contrast["role"] in played:
            raise InputError(
                file,
                f"key contrasts.{name}.role",
                f"{contrast['role']!r}, as contrast {played[contrast['role']]} has",
                "one contrast for each role",
            )
        played[contrast["role"]] = name
        for side in "ab":
            where = f"key contrasts.{name}.{side}"
            for fit in fits_of(contrast[side]):
                for part, known, key in zip(
                    fit.split("-"),
                    (config["models"], inits, pairings),
                    ("models", "random_inits", "events.shuffled_pairings"),
                    strict=True,
                ):
                    if part not in known:
                        close = difflib.get_close_matches(part, known, n=1)
                        hint = f"; did you mean {close[0]!r}?" if close else ""
                        raise InputError(
                            file,
                            where,
                            repr(part),
                            f"one of {', '.join(known)} (see key {key}{hint})",
                        )
    if config["statistics"]["primary_window"] not in config["statistics"]["windows"]:
        raise InputError(
            file,
            "key statistics.primary_window",
            repr(config["statistics"]["primary_window"]),
            f"one of statistics.windows: {', '.join(config['statistics']['windows'])}",
        )
    procedure, encoding = config["statistics"]["procedure"], config["encoding"]
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


def check_controls(config: dict, zoo: dict, file) -> None:
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
        if lost := [
            name for name in pair if name not in zoo or zoo[name].get("family") == "concat"
        ]:
            raise InputError(
                file,
                "key controls.floor_pairs",
                repr(lost[0]),
                "models of the zoo that are no concat",
            )
    for name, network in controls["joint_networks"].items():
        where, model = f"key controls.joint_networks.{name}", network["model"]
        if model not in zoo:
            close = difflib.get_close_matches(model, zoo, n=1)
            accepted = f"{close[0]!r} (did you mean that?)" if close else "a model of the zoo"
            raise InputError(file, f"{where}.model", f"unknown model {model!r}", accepted)
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


def check_roots(config: dict, file) -> None:
    """Raise ``InputError`` if the dataset's root or a stimulus file is not there."""
    if config["source"] == "simulate":
        return
    root = config["root"]
    if not root or not Path(root).is_dir():
        raise InputError(file, "key root", repr(root), "an existing folder")
    for name, stimulus in config["stimuli"].items():
        files = {
            "video": stimulus["video"],
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
                raise InputError(
                    file,
                    f"key stimuli.{name}.{inner}",
                    f"{Path(root) / path}, which does not exist",
                    "an existing file",
                )


def write_resolved(config: dict, path: Path) -> None:
    """Write the resolved config, unless the file already says the same."""
    written = yaml.dump(config, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    text = f"# The config as it was used: every default filled in.\n{written}"
    if not path.is_file() or path.read_text() != text:
        with whole(path) as part:
            part.write_text(text)
