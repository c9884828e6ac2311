"""The table of one contrast: one subject, one alignment, one row per electrode and window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.contrasts import fits as fitted
from fusion.contrasts import influence
from fusion.io.errors import InputError

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
] + [
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
RESULTS = ["effect", "se", "ci_low", "ci_high", "t", "df", "p", "p_max", "latency_ms"]
# Electrodes worked on at a time: what is held of the influences does not grow with their number.
CHUNK = 16


@dataclass(frozen=True)
class Side:
    """One side of a contrast in one window, after the choice on validation.

    Attributes
    ----------
    choice
        Index of the fit in use (F, E), -1 where there is none; None for nothing.
    z, z_val
        Its scores in the window's bins (F, E, bins); NaN where there is none.
    name, layer
        Fit (best on validation over all folds) and its layer (E).
    """

    choice: np.ndarray | None
    z: np.ndarray
    z_val: np.ndarray
    name: np.ndarray
    layer: np.ndarray


def contrast_table(fits: list[fitted.Fit], spec: dict, rng: np.random.Generator) -> pd.DataFrame:
    """Return the contrast of two operands at every electrode and window.

    Parameters
    ----------
    fits
        All fits that the operands name.
    spec
        ``subject``, ``alignment``, ``contrast``, ``a`` and ``b`` (``of``, a list of fits, and
        ``rank``; None for nothing), ``alternative``, ``windows`` (name -> first and last bin, ms),
        ``validation`` (nested or halves), ``bin_weights``, ``multipliers``, ``min_blocks``.
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
    seed = int(rng.integers(2**63))
    tables = [
        window_table(aligned, spec, name, np.random.default_rng(seed)) for name in spec["windows"]
    ]
    table = pd.concat(tables, ignore_index=True)
    for column in ("subject", "alignment", "contrast", "alternative"):
        table[column] = spec[column]
    return table[COLUMNS]


