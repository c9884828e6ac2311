"""Getting checkpoints: from a folder, a URL or the Hugging Face hub, into a cache, whole and
checked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import requests

from fusion.io import archives
from fusion.io.errors import InputError
from fusion.io.text import read_json
from fusion.models.run import download
from fusion.models.spec import Located

log = logging.getLogger(__name__)
#: What another try may help against.
AGAIN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
#: How many times its size the archive of a package may unpack to.
LARGEST_RATIO = 20
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
REVISION = re.compile(r"(?!.*\.\.)[\w./-]*", re.ASCII)
DESCRIPTIONS = ["*.json", "*.txt", "*.model", "*.jinja", "*.bpe"]
ELSEWHERE = ["onnx/*", "openvino/*", "coreml/*", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf"]


def fetch(
    source: str,
    sha256: str | Mapping[str, str] | None,
    files: Sequence[str],
    cache: Path,
    mirror: str | None,
    local: Sequence[str] = (),
) -> Located:
    """Return where a checkpoint lies on this machine, fetching it if need be.

    Parameters
    ----------
    source
        ``https://..`` or ``http://..``, ``hf:organisation/name[@revision]``,
        ``package:name/file`` of an installed Python package, or the path of a file or folder.
    sha256
        What the file must hash to; for a folder, of its one weights file, or a mapping of file
        names to hashes. None accepts what comes and says so in the log.
    files
        Patterns of the weights files wanted from a hub repository; empty takes safetensors, or
        ``*.bin`` where there are none.
    cache
        Folder for what comes from URLs. The hub keeps its own (``HF_HOME``).
    mirror
        Folder or URL that is looked in first; files lie in it under host and path, or under their
        bare name.
    local
        The files of a ``source`` that is a local file or folder.

    Returns
    -------
    Located
        File or folder, and what its files hash to.

    Raises
    ------
    InputError
        If it cannot be had or is not what the row says; the message tells what to do.
    """
    if source.lower().startswith(("http://", "https://")):
        path = from_url(source, sha256, cache, mirror)
        source = download.named(source)
    elif source.startswith("hf:"):
        path = from_hub(source, files, mirror)
    elif source.startswith("package:"):
        path = from_package(source, cache)
    else:
        path = next(
            (
                p
                for file in local
                for p in (Path(file), *Path(file).parents)
                if p.name == Path(source).name
            ),
            Path(source),
        )
        if not path.exists():
            raise InputError(path, "", "no such file or folder", "the checkpoint of this row")
    hashes = {name: digest(file) for name, file in contents(path).items()}
    check(path, hashes, sha256)
    whole = (
        next(iter(hashes.values()))
        if path.is_file()
        else hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    )
    return Located(source, str(path), hashes, whole)


def contents(path: Path) -> dict[str, Path]:
    """Return the files of a checkpoint by name: itself, or what a folder holds, without hidden
    files.
    """
    if path.is_file():
        return {path.name: path}
    found = (
        p
        for p in sorted(path.rglob("*"))
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    files = {p.relative_to(path).as_posix(): p for p in found}
    for name, file in files.items():
        if name.endswith(".index.json"):
            _check_shards(file, files)
    return files


def _check_shards(index: Path, files: Mapping[str, Path]) -> None:
    """Raise ``InputError`` if an index of weights names a file that is not beside it, and so is not
    hashed.
    """
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict):
        raise InputError(index, "key weight_map", repr(shards)[:80], "name of a weight -> file")
    folder = index.parent
    beside = {str(file.relative_to(folder)) for file in files.values() if folder in file.parents}
    if foreign := sorted({str(name) for name in shards.values()} - beside):
        raise InputError(
            index, "key weight_map", repr(foreign[0]), "files of the checkpoint's folder"
        )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, hashes: dict[str, str], sha256: str | Mapping[str, str] | None) -> None:
    """Raise ``InputError`` if a checkpoint's files do not hash to what the row says."""
    if not hashes:
        raise InputError(path, "", "an empty folder", "a checkpoint")
    if isinstance(sha256, str):
        weights = (
            [name for name in hashes if name.endswith((".safetensors", ".bin", ".pt", ".pth"))]
            if len(hashes) > 1
            else list(hashes)
        )
        if len(weights) != 1:
            raise InputError(
                path,
                "sha256",
                f"{len(weights)} weights files ({', '.join(weights)})",
                "one; or give sha256 as a mapping of file names",
            )
        sha256 = {weights[0]: sha256}
    for name, expected in (sha256 or {}).items():
        if not hashes.get(name, "").startswith(expected):
            raise InputError(
                path,
                f"sha256 of {name}",
                hashes.get(name, "no such file"),
                f"{expected}, as its row says; remove the file if it is damaged",
            )


