"""The report: tables, figures and sentences put into one page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Mapping, Sequence
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


def figures(
    names: Sequence[str], svgs: Sequence[str | Path], captions: Sequence[str | Path]
) -> dict[str, dict[str, Any]]:
    """Return, by name, what the template needs of each figure, numbered in order.

    Parameters
    ----------
    names
        Names of the figures.
    svgs
        Their SVG files; a PNG of the same name lies beside each.
    captions
        Their captions (reStructuredText).
    """
    out = {}
    files = zip(names, map(Path, svgs), map(Path, captions), strict=True)
    for number, (name, path, caption) in enumerate(files, start=1):
        width, height = png_size(path.with_suffix(".png"))
        use = path if path.stat().st_size <= LARGEST_SVG else path.with_suffix(".png")
        kind = "svg+xml" if use.suffix == ".svg" else "png"
        src = f"data:image/{kind};base64,{base64.b64encode(use.read_bytes()).decode()}"
        text = paragraphs(caption.read_text(encoding="utf-8"))
        title = FIGURES[name].title
        alt = re.sub(r"<[^>]+>", "", str(text[0])) if text else title
        out[name] = {
            "number": number,
            "title": title,
            "caption": text,
            "alt": f"{title}. {alt}",
            "src": src,
            "width": width,
            "height": height,
        }
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
