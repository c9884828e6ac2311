"""What the brain that turns is given: sites with their places, looks and labels."""

from __future__ import annotations

import pandas as pd

from fusion.figures import names, space
from fusion.report import brain_mesh

SHAPES = {
    "o": "circle",
    "D": "diamond",
    "^": "triangle",
    "s": "square",
    "x": "cross",
    "v": "triangle",
    "P": "square",
    "X": "cross",
    "p": "circle",
}


def payload(sites: pd.DataFrame) -> dict | None:
    """Return the brain's data: mesh, one look per verdict, and per site x, y, z (mm), look, name
    and what is known of it.

    Only sites in an MNI space are shown; None if there is none.
    """
    shown = sites[space.on_template(sites)]
    if shown.empty:
        return None
    order = names.verdict_order(shown["verdict"])
    rows = [
        [
            round(float(r.x), 1),
            round(float(r.y), 1),
            round(float(r.z), 1),
            order.index(r.verdict),
            f"sub-{r.subject} {r.electrode}",
            said(r),
        ]
        for r in shown.itertuples()
    ]
    return {
        "mesh": brain_mesh.cortex(),
        "looks": [look(v, order) | {"count": int((shown["verdict"] == v).sum())} for v in order],
        "sites": rows,
    }


def said(site) -> str:
    """Return what the label says of a site beside its verdict: region, best model and r."""
    words = []
    if isinstance(site.region, str):
        side = f" {site.hemisphere}" if isinstance(site.hemisphere, str) else ""
        words.append(f"{names.region_name(site.region)}{side}")
    if isinstance(getattr(site, "best_model", None), str) and pd.notna(site.r_best):
        words.append(f"best model {names.model_name(site.best_model)}, r = {site.r_best:.2f}")
    return "; ".join(words)


def look(verdict: str, order: list[str]) -> dict:
    """Return the marker of a verdict, the same as on the drawn brain."""
    colour, shape = (
        names.verdict_colour(verdict, order),
        SHAPES[names.verdict_marker(verdict, order)],
    )
    base = {"name": verdict, "shape": shape}
    if verdict == "undecided":
        return base | {"fill": None, "edge": colour, "width": 1, "size": 4}
    if verdict == "none":
        return base | {"fill": colour, "edge": colour, "width": 0, "size": 3}
    if verdict == "not tested":
        return base | {"fill": None, "edge": colour, "width": 1, "size": 2.5}
    return base | {"fill": colour, "edge": "#222222", "width": 0.7, "size": 5.5}


def legend_mark(look: dict) -> str:
    """Return a look as a small inline SVG for the legend."""
    fill, edge = look["fill"] or "none", look["edge"]
    style = f'fill="{fill}" stroke="{edge}" stroke-width="1"'
    inner = {
        "circle": f'<circle cx="8" cy="8" r="5.5" {style}/>',
        "square": f'<rect x="3" y="3" width="10" height="10" {style}/>',
        "diamond": f'<path d="M8 1.5 14.5 8 8 14.5 1.5 8Z" {style}/>',
        "triangle": f'<path d="M8 2 14 13H2Z" {style}/>',
        "cross": f'<path d="M4 4 12 12M12 4 4 12" {style}/>',
    }[look["shape"]]
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{inner}</svg>'
