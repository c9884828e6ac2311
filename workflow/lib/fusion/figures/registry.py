"""The function that draws each figure of :data:`fusion.figures.spec.FIGURES`.

To add a figure: a module with ``draw(tables, spec)``, an entry in ``FIGURES``, a line here, and a
caption ``workflow/report/<name>.rst``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from fusion.figures import (
    alignments,
    best_networks,
    brain,
    calibration,
    claims,
    coverage,
    effects,
    examples,
    folds,
    latency,
    layers,
    leak,
    parcels,
    partition,
    passive,
    people,
    planning,
    region_map,
    regions,
    scatter,
    slip,
    style,
    time_course,
    trained,
    upset,
)
from fusion.figures.read import Tables
from fusion.figures.spec import FIGURES, FiguresSpec

log = logging.getLogger(__name__)

Draw = Callable[[Tables, FiguresSpec], tuple[Figure, pd.DataFrame]]

DRAW: dict[str, Draw] = {
    "tests": upset.draw,
    "brain_verdict": brain.draw_verdict,
    "brain_model": brain.draw_model,
    "region_map": region_map.draw,
    "parcels": parcels.draw,
    "regions": regions.draw,
    "people": people.draw,
    "coverage": coverage.draw,
    "effects": effects.draw,
    "scatter": scatter.draw,
    "slip": slip.draw,
    "time": time_course.draw,
    "latency": latency.draw,
    "alignments": alignments.draw,
    "best_networks": best_networks.draw,
    "trained": trained.draw,
    "layers": layers.draw,
    "examples": examples.draw,
    "partition": partition.draw,
    "claims": claims.draw,
    "leak": leak.draw,
    "passive": passive.draw,
    "calibration": calibration.draw,
    "planning": planning.draw,
    "folds": folds.draw,
}


def draw(name: str, tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame, str, str]:
    """Return a figure, its data, its state and why, whatever happens.

    Parameters
    ----------
    name
        One of :data:`DRAW`.
    tables
        Name -> table.
    spec
        What shapes the figures.

    Returns
    -------
    tuple
        The figure, its data, ``drawn``, ``empty`` or ``failed``, and why it is not drawn. A figure
        that fails is replaced by one that says so; its traceback goes to the log.
    """
    try:
        figure, data = DRAW[name](tables, spec)
        style.lay_out(figure)  # some errors come only here
    except Exception as error:
        log.exception("%s could not be drawn", name)
        why = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        failed = style.nothing_to_draw(f"{FIGURES[name].title} could not be drawn.\n{why}")
        return failed, pd.DataFrame({"failed": [why]}), "failed", why
    if isinstance(figure, style.Empty):
        log.info("%s is empty: %s", name, figure.why)
        return figure, data, "empty", figure.why
    log.info("%s: %d rows", name, len(data))
    return figure, data, "drawn", ""
