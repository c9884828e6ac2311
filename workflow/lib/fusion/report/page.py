"""The report: tables, figures and sentences put into one page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from fusion.figures.spec import FIGURES

# A drawing of more than this many bytes is embedded as PNG: with many electrodes the SVG is several
# times larger.
LARGEST_SVG = 260_000


def render(
    context: Mapping[str, Any],
    template: str | Path,
    style: str | Path,
    scripts: Sequence[str | Path],
) -> str:
    """Return the page, escaped.

    Parameters
    ----------
    context
        What the template uses; a name that it uses and the context lacks is an error.
    template, style, scripts
        Files of the page: Jinja, CSS and JavaScript. Each script has a scope of its own.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(Path(template).read_text(encoding="utf-8"))
    parts = [f"{{\n{Path(path).read_text(encoding='utf-8')}}}" for path in scripts]
    ready = 'document.documentElement.dataset.ready = "true";'
    script = "\n".join(['"use strict";', *parts, ready])
    css = Path(style).read_text(encoding="utf-8")
    return page.render(css=Markup(css), script=Markup(script), **context).lstrip()


@dataclass(frozen=True)
class Picture:
    """A figure as the template shows it.

    Attributes
    ----------
    number, title, caption
        As printed below it.
    alt
        What it shows, for those who do not see it.
    src
        The picture, embedded.
    width, height
        In CSS pixels.
    """

    number: int
    title: str
    caption: list[Markup]
    alt: str
    src: str
    width: int
    height: int


def figures(
    names: Sequence[str],
    svgs: Sequence[str | Path],
    captions: Sequence[str | Path],
    states: Mapping[str, str],
) -> dict[str, Picture]:
    """Return the figures that are shown, by name, numbered in order. Empty ones are left out.

    Parameters
    ----------
    names
        Names of the figures.
    svgs
        Their SVG files; a PNG of the same name lies beside each.
    captions
        Their captions (reStructuredText).
    states
        Name -> ``drawn``, ``empty`` or ``failed``.
    """
    out: dict[str, Picture] = {}
    for name, svg, caption in zip(names, map(Path, svgs), map(Path, captions), strict=True):
        if states.get(name) == "empty":
            continue
        png, title = svg.with_suffix(".png"), FIGURES[name].title
        text = paragraphs(caption.read_text(encoding="utf-8"))
        alt = re.sub(r"<[^>]+>", "", str(text[0])) if text else title
        use = svg if svg.stat().st_size <= LARGEST_SVG else png
        kind = "svg+xml" if use == svg else "png"
        src = f"data:image/{kind};base64,{base64.b64encode(use.read_bytes()).decode()}"
        out[name] = Picture(len(out) + 1, title, text, f"{title}. {alt}", src, *png_size(png))
    return out


def png_size(path: str | Path) -> tuple[int, int]:
    """Return width and height of a PNG in CSS pixels of its printed size (96 per inch, drawn at
    200).
    """
    with open(path, "rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:])
    return round(width * 96 / 200), round(height * 96 / 200)


def paragraphs(rst: str) -> list[Markup]:
    """Return the paragraphs of a caption; of reStructuredText only ``*emphasis*``, ``**strong**``
    and double backquotes are used.
    """
    out = []
    for block in re.split(r"\n\s*\n", rst.strip()):
        text = str(Markup.escape(" ".join(block.split())))
        text = re.sub(r"``(.+?)``", r"<code>\1</code>", text)
        text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
        text = re.sub(r"\*(.+?)\*", r"<em>\1</em>", text)
        out.append(Markup(text))
    return out


def json_for_script(value: object) -> Markup:
    """Return JSON that may stand inside a script element."""
    return Markup(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    )
