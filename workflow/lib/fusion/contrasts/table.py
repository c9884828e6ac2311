"""The table of one contrast: one subject, one alignment, one row per electrode and window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts import fits as fitted
from fusion.contrasts import influence
from fusion.errors import InputError

COLUMNS = [
    "subject",
    "electrode",
    "alignment",
    "contrast",
    "window",
    "alternative",
    "a",
    "b",
    "layer_a",
    "layer_b",
    "r_a",
    "r_b",
    "effect",
    "se",
    "ci_low",
    "ci_high",
    "t",
    "df",
    "p",
    "p_max",
    "latency_ms",
    "n_events",
    "n_blocks",
    "tested",
    "reason",
]


def contrast_table(fits: list[fitted.Fit], spec: dict, rng: np.random.Generator) -> pd.DataFrame:
    """Return the contrast of two operands at every electrode and window.

    Parameters
    ----------
    fits
        All fits that the operands name.
    spec
        ``subject``, ``alignment``, ``contrast``, ``a`` and ``b`` (a list of fits with a ``rank``, or None for nothing),
        ``alternative``, ``windows`` (name -> first and last bin, ms), ``bin_weights``, ``multipliers``, ``min_blocks``.
    rng
        Source of the multipliers.

    Returns
    -------
    pd.DataFrame
        Columns as in ``schemas/contrasts.schema.yaml``, without ``q`` and ``family``.

    Raises
    ------
    InputError
        If a window holds no bin, or fits do not belong together.
    """
    aligned = {fit.name: fit for fit in fitted.align(fits)}
    tables = [window_table(aligned, spec, name, window, rng) for name, window in spec["windows"].items()]
    table = pd.concat(tables, ignore_index=True)
    for column in ("subject", "alignment", "contrast", "alternative"):
        table[column] = spec[column]
    return table[COLUMNS]


def window_table(fits: dict[str, fitted.Fit], spec: dict, name: str, window: list[float], rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows of one window (arguments as in :func:`contrast_table`)."""
    some = next(iter(fits.values()))
    in_window = (some.bins >= window[0]) & (some.bins <= window[1])
    if not in_window.any():
        raise InputError(
            "config",
            f"key statistics.windows.{name}",
            f"{window} ms",
            f"a window that holds bins between {some.bins[0]:g} and {some.bins[-1]:g} ms",
        )
    n_electrodes, n_blocks = len(some.electrodes), len(some.blocks)
    a = side(fits, spec["a"], in_window)
    b = side(fits, spec["b"], in_window)
    z = a["z"] - b["z"]
    parts = a["influence"] - b["influence"]

    if spec["bin_weights"] == "validation":
        weights = influence.bin_weights(a["z_val"], b["z_val"])
    else:
        weights = np.full(z.shape, 1 / z.shape[1])
    if n_blocks >= max(spec["min_blocks"], 2):
        result = influence.difference(z, parts, weights, spec["alternative"])
        result["p_max"] = influence.max_over_bins(z, parts, spec["alternative"], spec["multipliers"], rng)
    else:
        result = {key: np.full(n_electrodes, np.nan) for key in ("effect", "se", "ci_low", "ci_high", "t", "df", "p", "p_max")}
    reason = reasons(a, b, result["t"], n_blocks, spec)
    table = pd.DataFrame({"electrode": some.electrodes, "window": name, **result})
    for label, chosen in (("a", a), ("b", b)):
        table[label], table[f"layer_{label}"], table[f"r_{label}"] = chosen["fit"], chosen["layer"], chosen["r"].mean(axis=1)
    peak = np.argmax(np.nan_to_num(np.abs(z) if spec["alternative"] == "two-sided" else z, nan=-np.inf), axis=1) if n_electrodes else []
    table["latency_ms"] = some.bins[in_window][peak] if n_electrodes else np.array([], float)
    table["n_events"], table["n_blocks"] = some.n_events, n_blocks
    table["reason"] = reason
    table["tested"] = table["reason"] == ""
    untested = ~table["tested"]
    table.loc[untested, ["effect", "se", "ci_low", "ci_high", "t", "df", "p", "p_max", "latency_ms"]] = np.nan
    return table


def side(fits: dict[str, fitted.Fit], operand: dict | None, in_window: np.ndarray) -> dict:
    """Return what one side of a contrast holds at every electrode, after the choice on validation.

    Returns
    -------
    dict
        ``z``, ``z_val``, ``r`` (n_electrodes, bins of the window), ``influence`` (2, n_blocks, n_electrodes, bins of the
        window), ``fit`` and ``layer`` (n_electrodes; empty where there is none).
    """
    some = next(iter(fits.values()))
    if operand is None:
        shape = (len(some.electrodes), int(in_window.sum()))
        labels = np.full(shape[0], "nothing", object)
        zero = np.zeros(shape)
        return {
            "z": zero,
            "z_val": zero,
            "r": zero,
            "influence": np.zeros((), np.float32),
            "fit": labels,
            "layer": np.full(shape[0], "", object),
        }
    candidates = [fits[name] for name in operand["of"]]
    choice = fitted.choose(candidates, operand["rank"], in_window)
    names = np.array([*operand["of"], ""], object)[choice]
    layers = np.array([candidates[k].layers[e] if k >= 0 else "" for e, k in enumerate(choice)], object)
    arrays = {key: fitted.gather(candidates, choice, key)[..., in_window] for key in ("z", "z_val", "r", "influence")}
    return {**arrays, "fit": names, "layer": layers}


def reasons(a: dict, b: dict, t: np.ndarray, n_blocks: int, spec: dict) -> np.ndarray:
    """Return why an electrode was not tested; an empty string where it was."""
    out = np.full(len(t), "", object)
    out[~np.isfinite(t)] = "no variation between blocks"
    out[a["fit"] == b["fit"]] = "a and b are the same fit"
    for label, chosen in (("a", a), ("b", b)):
        out[~np.isfinite(chosen["r"]).all(axis=1)] = f"no score for {label}"
        out[chosen["fit"] == ""] = f"no fit for {label}"
    if n_blocks < max(spec["min_blocks"], 2):
        out[:] = f"{n_blocks} blocks of film time, fewer than {max(spec['min_blocks'], 2)}"
    return out
