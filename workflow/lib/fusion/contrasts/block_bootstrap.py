"""Resampling held-out predictions in blocks of film time: offered for comparison, and optimistic.

Predictions stay as they are, so the uncertainty that training adds is left out: with nothing to
find this calls 11 to 17% of electrodes different at a nominal 5% (docs/statistics.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fusion.contrasts import fits as fitted
from fusion.contrasts import influence
from fusion.contrasts.table import COLUMNS, RESULTS, Side, side, window_bins
from fusion.encoding.folds import film_time_blocks
from fusion.encoding.inputs import read_recordings, read_responses
from fusion.encoding.scores import fisher
from fusion.io.errors import InputError
from fusion.io.labelled import open_labelled

# Electrodes worked on at a time.
CHUNK = 4


@dataclass(frozen=True)
class HeldOut:
    """Responses and the predictions of every fit for the same events.

    Attributes
    ----------
    response
        (n, E, B).
    predictions
        Fit -> (n, E, B), out of fold.
    fold
        (n) the fold that tests each event, -1 for none.
    block
        (n) block of film time of each event, 0 .. K - 1.
    """

    response: np.ndarray
    predictions: dict[str, np.ndarray]
    fold: np.ndarray
    block: np.ndarray


def read_held_out(
    predictions: dict[str, str], responses: list[str], electrodes: tuple[str, ...], block_s: float
) -> HeldOut:
    """Return responses and predictions of a subject, joined by recording and event; NaN where an
    electrode was not recorded.

    Parameters
    ----------
    predictions
        Fit -> ``predictions.nc``.
    responses
        Responses files of the subject's recordings.
    electrodes
        Electrodes wanted, in order.
    block_s
        Length of a block of film time (s).

    Raises
    ------
    InputError
        If a predicted event has no response, or fits differ in their events.
    """
    recordings = read_recordings(responses)
    ids = pd.MultiIndex.from_tuples([(r.name, event) for r in recordings for event in r.event])
    onset = np.concatenate([r.onset_s for r in recordings])
    film = np.concatenate([np.full(len(r.onset_s), r.stimulus) for r in recordings])
    measured = np.full((len(ids), len(electrodes), len(recordings[0].bin_ms)), np.nan, np.float32)
    start = 0
    for own in recordings:
        here = [k for k, name in enumerate(electrodes) if name in set(own.electrode)]
        stop = start + len(own.event)
        measured[start:stop, here] = read_responses([own], np.array([electrodes[k] for k in here]))
        start = stop
    found, folds, at = {}, [], None
    for name, path in predictions.items():
        with open_labelled(path) as file:
            rows = ids.get_indexer(
                pd.MultiIndex.from_arrays(
                    [file["recording"].values.astype(str), file["event"].values.astype(str)]
                )
            )
            if (rows < 0).any() or (at is not None and not np.array_equal(rows, at)):
                raise InputError(
                    path,
                    "event",
                    "events that the responses or the other fits lack",
                    "the events of the responses",
                )
            at = rows
            place = pd.Index(file["electrode"].values.astype(str)).get_indexer(list(electrodes))
            values = file["prediction"].values
            found[name] = np.where(
                (place >= 0)[:, None], values[:, np.maximum(place, 0)], np.float32(np.nan)
            )
            folds.append(file["fold"].values)
    block = film_time_blocks(onset[at], film[at], block_s)[1]
    return HeldOut(measured[at], found, folds[0], block)


def block_sums(
    prediction: np.ndarray,
    response: np.ndarray,
    fold: np.ndarray,
    block: np.ndarray,
    n_folds: int,
    n_blocks: int,
) -> np.ndarray:
    """Return what correlations are made of, by fold and block: (6, K, F, ..) counts, sums, squares
    and products.

    Parameters
    ----------
    prediction, response
        (n, ..).
    fold, block
        (n) of each event.
    """
    tested = fold >= 0
    u = prediction - prediction[tested].mean(axis=0)
    v = response - response[tested].mean(axis=0)
    cell = block[tested] * n_folds + fold[tested]
    out = np.zeros((6, n_blocks * n_folds, *u.shape[1:]))
    for into, values in zip(out, (np.ones_like(u), u, v, u * u, v * v, u * v), strict=True):
        np.add.at(into, cell, values[tested])
    return out.reshape(6, n_blocks, n_folds, *u.shape[1:])


def resampled_z(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (R, F, ..) atanh r of every fold for every weighting of the blocks.

    Parameters
    ----------
    sums
        As :func:`block_sums` returns them.
    weights
        How often each block is drawn (R, K).
    """
    n, u, v, uu, vv, uv = np.tensordot(sums, weights.astype(float), axes=(1, 1)).transpose(
        0, sums.ndim - 1, *range(1, sums.ndim - 1)
    )
    n = np.maximum(n, 1)
    spread = np.sqrt(np.maximum(uu - u * u / n, 0) * np.maximum(vv - v * v / n, 0))
    return fisher(np.divide(uv - u * v / n, spread, out=np.zeros_like(uv), where=spread > 1e-12))


