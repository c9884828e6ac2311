"""The leak meter: how much of a score features can reach that know nothing of pictures and words.

Three feature sets on the same folds as the models (after Hadidi, Feghhi et al., 2026, Nature
Communications): where in the film an event is, how densely words come around it, and sequences that
only share the response's autocorrelation. In shuffled folds they rival language models; in
contiguous folds with a gap they should reach nothing, and where they do, a model's score is not
evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusion.contrasts.influence import bin_weights, difference
from fusion.controls.bands import principal
from fusion.controls.battery import Design, above_zero, over_bins, ranked


def position(onset_s: np.ndarray, n_cosines: int = 6) -> np.ndarray:
    """Return position in the film (event, 2 + n_cosines): linear, quadratic, and the slowest
    cosines over the film.
    """
    x = (onset_s - onset_s[0]) / max(onset_s[-1] - onset_s[0], 1e-9)
    return np.column_stack([x, x**2, *(np.cos(np.pi * k * x) for k in range(1, n_cosines + 1))])


def rate(onset_s: np.ndarray, word_s: np.ndarray, widths_s=(1.0, 3.0, 10.0)) -> np.ndarray:
    """Return how densely words come around each event (event, 3 * widths + 2).

    For each width: words before, after and around the event; and the time since the last and until
    the next word (s, at most the largest width)."""
    word_s = np.sort(word_s)
    longest = max(widths_s)
    before = onset_s - word_s[np.maximum(np.searchsorted(word_s, onset_s, "left") - 1, 0)]
    after = word_s[np.minimum(np.searchsorted(word_s, onset_s, "right"), len(word_s) - 1)] - onset_s
    columns = [np.where(gap > 0, np.minimum(gap, longest), longest) for gap in (before, after)]
    for width in widths_s:
        low, here, high = (np.searchsorted(word_s, onset_s + d) for d in (-width, 0.0, width))
        columns += [here - low, high - here, high - low]
    return np.column_stack(columns).astype(float)


def autocorrelation(onset_s: np.ndarray, width_s: float) -> np.ndarray:
    """Return sequences (event, bump) that only share autocorrelation: Gaussian bumps in film time,
    one every ``width_s``.

    They stand for the orthogonal autocorrelated sequences (a smoothed identity matrix) of the same
    reach, with one bump per ``width_s`` instead of one per event: two events are alike by their
    distance in time and nothing else."""
    centre = np.arange(onset_s[0], onset_s[-1] + width_s, width_s)
    return np.exp(-0.5 * ((onset_s[:, None] - centre) / width_s) ** 2)


def drift_share(y: np.ndarray, onset_s: np.ndarray, period_s: float = 30.0) -> np.ndarray:
    """Return the share (T,) of each target's variance in cosines of ``period_s`` and longer, less
    what noise would give (adjusted R2).

    Parameters
    ----------
    y
        (n, T) targets.
    onset_s
        (n,) film time.
    period_s
        Shortest period that counts as drift.
    """
    duration = onset_s[-1] - onset_s[0]
    n_cosines = int(2 * duration / period_s)
    x = (onset_s - onset_s[0]) / max(duration, 1e-9)
    basis, _ = np.linalg.qr(
        np.column_stack(
            [np.ones(len(x)), *(np.cos(np.pi * k * x) for k in range(1, n_cosines + 1))]
        )
    )
    centred = y - y.mean(0)
    total = (centred**2).sum(0)
    left = total - ((basis.T @ centred) ** 2).sum(0)
    free = len(x) - basis.shape[1]
    if free < 1:
        return np.full(y.shape[1], np.nan)
    return np.divide(
        total / (len(x) - 1) - left / free,
        total / (len(x) - 1),
        out=np.zeros_like(total),
        where=total > 0,
    )


def flagged(
    p_leak: np.ndarray,
    p_model_over_leak: np.ndarray,
    share: np.ndarray,
    level: float = 0.05,
    most: float = 0.5,
) -> np.ndarray:
    """Return which electrodes' scores are not evidence.

    Either leak features predict them (the smallest of the sets' p-values, Bonferroni-corrected,
    below ``level``) and the model does not predict them better (p above ``level``), or more than
    ``most`` of their variance is drift.

    Parameters
    ----------
    p_leak
        (sets, electrode) p-values of r > 0 of each leak feature set.
    p_model_over_leak
        (electrode,) p-value of the model's score over the best leak set's (chosen on validation);
        NaN if no model is held against it.
    share
        (electrode,) drift share.
    """
    leaks = np.nanmin(np.where(np.isnan(p_leak), 1.0, p_leak), axis=0) * len(p_leak) < level
    beaten = np.nan_to_num(p_model_over_leak, nan=1.0) < level
    return (leaks & ~beaten) | (np.nan_to_num(share) > most)


def leak_features(
    onset_s: np.ndarray, stimulus: np.ndarray, word_s: dict[str, np.ndarray], width_s: float
) -> dict[str, np.ndarray]:
    """Return the three leak feature sets at events of one or several films: ``position``,
    ``word_rate``, ``autocorrelation``.

    Parameters
    ----------
    onset_s, stimulus
        (n,) film time and film.
    word_s
        Film -> onsets of its words.
    width_s
        Reach of the autocorrelation features (s).
    """
    films = np.unique(stimulus)
    rows = {film: np.flatnonzero(stimulus == film) for film in films}
    bumps = {film: autocorrelation(onset_s[at], width_s) for film, at in rows.items()}
    place = np.zeros((len(onset_s), position(onset_s).shape[1]))
    dense = np.zeros((len(onset_s), rate(onset_s[:1], np.zeros(1)).shape[1]))
    alike = np.zeros((len(onset_s), sum(bump.shape[1] for bump in bumps.values())))
    start = 0
    for film, at in rows.items():
        place[at], dense[at] = position(onset_s[at]), rate(onset_s[at], word_s[film])
        stop = start + bumps[film].shape[1]
        alike[at, start:stop] = bumps[film]
        start = stop
    return {"position": place, "word_rate": dense, "autocorrelation": alike}


def meter(
    design: Design,
    features: dict[str, np.ndarray],
    model: dict[str, np.ndarray] | None,
    onset_s: np.ndarray,
    period_s: float,
) -> pd.DataFrame:
    """Hold the scores of models against what leak features reach on the same folds.

    Parameters
    ----------
    design
        Responses (n, E, B), folds and blocks.
    features
        Leak feature sets by name.
    model
        The best model of each electrode on the same folds, blocks and bins: ``z``, ``z_val`` (F, E,
        B), ``influence`` (F, 2, K, E, B) and ``model`` (E,); None where there is none.
    onset_s
        (n,) film time.
    period_s
        Shortest period that counts as drift.

    Returns
    -------
    pd.DataFrame
        ``electrode``; ``r_<set>`` and ``p_<set>`` of each leak set; ``leak`` (the best of them on
        validation) and ``r_leak``; ``model``, ``r_model`` and ``p_model_over_leak``;
        ``drift_share``; ``flagged``.
    """
    fits = {name: design.fit([principal([x], x.shape[1])]) for name, x in features.items()}
    table = pd.DataFrame({"electrode": np.arange(design.y.shape[1])})
    for name, fit in fits.items():
        test = above_zero(design, fit)
        table[f"r_{name}"], table[f"p_{name}"] = test["r_a"], test["p"]
    best, table["leak"] = ranked(design, fits, 1)
    z, z_val, influence = (
        design.electrodes(getattr(best, key)) for key in ("z", "z_val", "influence")
    )
    weights = bin_weights(z_val, z_val if model is None else model["z_val"])
    table["r_leak"] = over_bins(design, np.tanh(best.z), weights)
    table["model"], table["r_model"], table["p_model_over_leak"] = "n/a", np.nan, np.nan
    if model is not None:
        test = difference(model["z"] - z, model["influence"] - influence, weights, "greater")
        table["model"], table["p_model_over_leak"] = model["model"], test["p"]
        table["r_model"] = (np.tanh(model["z"]) * weights).sum(-1).mean(0)
    share = drift_share(design.y.reshape(len(design.y), -1), onset_s, period_s)
    table["drift_share"] = design.electrodes(share).mean(1)
    p_leak = table[[f"p_{name}" for name in features]].to_numpy().T
    table["flagged"] = flagged(
        p_leak, table["p_model_over_leak"].to_numpy(), table["drift_share"].to_numpy()
    )
    return table