def from_url(
    url: str,
    sha256: str | Mapping[str, str] | None,
    cache: Path,
    mirror: str | None,
    tries: int = 5,
    wait_s: float = 2,
) -> Path:
    """Return the cached file of a URL; download it first, resuming what an earlier try left.

    The cache is keyed by host, path and query. In a mirror folder a file may also lie under its
    bare name, if the row's ``sha256`` says that it is the one.

    Raises
    ------
    InputError
        If the server does not have it, the network is not there, or it hashes to something else.
    """
    full, place, seen = download.with_secrets(url), download.place(url), download.shown(url)
    pin = sha256 if isinstance(sha256, str) else None
    if mirror and not mirror.startswith("http"):
        if Path(mirror, place).is_file():
            return Path(mirror, place)
        bare = Path(mirror, place.name)
        if bare.is_file() and pin:
            if not (found := digest(bare)).startswith(pin):
                raise InputError(
                    bare, "sha256", found, f"{pin}, as its row says; or that file at {place}"
                )
            return bare
        if bare.is_file():
            log.warning(
                "%s is not taken for %s, as the row has no sha256; put it at %s if it is that file",
                bare,
                seen,
                Path(mirror, place),
            )
    target = cache / place
    if not target.resolve().is_relative_to(cache.resolve()):
        raise InputError(seen, "path", str(place), f"a file within {cache}")
    if target.is_file():
        return target
    by_hand = (
        f"fetch {seen} where there is a network and put it at {target}, or set FUSION_MIRROR to a"
        f" folder that has {place}"
    )
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        raise InputError(seen, "", "HF_HUB_OFFLINE set, and the file not in the cache", by_hand)
    address = (
        f"{mirror.rstrip('/')}/{quote(place.as_posix())}"
        if mirror and mirror.startswith("http")
        else full
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, tries + 1):
        try:
            download.download(address, part, pinned=pin is not None)
            break
        except requests.RequestException as error:
            if attempt == tries or not isinstance(error, AGAIN):
                raise InputError(
                    seen, "", f"no answer after {attempt} tries ({type(error).__name__})", by_hand
                ) from None
            log.warning(
                "%s broke off (%s); trying again, %d bytes are kept",
                seen,
                type(error).__name__,
                part.stat().st_size if part.exists() else 0,
            )
            time.sleep(wait_s * 2 ** (attempt - 1))
    if pin is not None and not (found := digest(part)).startswith(pin):
        part.unlink()
        part.with_suffix(".etag").unlink(missing_ok=True)
        raise InputError(seen, "sha256", found, f"{pin}, as its row says; the file was thrown away")
    os.replace(part, target)
    part.with_suffix(".etag").unlink(missing_ok=True)
    return target


