"""One file of a folder changed at random: its bytes, its cells, its numbers, its keys, or what lies
at its path.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import unicodedata
from pathlib import Path

TEXT = {".tsv", ".csv", ".json", ".yaml", ".vhdr", ".vmrk", ".srt", ".vtt", ".ass", ".TextGrid"}
TEXT |= {".txt"}
NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")

#: What stands where something else should.
ODD = [
    *("", "n/a", "NaN", "nan", "inf", "-inf", "Infinity", "-1", "0", "-0.0", "1e30", "1e999"),
    *(
        "9" * 400,
        "0x10",
        "1_000",
        "１２",
        "٣",
        "true",
        "null",
        "None",
        "[]",
        "{}",
        "[[[[[",
        "{",
        '"',
    ),
    *(
        "'",
        "\t",
        "\0",
        "\x1b[31m",
        "\x0b",
        "\u2028",
        "\ufeff",
        "\u202e",
        "é",
        "e\u0301",
        "µV",
        "A1",
    ),
    *("$\\frac{$7", "$HOME", "${HOME}", "`id`", "$(touch pwned)", "; touch pwned", "| touch pwned"),
    *(
        "=cmd|' /C touch pwned'!A0",
        "@SUM(1)",
        "+1+1",
        "-1+1",
        "%s%n",
        "%(x)s",
        "{x}",
        "{0.__class__}",
    ),
    *("<script>alert(1)</script>", "<results>", "../../../../etc/passwd", "/etc/passwd", "..", "."),
    *(
        "file:///etc/passwd",
        "http://127.0.0.1:9/x",
        "hf:../..",
        "*",
        "?",
        "[a-",
        "(a+)+$",
        "\\",
        "\\d",
    ),
    *("!!python/object/apply:os.system ['touch pwned']", "&a [*a]", "<<: *a", "__import__('os')"),
    *(
        "a" * 5000,
        "a+b",
        "NA",
        "null",
        "-",
        "--help",
        "con",
        "\ud800".encode("utf-8", "replace").decode(),
    ),
]


def bytes_of(odd: str) -> bytes:
    return odd.encode("utf-8", "replace")


def at_bytes(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return content whose bytes are damaged, and how."""
    n = len(content)
    a = rng.randrange(n) if n else 0
    b = min(n, a + 1 + int(rng.expovariate(1 / 64)))
    odd = bytes_of(rng.choice(ODD))
    kind = rng.choice(
        ["flip", "cut", "zeros", "ones", "insert", "over", "drop", "twice", "swap", "empty", "more"]
    )
    if not n:
        return odd, "more"
    match kind:
        case "flip":
            content = content[:a] + bytes([content[a] ^ (1 << rng.randrange(8))]) + content[a + 1 :]
        case "cut":
            content = content[:a]
        case "zeros":
            content = content[:a] + bytes(b - a) + content[b:]
        case "ones":
            content = content[:a] + b"\xff" * (b - a) + content[b:]
        case "insert":
            content = content[:a] + odd + content[a:]
        case "over":
            content = content[:a] + odd + content[a + len(odd) :]
        case "drop":
            content = content[:a] + content[b:]
        case "twice":
            content = content[:b] + content[a:]
        case "swap":
            content = content[b:] + content[:b]
        case "empty":
            content = b""
        case "more":
            content += odd or b"\n"
    return content, f"{kind} at {a}"


def at_text(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return text of which a number, cell, key or line is another."""
    odd = bytes_of(rng.choice(ODD))
    kind = rng.choice(["number", "number", "cell", "cell", "line", "key", "form"])
    lines = content.split(b"\n")
    k = rng.randrange(len(lines))
    if kind == "number" and (found := list(NUMBER.finditer(content))):
        one = rng.choice(found)
        content = content[: one.start()] + odd + content[one.end() :]
    elif kind == "key":
        sep = rng.choice([b":", b"=", b","])
        lines[k] = odd + sep + lines[k].partition(sep)[2]
        content = b"\n".join(lines)
    elif kind == "line":
        match rng.randrange(4):
            case 0:
                del lines[k]
            case 1:
                lines.insert(k, lines[k])
            case 2:
                j = rng.randrange(len(lines))
                lines[k], lines[j] = lines[j], lines[k]
            case 3:
                lines[k:] = []
        content = b"\n".join(lines)
    elif kind == "form":
        text = content.decode("utf-8", "replace")
        coding = rng.choice(["utf-16", "utf-8-sig", "cp1252", "utf-32", "utf-8"])
        form = rng.choice(["NFC", "NFD", "NFKC"])
        content = unicodedata.normalize(form, text).encode(coding, "replace")
        content = content.replace(b"\n", rng.choice([b"\n", b"\r\n", b"\r"]))
    else:
        sep = next((s for s in (b"\t", b",", b" ") if s in lines[k]), b" ")
        cells = lines[k].split(sep)
        cells[rng.randrange(len(cells))] = odd
        lines[k] = sep.join(cells)
        content = b"\n".join(lines)
    return content, f"{kind} {odd[:40]!r}"


def at_path(path: Path, others: list[Path], rng: random.Random) -> str:
    """Put something else at a path, and say what."""
    kind = rng.choice(["gone", "folder", "pipe", "circle", "zero", "other", "readable by nobody"])
    if kind == "readable by nobody":
        path.chmod(0)
        return kind
    content = rng.choice(others).read_bytes() if kind == "other" else b""
    path.unlink()
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "circle":
            path.symlink_to(path.name)
        case "zero":
            path.symlink_to("/dev/zero")
        case "other":
            path.write_bytes(content)
    return kind


def mutate(folder: Path, rng: random.Random) -> str:
    """Change one file below ``folder`` and return what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return "nothing is left"
    path = rng.choice(files)
    name = str(path.relative_to(folder))
    roll = rng.random()
    if roll < 0.08:
        return f"{name}: {at_path(path, files, rng)}"
    content = path.read_bytes()
    change = at_text if path.suffix in TEXT and roll < 0.7 and content else at_bytes
    content, what = change(content, rng)
    path.write_bytes(content)
    return f"{name}: {what}"


def copied(template: Path, folder: Path) -> Path:
    """Return a copy of a template in an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(template, folder))