def bootstrap_table(
    fits: list[fitted.Fit], held_out: HeldOut, spec: dict, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the contrast of two operands by the block bootstrap: the columns of the contrast
    table, ``t`` and ``p_max`` missing.

    Parameters
    ----------
    fits
        All fits that the operands name, over the electrodes of ``held_out``.
    held_out
        Responses and predictions.
    spec
        As for :func:`fusion.contrasts.table.contrast_table`, and ``resamples``.
    rng
        Source of the resamples.
    """
    aligned = {fit.name: fit for fit in fitted.align(fits)}
    n_blocks = int(held_out.block.max(initial=-1)) + 1
    weights = (
        rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=spec["resamples"])
        if n_blocks
        else np.zeros((0, 0))
    )
    table = pd.concat(
        [_window(aligned, held_out, spec, name, weights) for name in spec["windows"]],
        ignore_index=True,
    )
    for column in ("subject", "alignment", "contrast", "alternative"):
        table[column] = spec[column]
    return table[COLUMNS]


def _window(
    fits: dict[str, fitted.Fit], held_out: HeldOut, spec: dict, window: str, weights: np.ndarray
) -> pd.DataFrame:
    some = next(iter(fits.values()))
    in_window = window_bins(some.bins, window, spec["windows"][window])
    a, b = (side(fits, spec[label], in_window, spec["validation"]) for label in "ab")
    bins = (
        influence.bin_weights(a.z_val, b.z_val)
        if spec["bin_weights"] == "validation"
        else np.full(a.z.shape, 1 / a.z.shape[-1])
    )
    effect = ((a.z - b.z) * bins).sum(axis=2).mean(axis=0)
    n_electrodes, n_blocks = len(some.electrodes), weights.shape[1]
    result = {key: np.full(n_electrodes, np.nan) for key in RESULTS} | {"effect": effect}
    reason = np.where(np.isfinite(effect), "", "no score for a or b").astype(object)
    missing = ~np.isfinite(held_out.response[held_out.fold >= 0][..., in_window]).all(axis=(0, 2))
    reason[missing] = "not recorded at all events"
    if n_blocks < max(spec["min_blocks"], 2):
        reason[:] = f"{n_blocks} blocks of film time, fewer than {max(spec['min_blocks'], 2)}"
    for start in range(0, n_electrodes, CHUNK):
        rows = np.arange(start, min(start + CHUNK, n_electrodes))
        rows = rows[reason[rows] == ""]
        if len(rows):
            draws = _draws(fits, held_out, spec["a"], a, rows, in_window, bins, weights)
            draws = draws - _draws(fits, held_out, spec["b"], b, rows, in_window, bins, weights)
            tail = (1 + (draws <= 0).sum(axis=0)) / (len(draws) + 1)
            result["se"][rows] = draws.std(axis=0, ddof=1)
            result["ci_low"][rows], result["ci_high"][rows] = np.percentile(
                draws, [2.5, 97.5], axis=0
            )
            both = 2 * np.minimum(tail, (1 + (draws >= 0).sum(axis=0)) / (len(draws) + 1))
            result["p"][rows] = np.minimum(both, 1) if spec["alternative"] == "two-sided" else tail
    same = (a.name == b.name) & (result["se"] == 0)
    reason[same] = "a and b are the same fit"
    if n_electrodes:
        mean_z = np.nan_to_num((a.z - b.z).mean(axis=0))
        result["latency_ms"] = some.bins[in_window][
            np.argmax(np.abs(mean_z) if spec["alternative"] == "two-sided" else mean_z, axis=1)
        ]
    table = pd.DataFrame({"electrode": some.electrodes, "window": window, **result})
    for label, own in (("a", a), ("b", b)):
        table[label], table[f"layer_{label}"], table[f"r_{label}"] = (
            own.name,
            own.layer,
            np.tanh(own.z).mean(axis=(0, 2)),
        )
    table["n_events"], table["n_blocks"], table["reason"] = some.n_events, n_blocks, reason
    table["tested"] = table["reason"] == ""
    table.loc[~table["tested"], RESULTS] = np.nan
    return table


def _draws(
    fits,
    held_out: HeldOut,
    operand: dict | None,
    own: Side,
    rows: np.ndarray,
    in_window,
    bins,
    weights,
) -> np.ndarray | float:
    """Return (R, electrodes of ``rows``) resampled window scores of one side; 0 where it is
    nothing.
    """
    if operand is None:
        return 0.0
    n_folds = len(own.z)
    score = np.zeros((len(weights), len(rows)))
    response = held_out.response[:, rows][..., in_window].astype(float)
    for index, name in enumerate(operand["of"]):
        chosen = own.choice[:, rows] == index
        if not chosen.any():
            continue
        prediction = np.nan_to_num(
            held_out.predictions[name][:, rows][..., in_window].astype(float)
        )
        sums = block_sums(
            prediction, response, held_out.fold, held_out.block, n_folds, weights.shape[1]
        )
        z = resampled_z(sums, weights)
        score += np.einsum("rfeb,feb,fe->re", z, bins[:, rows], chosen.astype(float)) / n_folds
    return score
