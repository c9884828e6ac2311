"""The table of one contrast by the paper's procedure: signal gate, then a paired test across the
bins that count.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts import fits as fitted
from fusion.contrasts import paper
from fusion.contrasts.table import COLUMNS, RESULTS, Side, side, window_bins
from fusion.io.errors import InputError


def paper_table(fits: list[fitted.Fit], lows: dict[str, pd.DataFrame], spec: dict) -> pd.DataFrame:
    """Return the contrast of two operands at every electrode and window, by the paper's procedure.

    Parameters
    ----------
    fits
        All fits that the operands name.
    lows
        Fit -> lower ends of the bootstrap intervals of validation r, electrodes x bins (ms).
    spec
        As for :func:`fusion.contrasts.table.contrast_table`, and ``gate_bins``.

    Returns
    -------
    pd.DataFrame
        The same columns; ``effect`` is the mean difference of r over the bins that count, ``se``
        and ``df`` are those of the paired test across them, ``p_max`` is missing.
    """
    aligned = {fit.name: fit for fit in fitted.align(fits)}
    tables = [_window(aligned, lows, spec, window) for window in spec["windows"]]
    table = pd.concat(tables, ignore_index=True)
    for column in ("subject", "alignment", "contrast", "alternative"):
        table[column] = spec[column]
    return table[COLUMNS]


def _window(
    fits: dict[str, fitted.Fit], lows: dict[str, pd.DataFrame], spec: dict, window: str
) -> pd.DataFrame:
    some = next(iter(fits.values()))
    in_window = window_bins(some.bins, window, spec["windows"][window])
    a, b = (side(fits, spec[label], in_window, spec["validation"]) for label in "ab")
    passed = {label: _passed(own, lows, some, in_window) for label, own in (("a", a), ("b", b))}
    difference = np.tanh(a.z).mean(axis=0) - np.tanh(b.z).mean(axis=0)
    counts = passed["a"] & passed["b"]
    least = min(spec["gate_bins"], int(in_window.sum()))
    result = paper.binwise_test(difference, counts, spec["alternative"])
    peak = np.argmax(np.nan_to_num(difference), axis=1) if len(difference) else []
    reason = paper.gate_reasons(passed["a"], passed["b"], least)
    reason[(reason == "") & ~np.isfinite(result["t"])] = "no variation between bins"
    if a.choice is not None and b.choice is not None:
        reason[a.name == b.name] = "a and b are the same fit"
    for label, own in (("a", a), ("b", b)):
        reason[own.name == ""] = f"no fit for {label}"
    table = pd.DataFrame(
        {"electrode": some.electrodes, "window": window, **result, "p_max": np.nan}
    )
    table["latency_ms"] = some.bins[in_window][peak]
    for label, own in (("a", a), ("b", b)):
        table[label], table[f"layer_{label}"], table[f"r_{label}"] = (
            own.name,
            own.layer,
            np.tanh(own.z).mean(axis=(0, 2)),
        )
    table["n_events"], table["n_blocks"], table["reason"] = some.n_events, len(some.blocks), reason
    table["tested"] = table["reason"] == ""
    table.loc[~table["tested"], RESULTS] = np.nan
    return table


def _passed(
    own: Side, lows: dict[str, pd.DataFrame], some: fitted.Fit, in_window: np.ndarray
) -> np.ndarray:
    """Return which bins of the window count for one side (E, bins); all of them where the side is
    nothing.
    """
    out = np.ones((len(some.electrodes), int(in_window.sum())), bool)
    if own.choice is None:
        return out
    for name in np.unique(own.name.astype(str)):
        at = own.name == name
        if not name:
            out[at] = False
            continue
        if name not in lows:
            raise InputError(
                "bootstrap", f"fit {name}", "no file", "bootstrap intervals of every fit"
            )
        low = lows[name].reindex(index=some.electrodes, columns=some.bins[in_window]).to_numpy()
        out[at] = paper.gate(low[at])
    return out
