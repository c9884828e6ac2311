"""The report: tables, figures and sentences put into one page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
import struct
from pathlib import Path

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from fusion.report.page_css import CSS
from fusion.report.page_js import SCRIPT
from fusion.report.page_template import TEMPLATE

# A drawing of more than this many bytes is embedded as PNG: with many electrodes the SVG is several
# times larger.
LARGEST_SVG = 260_000


def render(context: dict) -> str:
    """Return the page for ``context``, escaped; a name that the template uses and the context lacks
    is an error.
    """
    loader = DictLoader({"page": TEMPLATE})
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return (
        environment.get_template("page")
        .render(css=Markup(CSS), script=Markup(SCRIPT), **context)
        .lstrip()
    )


def figures(svgs: list, titles: dict[str, str], captions: dict[str, str]) -> dict[str, dict]:
    """Return, by name, what the template needs of each figure, numbered in order.

    Parameters
    ----------
    svgs
        Paths of the SVG files; a PNG of the same name lies beside each.
    titles, captions
        By the figure's name; captions as in ``workflow/report/*.rst``.
    """
    out = {}
    for number, path in enumerate(map(Path, svgs), start=1):
        name = path.stem
        width, height = png_size(path.with_suffix(".png"))
        use = path if path.stat().st_size <= LARGEST_SVG else path.with_suffix(".png")
        kind = "svg+xml" if use.suffix == ".svg" else "png"
        src = f"data:image/{kind};base64,{base64.b64encode(use.read_bytes()).decode()}"
        text = paragraphs(captions[name])
        alt = re.sub(r"<[^>]+>", "", str(text[0])) if text else titles[name]
        out[name] = {
            "number": number,
            "title": titles[name],
            "caption": text,
            "alt": f"{titles[name]}. {alt}",
            "src": src,
            "width": width,
            "height": height,
        }
    return out


def png_size(path) -> tuple[int, int]:
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


def json_for_script(value) -> Markup:
    """Return JSON that may stand inside a script element."""
    return Markup(
        json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    )
