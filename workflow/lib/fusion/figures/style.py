"""How figures look: sizes, colours, text, and how they are saved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusion.io.atomic import whole
from fusion.io.tables import write_tsv
from fusion.io.text import write_text

#: Widths of a journal's columns (mm): one column, the page.
JOURNAL_MM = (85, 180)
WIDTH_IN = 180 / 25.4
#: Width that figures are drawn at, where they do not ask for another one (inches).
_width: ContextVar[float] = ContextVar("width", default=WIDTH_IN)

PNG_DPI = 200
#: What XML cannot hold.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

#: (members, marker, face, edge, label) of dots that look alike; ``members`` is a mask (n_sites).
Look = tuple[np.ndarray, str, str, str, str]

SETTINGS: dict[str, Any] = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": True,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.facecolor": "white",
    "lines.linewidth": 1.2,
    "savefig.facecolor": "white",
    # A dollar sign in a label is a dollar sign.
    "text.parse_math": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "ieeg-fusion",
}


def new_figure(width: float | None = None, height: float = 3.2) -> Figure:
    """Return an empty figure of ``width`` x ``height`` inches in the house style; panels never
    overlap. The width is the page's where none is given, see :func:`drawn_at`.
    """
    cast(Any, mpl.rcParams).update(SETTINGS)
    return Figure(figsize=(min(width or WIDTH_IN, _width.get()), height), layout="constrained")


@contextmanager
def drawn_at(width_mm: float) -> Iterator[None]:
    """Draw figures at most so wide (mm)."""
    before = _width.set(width_mm / 25.4)
    try:
        yield
    finally:
        _width.reset(before)


def export(figure: Figure, pdf: str | Path, svg: str | Path) -> None:
    """Write a figure as PDF (fonts embedded as TrueType) and SVG (text as outlines)."""
    with mpl.rc_context({"svg.fonttype": "path"}):
        with whole(pdf) as part:
            figure.savefig(part, format="pdf", dpi=600, metadata={"CreationDate": None})
        with whole(svg) as part:
            figure.savefig(part, format="svg", dpi=600, metadata={"Date": None, "Creator": None})


def lay_out(figure: Figure) -> None:
    """Place everything in a figure, once for all files."""
    engine = figure.get_layout_engine()
    if engine is not None:
        # Hinted text is wider at the resolution of the PNG than at a screen's.
        figure.set_dpi(PNG_DPI)
        figure.draw_without_rendering()
        # Labels that take room from panels of equal aspect are placed in a second round.
        if figure.axes:
            engine.execute(figure)
        figure.set_layout_engine("none")


def save(
    figure: Figure, data: pd.DataFrame, svg: str | Path, png: str | Path, tsv: str | Path
) -> None:
    """Write a figure as SVG and PNG (200 dpi) with its data beside it; the same bytes for the same
    data.
    """
    lay_out(figure)
    with whole(svg) as part:
        figure.savefig(part, format="svg", dpi=300, metadata={"Date": None, "Creator": None})
        drawn = part.read_text(encoding="utf-8")
        if CONTROL.search(drawn):
            write_text(CONTROL.sub("\N{REPLACEMENT CHARACTER}", drawn), part)
    with whole(png) as part:
        figure.savefig(part, format="png", dpi=PNG_DPI, metadata={"Software": None})
    write_tsv(data, tsv)


class Empty(Figure):
    """A figure that says why there is nothing in it.

    Attributes
    ----------
    why
        The reason, a sentence.
    """

    why: str


def nothing_to_draw(why: str, height: float = 1.2) -> Empty:
    """Return a figure that says why there is nothing in it."""
    cast(Any, mpl.rcParams).update(SETTINGS)
    figure = Empty(figsize=(WIDTH_IN, height), layout="constrained")
    figure.why = why
    figure.text(0.5, 0.5, why, ha="center", va="center", wrap=True, color="#444444")
    return figure


def letter(axes: Axes, index: int, title: str) -> None:
    """Title a panel with its letter: ``a  Language``."""
    axes.set_title(f"{chr(ord('a') + index)}   {title}")


def finish_grid(panels: Iterable[Axes], used: int, columns: int) -> None:
    """Hide the panels of a shared grid that are not used, and label the x axis of every panel that
    has none below it.
    """
    for k, axes in enumerate(panels):
        if k >= used:
            axes.set_visible(False)
        elif k + columns >= used:
            axes.tick_params(labelbottom=True)


def shrunk(count: int, area: float = 1.0) -> float:
    """Return a marker area (points squared) that leaves ``count`` markers apart: ``area`` up to 150
    of them, half of it at 1,090.
    """
    return area * float(min(1.0, (150 / max(count, 1)) ** 0.35))


def many(count: int) -> bool:
    """Return whether so many markers are drawn that an SVG holds them as an image (300 dpi), not
    one by one.
    """
    return count > 400


def zero_line(axes: Axes, horizontal: bool = True) -> None:
    """Draw a thin line at zero behind the data."""
    draw = axes.axhline if horizontal else axes.axvline
    draw(0, color="#808080", linewidth=0.7, zorder=0)


def scatter_groups(
    axes: Axes, x: np.ndarray, y: np.ndarray, groups: Sequence[Look], size: float
) -> None:
    """Draw sites as dots of several looks, each labelled with its count.

    Parameters
    ----------
    axes
        Where to draw.
    x, y
        Positions (n_sites).
    groups
        The looks.
    size
        Area of a dot (points squared) where there are few sites.
    """
    for members, marker, face, edge, label in groups:
        axes.scatter(
            x[members],
            y[members],
            s=shrunk(len(x), size),
            rasterized=many(len(x)),
            marker=marker,
            facecolors=face,
            edgecolors=edge,
            linewidths=0.5,
            label=f"{label} ({int(members.sum())})",
        )
