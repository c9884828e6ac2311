"""The leak meter: how much of a score features can reach that know nothing of pictures and words.

Three feature sets on the same folds as the models (after Hadidi, Feghhi et al., 2026, Nature
Communications): where in the film an event is, how densely words come around it, and sequences that
only share the response's autocorrelation. In shuffled folds they rival language models; in
contiguous folds with a gap they should reach nothing, and where they do, a model's score is not
evidence."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.contrasts.fits import FitScores, align, choose, read_scores
from fusion.contrasts.influence import bin_weights, difference
from fusion.controls.bands import principal
from fusion.controls.inputs import Group
from fusion.controls.problem import Problem, above_zero, over_bins, ranked
from fusion.controls.spec import LeakSpec
from fusion.io.labelled import open_labelled

log = logging.getLogger(__name__)


def position(onset_s: np.ndarray, n_cosines: int = 6) -> np.ndarray:
    """Return position in the film (event, 2 + n_cosines): linear, quadratic, and the slowest
    cosines over the film.
    """
    x = (onset_s - onset_s[0]) / max(onset_s[-1] - onset_s[0], 1e-9)
    return np.column_stack([x, x**2, *(np.cos(np.pi * k * x) for k in range(1, n_cosines + 1))])


def rate(
    onset_s: np.ndarray, word_s: np.ndarray, widths_s: Sequence[float] = (1.0, 3.0, 10.0)
) -> np.ndarray:
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
    found = np.divide(
        total / (len(x) - 1) - left / free,
        total / (len(x) - 1),
        out=np.zeros_like(total),
        where=total > 0,
    )
    return np.asarray(found)


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
    return np.asarray((leaks & ~beaten) | (np.nan_to_num(share) > most))


def leak_features(
    onset_s: np.ndarray, stimulus: np.ndarray, word_s: Mapping[str, np.ndarray], width_s: float
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


def read_models(paths: Sequence[str | Path]) -> list[FitScores]:
    """Return the fits that the leak meter holds scores against; their influences stay on disk."""
    return align([read_scores(open_labelled(path), path) for path in paths]) if paths else []


@dataclass(frozen=True)
class BestModel:
    """The best model of each electrode on validation, fold by fold.

    Attributes
    ----------
    name
        (n_electrodes,) the best over all folds.
    z, z_val
        (n_folds, n_electrodes, n_bins) scores.
    influence
        (n_folds, 2, n_blocks, n_electrodes, n_bins).
    """

    name: np.ndarray
    z: np.ndarray
    z_val: np.ndarray
    influence: np.ndarray


def best_model(models: Sequence[FitScores], group: Group) -> BestModel | None:
    """Return the best model of each electrode of a group, in its bins and blocks; None of none."""
    if not models:
        return None
    first = models[0]
    at = [first.electrodes.index(name) for name in group.electrodes]
    in_window = np.isclose(first.bins[:, None], group.bins_ms).any(1)
    blocks = [first.blocks.index(label) for label in group.blocks]
    merit = np.stack([m.z_val[:, at][..., in_window].mean(-1) for m in models])
    choice = choose(merit, 1)
    best = choose(merit.mean(1, keepdims=True), 1)[0]
    influence = np.zeros((), np.float32)
    for k, m in enumerate(models):
        own = m.load(slice(None)).influence[..., in_window][:, :, blocks][:, :, :, at]
        influence = influence + own * (choice == k)[:, None, None, :, None]
    z, z_val = (
        np.choose(choice[..., None], [getattr(m, key)[:, at][..., in_window] for m in models])
        for key in ("z", "z_val")
    )
    return BestModel(np.array([m.name for m in models], object)[best], z, z_val, influence)


def leak(
    group: Group, words: Mapping[str, np.ndarray], models: Sequence[FitScores], spec: LeakSpec
) -> pd.DataFrame:
    """Return the leak meter of a group's electrodes, see :func:`meter`.

    Parameters
    ----------
    group
        The electrodes.
    words
        Film -> onsets of its words (s).
    models
        Fits that the leak features are held against.
    spec
        What counts as drift.
    """
    trials = group.trials
    features = leak_features(trials.onset_s, trials.stimulus, words, spec.drift_period_s)
    best = best_model(models, group)
    table = meter(group.problem, features, best, trials.onset_s, spec.drift_period_s)
    log.info("%d electrodes, %d flagged", len(table), table["flagged"].sum())
    return table


def meter(
    problem: Problem,
    features: Mapping[str, np.ndarray],
    model: BestModel | None,
    onset_s: np.ndarray,
    period_s: float,
) -> pd.DataFrame:
    """Hold the scores of models against what leak features reach on the same folds.

    Parameters
    ----------
    problem
        Responses, folds and blocks.
    features
        Leak feature sets by name.
    model
        The best model of each electrode on the same folds, blocks and bins; None where there is
        none.
    onset_s
        (n_events,) film time (s).
    period_s
        Shortest period that counts as drift.

    Returns
    -------
    pd.DataFrame
        ``electrode``; ``r_<set>`` and ``p_<set>`` of each leak set; ``leak`` (the best of them on
        validation) and ``r_leak``; ``model``, ``r_model`` and ``p_model_over_leak``;
        ``drift_share``; ``flagged``.
    """
    fits = {name: problem.fit([principal([x], x.shape[1])]) for name, x in features.items()}
    table = pd.DataFrame({"electrode": np.arange(problem.y.shape[1])})
    for name, fit in fits.items():
        test = above_zero(problem, fit)
        table[f"r_{name}"], table[f"p_{name}"] = test["r_a"], test["p"]
    best, table["leak"] = ranked(problem, fits, 1)
    z_val = problem.electrodes(best.z_val)
    weights = bin_weights(z_val, z_val if model is None else model.z_val)
    table["r_leak"] = over_bins(problem, np.tanh(best.z), weights)
    table["model"], table["r_model"], table["p_model_over_leak"] = "n/a", np.nan, np.nan
    if model is not None:
        test = difference(
            model.z - problem.electrodes(best.z),
            model.influence - problem.electrodes(best.influence),
            weights,
            "greater",
        )
        table["model"], table["p_model_over_leak"] = model.name, test["p"]
        table["r_model"] = (np.tanh(model.z) * weights).sum(-1).mean(0)
    share = drift_share(problem.y.reshape(len(problem.y), -1), onset_s, period_s)
    table["drift_share"] = problem.electrodes(share).mean(1)
    p_leak = table[[f"p_{name}" for name in features]].to_numpy().T
    table["flagged"] = flagged(
        p_leak, table["p_model_over_leak"].to_numpy(), table["drift_share"].to_numpy()
    )
    return table
