"""Getting checkpoints: from a folder, a URL or the Hugging Face hub, into a cache, whole and
checked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from fusion.io.errors import InputError
from fusion.models.spec import Located

log = logging.getLogger(__name__)
CHUNK = 1 << 16
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
        ``https://..`` or ``http://..``, ``hf:organisation/name[@revision]``, or the path of a file
        or folder.
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
    if source.startswith(("http://", "https://")):
        path = from_url(source, sha256, cache, mirror)
    elif source.startswith("hf:"):
        path = from_hub(source, files, mirror)
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
    return {p.relative_to(path).as_posix(): p for p in found}


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

    Raises
    ------
    InputError
        If the server does not have it, the network is not there, or it hashes to something else.
    """
    parts = urlsplit(url)
    place = Path(parts.netloc, parts.path.lstrip("/"))
    if mirror and not mirror.startswith("http"):
        for candidate in (Path(mirror, place), Path(mirror, place.name)):
            if candidate.is_file():
                return candidate
    target = cache / place
    if target.is_file():
        return target
    by_hand = (
        f"fetch {url} where there is a network and put it at {target}, or set FUSION_MIRROR to a"
        f" folder that has {place.name}"
    )
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        raise InputError(url, "", "HF_HUB_OFFLINE set, and the file not in the cache", by_hand)
    address = (
        f"{mirror.rstrip('/')}/{place.as_posix()}" if mirror and mirror.startswith("http") else url
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, tries + 1):
        try:
            download(address, part)
            break
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            if attempt == tries:
                raise InputError(
                    url, "", f"no answer after {tries} tries ({type(error).__name__})", by_hand
                ) from None
            log.warning(
                "%s broke off (%s); trying again, %d bytes are kept",
                address,
                type(error).__name__,
                part.stat().st_size if part.exists() else 0,
            )
            time.sleep(wait_s * 2 ** (attempt - 1))
    if isinstance(sha256, str) and not (found := digest(part)).startswith(sha256):
        part.unlink()
        part.with_suffix(".etag").unlink(missing_ok=True)
        raise InputError(
            url, "sha256", found, f"{sha256}, as its row says; the file was thrown away"
        )
    os.replace(part, target)
    part.with_suffix(".etag").unlink(missing_ok=True)
    return target


def download(address: str, part: Path) -> None:
    """Fetch ``address`` into ``part``, continuing it if the server still has the same file.

    Returns only when all the bytes that the server promised are there.
    """
    tag = part.with_suffix(".etag")
    have = part.stat().st_size if part.is_file() and tag.is_file() else 0
    headers = (
        {"Range": f"bytes={have}-", "If-Range": tag.read_text(encoding="utf-8")} if have else {}
    )
    with requests.get(address, headers=headers, stream=True, timeout=60) as response:
        if response.status_code == 416:  # the part is as long as the file, or longer
            part.unlink()
            raise requests.ConnectionError("the part that was kept does not fit the file")
        if response.status_code >= 500:
            raise requests.ConnectionError(f"HTTP {response.status_code}")
        if response.status_code >= 400:
            raise InputError(
                address,
                "",
                f"HTTP {response.status_code} {response.reason}",
                "a file that the server has",
            )
        resumed = response.status_code == 206
        stamp = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if not resumed:
            have = 0
            (
                tag.write_text(stamp, encoding="utf-8")
                if stamp and not stamp.startswith("W/")
                else tag.unlink(missing_ok=True)
            )
        promised = (
            int(response.headers["Content-Length"])
            if "Content-Length" in response.headers
            else None
        )
        with (
            open(part, "ab" if resumed else "wb") as file,
            tqdm(
                total=promised and promised + have, initial=have, unit="B", unit_scale=True
            ) as bar,
        ):
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        if promised is not None and part.stat().st_size != have + promised:
            raise requests.ConnectionError(f"{part.stat().st_size} bytes of {have + promised}")


def from_hub(source: str, files: Sequence[str], mirror: str | None) -> Path:
    """Return the folder of a hub repository's snapshot, in a mirror or in the hub's own cache.

    Raises
    ------
    InputError
        If the hub cannot be reached and the cache does not have it, or it does not exist.
    """
    name, _, revision = source.removeprefix("hf:").partition("@")
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
