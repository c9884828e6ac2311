"""Sites on a glass brain, by verdict or by best model."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from nilearn.plotting import plot_glass_brain

from fusion.figures import colours, names, read, space, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

VIEWS = "lyrz"
By = Literal["verdict", "model"]


def draw_verdict(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return sites by verdict: one colour and shape a verdict; undecided hollow, without signal
    grey, untested a grey cross.
    """
    sites = tables["sites"]
    if spec.effect is None:
        return draw(sites, "verdict", None)
    contrasts, (contrast, alignment) = tables["contrasts"], spec.effect
    rows = contrasts[
        (contrasts["contrast"] == contrast)
        & (contrasts["alignment"] == alignment)
        & (contrasts["window"] == spec.window_name)
    ]
    keys = ["subject", "electrode"]
    return draw(sites.merge(rows[[*keys, "effect"]], on=keys, how="left"), "verdict", "effect")


def draw_model(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return sites by the modality of their best model: bold outline where it is multimodal in both
    alignments (test 2).
    """
    return draw(tables["sites"], "model", None)


def draw(sites: pd.DataFrame, by: By, effect: str | None) -> tuple[Figure, pd.DataFrame]:
    """Return the figure of all sites with MNI coordinates, and its data.

    Parameters
    ----------
    sites
        The table of sites.
    by
        What colours markers.
    effect
        Column whose size sets the area of filled markers; none gives one size.
    """
    shown = sites[space.on_template(sites)].copy()
    note = space.missing_note(sites)
    shown["layer"] = layers(shown, by)
    columns = [
        "subject",
        "electrode",
        "region",
        "hemisphere",
        "x",
        "y",
        "z",
        "space",
        "layer",
        *([effect] if effect else []),
    ]
    if shown.empty:
        return (
            style.nothing_to_draw(f"No site can be drawn on the MNI template.\n{note}"),
            shown[columns],
        )
    shown["size"] = sizes(shown, effect)
    figure = style.new_figure(height=2.75)
    figure.set_layout_engine("none")
    display = plot_glass_brain(
        None,
        display_mode=VIEWS,
        figure=figure,
        axes=(0.0, 0.2, 1.0, 0.8),
        black_bg=False,
        annotate=False,
    )
    handles = []
    looks = looks_of(shown, by)
    # Empty markers lie below filled ones, so that no finding is hidden.
    for name, look in reversed(looks.items()):
        rows = shown[shown.layer == name]
        edges = {"edgecolors": look["edge"]} if look["marker"] != "x" else {}
        area = (
            rows["size"].to_numpy()
            if look["sized"]
            else np.full(len(rows), style.shrunk(len(shown), look["size"]))
        )
        kept = {
            "marker": look["marker"],
            "linewidths": look["width"],
            "alpha": look["alpha"],
            "rasterized": style.many(len(shown)),
            **edges,
        }
        display.add_markers(
            rows[["x", "y", "z"]].to_numpy(), marker_color=look["face"], marker_size=area, **kept
        )
    for name, look in looks.items():
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker=look["marker"],
                markerfacecolor=look["face"],
                markeredgecolor=look["edge"],
                markersize=5.5,
                markeredgewidth=look["width"],
                label=f"{name} ({int((shown.layer == name).sum())})",
            )
        )
    for axes in display.axes.values():
        view = {"l": "left", "r": "right", "y": "front", "x": "side", "z": "top"}[axes.direction]
        axes.ax.text(
            0.5,
            -0.02,
            view,
            transform=axes.ax.transAxes,
            ha="center",
            va="top",
            fontsize=7,
            color="#555555",
        )
    figure.legend(
        handles=handles,
        loc="lower center",
        ncol=min(len(handles), 4),
        bbox_to_anchor=(0.5, 0.0),
        handletextpad=0.2,
        columnspacing=1.4,
    )
    if note:
        figure.text(0.995, 0.995, note, ha="right", va="top", fontsize=6.5, color="#555555")
    return figure, shown[columns].rename(columns={"layer": by})


def layers(sites: pd.DataFrame, by: By) -> pd.Series:
    """Return the legend entry of each site."""
    if by == "verdict":
        return sites["verdict"].map(lambda verdict: "no signal" if verdict == "none" else verdict)
    multimodal_in_both = (
        read.passed(sites, "multimodal_all")
        if "multimodal_all" in sites
        else pd.Series(False, sites.index)
    )
    entry = sites["best_modality"].fillna("no best model").where(sites["tested"], "not tested")
    return entry.where(
        ~(multimodal_in_both & (entry == "vision-language")), "vision-language in both alignments"
    )


def looks_of(shown: pd.DataFrame, by: By) -> dict[str, dict[str, Any]]:
    """Return, for each legend entry that occurs, its marker: face, edge, width, size, shape."""
    looks = {}
    plain = {"alpha": 0.9, "width": 0.4, "edge": "#222222", "sized": True, "size": 16}
    nothing = plain | {"edge": "#A0A0A0", "sized": False, "width": 0.5}
    untested = nothing | {"face": "#A0A0A0", "marker": "x", "size": 6}
    if by == "verdict":
        order = names.verdict_order(shown["verdict"])
        for verdict in order:
            colour, marker = (
                names.verdict_colour(verdict, order),
                names.verdict_marker(verdict, order),
            )
            if verdict == "undecided":
                looks[verdict] = nothing | {
                    "face": "none",
                    "edge": colour,
                    "marker": marker,
                    "size": 10,
                }
            elif verdict == "none":
                looks["no signal"] = nothing | {
                    "face": colour,
                    "edge": "none",
                    "marker": marker,
                    "size": 7,
                }
            elif verdict == "not tested":
                looks[verdict] = untested
            else:
                looks[verdict] = plain | {"face": colour, "marker": marker}
        return looks
    both = {
        "vision-language in both alignments": (
            plain
            | {
                "face": names.MODALITY_COLOURS["vision-language"],
                "marker": "D",
                "edge": "#000000",
                "width": 1.1,
            }
        )
    }
    shapes = {"vision-language": "D", "vision": "^", "language": "s", "audio": "p", "video": "P"}
    modal = {
        m: plain | {"face": c, "marker": shapes[m], "edge": "white"}
        for m, c in names.MODALITY_COLOURS.items()
    }
    empty = {
        "no best model": nothing | {"face": "none", "edge": "#222222", "marker": "o", "size": 10},
        "not tested": untested,
    }
    others = {
        m: plain | {"face": colours.ORANGE, "marker": "v"}
        for m in sorted(set(shown.layer) - set(both | modal | empty))
    }
    return {
        name: look
        for name, look in (both | modal | others | empty).items()
        if (shown.layer == name).any()
    }


def sizes(shown: pd.DataFrame, effect: str | None) -> np.ndarray:
    """Return marker areas (points squared): 8 at no effect, 40 at the 95th percentile and above;
    less where there are many.
    """
    if effect is None or effect not in shown:
        return np.full(len(shown), style.shrunk(len(shown), 16.0))
    size = shown[effect].fillna(0).clip(lower=0).to_numpy(dtype=float)
    top = np.nanpercentile(size[size > 0], 95) if (size > 0).any() else 1.0
    return style.shrunk(len(shown)) * (8 + 32 * np.clip(size / top, 0, 1))
