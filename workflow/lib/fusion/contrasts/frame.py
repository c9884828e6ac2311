"""Contrasts as tables: what all procedures share.

A procedure is given the two sides of a contrast in a window and returns arrays (:class:`Found`).
This module chooses the sides' fits on validation and makes the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd

from fusion.contrasts.fits import FitScores, align, choose
from fusion.contrasts.spec import Comparison, Validation, Windows
from fusion.ids import NOTHING, Alternative, Operand
from fusion.io.errors import InputError

RESULTS = ["effect", "se", "ci_low", "ci_high", "t", "df", "p", "p_max", "latency_ms"]
COLUMNS = [
    "electrode",
    "contrast",
    "window",
    "alternative",
    "a",
    "b",
    "layer_a",
    "layer_b",
    "r_a",
    "r_b",
    *RESULTS,
    "n_events",
    "n_blocks",
    "tested",
    "reason",
]


@dataclass(frozen=True)
class Side:
    """One side of a contrast in one window, after the choice on validation.

    Attributes
    ----------
    operand
        What it was chosen from.
    choice
        (n_folds, n_electrodes) position of the fit in use among the operand's, -1 where there is
        none.
    z, z_val
        (n_folds, n_electrodes, n_bins) its scores in the window; NaN where there is none.
    merit
        (n_folds, n_electrodes, n_bins) validation z that weights may rest on: a fold's own where
        validation is nested, else the mean over folds.
    name, layer
        (n_electrodes,) the best fit on validation over all folds, and its layer.
    each
        Each of several fits alone, where the best of them is held against nothing, or has to be
        beaten.
    """

    operand: Operand
    choice: np.ndarray
    z: np.ndarray
    z_val: np.ndarray
    merit: np.ndarray
    name: np.ndarray
    layer: np.ndarray
    each: tuple[Side, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a procedure found in one window.

    Attributes
    ----------
    effect, se, ci_low, ci_high, t, df, p, p_max
        (n_electrodes,); NaN where a procedure has no such thing.
    by_bin
        (n_electrodes, n_bins) difference of the two sides, whose peak gives the latency.
    n_blocks
        (n_electrodes,) blocks of film time.
    reason
        (n_electrodes,) why an electrode was not tested; empty where it was.
    corrected
        (n_electrodes,) which electrodes take part in the correction; None if all that were tested.
    sums
        (2, n_blocks, n_electrodes) block sums of the influences on the effect, where the procedure
        has them.
    """

    effect: np.ndarray
    se: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    t: np.ndarray
    df: np.ndarray
    p: np.ndarray
    p_max: np.ndarray
    by_bin: np.ndarray
    n_blocks: np.ndarray
    reason: np.ndarray
    corrected: np.ndarray | None = None
    sums: np.ndarray | None = None


class Procedure(Protocol):
    """How fits are ranked, and a difference is tested."""

    def merit(self, fit: FitScores, in_window: np.ndarray) -> np.ndarray:
        """Return (n_folds, n_electrodes) what a fit is worth, by validation: the best of several is
        the one with the largest.
        """

    def test(
        self,
        fits: Mapping[str, FitScores],
        a: Side,
        b: Side,
        alternative: Alternative,
        in_window: np.ndarray,
    ) -> Found:
        """Test the difference of two sides at every electrode.

        Parameters
        ----------
        fits
            Name -> fit, all over the same electrodes, influences in memory.
        a, b
            The sides.
        alternative
            ``greater`` or ``two-sided``.
        in_window
            (n_bins,) bool, which bins of the fits lie in the window.
        """


def contrast_table(
    fits: Sequence[FitScores],
    comparison: Comparison,
    windows: Windows,
    procedure: Procedure,
    validation: Validation = "nested",
) -> pd.DataFrame:
    """Return one contrast at every electrode and window.

    Parameters
    ----------
    fits
        All fits that the operands name.
    comparison
        The operands and the alternative.
    windows
        Name -> first and last bin centre (ms).
    procedure
        How differences are tested.
    validation
        How the fits were validated.

    Returns
    -------
    pd.DataFrame
        ``COLUMNS``, described in ``schemas/contrasts.schema.yaml``.

    Raises
    ------
    InputError
        If a window holds no bin, or fits do not belong together.
    """
    aligned = {fit.name: fit.load(slice(None)) for fit in align(fits)}
    tables = [
        contrast_rows(aligned, comparison, name, window, procedure, validation)
        for name, window in windows.items()
    ]
    return pd.concat(tables, ignore_index=True)


