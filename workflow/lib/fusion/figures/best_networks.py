"""Electrodes by the network that predicts them best, in each alignment, as in the paper."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fusion.figures import colours, names, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec


def counts(contrasts: pd.DataFrame, spec: FiguresSpec) -> pd.DataFrame:
    """Return ``alignment, model, modality, electrodes``: of the electrodes that the contrast of
    role signal finds (q below the level), how many each network predicts best on validation.
    """
    rows = contrasts[(contrasts["contrast"] == spec.signal) & contrasts["tested"]]
    rows = rows[(rows["window"] == spec.window_name) & (rows["q"] < spec.level)]
    found = (
        rows.assign(model=rows["a"].astype(str).str.split("-").str[0])
        .groupby(["alignment", "model"], sort=True)
        .size()
        .reset_index(name="electrodes")
    )
    found.insert(2, "modality", found["model"].map(spec.modality))
    return found


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return bars of the electrodes with signal by best network, one panel an alignment, coloured
    by what the network was trained on, and the data.
    """
    data = counts(tables["contrasts"], spec)
    if data.empty:
        why = "No electrode carries signal that any model predicts: there is no best network."
        return style.nothing_to_draw(why), data
    total = data.groupby("model")["electrodes"].sum().sort_values(kind="stable")
    order, alignments = list(total.index), list(dict.fromkeys(data["alignment"]))
    figure = style.new_figure(height=0.9 + 0.24 * len(order))
    panels = figure.subplots(1, len(alignments), sharey=True, squeeze=False)[0]
    y = np.arange(len(order))
    for k, (axes, alignment) in enumerate(zip(panels, alignments, strict=True)):
        own = data[data["alignment"] == alignment].set_index("model")["electrodes"]
        values = own.reindex(order).fillna(0).to_numpy(int)
        colour = [names.MODALITY_COLOURS.get(spec.modality.get(m, ""), colours.GREY) for m in order]
        axes.barh(y, values, height=0.7, color=colour)
        for at, value in zip(y, values, strict=True):
            axes.annotate(
                str(value),
                (value, at),
                (2, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("Electrodes predicted best")
        style.letter(axes, k, f"{alignment.capitalize()} events ({values.sum()})")
    panels[0].set_yticks(y, [spec.labels.get(m, m) for m in order])
    shown = [one for one in names.MODALITY_COLOURS if one in set(data["modality"])]
    handles = [
        Line2D([], [], marker="s", linestyle="", color=names.MODALITY_COLOURS[one], label=one)
        for one in shown
    ]
    figure.legend(handles=handles, loc="outside upper center", ncol=len(handles))
    return figure, data