def window_table(
    fits: dict[str, fitted.Fit], spec: dict, window: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the rows of one window (arguments as in :func:`contrast_table`)."""
    some = next(iter(fits.values()))
    in_window = window_bins(some.bins, window, spec["windows"][window])
    n_electrodes, n_blocks = len(some.electrodes), len(some.blocks)
    a, b = (side(fits, spec[label], in_window, spec["validation"]) for label in "ab")
    z = a.z - b.z
    merit = [
        (
            own.z_val
            if spec["validation"] == "nested"
            else own.z_val.mean(axis=0, keepdims=True) + 0 * own.z_val
        )
        for own in (a, b)
    ]
    equal = np.full(z.shape, 1 / z.shape[-1])
    weights = influence.bin_weights(*merit) if spec["bin_weights"] == "validation" else equal
    result = {key: np.full(n_electrodes, np.nan) for key in RESULTS}
    result["n_blocks"] = np.zeros(n_electrodes, int)
    alone = spec["a"] is None or spec["b"] is None
    signs = influence.multipliers(rng, spec["multipliers"], n_blocks)
    for start in range(0, n_electrodes, CHUNK):
        rows = slice(start, start + CHUNK)
        parts = influence_difference(fits, spec, a, b, rows, in_window)
        found = influence.difference(
            z[:, rows], parts, weights[:, rows], spec["alternative"], alone
        )
        found["p_max"] = influence.max_over_bins(
            z[:, rows], parts, spec["alternative"], signs, alone
        )
        for key, values in found.items():
            result[key][rows] = values
    mean_z = np.nan_to_num(z.mean(axis=0))
    if n_electrodes:
        peak = np.argmax(np.abs(mean_z) if spec["alternative"] == "two-sided" else mean_z, axis=1)
        result["latency_ms"] = some.bins[in_window][peak]
    table = pd.DataFrame({"electrode": some.electrodes, "window": window, **result})
    for label, chosen in (("a", a), ("b", b)):
        table[label], table[f"layer_{label}"] = chosen.name, chosen.layer
        table[f"r_{label}"] = np.tanh(chosen.z).mean(axis=(0, 2))
    table["n_events"] = some.n_events
    table["reason"] = reasons(
        a, b, result["t"], result["n_blocks"], max(spec["min_blocks"], len(z) + 1)
    )
    table["tested"] = table["reason"] == ""
    table.loc[~table["tested"], RESULTS] = np.nan
    return table


def window_bins(bins: np.ndarray, name: str, window: list[float]) -> np.ndarray:
    """Return which bins (B) lie in a declared window; raise ``InputError`` if none does."""
    inside = (bins >= window[0]) & (bins <= window[1])
    if not inside.any():
        span = (
            f"a window that holds bins between {bins[0]:g} and {bins[-1]:g} ms"
            if len(bins)
            else "responses with bins"
        )
        raise InputError("config", f"key statistics.windows.{name}", f"{window} ms", span)
    return inside


def side(
    fits: dict[str, fitted.Fit],
    operand: dict | None,
    in_window: np.ndarray,
    validation: str = "nested",
) -> Side:
    """Return one side of a contrast, its fit chosen among the operand's on validation.

    With ``nested`` validation a fold's own scores decide for it: scores averaged over folds have
    seen every test event. With ``halves`` no validation event is a test event, and the average
    decides for all folds."""
    some = next(iter(fits.values()))
    if operand is None:
        zero = np.zeros((*some.z.shape[:2], int(in_window.sum())))
        return Side(
            None,
            zero,
            zero,
            np.full(zero.shape[1], "nothing", object),
            np.full(zero.shape[1], "", object),
        )
    candidates = [fits[name] for name in operand["of"]]
    merit = np.stack([fit.z_val[..., in_window].mean(axis=-1) for fit in candidates])
    choice = fitted.choose(merit, operand["rank"])
    overall = fitted.choose(merit.mean(axis=1, keepdims=True), operand["rank"])[0]
    if validation == "halves":
        choice = np.repeat(overall[None], len(choice), axis=0)
    z, z_val = (np.full((*choice.shape, int(in_window.sum())), np.nan) for _ in range(2))
    for index, fit in enumerate(candidates):
        at = choice == index
        z[at], z_val[at] = fit.z[..., in_window][at], fit.z_val[..., in_window][at]
    layers = np.array(
        [candidates[k].layers[e] if k >= 0 else "" for e, k in enumerate(overall)], object
    )
    return Side(choice, z, z_val, np.array([*operand["of"], ""], object)[overall], layers)


def influence_difference(
    fits: dict[str, fitted.Fit], spec: dict, a: Side, b: Side, rows: slice, in_window: np.ndarray
) -> np.ndarray:
    """Return a's minus b's block influences (F, 2, K, electrodes of ``rows``, bins of the
    window).
    """
    total = 0.0
    for chosen, operand, sign in ((a, spec["a"], 1), (b, spec["b"], -1)):
        for index, name in enumerate(operand["of"] if operand else ()):
            at = chosen.choice[:, rows] == index
            if at.any():
                # Elsewhere another candidate counts, or none, and then the scores are NaN already.
                part = fitted.influence_of(fits[name], rows, in_window)
                total = total + sign * np.where(at[:, None, None, :, None], part, np.float32(0))
    if np.isscalar(total):
        some = next(iter(fits.values()))
        return np.zeros(
            (len(some.z), 2, len(some.blocks), a.z[:, rows].shape[1], int(in_window.sum())),
            np.float32,
        )
    return total


def reasons(a: Side, b: Side, t: np.ndarray, n_blocks: np.ndarray, enough: int) -> np.ndarray:
    """Return why an electrode was not tested (E); an empty string where it was."""
    out = np.full(len(t), "", object)
    out[~np.isfinite(t)] = "no variation between blocks"
    for e in np.flatnonzero((n_blocks < enough) & (n_blocks > 0)):
        out[e] = f"{n_blocks[e]} blocks of film time, fewer than {enough}"
    if a.choice is not None and b.choice is not None:
        out[(a.name == b.name) & ~np.isfinite(t)] = "a and b are the same fit"
    for label, chosen in (("a", a), ("b", b)):
        if chosen.choice is not None:
            out[~np.isfinite(chosen.z).all(axis=(0, 2))] = f"no score for {label}"
            out[(chosen.choice < 0).any(axis=0)] = f"no fit for {label}"
    return out
