"""Scores of all fits, reduced to what figures need: one row per electrode, fit and layer."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

GAINS = ["alpha_gain_low", "alpha_gain_high"]
COLUMNS = ["electrode", "bin_ms", "layer", "r_val", "r_test", *GAINS, "chosen"]


def reduced(path: str | Path, window: tuple[float, float]) -> pd.DataFrame:
    """Return, per electrode and layer, the mean r over a window's bins, from one fit's
    ``scores.parquet``.

    Parameters
    ----------
    path
        The file.
    window
        First and last bin centre (ms).

    Returns
    -------
    pandas.DataFrame
        ``electrode, layer, r_val, r_test, alpha_gain_low, alpha_gain_high`` (means over bins),
        ``chosen``, and ``depth``: the layer's place in the network from 0 to 1, by the order of the
        file.
    """
    table = pq.read_table(path, columns=COLUMNS, read_dictionary=["electrode", "layer"])
    inside = pc.and_(
        pc.greater_equal(table["bin_ms"], window[0]), pc.less_equal(table["bin_ms"], window[1])
    )
    table = table.filter(inside).to_pandas()
    layers = list(pd.unique(table["layer"]))
    table = table.groupby(["electrode", "layer"], observed=True, sort=False).agg(
        r_val=("r_val", "mean"),
        r_test=("r_test", "mean"),
        **{gain: (gain, "mean") for gain in GAINS},
        chosen=("chosen", "max"),
    )
    table = table.reset_index().astype({"electrode": str, "layer": str})
    place = {layer: k / max(len(layers) - 1, 1) for k, layer in enumerate(layers)}
    return pd.DataFrame(table.assign(depth=table["layer"].map(place)))


def courses(path: str | Path) -> pd.DataFrame:
    """Return ``electrode, bin_ms, r``: test r of the chosen layer, bin by bin, from one fit's
    ``scores.parquet``.
    """
    table = pq.read_table(
        path, columns=["electrode", "bin_ms", "r_test"], filters=pc.field("chosen")
    )
    found: pd.DataFrame = table.to_pandas().rename(columns={"r_test": "r"})
    return found.astype({"electrode": str, "r": "float32"})
