"""Text and JSON files: UTF-8 whatever the locale, with or without a byte order mark.

Standard library only: the workflow reads this module while it is parsed.
"""

from __future__ import annotations

import json
import math
import stat
import unicodedata
from pathlib import Path
from typing import Any, NoReturn

from fusion.io.atomic import whole
from fusion.io.errors import InputError


def require_file(path: str | Path, accepted: str, *, folder: bool = False) -> None:
    """Raise ``InputError`` for a path that leads to no regular file.

    A pipe would be waited for without end, and a device never ends.

    Parameters
    ----------
    path
        The path.
    accepted
        What it should be, for the message.
    folder
        Whether a folder will do.
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(path, "", "no such file", accepted) from None
    except (OSError, ValueError) as error:  # links in a circle, a name that is too long
        found = getattr(error, "strerror", None) or str(error)
        raise InputError(path, "", found, accepted) from None
    if stat.S_ISREG(mode) or (folder and stat.S_ISDIR(mode)):
        return
    raise InputError(
        path, "", "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device", accepted
    )


def read_text(path: str | Path) -> str:
    """Return the text of a file, in Unicode's composed form (NFC).

    Two spellings of one label (``é`` as one character or as two) are one label then.

    Raises
    ------
    InputError
        If the file is missing or no regular file, is not UTF-8, or holds NUL characters.
    """
    path = Path(path)
    require_file(path, "a text file")
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            path, f"byte {error.start}", f"{content[error.start]:#04x}", "text in UTF-8"
        ) from None
    except OSError as error:
        raise InputError(
            path, "", error.strerror or str(error), "a file that can be read"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(path, f"line {line}", "a NUL character", "text in UTF-8")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def write_text(text: str, path: str | Path) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def parse_json(text: str, path: str | Path) -> Any:
    """Return what JSON says.

    Raises
    ------
    InputError
        If it is not JSON, or holds a number that is not finite.
    """

    def refuse(constant: str) -> NoReturn:
        raise InputError(path, "", constant, "finite numbers")

    def finite(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else refuse(digits[:40])

    try:
        return json.loads(text, parse_constant=refuse, parse_float=finite)
    except json.JSONDecodeError as error:
        raise InputError(path, f"line {error.lineno}", error.msg, "a JSON file") from None
    except RecursionError:
        raise InputError(path, "", "values nested too deeply", "a JSON file") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InputError(path, "", str(error), "a JSON file") from None


def read_json(path: str | Path) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises
    ------
    InputError
        If the file cannot be read, is not JSON, is not an object, or holds a number that is not
        finite; the message names its key where it is at the top.
    """
    content = parse_json(_keyed(path), path)
    if not isinstance(content, dict):
        raise InputError(path, "", f"a {type(content).__name__}", "a JSON object")
    return content


def _keyed(path: str | Path) -> str:
    """Return the text of a JSON file after a look for numbers that are not finite."""
    text = read_text(path)
    if any(word in text for word in ("NaN", "Infinity")):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if (found := not_finite(content)) is not None:
            raise InputError(path, f"key {found[0]}", str(found[1]), "a finite number")
    return text


def not_finite(value: Any, where: str = "") -> tuple[str, float] | None:
    """Return the dotted key and the value of the first number that is NaN or infinite, or None."""
    if isinstance(value, float) and not math.isfinite(value):
        return where, value
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list | tuple)
        else ()
    )
    for key, one in inner:
        if (found := not_finite(one, f"{where}.{key}" if where else str(key))) is not None:
            return found
    return None


def write_json(content: Any, path: str | Path, *, indent: int = 2, sort: bool = False) -> None:
    """Write a JSON file, whole or not at all.

    Raises
    ------
    ValueError
        If it holds a number that is not finite.
    """
    text = json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False, sort_keys=sort)
    write_text(text + "\n", path)
