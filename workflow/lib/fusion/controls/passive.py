"""Passive control: low-level features of the film in the place of electrodes.

A film's brightness before a cut, or its sound before a word, can be "predicted" from what is on
screen and said at the event, because films and speech are redundant in time. What the stimulus
alone yields before the onset is what a brain that predicts nothing would yield."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.contrasts.influence import difference
from fusion.controls.inputs import Networks, band_components
from fusion.controls.problem import Problem
from fusion.controls.spec import PassiveSpec
from fusion.encoding.inputs import Recording
from fusion.encoding.trials import Trials

log = logging.getLogger(__name__)


def passive(
    events: pd.DataFrame,
    path: str | Path,
    lowlevel: pd.DataFrame,
    found: Networks,
    spec: PassiveSpec,
) -> pd.DataFrame:
    """Return what networks predict of a film's low-level features, before and after its events.

    Parameters
    ----------
    events
        Table of the film's events: ``event, onset_s``.
    path
        Its file, for messages.
    lowlevel
        Low-level features, a row an event.
    found
        Activations of all fits.
    spec
        Bands, latencies and folds.

    Returns
    -------
    pd.DataFrame
        The columns of :func:`predicted`, after ``stimulus`` and ``alignment``.

    Raises
    ------
    InputError
        If there are too few events for the folds.
    """
    fitting, film = spec.fitting, spec.stimulus
    first, last = fitting.window_ms
    bins_ms = np.arange(first, last + 1e-6, fitting.bin_width_ms)
    onset_s = events["onset_s"].to_numpy(float)
    y, inside = lagged(onset_s, onset_s, lowlevel.loc[events["event"]].to_numpy(), bins_ms)
    viewing = Recording(
        path=str(path),
        name=film,
        stimulus=film,
        event=events["event"].to_numpy()[inside],
        onset_s=onset_s[inside],
        electrode=np.array([]),
        bin_ms=bins_ms,
    )
    trials = Trials((viewing,))
    problem = Problem(
        y[inside],
        trials.folds(fitting),
        trials.blocks(fitting.block_s)[1],
        fitting.alphas,
        fitting.solver,
    )
    names = [str(name) for name in lowlevel]
    log.info("%d events, %d latencies, features: %s", len(trials), len(bins_ms), ", ".join(names))
    features = band_components(found, spec.bands, [viewing], spec.dimensions)
    table = predicted(problem, features, bins_ms, names)
    table.insert(0, "stimulus", film)
    table.insert(1, "alignment", spec.alignment)
    before = table[table["latency_ms"] < 0].groupby("network")["r"].max()
    log.info("largest r before the onset: %s", before.round(3).to_dict())
    return table


def lagged(
    onset_s: np.ndarray, series_s: np.ndarray, series: np.ndarray, bins_ms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return low-level features around events, as if an electrode had recorded them.

    Parameters
    ----------
    onset_s
        (n_events,) film time (s).
    series_s, series
        (n_samples,) increasing film time (s), and (n_samples, n_features); linearly interpolated.
    bins_ms
        (n_bins,) latencies (ms).

    Returns
    -------
    responses : np.ndarray
        (n_events, n_features, n_bins), each feature standardised.
    inside : np.ndarray
        (n_events,) events whose every bin lies within the samples.
    """
    at = onset_s[:, None] + bins_ms / 1000
    inside = ((at >= series_s[0]) & (at <= series_s[-1])).all(1)
    values = np.stack([np.interp(at, series_s, column) for column in series.T], 1)
    sd = values.std((0, 2), keepdims=True)
    return (values - values.mean((0, 2), keepdims=True)) / np.where(sd > 0, sd, 1), inside


def predicted(
    problem: Problem,
    features: Mapping[str, np.ndarray],
    bins_ms: np.ndarray,
    names: Sequence[str],
) -> pd.DataFrame:
    """Return how well networks predict each low-level feature at each latency.

    Parameters
    ----------
    problem
        ``y`` is (n_events, n_features, n_bins), from :func:`lagged`.
    features
        Network -> (n_events, n_dims).
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
        fit = problem.fit([x])
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
