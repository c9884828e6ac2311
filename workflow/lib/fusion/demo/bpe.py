"""A small byte-pair vocabulary in the file format of CLIP's tokeniser, so that the demo's text
tower stays small.
"""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

from fusion.io.atomic import whole


def learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """Return the merges, in order, after which every one of ``words`` is a single token (Sennrich
    et al. 2016).
    """
    split = [[*word[:-1], f"{word[-1]}</w>"] for word in sorted(set(words))]
    merges = []
    while pairs := Counter(
        pair for symbols in split for pair in zip(symbols, symbols[1:], strict=False)
    ):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        split = [_merge(symbols, best) for symbols in split]
    return merges


def _merge(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    merged, k = [], 0
    while k < len(symbols):
        joined = tuple(symbols[k : k + 2]) == pair
        merged.append("".join(pair) if joined else symbols[k])
        k += 2 if joined else 1
    return merged


def write_merges(merges: list[tuple[str, str]], path: str | Path) -> None:
    """Write the merges as gzip text with a version line, the same bytes for the same merges."""
    text = "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges)
    with (
        whole(path) as part,
        open(part, "wb") as raw,
        gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file,
    ):
        file.write(text.encode())
