"""What every file of a results folder should hold, and what it was made from.

When a job ends, each of its outputs below ``results/<dataset>`` gets a record in
``results/<dataset>/.checksums``, under the same path: its size and SHA-256, the rule and the log of
the job, and the digests of spec, code and inputs. Before a job reads its inputs they are compared
with their records. A record belongs to a path, so a file that was put in the place of another is
found even if both are sound. The records move with the folder.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fusion.io.atomic import whole
from fusion.io.errors import InputError

FOLDER = ".checksums"


@dataclass(frozen=True)
class Record:
    """What a file should hold, and what it was made from.

    Attributes
    ----------
    path
        Path within ``results/<dataset>``.
    size
        Bytes.
    sha256
        Of the content.
    rule, log
        The rule that made it, and the log of the job.
    spec, code
        Digests of what shaped the job.
    inputs
        Path -> SHA-256 of the inputs that have records of their own.
    """

    path: str
    size: int
    sha256: str
    rule: str = ""
    log: str = ""
    spec: str = ""
    code: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


def place(path: str | Path) -> tuple[Path, str] | None:
    """Return the folder ``results/<dataset>`` of a file and the path within it, or None if the file
    lies elsewhere.
    """
    parts = Path(path).parts
    for k in range(len(parts) - 3, -1, -1):
        if parts[k] == "results":
            return Path(*parts[: k + 2]), "/".join(parts[k + 2 :])
    return None


def record_path(path: str | Path) -> Path | None:
    """Return where the record of a file lies, or None for a file outside of ``results``."""
    found = place(path)
    return found and found[0] / FOLDER / f"{found[1]}.json"


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(value: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a value's ``repr``."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def files_of(path: str | Path) -> list[Path]:
    """Return a file, or all files below a folder."""
    path = Path(path)
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())


def read(path: str | Path) -> Record | None:
    """Return the record of a file, or None if it has none.

    Raises
    ------
    InputError
        If the record itself is damaged.
    """
    at = record_path(path)
    if at is None or not at.is_file():
        return None
    try:
        record = Record(**json.loads(at.read_text(encoding="utf-8")))
        if not (
            isinstance(record.size, int)
            and isinstance(record.inputs, dict)
            and all(isinstance(text, str) for text in (record.path, record.sha256, record.rule))
        ):
            raise TypeError
        return record
    except (ValueError, TypeError, RecursionError):
        raise InputError(at, "", "a damaged record", f"one that `{again(path)}` writes") from None


def write(path: str | Path, **made: Any) -> None:
    """Record what a file holds.

    Parameters
    ----------
    path
        The file. Outside of ``results`` nothing is recorded.
    made
        Further fields of its :class:`Record`.
    """
    found, at = place(path), record_path(path)
    if found is None or at is None:
        return
    record = Record(found[1], Path(path).stat().st_size, digest(path), **made)
    with whole(at) as part:
        part.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")


def check(path: str | Path) -> Record | None:
    """Compare a file with its record, and return the record (None if there is none).

    Raises
    ------
    InputError
        If its bytes are not those that were written, or the record is that of another file. The
        message names the rule that made it and the command that makes it again.
    """
    record = read(path)
    if record is None:
        return None
    made = f"the file that rule {record.rule or 'unknown'} wrote (log: {record.log or 'unknown'})"
    command = f"make it again with `{again(path)}`"
    found = place(path)
    if found is not None and record.path != found[1]:
        raise InputError(path, "", f"the record of {record.path}", f"its own; {command}")
    try:
        size = Path(path).stat().st_size
    except OSError as error:
        raise InputError(path, "", error.strerror or str(error), f"{made}; {command}") from None
    if size != record.size:
        raise InputError(path, "", f"{size} bytes", f"{record.size}, {made}; {command}")
    if (now := digest(path)) != record.sha256:
        raise InputError(
            path,
            "",
            f"other content (SHA-256 {now[:12]})",
            f"{record.sha256[:12]}, {made}; {command}",
        )
    return record


def again(path: str | Path) -> str:
    """Return the command that makes a file again."""
    return f"snakemake --cores 1 --force '{path}'"


def all_records(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (file, its record) for every record of ``results/<dataset>``."""
    root = folder / FOLDER
    for at in sorted(root.rglob("*.json")):
        yield folder / at.relative_to(root).with_name(at.name.removesuffix(".json")), at


def verify(folder: Path) -> tuple[list[str], list[str], int]:
    """Compare a whole results folder with its records.

    Returns
    -------
    wrong : list of str
        A message for every file that is not what was written.
    older : list of str
        A message for every file whose inputs were made again after it.
    count : int
        Files that are as they were written.
    """
    wrong, older, count = [], [], 0
    sound: dict[str, Record] = {}
    for path, at in all_records(folder):
        if not path.exists():
            at.unlink()  # Snakemake removed the file
            continue
        try:
            record = check(path)
        except InputError as error:
            wrong.append(str(error))
            continue
        if record is not None:
            sound[record.path] = record
            count += 1
    for record in sound.values():
        older += [
            f"{folder / record.path}: made from another version of {name}"
            for name, sha256 in record.inputs.items()
            if name in sound and sound[name].sha256 != sha256
        ]
    return wrong, older, count


def _expected(path: Path) -> list[Path]:
    """Return the files of an input: itself, if a file was written there, else what it holds."""
    at = record_path(path)
    return [path] if at is not None and at.is_file() else files_of(path)


def check_inputs(paths: Iterable[str | Path]) -> tuple[dict[str, str], list[Path]]:
    """Compare a job's inputs with their records.

    Returns
    -------
    digests : dict
        Path within ``results/<dataset>`` -> SHA-256 of the inputs that have records.
    unknown : list of Path
        Files below ``results`` that have none.

    Raises
    ------
    InputError
        At the first that is not what was written.
    """
    digests, unknown = {}, []
    for path in (file for one in paths for file in _expected(Path(one))):
        record = check(path)
        if record is not None:
            digests[record.path] = record.sha256
        elif place(path) is not None and path.name != "config.yaml":
            unknown.append(path)
    return digests, unknown
