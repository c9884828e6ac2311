"""How often tests say yes: the battery of a joint network, and contrasts that should find
nothing.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import binomtest

from fusion.figures import colours, style
from fusion.figures.read import Tables
from fusion.figures.spec import FiguresSpec

# Test of the battery -> what a yes means.
MEANINGS = {
    "better_than_unimodal": "beats the best unimodal",
    "better_than_concatenation": "beats vision and language together",
    "unique": "adds to vision and language",
    "language_shuffle": "follows language",
    "vision_shuffle": "follows vision",
    "both_shuffles": "follows both",
    "interaction_unpaired": "interaction, unpaired",
    "interaction": "interaction",
    "integration": "interaction, and beats the best unimodal",
}


def shares(table: pd.DataFrame, keys: list[str], level: float) -> pd.DataFrame:
    """Return, per combination of ``keys``, electrodes, how many have p below ``level`` and q below
    it, the share with p and its Wilson interval."""
    rows = []
    for values, part in table[table["p"].notna()].groupby(keys, sort=False):
        yes = int((part["p"] < level).sum())
        low, high = binomtest(yes, len(part)).proportion_ci(method="wilson")
        found = int((part["q"] < level).sum()) if "q" in part else 0
        rows.append(
            {
                **dict(zip(keys, values, strict=True)),
                "electrodes": len(part),
                "p_below": yes,
                "q_below": found,
                "share": yes / len(part),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(
        rows, columns=[*keys, "electrodes", "p_below", "q_below", "share", "low", "high"]
    )


def draw(tables: Tables, spec: FiguresSpec) -> tuple[Figure, pd.DataFrame]:
    """Return the share of electrodes with p below the level for every test, with 95% intervals, and
    the data.

    The tables are ``interaction`` (``network, test, alignment, p, q``) and ``floors`` (``floor, a,
    b, alignment, p, q``), as far as there are any.
    """
    interaction, floors, level = tables.get("interaction"), tables.get("floors"), spec.level
    parts = []
    if interaction is not None and len(interaction):
        found = shares(interaction, ["network", "test", "alignment"], level)
        order = {t: k for k, t in enumerate(MEANINGS)}
        found = found.sort_values("test", key=lambda t: t.map(order).fillna(99), kind="stable")
        several = len(set(found["network"])) > 1
        what = [
            f"{MEANINGS.get(t, t)}{f' ({n})' if several else ''}"
            for n, t in zip(found["network"], found["test"], strict=True)
        ]
        parts.append(found.assign(what=what, panel="Battery of the joint network"))
    if floors is not None and len(floors):
        found = shares(floors, ["floor", "a", "b", "alignment"], level)
        what = [
            f"{f}: {short(a, b)}"
            for f, a, b in zip(found["floor"], found["a"], found["b"], strict=True)
        ]
        parts.append(found.assign(what=what, panel="Floors: nothing to find"))
    if not parts:
        return style.nothing_to_draw("No battery and no floor could be tested."), pd.DataFrame(
            columns=["panel", "what", "alignment", "electrodes", "share"]
        )
    data = pd.concat(parts, ignore_index=True)
    sizes = [part["what"].nunique() for part in parts]
    figure = style.new_figure(height=0.9 + 0.3 * sum(sizes) + 0.35 * len(parts))
    panels = figure.subplots(
        len(parts), 1, sharex=True, squeeze=False, height_ratios=[s + 0.6 for s in sizes]
    )[:, 0]
    looks = {"language": (colours.GREEN, "s", -0.14), "vision": (colours.BLUE, "^", 0.14)}
    for k, (axes, part) in enumerate(zip(panels, parts, strict=True)):
        rows = list(dict.fromkeys(part["what"]))[::-1]
        axes.axvline(level, color=colours.VERMILLION, linewidth=0.8, linestyle=":", zorder=0)
        for alignment, (colour, marker, offset) in looks.items():
            one = part[part["alignment"] == alignment]
            y = [rows.index(w) - offset for w in one["what"]]
            axes.hlines(y, one["low"], one["high"], color=colour, linewidth=1)
            axes.plot(
                one["share"], y, marker, color=colour, markersize=4, label=f"{alignment} events"
            )
            for at, row in zip(y, one.itertuples(), strict=True):
                axes.text(
                    1.01,
                    at,
                    f"{row.p_below} of {row.electrodes}; q: {row.q_below}",
                    transform=axes.get_yaxis_transform(),
                    va="center",
                    fontsize=6.2,
                )
        axes.set_yticks(range(len(rows)), rows, fontsize=7)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        style.letter(axes, k, part["panel"].iloc[0])
    panels[-1].set_xlim(0, 1)
    panels[-1].set_xlabel(
        f"Share of electrodes with p < {level:g} (dotted: what chance gives), with 95% interval"
    )
    panels[-1].xaxis.set_major_formatter(lambda v, _: f"{100 * v:.0f}%")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncol=2)
    return figure, data


def short(a: str, b: str) -> str:
    """Return two sides of a floor without the words that they share."""
    if ":" in a and ":" in b:
        return f"{a.split(':', 1)[1]} and {b.split(':', 1)[1]}"
    return " and ".join("-".join(x.split("-")[1:2]) or x for x in (a, b))