def from_hub(source: str, files: Sequence[str], mirror: str | None) -> Path:
    """Return the folder of a hub repository's snapshot, in a mirror or in the hub's own cache.

    Raises
    ------
    InputError
        If the hub cannot be reached and the cache does not have it, or it does not exist.
    """
    name, _, revision = source.removeprefix("hf:").partition("@")
    if not HUB_NAME.fullmatch(name) or not REVISION.fullmatch(revision):
        raise InputError(
            "a row's address",
            "",
            repr(source),
            "hf:organisation/name or hf:organisation/name@revision",
        )
    if mirror and not mirror.startswith("http"):
        if revision and Path(mirror, f"{name}@{revision}").is_dir():
            return Path(mirror, f"{name}@{revision}")
        if Path(mirror, name).is_dir():
            _check_revision(Path(mirror, name), name, revision)
            return Path(mirror, name)
    endpoint = mirror if mirror and mirror.startswith("http") else None
    # Imported here: only rows that name the hub need it.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        for wanted in [list(files)] if files else [["*.safetensors"], ["*.bin"]]:
            folder = Path(
                snapshot_download(
                    name,
                    revision=revision or None,
                    endpoint=endpoint,
                    allow_patterns=[*DESCRIPTIONS, *wanted],
                    ignore_patterns=ELSEWHERE,
                )
            )
            if files or any(
                p.suffix in (".safetensors", ".bin", ".pt", ".pth") for p in folder.rglob("*")
            ):
                return folder
    except GatedRepoError:
        raise InputError(
            source,
            "",
            "a repository that asks for its terms to be accepted",
            "`hf auth login` with an account that has",
        ) from None
    except RepositoryNotFoundError:
        raise InputError(source, "", "no such repository on the hub", "organisation/name") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise InputError(
            source,
            "",
            f"no way to fetch it ({type(error).__name__})",
            f"a network; or `hf download {name}` elsewhere and HF_HOME copied here; or HF_ENDPOINT"
            " or FUSION_MIRROR set to a mirror",
        ) from None
    raise InputError(
        source,
        "",
        "no weights file",
        f"files matching {', '.join(files) or '*.safetensors or *.bin'}",
    )


def _check_revision(folder: Path, name: str, revision: str) -> None:
    """Raise ``InputError`` if a mirror's folder does not say that it is of the wanted revision.

    ``hf download --local-dir`` writes down beside each file which commit it came from.
    """
    if not revision:
        return
    noted = Path(folder, ".cache/huggingface/download").glob("**/*.metadata")
    commits = {
        lines[0] for path in noted if (lines := path.read_text(encoding="utf-8").splitlines())
    }
    if commits != {revision}:
        found = f"revision {', '.join(sorted(commits))}" if commits else "no word of its revision"
        raise InputError(
            folder,
            "revision",
            found,
            f"{revision}, as the row says: a folder {name}@{revision}, or one made with"
            f" `hf download {name} --revision {revision} --local-dir {folder}`",
        )


def from_package(source: str, cache: Path) -> Path:
    """Return a file of an installed Python package; a zip archive is unpacked into the cache.

    Raises
    ------
    InputError
        If the package is not installed or does not have the file, the path leads out of it, or
        an archive unpacks to many times its size.
    """
    name, _, inner = source.removeprefix("package:").partition("/")
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        accepted = "a package that is installed, with its weights inside"
        raise InputError(source, "", f"no package {name}", accepted)
    path = Path(found.submodule_search_locations[0], inner)
    if not path.is_file() or ".." in Path(inner).parts:
        raise InputError(source, "", f"no file {inner!r}", f"a file of {name}")
    if path.suffix != ".zip":
        return path
    with zipfile.ZipFile(path) as held:
        accepted = f"at most {LARGEST_RATIO} times its size"
        archives.check_size(held, path, LARGEST_RATIO, accepted, source)
    folder = cache / "packages" / f"{name}-{digest(path)[:16]}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as part, zipfile.ZipFile(path) as held:
            held.extractall(part)
            try:
                Path(part).rename(folder)
            except OSError:  # another job was first
                log.info("%s is unpacked already", folder)
            else:
                Path(part).mkdir()  # for the temporary folder to be removed
    return folder
