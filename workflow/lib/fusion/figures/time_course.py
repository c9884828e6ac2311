"""r over time, with intervals from film-time blocks: the average over electrodes, and chosen
electrodes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy import stats

from fusion.contrasts.influence import block_variance, multipliers, studentised
from fusion.figures import names, style

CURVE = ["panel", "alignment", "fit", "bin_ms", "r", "ci_low", "ci_high", "n_electrodes"]
BAR = ["panel", "alignment", "bin_ms", "p_corrected", "significant"]


def standard_error(
    influence: np.ndarray, n_folds: int, against_nothing: bool = False
) -> np.ndarray:
    """Return the standard error (...) of a score, or of a difference of two, from its block
    influences (part, block, ...).

    A score held against nothing takes the variance of the two parts' sum where that is larger:
    without a difference of two models the noise of training and test does not cancel."""
    variance = block_variance(influence, n_folds=n_folds).sum(axis=0)
    if against_nothing:
        variance = np.maximum(variance, block_variance(influence.sum(axis=0, keepdims=True))[0])
    return np.sqrt(variance)


def p_corrected(
    z: np.ndarray, influence: np.ndarray, signs: np.ndarray, n_folds: int = 1
) -> np.ndarray:
    """Return one two-sided p-value per bin, corrected over all bins by the largest |t| under random
    signs of the blocks.

    Parameters
    ----------
    z
        Difference of two scores (bin).
    influence
        Block influences on it (part, block, bin).
    signs
        Rademacher draws (part, draw, block).
    n_folds
        Folds that the score is a mean of.

    Returns
    -------
    numpy.ndarray
        (bin): (1 + draws whose largest |t| reaches the bin's) / (draws + 1); 1 where there is no
        standard error.
    """
    k = influence.shape[1]
    if k <= n_folds:
        return np.ones(len(z))
    centred = influence - influence.mean(axis=1, keepdims=True)
    observed = np.abs(np.nan_to_num(studentised(z, standard_error(influence, n_folds))))
    drawn = signs @ centred
    # Signs leave squares alone, so only the mean of a draw moves.
    variance = ((centred**2).sum(axis=1, keepdims=True) - drawn**2 / k).sum(axis=0)
    total = np.abs(drawn.sum(axis=0))
    null = np.divide(total, np.sqrt(variance), out=np.zeros_like(total), where=variance > 0).max(
        axis=1
    )
    return (1 + (null[:, None] >= observed).sum(axis=0)) / (signs.shape[1] + 1)


def choose(
    contrasts: pd.DataFrame, contrast: str, window: str, count: int
) -> list[tuple[str, str]]:
    """Return the (subject, electrode) with the largest effect in any alignment, among those tested;
    at most ``count``.
    """
    part = contrasts[
        (contrasts["contrast"] == contrast) & (contrasts["window"] == window) & contrasts["tested"]
    ]
    order = (
        part.sort_values("effect", ascending=False, kind="stable")[["subject", "electrode"]]
        .drop_duplicates()
        .head(count)
    )
    return list(order.itertuples(index=False, name=None))


def pieces(fit, tested: list[str], chosen: list[str]) -> dict[str, dict]:
    """Return sums over electrodes of one subject's fit: over the tested ones (``""``) and each
    chosen one (its name).

    Parameters
    ----------
    fit
        An open ``influence.nc``.
    tested, chosen
        Electrodes of this subject.

    Returns
    -------
    dict
        Name -> ``z`` (bin), ``influence`` (part, block, bin), ``n`` electrodes, ``folds`` (number),
        ``blocks`` (names), ``bins`` (ms).
    """
    electrodes = [str(e) for e in fit["electrode"].values]
    z, influence = (
        fit["z"].transpose("electrode", "bin_ms").values,
        fit["influence"].transpose("part", "block", "electrode", "bin_ms").values,
    )
    shared = {
        "blocks": [str(b) for b in fit["block"].values],
        "bins": fit["bin_ms"].values.astype(float),
        "folds": fit.sizes["fold"],
    }
    wanted = {"": tested, **{name: [name] for name in chosen}}
    found = {}
    for name, members in wanted.items():
        at = [electrodes.index(e) for e in members if e in electrodes]
        at = [e for e in at if np.isfinite(z[e]).all()]
        if at:
            found[name] = {
                "z": z[at].sum(axis=0, dtype=float),
                "influence": influence[:, :, at].sum(axis=2, dtype=float),
                "n": len(at),
                **shared,
            }
    return found


def combined(parts: list[dict]) -> dict:
    """Return the mean over all electrodes of several subjects; influences of the film that they
    share are added up block by block.
    """
    n = sum(part["n"] for part in parts)
    blocks = list(dict.fromkeys(b for part in parts for b in part["blocks"]))
    z = sum(part["z"] for part in parts) / n
    influence = np.zeros((len(parts[0]["influence"]), len(blocks), len(z)))
    for part in parts:
        influence[:, [blocks.index(b) for b in part["blocks"]]] += part["influence"] / n
    # Blocks without events are no samples.
    held = (influence != 0).any(axis=(0, 2))
    names_held = [name for name, own in zip(blocks, held, strict=True) if own]
    folds = max(part["folds"] for part in parts)
    return {
        "z": z,
        "influence": influence[:, held],
        "n": n,
        "folds": folds,
        "blocks": names_held,
        "bins": parts[0]["bins"],
    }


def compare(
    a: list[dict], b: list[dict], panel: str, alignment: str, spec: dict, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the curves of both sides and the bins where they differ, for one panel and alignment;
    empty where a side is missing.
    """
    if not a or not b:
        return pd.DataFrame(columns=CURVE), pd.DataFrame(columns=BAR)
    both = [combined(a), combined(b)]
    curves = [curve(panel, alignment, side, mean) for side, mean in zip("ab", both, strict=True)]
    influence = both[0]["influence"] - both[1]["influence"]
    signs = multipliers(rng, spec["multipliers"], influence.shape[1])
    p = p_corrected(both[0]["z"] - both[1]["z"], influence, signs, both[0]["folds"])
    bars = pd.DataFrame(
        {
            "panel": panel,
            "alignment": alignment,
            "bin_ms": both[0]["bins"],
            "p_corrected": p,
            "significant": p <= spec["level"],
        }
    )
    return pd.concat(curves).assign(n_electrodes=both[0]["n"]), bars


def curve(panel: str, alignment: str, side: str, mean: dict) -> pd.DataFrame:
    """Return one curve as rows: r with its 95% interval, bin by bin (Student's t, blocks less folds
    degrees of freedom).
    """
    z, df = mean["z"], max(len(mean["blocks"]) - mean["folds"], 1)
    reach = stats.t.ppf(0.975, df) * standard_error(
        mean["influence"], mean["folds"], against_nothing=True
    )
    interval = {"r": np.tanh(z), "ci_low": np.tanh(z - reach), "ci_high": np.tanh(z + reach)}
    return pd.DataFrame(
        {"panel": panel, "alignment": alignment, "fit": side, "bin_ms": mean["bins"], **interval}
    )


def draw(
    curves: pd.DataFrame, bars: pd.DataFrame, sides: dict[str, str], window: list[float]
) -> tuple[Figure, pd.DataFrame]:
    """Return the figure and its data.

    Parameters
    ----------
    curves
        Rows of :func:`curve`, ``panel`` being the average or an electrode.
    bars
        ``panel, alignment, bin_ms, significant``: bins where the difference passes.
    sides
        ``a`` and ``b`` -> the fit that is drawn.
    window
        First and last bin of the declared window (ms), shaded.
    """
    if curves.empty:
        return (
            style.nothing_to_draw(
                "No electrode was tested in this contrast: there is no time course to show."
            ),
            curves,
        )
    panels, alignments = list(dict.fromkeys(curves["panel"])), sorted(curves["alignment"].unique())
    figure = style.new_figure(height=1.35 * len(panels) + 0.9)
    grid = figure.subplots(len(panels), len(alignments), sharex=True, sharey="row", squeeze=False)
    looks = dict(zip(sides, ((style.VERMILLION, "-"), (style.BLUE, "--")), strict=False))
    for i, panel in enumerate(panels):
        for j, alignment in enumerate(alignments):
            axes = grid[i, j]
            axes.axvspan(*window, color="#EEEEEE", linewidth=0, zorder=-2)
            axes.axvline(0, color="#808080", linewidth=0.7, zorder=-1)
            style.zero_line(axes)
            part = curves[(curves["panel"] == panel) & (curves["alignment"] == alignment)]
            for fit, (colour, dash) in looks.items():
                one = part[part["fit"] == fit]
                axes.fill_between(
                    one["bin_ms"],
                    one["ci_low"],
                    one["ci_high"],
                    color=colour,
                    alpha=0.22,
                    linewidth=0,
                )
                axes.plot(one["bin_ms"], one["r"], dash, color=colour)
            style.letter(
                axes,
                i * len(alignments) + j,
                f"{alignment.capitalize()}: {panel}" if i == 0 else panel,
            )
            if part.empty:
                axes.text(
                    0.5,
                    0.5,
                    "not tested",
                    transform=axes.transAxes,
                    ha="center",
                    fontsize=7,
                    color="#777777",
                )
            on = bars[
                (bars["panel"] == panel) & (bars["alignment"] == alignment) & bars["significant"]
            ]
            if len(on):  # an empty line would upset the layout
                axes.plot(
                    on["bin_ms"],
                    np.full(len(on), 0.02),
                    "s",
                    color=style.BLACK,
                    markersize=1.8,
                    transform=axes.get_xaxis_transform(),
                )
            if j == 0:
                axes.set_ylabel("r")
    for axes in grid[-1]:
        axes.set_xlabel("Time from event (ms)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
    handles = [
        Line2D([], [], linestyle=looks[f][1], color=looks[f][0], label=names.fit_name(fit))
        for f, fit in sides.items()
    ]
    handles.append(
        Line2D(
            [],
            [],
            linestyle="",
            marker="s",
            color=style.BLACK,
            markersize=3,
            label="difference, corrected over bins",
        )
    )
    figure.legend(handles=handles, loc="outside upper center", ncol=3)
    return figure, curves.merge(bars, on=["panel", "alignment", "bin_ms"], how="left")


def panel_name(subject: str, electrode: str, region) -> str:
    """Return an electrode's title."""
    where = f", {names.region_name(region)}" if isinstance(region, str) else ""
    return f"sub-{subject} {electrode}{where}"
