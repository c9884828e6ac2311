"""Passive control: low-level features of the film in the place of electrodes.

A film's brightness before a cut, or its sound before a word, can be "predicted" from what is on
screen and said at the event, because films and speech are redundant in time. What the stimulus
alone yields before the onset is what a brain that predicts nothing would yield."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.influence import difference
from fusion.controls.battery import Design


def lagged(
    onset_s: np.ndarray, series_s: np.ndarray, series: np.ndarray, bins_ms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return low-level features around events as if an electrode had recorded them.

    Parameters
    ----------
    onset_s
        (n,) events, film time in s.
    series_s, series
        (m,), (m, feature): the features' own samples in film time, increasing; linearly
        interpolated.
    bins_ms
        (bin,) latencies in ms.

    Returns
    -------
    responses : np.ndarray
        (n, feature, bin), each feature standardised.
    inside : np.ndarray
        (n,) events whose every bin lies within the samples.
    """
    at = onset_s[:, None] + bins_ms / 1000
    inside = ((at >= series_s[0]) & (at <= series_s[-1])).all(1)
    values = np.stack([np.interp(at, series_s, column) for column in series.T], 1)
    sd = values.std((0, 2), keepdims=True)
    return (values - values.mean((0, 2), keepdims=True)) / np.where(sd > 0, sd, 1), inside


def predicted(
    design: Design, features: dict[str, np.ndarray], bins_ms: np.ndarray, names: list[str]
) -> pd.DataFrame:
    """Return how well networks predict each low-level feature at each latency.

    Parameters
    ----------
    design
        ``y`` is (n, feature, bin), from :func:`lagged`.
    features
        Network -> (n, p).
    bins_ms
        Latencies of the bins.
    names
        The low-level features' names.

    Returns
    -------
    pd.DataFrame
        ``network, feature, latency_ms, r, z, se, ci_low, ci_high, p`` (r > 0, one-sided, block
        influence).
    """
    tables = []
    for network, x in features.items():
        fit = design.fit([x])
        test = difference(
            fit.z[..., None], fit.influence[..., None], np.ones((*fit.z.shape, 1)), "greater"
        )
        tables.append(
            pd.DataFrame(
                {
                    "network": network,
                    "feature": np.repeat(names, len(bins_ms)),
                    "latency_ms": np.tile(bins_ms, len(names)),
                    "r": np.tanh(fit.z).mean(0),
                    "z": test["effect"],
                    **{key: test[key] for key in ("se", "ci_low", "ci_high", "p")},
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
