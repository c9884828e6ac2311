"""One file from one address: whole, bounded, and where it belongs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import requests
from tqdm import tqdm

from fusion.io.errors import InputError

CHUNK = 1 << 16
REDIRECTS = 5
#: Names of query parameters that carry secrets.
SECRET = re.compile(
    "token|secret|passw|credential|auth|apikey|api_key|access_key|signature|^key$|^sig$", re.I
)


def shown(url: str) -> str:
    """Return an address as it may stand in logs and messages: without user, password and query."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit((parts.scheme, place, parts.path, ".." if parts.query else "", ""))


def named(url: str) -> str:
    """Return an address as lock files know it: as it is shown, but two queries are told apart."""
    query = urlsplit(url).query
    return shown(url).replace("?..", f"?{_key(query)}") if query else shown(url)


def _key(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:12]


def with_secrets(url: str) -> str:
    """Return the address that is asked for: ``$VARIABLES`` of its query written out.

    A row names the variable that holds a token, so that the token itself stands in no file.

    Raises
    ------
    InputError
        If the address cannot be read, holds a password or token itself, or names a variable that is
        not set.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InputError("the address of a checkpoint", "", str(error), "https://..") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise InputError(shown(url), "", f"scheme {parts.scheme!r}", "https://host/path")
    if parts.username or parts.password:
        raise InputError(
            shown(url), "", "a user or password in the address", "them in ~/.netrc, for its host"
        )
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if SECRET.search(name) and not value.startswith("$"):
            raise InputError(
                shown(url),
                f"query {name}",
                "a secret in the address",
                f"{name}=$VARIABLE, and the secret in that environment variable",
            )

    def value_of(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise InputError(shown(url), "", f"${found[1]}, which is not set", "that variable")
        return os.environ[found[1]]

    query = re.sub(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", value_of, parts.query)
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path, query, ""))


def place(url: str) -> Path:
    """Return where the file of an address lies in a cache or mirror: host and path, and what else
    tells two addresses apart.

    Raises
    ------
    InputError
        If the path leads out of its folder.
    """
    parts = urlsplit(url)
    names = [unquote(name) for name in parts.path.split("/") if name]
    if not names or any(re.search(r"[\\/\x00-\x1f]|^\.{1,2}$", name) for name in names):
        raise InputError(shown(url), "path", repr(parts.path), "the path of a file, without ..")
    if parts.query:
        names[-1] = f"{_key(parts.query)}-{names[-1]}"
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return Path(host, *names)


def download(url: str, part: Path, *, pinned: bool) -> None:
    """Fetch an address into ``part``, continuing it if the server still has the same file.

    Returns only when all the bytes that the server promised are there.

    Parameters
    ----------
    url
        The address, secrets written out.
    part
        The file; what an earlier try left is continued.
    pinned
        Whether the content is checked against a hash afterwards. If not, the reply must say how
        long it is, must not be a page, and must come from the host that was asked.

    Raises
    ------
    InputError
        If the server does not have it, or sends something else.
    requests.RequestException
        If another try may help.
    """
    tag = part.with_suffix(".etag")
    have = part.stat().st_size if part.is_file() and tag.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text(encoding="utf-8")}
    with _answer(url, headers, pinned) as response:
        if response.status_code == 416:  # the part is as long as the file, or longer
            part.unlink()
            raise requests.ConnectionError("the part that was kept does not fit the file")
        if response.status_code >= 500:
            raise requests.ConnectionError(f"HTTP {response.status_code}")
        if response.status_code >= 400:
            found = f"HTTP {response.status_code} {response.reason}"
            raise InputError(shown(url), "", found, "a file that the server has")
        promised = _length(url, response, pinned)
        resumed = response.status_code == 206
        if resumed and not response.headers.get("Content-Range", f"bytes {have}-").startswith(
            f"bytes {have}-"
        ):
            part.unlink()
            raise requests.ConnectionError("another part of the file than was asked for")
        stamp = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if not resumed:
            have = 0
            if stamp and not stamp.startswith("W/"):
                tag.write_text(stamp, encoding="utf-8")
            else:
                tag.unlink(missing_ok=True)
        free = shutil.disk_usage(part.parent).free
        if promised is not None and promised > free:
            raise InputError(
                shown(url), "", f"{promised:,} bytes, {free:,} free in {part.parent}", "more space"
            )
        total = promised and promised + have
        with (
            open(part, "ab" if resumed else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True) as bar,
        ):
            for number, chunk in enumerate(response.iter_content(CHUNK)):
                if not (number or have or pinned) and _is_page(chunk):
                    raise InputError(
                        shown(url), "", "a web page", "a file; log in, or fetch by hand"
                    )
                file.write(chunk)
                bar.update(len(chunk))
        if promised is not None and part.stat().st_size != have + promised:
            raise requests.ConnectionError(f"{part.stat().st_size} bytes of {have + promised}")


def _answer(url: str, headers: dict[str, str], pinned: bool) -> requests.Response:
    """Follow redirects: never to another scheme, and to another host only for pinned content."""
    asked = urlsplit(url)
    for _ in range(REDIRECTS + 1):
        response = requests.get(
            url, headers=headers, stream=True, timeout=60, allow_redirects=False
        )
        if response.status_code not in (301, 302, 303, 307, 308):
            return response
        target = urljoin(url, response.headers.get("Location", ""))
        response.close()
        try:
            there = urlsplit(target)
        except ValueError:
            raise InputError(shown(url), "redirect", "an address nobody can read", "one") from None
        if there.scheme.lower() not in ("https", asked.scheme) or not there.hostname:
            raise InputError(
                shown(url), "redirect", f"scheme {there.scheme!r}", f"{asked.scheme}, as was asked"
            )
        if there.hostname != asked.hostname and not pinned:
            raise InputError(
                shown(url),
                "redirect",
                f"another host, {there.hostname}",
                f"{asked.hostname}, as was asked; or sha256 in the row, or {there.hostname} in its"
                " address",
            )
        url = target
    raise InputError(shown(url), "redirect", f"more than {REDIRECTS} redirects", "a file")


def _length(url: str, response: requests.Response, pinned: bool) -> int | None:
    """Return how many bytes the reply promises, or None where its end is marked otherwise."""
    if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
        raise InputError(shown(url), "", f"a reply encoded as {encoding}", "the file itself")
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml") and not pinned:
        raise InputError(shown(url), "", "a web page", "a file; log in, or fetch it by hand")
    stated = response.headers.get("Content-Length")
    if stated is None:
        if not pinned and "chunked" not in response.headers.get("Transfer-Encoding", "").lower():
            raise InputError(
                shown(url), "", "a reply without its length", "Content-Length, or sha256 in the row"
            )
        return None
    if not re.fullmatch("[0-9]{1,18}", stated):
        raise InputError(shown(url), "Content-Length", repr(stated[:40]), "a number of bytes")
    return int(stated)


def _is_page(start: bytes) -> bool:
    return start.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html", b"<?xml"))