def contrast_rows(
    fits: Mapping[str, FitScores],
    comparison: Comparison,
    name: str,
    window: tuple[float, float],
    procedure: Procedure,
    validation: Validation,
    keep: Callable[[Found], object] | None = None,
) -> pd.DataFrame:
    """Return the rows of one window (arguments as in :func:`contrast_table`).

    Parameters
    ----------
    fits
        Name -> fit, all over the same electrodes, influences in memory.
    name, window
        The window, and its first and last bin centre (ms).
    keep
        Called with what was found, if given.
    """
    some = next(iter(fits.values()))
    in_window = window_bins(some.bins, name, window)
    a, b = (
        side(fits, operand, in_window, validation, procedure.merit)
        for operand in comparison.operands
    )
    if b.operand.is_nothing:
        a = replace(a, each=alone(fits, a.operand, in_window, validation))
    elif a.operand.is_nothing or comparison.alternative == "greater":
        b = replace(b, each=alone(fits, b.operand, in_window, validation))
    found = procedure.test(fits, a, b, comparison.alternative, in_window)
    if keep:
        keep(found)
    columns: dict[str, object] = {
        "electrode": some.electrodes,
        "contrast": comparison.name,
        "window": name,
        "alternative": comparison.alternative,
        "latency_ms": latencies(found.by_bin, comparison.alternative, some.bins[in_window]),
        "n_events": some.n_events,
        "n_blocks": found.n_blocks,
        "reason": found.reason,
        "tested": found.reason == "",
    }
    for label, own in (("a", a), ("b", b)):
        columns[label], columns[f"layer_{label}"] = own.name, own.layer
        columns[f"r_{label}"] = np.tanh(own.z).mean(axis=(0, 2))
    columns |= {key: getattr(found, key) for key in RESULTS if key != "latency_ms"}
    table = pd.DataFrame(columns)
    corrected = table["tested"] if found.corrected is None else found.corrected
    table.loc[~corrected, RESULTS] = np.nan
    return table[COLUMNS]


def latencies(by_bin: np.ndarray, alternative: Alternative, bins_ms: np.ndarray) -> np.ndarray:
    """Return (n_electrodes,) latency (ms) of the largest difference in the contrast's direction."""
    if not len(by_bin):
        return np.empty(0)
    values = np.nan_to_num(by_bin)
    values = np.abs(values) if alternative == "two-sided" else values
    return np.asarray(bins_ms[np.argmax(values, axis=1)])


def window_bins(bins: np.ndarray, name: str, window: Sequence[float]) -> np.ndarray:
    """Return (n_bins,) bool, which bins lie in a declared window.

    Raises
    ------
    InputError
        If none does.
    """
    inside = np.asarray((bins >= window[0]) & (bins <= window[1]))
    if not inside.any():
        span = (
            f"a window that holds bins between {bins[0]:g} and {bins[-1]:g} ms"
            if len(bins)
            else "responses with bins"
        )
        raise InputError("config", f"key statistics.windows.{name}", f"{list(window)} ms", span)
    return inside


def validation_merit(fit: FitScores, in_window: np.ndarray) -> np.ndarray:
    """Return (n_folds, n_electrodes) mean validation z of a fit over the bins of a window."""
    return np.asarray(fit.z_val[..., in_window].mean(axis=-1))


def side(
    fits: Mapping[str, FitScores],
    operand: Operand,
    in_window: np.ndarray,
    validation: Validation = "nested",
    merit_of: Callable[[FitScores, np.ndarray], np.ndarray] = validation_merit,
) -> Side:
    """Return one side of a contrast, its fit chosen among the operand's on validation.

    With ``nested`` validation each fold chooses by its own validation scores, because scores
    averaged over folds have seen every test event. With ``halves`` no validation event is a test
    event, and the average decides for all folds.
    """
    some = next(iter(fits.values()))
    n_folds, n_electrodes = some.z.shape[:2]
    n_bins = int(in_window.sum())
    if operand.is_nothing:
        zero = np.zeros((n_folds, n_electrodes, n_bins))
        return Side(
            operand,
            np.full((n_folds, n_electrodes), -1),
            zero,
            zero,
            zero,
            np.full(n_electrodes, NOTHING, object),
            np.full(n_electrodes, "", object),
        )
    candidates = [fits[name] for name in operand.names]
    merit = np.stack([merit_of(fit, in_window) for fit in candidates])
    choice = choose(merit, operand.rank)
    overall = choose(merit.mean(axis=1, keepdims=True), operand.rank)[0]
    if validation == "halves":
        choice = np.repeat(overall[None], n_folds, axis=0)
    z, z_val = (np.full((n_folds, n_electrodes, n_bins), np.nan) for _ in range(2))
    for index, fit in enumerate(candidates):
        at = choice == index
        z[at], z_val[at] = fit.z[..., in_window][at], fit.z_val[..., in_window][at]
    layers = [candidates[k].layers[e] if k >= 0 else "" for e, k in enumerate(overall)]
    return Side(
        operand,
        choice,
        z,
        z_val,
        z_val if validation == "nested" else np.broadcast_to(z_val.mean(axis=0), z_val.shape),
        np.array([*operand.names, ""], object)[overall],
        np.array(layers, object),
    )


def alone(
    fits: Mapping[str, FitScores], operand: Operand, in_window: np.ndarray, validation: Validation
) -> tuple[Side, ...]:
    """Return each fit of an operand as a side of its own; none unless it is the best of several."""
    if len(operand.fits) < 2 or operand.rank != 1:
        return ()
    return tuple(side(fits, Operand((fit,)), in_window, validation) for fit in operand.fits)


def same_fit(a: Side, b: Side) -> np.ndarray:
    """Return (n_electrodes,) bool, whether both sides are one and the same fit."""
    return np.asarray(a.name == b.name) & (not a.operand.is_nothing) & (not b.operand.is_nothing)
